"""The embedded digits, MNIST's files whole and damaged, resizing and image files."""

import gzip
import struct

import numpy as np
import pytest
from parity import needs_torch, torch

from scratchnet import vision
from scratchnet.training import prepare
from scratchnet.vision import MNIST, Digits, ImageSet, read_image, resize


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def write_mnist(folder, images=5, zipped=False, parts=("train", "t10k")):
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(images * 784).reshape(images, 28, 28).astype(np.uint8)
    labels = (np.arange(images) % 10).astype(np.uint8)
    for part in parts:
        for stem, array in ((f"{part}-images-idx3-ubyte", pixels), (f"{part}-labels-idx1-ubyte", labels)):
            content = gzip.compress(idx(array)) if zipped else idx(array)
            (folder / (stem + (".gz" if zipped else ""))).write_bytes(content)
    return pixels, labels


def test_digits_split_is_fixed_and_complete():
    train, test = Digits(train=True), Digits(train=False)
    assert (len(train), len(test)) == (1442, 355)
    assert train.data.shape == (1442, 8, 8)
    assert train.data.dtype == np.uint8
    assert (train.data.min(), train.data.max()) == (0, 16)
    together = np.bincount(train.targets) + np.bincount(test.targets)
    assert together.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(test.targets).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    assert (int(train.data.sum()), int(test.data.sum())) == (450_566, 111_152)


def test_digits_items_are_pairs():
    digits = Digits(train=False)
    image, label = digits[3]
    assert image.shape == (8, 8)
    assert isinstance(label, int)
    assert label == digits.targets[3]


@pytest.mark.parametrize("below", [".", "MNIST/raw", "mnist"])
@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_is_found_and_read(tmp_path, below, zipped):
    pixels, labels = write_mnist(tmp_path / below, zipped=zipped)
    for train in (True, False):
        data = MNIST(tmp_path, train=train)
        np.testing.assert_array_equal(data.data, pixels)
        np.testing.assert_array_equal(data.targets, labels)


def test_mnist_missing_file_names_what_was_looked_for(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"MNIST: root .* must hold train-images-idx3-ubyte or .*\.gz \(looked in"
    ):
        MNIST(tmp_path)
    write_mnist(tmp_path, parts=["train"])
    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte"):
        vision.load("mnist", tmp_path)


def damage(tmp_path, change, stem="train-images-idx3-ubyte"):
    write_mnist(tmp_path)
    path = tmp_path / stem
    path.write_bytes(change(path.read_bytes()))


def test_mnist_damaged_files(tmp_path):
    damage(tmp_path, lambda b: b[:-100])
    with pytest.raises(
        ValueError, match=r"train-images.*holds 3836 bytes, but its header says 5 x 28 x 28, which takes 3936"
    ):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: b + b"more")
    with pytest.raises(ValueError, match="holds 3940 bytes"):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: b[:9])
    with pytest.raises(ValueError, match="holds 9 bytes, but its header alone takes 16"):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: b"\x00\x00\x0d\x03" + b[4:])
    with pytest.raises(ValueError, match=r"starts with 00000d03, but .* start with 00000803"):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: gzip.compress(b)[:-20])
    with pytest.raises(ValueError, match="is not a whole gzip file"):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: gzip.compress(b)[:40] + bytes(40) + gzip.compress(b)[80:])
    with pytest.raises(ValueError, match="is not a whole gzip file"):
        MNIST(tmp_path)


def test_mnist_labels_must_fit(tmp_path):
    damage(tmp_path, lambda b: idx(np.zeros(4, np.uint8)), "train-labels-idx1-ubyte")
    with pytest.raises(ValueError, match=r"len\(targets\) \(=4\) must be as many as the 5 images"):
        MNIST(tmp_path)
    damage(tmp_path, lambda b: b[:-1] + b"\x0a", "train-labels-idx1-ubyte")
    with pytest.raises(ValueError, match=r"target \(=10\) must be a class from 0 to 9"):
        MNIST(tmp_path)


def test_load_errors():
    with pytest.raises(ValueError, match=r"data \(='fashion'\) must be one of digits, mnist"):
        vision.load("fashion")
    with pytest.raises(ValueError, match=r"root \(=None\) must name the folder"):
        vision.load("mnist")


@pytest.mark.parametrize("before", [(8, 8), (1, 1), (28, 28), (5, 9), (40, 3)])
@pytest.mark.parametrize("after", [(28, 28), (224, 96), (1, 1), (4, 7)])
@needs_torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_resize_equals_torch(before, after, dtype):
    x = np.random.default_rng(0).random((2, 3, *before)).astype(dtype)
    want = torch.nn.functional.interpolate(torch.from_numpy(x), size=after, mode="bilinear", align_corners=False)
    got = resize(x, after)
    assert got.dtype == dtype
    torch.testing.assert_close(torch.from_numpy(got), want)


def test_resize_errors():
    with pytest.raises(ValueError, match=r"resize: size \(=\(0, 4\)\)"):
        resize(np.zeros((3, 3)), (0, 4))
    with pytest.raises(ValueError, match=r"images.shape \(=\(2, 0, 3\)\)"):
        resize(np.zeros((2, 0, 3)), (4, 4))


def test_prepare_scales_resizes_and_sets_the_channels():
    grey = np.full((2, 8, 8), 16, np.uint8)
    assert prepare(grey, 16, (1, 28, 28)).shape == (2, 1, 28, 28)
    three = prepare(grey, 16, (3, 32, 32))
    assert three.shape == (2, 3, 32, 32)
    assert three.dtype == np.float32
    assert (three == 1).all()
    colour = np.zeros((1, 4, 4, 3), np.uint8)
    colour[..., 0] = 255
    np.testing.assert_allclose(prepare(colour, 255, (1, 4, 4)), 1 / 3, rtol=1e-6)
    np.testing.assert_array_equal(prepare(colour, 255, (3, 4, 4))[0, :, 0, 0], [1, 0, 0])


def test_read_image(tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    got = read_image(tmp_path / "grey.png", (1, 28, 28))
    want = resize(pixels[None] / np.float32(255), (28, 28))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, atol=1e-6)
    np.testing.assert_allclose(read_image(tmp_path / "grey.png", (1, 28, 28), invert=True), 1 - want, atol=1e-6)
    Image.fromarray(np.dstack([pixels, pixels * 0, pixels * 0])).save(tmp_path / "red.png")
    red = read_image(tmp_path / "red.png", (3, 8, 8))
    np.testing.assert_allclose(red[0], pixels / 255, atol=1e-6)
    assert (red[1:] == 0).all()


def test_read_image_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"read_image: path \(=.*none.png\) must be a file"):
        read_image(tmp_path / "none.png", (1, 28, 28))
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match="must be an image that Pillow reads"):
        read_image(tmp_path / "text.png", (1, 28, 28))


def test_image_set_refuses_labels_that_are_no_class():
    with pytest.raises(ValueError, match=r"ImageSet: target \(=-1\)"):
        ImageSet(np.zeros((1, 2, 2), np.uint8), np.array([-1]))

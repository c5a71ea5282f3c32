"""Data sets of small images with one label each: `Digits` (inside the package) and `MNIST` (read from files)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnet.data import Dataset
from scratchnet.shapes import message
from scratchnet.vision.idx import read_idx

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class ImageSet(Dataset[tuple[Bytes, int]]):
    """Images and labels in memory: `data` (N, H, W) or (N, H, W, 3) bytes from 0 to `white`, `targets` (N,) int64.

    `dataset[i]` is the pair (image, label). Raises ValueError where the two lengths differ.
    """

    classes: ClassVar[tuple[str, ...]] = tuple("0123456789")
    white: ClassVar[int] = 255

    def __init__(self, data: Bytes, targets: np.ndarray[Any, Any]) -> None:
        if len(data) != len(targets):
            rule = f"must be as many as the {len(data)} images"
            raise ValueError(message(type(self).__name__, "len(targets)", len(targets), rule))
        self.data = data
        self.targets = targets.astype(np.int64)
        wrong = self.targets[(self.targets < 0) | (self.targets >= len(self.classes))]
        if wrong.size:
            rule = f"must be a class from 0 to {len(self.classes) - 1}"
            raise ValueError(message(type(self).__name__, "target", wrong[0], rule))

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Bytes, int]:
        return self.data[index], int(self.targets[index])


class Digits(ImageSet):
    """1,797 handwritten digits, (N, 8, 8) bytes from 0 to 16: 1,442 to train with, 355 to test with.

    The test part is every fifth image of each class. The same 13 people wrote both parts.
    Source and licence (CC BY 4.0): digits.LICENSE.txt beside this file.
    """

    white = 16

    def __init__(self, train: bool = True) -> None:
        with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as archive:
            images, labels = archive["images"], archive["labels"]
        test = np.zeros(len(labels), dtype=np.bool_)
        for c in range(len(self.classes)):
            test[np.flatnonzero(labels == c)[4::5]] = True
        part = ~test if train else test
        super().__init__(images[part], labels[part])


class MNIST(ImageSet):
    """MNIST, or any set in its format: (N, 28, 28) bytes, read from `root`, `root/MNIST/raw` or `root/mnist`.

    The files may be gzipped. Raises FileNotFoundError naming what was looked for, and ValueError for a damaged file.
    """

    def __init__(self, root: str | Path, train: bool = True) -> None:
        part = "train" if train else "t10k"
        images = read_idx(self._find(Path(root), f"{part}-images-idx3-ubyte"), dims=3)
        labels = read_idx(self._find(Path(root), f"{part}-labels-idx1-ubyte"), dims=1)
        super().__init__(images, labels)

    @staticmethod
    def _find(root: Path, stem: str) -> Path:
        folders = (root, root / "MNIST" / "raw", root / "mnist")
        for folder in folders:
            for name in (stem, stem + ".gz"):
                if (folder / name).is_file():
                    return folder / name
        places = ", ".join(str(folder) for folder in folders)
        raise FileNotFoundError(message("MNIST", "root", root, f"must hold {stem} or {stem}.gz (looked in {places})"))


_SETS: dict[str, Callable[..., ImageSet]] = {"digits": Digits, "mnist": MNIST}


def load(name: str, root: str | Path | None = None) -> tuple[ImageSet, ImageSet]:
    """The training and the test part of "digits" or "mnist". Raises ValueError for another name or a missing `root`."""
    if name not in _SETS:
        raise ValueError(message("vision.load", "data", repr(name), "must be one of " + ", ".join(_SETS)))
    if name == "digits":
        return Digits(train=True), Digits(train=False)
    if root is None:
        raise ValueError(message("vision.load", "root", root, f"must name the folder that holds the files of {name}"))
    return MNIST(root, train=True), MNIST(root, train=False)

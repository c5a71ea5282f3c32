"""The command `scratchnet`: the main job, its files, its errors, Ctrl-C, predict and models."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from test_datasets import write_mnist

import scratchnet as sn
from scratchnet import models, training
from scratchnet.cli import main
from scratchnet.serialization import load_metadata, load_weights, save_weights
from scratchnet.vision import Digits, ImageSet


@pytest.fixture
def mnist(tmp_path):
    """A folder with MNIST files of 20 images: a run on it takes a blink."""
    write_mnist(tmp_path / "data", images=20)
    return tmp_path / "data"


def run(capsys, *arguments):
    """(exit code, stdout, stderr) of one command."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as stop:  # argparse's own errors and --help
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_lenet_reaches_97_percent_on_the_digits(tmp_path, capsys):
    out = tmp_path / "run"
    code, text, _ = run(capsys, "train", "lenet", "--out", out)
    assert code == 0
    accuracy = float(re.search(r"test accuracy (\d+\.\d+)% \(\d+ of 355 images\)", text).group(1))
    assert accuracy >= 97
    assert names(out) == ["accuracy.png", "metrics.jsonl", "weights.npz"]
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 21))
    assert 100 * lines[-1]["test_accuracy"] == pytest.approx(accuracy, abs=0.005)
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert (out / "accuracy.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    model = models.create("lenet")
    model.load_state_dict(load_weights(out / "weights.npz"))
    _, again = training.evaluate(model, training.batches(Digits(train=False), (1, 28, 28), 100, shuffle=False))
    assert again == lines[-1]["test_accuracy"]
    metadata = load_metadata(out / "weights.npz")
    assert (metadata["model"], metadata["data"], metadata["classes"]) == ("lenet", "digits", list("0123456789"))


@pytest.mark.skipif("SCRATCHNET_DATA" not in os.environ, reason="SCRATCHNET_DATA names no folder with MNIST")
def test_lenet_reaches_95_percent_on_mnist_in_one_epoch(tmp_path, capsys):
    options = ("--root", os.environ["SCRATCHNET_DATA"], "--epochs", 1, "--seed", 0, "--out", tmp_path / "run")
    code, text, _ = run(capsys, "train", "lenet", "--data", "mnist", *options)
    assert code == 0
    assert float(re.search(r"test accuracy (\d+\.\d+)% \([\d,]+ of 10,000 images\)", text).group(1)) >= 95


def test_a_gpu_trains_and_predicts_as_the_cpu_does(tmp_path, capsys, mnist, device):
    """Where `device` is the CPU this holds one run to another."""
    from PIL import Image

    losses, said = [], []
    for place in ("cpu", "cpu" if device == "cpu" else "cuda"):
        out = tmp_path / f"run {len(losses)}"
        options = ("--root", mnist, "--epochs", 2, "--batch-size", 10, "--optimizer", "sgd", "--device", place)
        code, _, _ = run(capsys, "train", "lenet", "--data", "mnist", *options, "--out", out)
        assert code == 0
        losses.append([json.loads(line)["loss"] for line in (out / "metrics.jsonl").read_text().splitlines()])
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(out / "image.png")
        code, text, _ = run(capsys, "predict", out / "weights.npz", out / "image.png", "--device", place)
        assert code == 0
        said.append(text.partition("image.png")[2])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    assert said[0] == said[1]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_same_seed_same_run(tmp_path, capsys, mnist, optimizer):
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ("--epochs", 2, "--batch-size", 8, "--seed", seed, "--optimizer", optimizer, "--threads", 1)
        code, _, _ = run(
            capsys, "train", "lenet", "--data", "mnist", "--root", mnist, *options, "--out", tmp_path / name
        )
        assert code == 0
        weights.append(load_weights(tmp_path / name / "weights.npz")["1.weight"].numpy())
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_options_reach_the_run(tmp_path, capsys, mnist):
    options = ("--epochs", 1, "--batch-size", 7, "--lr", "0.02", "--optimizer", "sgd", "--momentum", "0.5", "--seed", 9)
    options += ("--schedule", "cosine")
    code, text, _ = run(
        capsys, "train", "mnist_cnn", "--data", "mnist", "--root", mnist, *options, "--out", tmp_path / "o"
    )
    assert code == 0
    assert "epoch   1/1" in text
    got = load_metadata(tmp_path / "o" / "weights.npz")["options"]
    want = {
        "epochs": 1,
        "batch_size": 7,
        "lr": 0.02,
        "optimizer": "sgd",
        "momentum": 0.5,
        "seed": 9,
        "weights": "xavier",
        "schedule": "cosine",
    }
    assert got == want


@pytest.mark.parametrize(("schedule", "rates"), [("constant", [0.1, 0.1, 0.1]), ("cosine", [0.1, 0.075, 0.025])])
def test_learning_rate_of_each_epoch(schedule, rates):
    options = training.Options(epochs=3, batch_size=1, lr=0.1, schedule=schedule)
    optimizer = training.make_optimizer(sn.nn.Linear(1, 1), options)
    steps = training.make_schedule(optimizer, options)
    seen = []
    for _ in range(3):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        steps.step()
    assert seen == pytest.approx(rates)


def test_default_folder(tmp_path, capsys, mnist, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, text, _ = run(capsys, "train", "cifar_cnn", "--data", "mnist", "--root", "data", "--epochs", 1)
    assert code == 0
    assert names(tmp_path / "runs" / "cifar_cnn-mnist") == ["accuracy.png", "metrics.jsonl", "weights.npz"]
    assert text.endswith("weights.npz, metrics.jsonl and accuracy.png are in runs/cifar_cnn-mnist\n")


def test_runs_without_tqdm_and_matplotlib(tmp_path, capsys, mnist, monkeypatch):
    for name in ("tqdm", "matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    code, text, errors = run(
        capsys, "train", "lenet", "--data", "mnist", "--root", mnist, "--epochs", 1, "--out", tmp_path / "o"
    )
    assert code == 0
    assert "test accuracy" in text
    assert errors == "no accuracy.png: matplotlib is missing; install it with: pip install matplotlib\n"
    assert names(tmp_path / "o") == ["metrics.jsonl", "weights.npz"]
    assert "accuracy.png" not in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["train", "lenett"], "argument MODEL: invalid choice: 'lenett' .*choose from .*lenet.*googlenet"),
        (
            ["train", "lenet", "--data", "fashion"],
            "argument --data: invalid choice: 'fashion' .*choose from .*digits.*mnist",
        ),
        (["train", "lenet", "--epochs", "0"], "argument --epochs: must be a whole number of at least 1, not '0'"),
        (
            ["train", "lenet", "--batch-size", "2.5"],
            "argument --batch-size: must be a whole number of at least 1, not '2.5'",
        ),
        (["train", "lenet", "--lr", "0"], "argument --lr: must be a number above 0, not '0'"),
        (["train", "lenet", "--lr", "nan"], "argument --lr: must be a number above 0, not 'nan'"),
        (["train", "lenet", "--momentum", "1"], "argument --momentum: must be a number from 0 up to.* 1, not '1'"),
        (["train", "lenet", "--momentum", "0.5"], "argument --momentum: 0.5 is given, but only --optimizer sgd has"),
        (["train", "lenet", "--optimizer", "lamb"], "argument --optimizer: invalid choice: 'lamb'"),
        (["train", "lenet", "--seed", "-1"], "argument --seed: must be a whole number of at least 0, not '-1'"),
        (
            ["train", "lenet", "--device", "tpu"],
            "argument --device: Expected one of cpu, cuda.*: tpu: use 'cpu' or 'cuda'",
        ),
        (["train", "lenet", "--device", "mps"], r"argument --device: mps: device \(=mps\) has no backend.* use 'cpu'"),
        (
            ["train", "lenet", "--device", "cuda:99"],
            "argument --device: .*(No CUDA GPUs|CuPy, which is not|below cuda:)",
        ),
        (
            ["predict", "none.npz", "a.png", "--device", "cuda:99"],
            "argument --device: .*(No CUDA GPUs|CuPy|below cuda:)",
        ),
        (["train", "lenet", "--threads", "0"], "argument --threads: must be a whole number of at least 1, not '0'"),
        (["train", "lenet", "--threads", "99999"], "argument --threads: .*99999"),
        (["train", "lenet", "--data", "mnist"], "argument --root: --data mnist needs the folder"),
        (
            ["train", "lenet", "--data", "mnist", "--root", "nowhere"],
            r"MNIST: root \(=nowhere\) must hold train-images",
        ),
        (["train", "lenet", "--out", "a-file"], "argument --out: can't make the folder a-file"),
        (["train"], "the following arguments are required: MODEL"),
        ([], "the following arguments are required: COMMAND"),
        (["tarin"], "argument COMMAND: invalid choice: 'tarin'"),
        (["predict", "none.npz", "a.png"], r"path \(=none.npz\) must be a file, but there is none"),
        (["predict", "a-file", "a.png"], r"path \(=a-file\) must end in .npz or .safetensors"),
        (["predict", "broken.npz", "a.png"], r"path \(=broken.npz\) must be a whole .npz file"),
        (["predict", "nameless.npz", "a.png"], r"argument WEIGHTS: nameless.npz doesn't say which net.*model=None"),
        (["predict", "unfit.npz"], "the following arguments are required: IMAGE"),
        (["predict", "good.npz", "none.png"], r"path \(=none.png\) must be a file, but there is none"),
        (["predict", "good.npz", "a-file"], r"path \(=a-file\) must be an image"),
        (["predict", "unfit.npz", "good.png"], "argument WEIGHTS: unfit.npz doesn't fit the net lenet: .*[Mm]issing"),
    ],
)
def test_errors_are_one_line_and_exit_2(tmp_path, capsys, monkeypatch, arguments, text):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("text")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("good.png")
    lenet = models.create("lenet").state_dict()
    belongs = {"model": "lenet", "classes": list("0123456789")}
    save_weights("nameless.npz", lenet)
    save_weights("good.npz", lenet, belongs)
    save_weights("unfit.npz", models.create("mnist_cnn").state_dict(), belongs)
    before = names(tmp_path)
    code, printed, errors = run(capsys, *arguments)
    assert code == 2
    assert printed == ""
    assert errors.count("\n") == 1
    assert re.match(rf"scratchnet.*: .*{text}", errors), errors
    assert names(tmp_path) == before


def test_truncated_data_is_an_error_and_leaves_nothing(tmp_path, capsys, mnist):
    path = mnist / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    code, _, errors = run(capsys, "train", "lenet", "--data", "mnist", "--root", mnist, "--out", tmp_path / "o")
    assert code == 2
    assert re.match(r"scratchnet train: MNIST: file \(=.*t10k-images-idx3-ubyte\) holds 15691 bytes, but", errors)
    assert names(tmp_path) == ["data"]


def test_a_loss_that_is_no_number_is_an_error_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    def broken(*arguments, **keywords):
        return training.Tensor(np.array(np.nan, np.float32))

    monkeypatch.setattr(training.F, "cross_entropy", broken)
    code, _, errors = run(capsys, "train", "lenet", "--lr", "0.5", "--out", tmp_path / "o")
    assert code == 2
    assert errors.splitlines()[-1].startswith("scratchnet train: train: loss (=nan) of batch 1 must be finite")
    assert errors.endswith("try a smaller lr (now 0.5)\n")
    assert names(tmp_path) == []


def test_a_diverging_run_is_an_error(tmp_path, capsys, mnist):
    options = ("--optimizer", "sgd", "--lr", "1e30", "--batch-size", 4, "--epochs", 5)
    code, _, errors = run(
        capsys, "train", "residual_mnist", "--data", "mnist", "--root", mnist, *options, "--out", tmp_path / "o"
    )
    assert code == 2
    assert re.search(r"train: loss \(=(nan|inf)\) of batch \d+ must be finite; try a smaller lr \(now 1e\+30\)", errors)


def test_ctrl_c_keeps_the_last_finished_epoch(tmp_path):
    out = tmp_path / "o"
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in background jobs
    )
    code += "from scratchnet.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "train", "lenet", "--epochs", "100000", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not (out / "metrics.jsonl").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    stopped = re.search(
        rf"scratchnet train: stopped by Ctrl-C; {re.escape(str(out))} holds the weights of epoch (\d+)", errors
    )
    assert stopped, errors
    assert names(out) == ["accuracy.png", "metrics.jsonl", "weights.npz"]
    assert len((out / "metrics.jsonl").read_text().splitlines()) == int(stopped.group(1))
    models.create("lenet").load_state_dict(load_weights(out / "weights.npz"))


def test_ctrl_c_before_the_first_epoch_leaves_nothing(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_epoch", interrupted)
    code, _, errors = run(capsys, "train", "lenet", "--out", tmp_path / "o")
    assert code == 130
    assert errors.endswith("scratchnet train: stopped by Ctrl-C; no epoch was finished\n")
    assert names(tmp_path) == []


def test_predict(tmp_path, capsys):
    """Images written to files get the class and the probability that the model gives their arrays."""
    from PIL import Image

    sn.manual_seed(0)
    model = models.create("lenet", 3)
    save_weights(tmp_path / "w.npz", model.state_dict(), {"model": "lenet", "classes": ["a", "b", "c"]})
    pixels = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        Image.fromarray(255 - image).save(tmp_path / f"inverse-{i}.png")
    logits = model(sn.tensor(pixels[:, None] / np.float32(255)))
    shares = sn.softmax(logits, dim=1).detach().numpy()
    for prefix, flags in (("", []), ("inverse-", ["--invert"])):
        files = [tmp_path / f"{prefix}{i}.png" for i in range(2)]
        code, text, errors = run(capsys, "predict", tmp_path / "w.npz", *files, *flags)
        want = [f"{file}  {'abc'[s.argmax()]}  {s.max():.1%}" for file, s in zip(files, shares, strict=True)]
        assert (code, text.splitlines(), errors) == (0, want, "")


def test_models_lists_all_nine(capsys):
    code, text, _ = run(capsys, "models")
    lines = text.splitlines()
    assert code == 0
    assert len(lines) == 10
    assert "lenet              1 x 28 x 28      61,706" in lines
    assert "alexnet          1 x 224 x 224  46,764,746" in lines


@pytest.mark.parametrize(
    "command",
    [[], ["train"], ["predict"], ["models"], ["warmup"], ["bench"]]
    + [["bench", part] for part in ("nets", "layers", "start", "growth")],
)
def test_help(capsys, command):
    code, text, errors = run(capsys, *command, "--help")
    assert (code, errors) == (0, "")
    assert text.startswith("usage: scratchnet")
    if command == ["train"]:
        options = "--data --root --epochs --batch-size --lr --optimizer --momentum --seed --device --threads --out"
        for option in options.split():
            assert re.search(rf"^  {option}\b.*\S", text, re.MULTILINE), option


def test_an_empty_set_is_refused():
    empty = ImageSet(np.zeros((0, 28, 28), np.uint8), np.zeros(0))
    digits = Digits(train=False)
    for parts, name in (((empty, digits), "train_data"), ((digits, empty), "test_data")):
        with pytest.raises(ValueError, match=f"fit: {name} .* must hold at least one image"):
            training.fit(models.create("lenet"), *parts, (1, 28, 28), training.default_options("lenet", "digits"))


def test_unknown_optimizer():
    options = training.Options(epochs=1, batch_size=1, lr=0.1, optimizer="lamb")
    with pytest.raises(ValueError, match=r"train: optimizer \(='lamb'\) must be 'sgd' or 'adam'"):
        training.make_optimizer(models.create("lenet"), options)

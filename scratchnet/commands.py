"""What the commands of `scratchnet` do; cli.py holds their arguments."""

import argparse
import math
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from scratchnet import config, models, random, serialization, training, vision
from scratchnet.autograd.modes import no_grad
from scratchnet.device import device, resolve
from scratchnet.nn import functional as F
from scratchnet.progress import Progress
from scratchnet.tensor import Tensor


def list_models(arguments: argparse.Namespace) -> None:
    """`scratchnet models`."""
    print(f"{'name':<16} {'input':>13} {'parameters':>11}")
    for name in models.names():
        known = models.info(name)
        print(f"{name:<16} {' x '.join(map(str, known.input_shape)):>13} {known.parameters:>11,}")


def gradcheck(arguments: argparse.Namespace) -> int:
    """`scratchnet gradcheck`."""
    from scratchnet.gradcheck.command import command  # the other commands need none of it

    return command.run(arguments)


def bench(arguments: argparse.Namespace) -> int:
    """`scratchnet bench`."""
    from scratchnet.bench import command

    return command.run(arguments)


def warmup(arguments: argparse.Namespace) -> None:
    """`scratchnet warmup`."""
    from scratchnet.bench import command

    command.warm(arguments)


def train(arguments: argparse.Namespace) -> None:
    """`scratchnet train`: writes weights and metrics after every epoch, so an interrupted run keeps its last one."""
    name, data = arguments.model, arguments.data
    options = _options(arguments)
    if data == "mnist" and arguments.root is None:
        raise ValueError("argument --root: --data mnist needs the folder that holds the IDX files")
    if arguments.threads is not None:
        _set_threads(arguments.threads)
    place = _device(arguments.device)
    train_data, test_data = vision.load(data, arguments.root)
    out: Path = arguments.out or Path("runs") / f"{name}-{data}"
    new = _make_folder(out)
    random.manual_seed(options.seed)
    model = models.create(name)
    training.initialise(model, options.weights)
    model.to(place)
    shape, parameters = models.info(name).input_shape, models.info(name).parameters
    print(f"{name}, {parameters:,} parameters, on {data}: {len(train_data):,} training, {len(test_data):,} test images")
    metadata = {"model": name, "data": data, "classes": list(train_data.classes), "options": asdict(options)}
    history: list[training.Metrics] = []

    def on_epoch(metrics: training.Metrics) -> None:
        training.save_epoch(out, model, metadata, [*history, metrics])
        history.append(metrics)
        progress.line(
            f"epoch {metrics.epoch:>3}/{options.epochs}   loss {metrics.loss:.4f}   accuracy {metrics.accuracy:7.2%}   "
            f"test accuracy {metrics.test_accuracy:7.2%}   {metrics.seconds:.1f} s"
        )

    try:
        with Progress(options.epochs * math.ceil(len(train_data) / options.batch_size)) as progress:
            training.fit(model, train_data, test_data, shape, options, on_epoch, progress.step)
    except KeyboardInterrupt:
        kept = f"{out} holds the weights of epoch {history[-1].epoch}" if history else "no epoch was finished"
        print(f"scratchnet train: stopped by Ctrl-C; {kept}", file=sys.stderr)
        raise
    finally:
        if history:
            plotted = _plot(out / "accuracy.png", f"{name} on {data}", history)
        elif new:
            with suppress(OSError):
                out.rmdir()
    accuracy, seconds = history[-1].test_accuracy, sum(m.seconds for m in history)
    right = round(accuracy * len(test_data))
    print(f"test accuracy {accuracy:.2%} ({right:,} of {len(test_data):,} images) after {seconds:.1f} s of training")
    written = "weights.npz, metrics.jsonl and accuracy.png" if plotted else "weights.npz and metrics.jsonl"
    print(f"{written} are in {out}")


def _options(arguments: argparse.Namespace) -> training.Options:
    options = replace(training.default_options(arguments.model, arguments.data), seed=arguments.seed)
    if arguments.optimizer == "sgd":
        options = replace(options, optimizer="sgd", lr=0.01, momentum=0.9)
    elif arguments.momentum is not None:
        raise ValueError(f"argument --momentum: {arguments.momentum} is given, but only --optimizer sgd has a momentum")
    given = {field: getattr(arguments, field) for field in ("epochs", "batch_size", "lr", "momentum", "schedule")}
    return replace(options, **{field: value for field, value in given.items() if value is not None})


def _set_threads(n: int) -> None:
    try:
        config.set_num_threads(n)
    except ValueError as error:
        raise ValueError(f"argument --threads: {error}") from error


def _device(name: str) -> device:
    try:
        return resolve(name, name)
    except (AssertionError, RuntimeError) as error:  # torch's types: no CuPy, no GPU, no such device
        raise ValueError(f"argument --device: {error}") from error


def _make_folder(out: Path) -> bool:
    """Whether the folder is new. It is made before the training, so that a wrong name costs no time."""
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"argument --out: can't make the folder {out}: {error.strerror}") from error
    return new


def _plot(path: Path, title: str, history: list[training.Metrics]) -> bool:
    """Whether the plot could be drawn: training works without matplotlib."""
    try:
        parts = {"training part": [m.accuracy for m in history], "test part": [m.test_accuracy for m in history]}
        training.plot_accuracy(path, title, parts)
    except ImportError:
        print("no accuracy.png: matplotlib is missing; install it with: pip install matplotlib", file=sys.stderr)
        return False
    return True


def predict(arguments: argparse.Namespace) -> None:
    """`scratchnet predict`: all images are read before the first line is printed."""
    path: Path = arguments.weights
    place = _device(arguments.device)
    metadata = serialization.load_metadata(path)
    name, classes = metadata.get("model"), metadata.get("classes")
    if name not in models.names() or not isinstance(classes, list):
        rule = f"doesn't say which net it belongs to (model={name!r}); use a file that `scratchnet train` wrote"
        raise ValueError(f"argument WEIGHTS: {path} {rule}")
    images = [vision.read_image(image, models.info(name).input_shape, arguments.invert) for image in arguments.images]
    model = models.create(name, len(classes))
    try:
        model.load_state_dict(serialization.load_weights(path))
    except RuntimeError as error:
        raise ValueError(f"argument WEIGHTS: {path} doesn't fit the net {name}: {error}") from error
    model.to(place).eval()
    width = max(len(str(image)) for image in arguments.images)
    for file, image in zip(arguments.images, images, strict=True):
        with no_grad():
            shares = F.softmax(model(Tensor(image[None]).to(place)), dim=1).cpu().numpy()[0]
        print(f"{file!s:<{width}}  {classes[shares.argmax()]}  {shares.max():.1%}")

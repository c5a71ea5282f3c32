"""The command `scratchnet`: train a net, classify images, list the nets, check gradients, measure speed.

An error is one line and exit code 2.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one line without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0; 1 after a check that found a gradient wrong; 2 after an error of the user's; 130 after Ctrl-C.
    """
    arguments = argparse.Namespace(command="")
    try:
        parser().parse_args(argv, arguments)
        return int(arguments.run(arguments) or 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `scratchnet models | head -1`
        sys.stderr.close()
        return 1
    except (ValueError, OSError, FloatingPointError, ImportError) as error:
        print(f"scratchnet {arguments.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    from scratchnet import commands
    from scratchnet.bench import arguments as bench_arguments

    top = Parser(prog="scratchnet", description="Train and use convolutional networks on a from-scratch engine.")
    groups = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    train = groups.add_parser("train", help="train a net and report its test accuracy")
    _train_arguments(train)
    train.set_defaults(run=commands.train)
    predict = groups.add_parser("predict", help="classify image files with trained weights")
    _predict_arguments(predict)
    predict.set_defaults(run=commands.predict)
    listing = groups.add_parser("models", help="list the nets with their input sizes and parameter counts")
    listing.description = "List the nets with their input sizes (channels x height x width) and parameter counts."
    listing.set_defaults(run=commands.list_models)
    gradcheck = groups.add_parser("gradcheck", help="check the gradients of a layer of yours, or of every op here")
    _gradcheck_arguments(gradcheck)
    gradcheck.set_defaults(run=commands.gradcheck)
    bench = groups.add_parser("bench", help="measure speed on this machine, beside PyTorch")
    bench_arguments.add_bench(bench, _integer, Parser)
    bench.set_defaults(run=commands.bench)
    warmup = groups.add_parser("warmup", help="compile the kernels of the nets into the cache")
    bench_arguments.add_warmup(warmup)
    warmup.set_defaults(run=commands.warmup)
    return top


def _train_arguments(p: argparse.ArgumentParser) -> None:
    from scratchnet import models

    p.description = "Train a net, print loss and accuracy per epoch, and write weights, metrics and an accuracy plot."
    p.add_argument("model", metavar="MODEL", choices=models.names(), help="the net: " + ", ".join(models.names()))
    p.add_argument(
        "--data",
        choices=("digits", "mnist"),
        default="digits",
        help="digits: 1,797 images inside the package (default); mnist: MNIST's IDX files, gzipped or not, in --root",
    )
    p.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="folder with the files of --data mnist (in it, or in MNIST/raw or mnist below it)",
    )
    p.add_argument("--epochs", type=_integer(1), metavar="N", help="passes over the training part (default: by net)")
    p.add_argument("--batch-size", type=_integer(1), metavar="N", help="images per step (default: by net)")
    p.add_argument("--lr", type=_positive, metavar="X", help="learning rate (default: by net; 0.01 for sgd)")
    p.add_argument("--optimizer", choices=("sgd", "adam"), default="adam", help="update rule (default: adam)")
    p.add_argument("--schedule", choices=("constant", "cosine"), help="of the learning rate (default: the net's own)")
    p.add_argument("--momentum", type=_momentum, metavar="X", help="momentum of --optimizer sgd (default: 0.9)")
    p.add_argument("--seed", type=_integer(0), default=0, metavar="N", help="seed of weights, image order and dropout")
    _device_argument(p)
    p.add_argument("--threads", type=_integer(1), metavar="N", help="threads of the kernels (default: one per core)")
    p.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for weights.npz, metrics.jsonl and accuracy.png (default: runs/MODEL-DATA)",
    )


def _predict_arguments(p: argparse.ArgumentParser) -> None:
    p.description = "Print file, class and probability for each image."
    p.add_argument("weights", metavar="WEIGHTS", type=Path, help="a weights.npz that `scratchnet train` wrote")
    p.add_argument("images", metavar="IMAGE", type=Path, nargs="+", help="image files: light strokes, dark ground")
    p.add_argument("--invert", action="store_true", help="swap black and white: for dark strokes on a light ground")
    _device_argument(p)


def _device_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument("--device", default="cpu", metavar="DEVICE", help="where to compute: cpu (default), cuda or cuda:1")


def _gradcheck_arguments(p: argparse.ArgumentParser) -> None:
    p.description = (
        "Compare the gradients of a layer's backward with the slopes of its forward, and say what is wrong. "
        "Without TARGET: every op of the engine. Exit code 0: right, 1: wrong."
    )
    p.add_argument(
        "target",
        metavar="TARGET",
        nargs="?",
        help="FILE.py:NAME, a NumPy layer with forward and backward, a Module, an autograd.Function, or a function of "
        "tensors (scratchnet's or torch's); or FILE.py:FORWARD,BACKWARD, two functions. The file is imported",
    )
    p.add_argument(
        "--input",
        metavar="SHAPE",
        nargs="+",
        action="extend",
        help="shape of each input, filled with normal numbers: 2,3,8,8; 2,3:positive for 0.5 to 1.5; "
        "2,3:int10 for whole numbers from 0 to 9; scalar",
    )
    p.add_argument(
        "--arg",
        metavar="VALUE",
        action="append",
        help="argument of the layer's constructor: 3, stride=2, kernel_size=(3,3), mode=same; repeatable",
    )
    p.add_argument(
        "--param",
        metavar="NAME=GRADIENT",
        action="append",
        help="attribute of a NumPy layer and the attribute with its gradient, as W=dW (default: the usual names)",
    )
    p.add_argument("--method", choices=("central", "five_point", "complex"), help="of differences (default: central)")
    p.add_argument(
        "--mode",
        choices=("auto", "full", "directional"),
        help="directional: a few directions; full: every entry; auto: the second where the first fails (default)",
    )
    p.add_argument(
        "--kinks",
        choices=("detect", "skip", "error"),
        help="points without a derivative are counted apart (detect, default), stepped away from, or wrong",
    )
    p.add_argument("--rtol", type=_positive, metavar="X", help="relative tolerance (default: 1e-6)")
    p.add_argument("--atol", type=_positive, metavar="X", help="absolute tolerance (default: 1e-12)")
    p.add_argument("--allow-float32", action="store_true", help="check a NumPy layer in float32: a rough check")
    p.add_argument("--seed", type=_integer(0), default=0, metavar="N", help="seed of inputs, weights and directions")
    p.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page with the error as a heat map")
    p.add_argument("--op", metavar="NAME", nargs="+", action="extend", help="without TARGET: these ops alone")


def _integer(lowest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        with suppress(ValueError):
            if lowest <= int(text) < 2**63:
                return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {lowest}, not {text!r}")

    return parse


def _positive(text: str) -> float:
    with suppress(ValueError):
        if math.isfinite(float(text)) and float(text) > 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number above 0, not {text!r}")


def _momentum(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number from 0 up to, but not including, 1, not {text!r}")

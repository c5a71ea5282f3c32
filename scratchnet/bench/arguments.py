"""The arguments of `scratchnet bench` and `scratchnet warmup`."""

import argparse
import math
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from scratchnet import models

Whole = Callable[[int], Callable[[str], int]]


def add_warmup(p: argparse.ArgumentParser) -> None:
    """Of `scratchnet warmup`."""
    p.description = "Compile the kernels of the nets into the cache, so that nothing has to wait for it later."
    p.add_argument("--clear", action="store_true", help="empty the cache first, of other versions' kernels too")
    p.add_argument("--nets", type=_names("net", models.names()), default=models.names(), metavar="NET,...")


def add_bench(p: argparse.ArgumentParser, whole: Whole, parser_class: Any) -> None:
    """Of `scratchnet bench` and its parts. `whole(n)` parses an integer of at least n."""
    from scratchnet.bench.engines import OTHERS, WITH_ALL_NETS
    from scratchnet.bench.layers import LAYERS
    from scratchnet.bench.memory import FEWEST
    from scratchnet.bench.nets import BATCHES, WHAT
    from scratchnet.bench.processes import DROPPED

    p.description = "Measure the engine on this machine, beside PyTorch: each in a process of its own, by turns."
    p.epilog = f"The processes ignore {', '.join(DROPPED)}."
    parts = p.add_subparsers(dest="part", required=True, metavar="PART", parser_class=parser_class)

    nets = parts.add_parser("nets", help="the nine nets: a training step, inference, memory")
    nets.add_argument(
        "--nets", type=_names("net", BATCHES), default=tuple(BATCHES), metavar="NET,...", help="(default: all nine)"
    )
    nets.add_argument("--batch", type=whole(1), metavar="N", help="images (default: by net, 16 to 256)")
    nets.add_argument("--what", type=_names("thing to measure", WHAT), default=WHAT, metavar="step,inference")
    _common(nets, whole, OTHERS, 0.5)

    layers = parts.add_parser("layers", help="convolution layers: forward and both gradients, GFLOP/s")
    text = "such as lenet.1, or lenet for all of its layers (default: all)"
    layers.add_argument("--layers", type=_layers(LAYERS), default=tuple(LAYERS), metavar="NAME,...", help=text)
    layers.add_argument("--batch", type=whole(1), metavar="N", help="images (default: by layer, 16 to 256)")
    layers.add_argument(
        "--algorithm",
        type=_algorithms,
        default=(),
        metavar="NAME,...",
        help="also each of these alone, where it can compute the layer: tiled, winograd, fft, im2col, naive",
    )
    _common(layers, whole, ("torch",), 0.1)

    start = parts.add_parser("start", help="the import and the first training step, with and without compiled kernels")
    _common(start, whole, WITH_ALL_NETS, None)

    growth = parts.add_parser("growth", help="batches from 1 to 512, images from 28 to 224, threads")
    growth.add_argument("--batches", type=_numbers(whole), metavar="N,...", help="(default: 1 to 512)")
    growth.add_argument("--images", type=_numbers(whole), metavar="N,...", help="(default: 28 to 224)")
    _common(growth, whole, WITH_ALL_NETS, 0.3)

    memory = parts.add_parser("memory", help="the process's memory over thousands of training steps")
    memory.add_argument(
        "--nets", type=_names("net", BATCHES), default=("lenet",), metavar="NET,...", help="(default: lenet)"
    )
    memory.add_argument("--steps", type=whole(FEWEST), default=5000, metavar="N", help="of each engine (default: 5000)")
    memory.add_argument("--batch", type=whole(1), metavar="N", help="images (default: by net, 16 to 256)")
    memory.add_argument(
        "--other-batch", type=whole(1), metavar="N", help="images of every other step (default: as many)"
    )
    _common(memory, whole, ("torch",), None, rounds=False)


def _common(
    p: argparse.ArgumentParser, whole: Whole, others: tuple[str, ...], seconds: float | None, rounds: bool = True
) -> None:
    p.add_argument(
        "--against",
        type=_against(others),
        metavar="ENGINE,...",
        help=f"{', '.join(others)}, or none (default: all that are installed)",
    )
    p.add_argument("--threads", type=whole(1), metavar="N", help="of each engine (default: 2, or 1 on a single core)")
    if rounds:
        p.add_argument("--rounds", type=whole(1), default=3, metavar="N", help="turns of each engine (default: 3)")
    if seconds is not None:
        text = f"of each measurement in each round; 0: a single run (default: {seconds})"
        p.add_argument("--seconds", type=_seconds, default=seconds, metavar="X", help=text)
    p.add_argument("--out", type=Path, metavar="DIR", help="folder for the results: JSON, and a plot with matplotlib")
    p.set_defaults(allowed=others, **({} if rounds else {"rounds": 1}))


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def _names(kind: str, known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = _listed(text) or [text]
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is no {kind}; there are {', '.join(known)}")
        return tuple(names)

    return parse


def _against(others: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        return () if text.strip() == "none" else _names("engine to compare with here", (*others, "none"))(text)

    return parse


def _layers(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        nets = {name.split(".")[0] for name in known}
        names = _names("layer", (*known, *sorted(nets)))(text)
        return tuple(name for name in known if name in names or name.split(".")[0] in names)

    return parse


def _algorithms(text: str) -> tuple[str, ...]:
    from scratchnet.kernels.cpu.conv import algorithms  # loads Numba: only where it is asked for

    return _names("algorithm", algorithms())(text)


def _numbers(whole: Whole) -> Callable[[str], tuple[int, ...]]:
    def parse(text: str) -> tuple[int, ...]:
        return () if text.strip() == "none" else tuple(whole(1)(part) for part in _listed(text) or [text])

    return parse


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if math.isfinite(float(text)) and float(text) >= 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number of at least 0, not {text!r}")

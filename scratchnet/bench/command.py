"""What `scratchnet bench` and `scratchnet warmup` do; arguments.py holds their arguments."""

import argparse
import sys
import time

from scratchnet import config
from scratchnet.bench import machine, plots, results, warmup
from scratchnet.bench.engines import ENGINES, installed, without_compiler
from scratchnet.bench.growth import BATCHES, IMAGES, Growth
from scratchnet.bench.layers import Layers
from scratchnet.bench.memory import Memory
from scratchnet.bench.nets import Nets
from scratchnet.bench.part import Options, Part
from scratchnet.bench.results import Row
from scratchnet.bench.start import Start
from scratchnet.kernels import threads
from scratchnet.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """`scratchnet bench`: the exit code, 1 if another engine failed."""
    part = _part(arguments)
    options = part.options
    about = machine.about(options.engines, options.threads)
    rows: dict[str, Row] = {}
    with results.folder(arguments.out) as out:
        print(machine.sentence(about))
        warning = machine.warning(about)
        if warning:
            print(warning)
        for note in options.notes:
            print(note)
        if not options.against:
            print("Nothing to compare with." if arguments.against is not None else "PyTorch isn't installed.")
        print(*part.heading(), sep="\n", flush=True)
        with Progress(part.count(), part.unit, "starting; compiling kernels, the first time") as progress:
            for name, row in part.measure():
                rows[name] = row
                progress.line("\n".join(part.lines(name, row)))
                progress.advance(name)
        for line in part.summary(rows):
            print(line)
        for where, error in part.errors.items():
            print(f"left out: {where}: {error}", file=sys.stderr)
        if out is not None:
            results.write(out / f"{part.name}.json", about | {"rounds": options.rounds}, rows)
            written = f"{part.name}.json"
            try:
                plots.draw(out / f"{part.name}.png", part, machine.sentence(about), rows)
                written += f" and {part.name}.png"
            except ImportError:
                hint = "matplotlib is missing; install it with: pip install matplotlib"
                print(f"no {part.name}.png: {hint}", file=sys.stderr)
            print(f"\n{written} {'are' if ' and ' in written else 'is'} in {out}")
    return 1 if part.errors else 0


def _part(arguments: argparse.Namespace) -> Part:
    options = _options(arguments)
    if arguments.part == "nets":
        return Nets(options, arguments.nets, arguments.batch, arguments.what)
    if arguments.part == "layers":
        return Layers(options, arguments.layers, arguments.batch, arguments.algorithm)
    if arguments.part == "growth":
        batches = BATCHES if arguments.batches is None else arguments.batches
        images = IMAGES if arguments.images is None else arguments.images
        if not batches and not images:
            raise ValueError("argument --images: with --batches none there must be some")
        return Growth(options, batches, images)
    if arguments.part == "memory":
        return Memory(options, arguments.nets, arguments.batch, arguments.other_batch, arguments.steps)
    return Start(options)


def _options(arguments: argparse.Namespace) -> Options:
    count = min(2, threads.limit()) if arguments.threads is None else arguments.threads
    try:
        config.set_num_threads(count)  # for the check: it is the workers that compute
    except ValueError as error:
        raise ValueError(f"argument --threads: {error}") from error
    against = arguments.against
    if against is None:
        against = tuple(name for name in arguments.allowed if installed(name))
    for name in against:
        if not installed(name):
            module = ENGINES[name].module
            hint = f"install it with: pip install {module}, or choose --against none"
            raise ValueError(f"argument --against: {name} needs {module}, which isn't installed; {hint}")
    reasons = {name: without_compiler(name) for name in against}
    able, notes = tuple(name for name in against if reasons[name] is None), tuple(filter(None, reasons.values()))
    return Options(count, arguments.rounds, able, 1000 * getattr(arguments, "seconds", 0.0), notes)


def warm(arguments: argparse.Namespace) -> None:
    """`scratchnet warmup`."""
    folder = warmup.prepare(arguments.clear)
    start = time.perf_counter()
    with Progress(warmup.count(arguments.nets), "step", "compiling kernels") as progress:
        for name in warmup.run(arguments.nets):
            progress.advance(name)
    count = len(arguments.nets)
    nets = "1 net" if count == 1 else f"{count} nets"
    print(f"the kernels of {nets} are compiled, in {time.perf_counter() - start:.1f} s; they are in {folder}")

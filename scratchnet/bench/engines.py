"""The engines by name, each loaded only in its own worker.

Another engine is a line in ENGINES: one with torch's names has a class here, one without them a file NAME_nets.py.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple

from scratchnet import config, models
from scratchnet.bench.engine import Engine, TorchLike
from scratchnet.bench.layer import Layer
from scratchnet.bench.net import Net
from scratchnet.bench.peak import Peak
from scratchnet.bench.resident import Training

SUBJECTS: Mapping[str, Callable[..., Any]] = {"net": Net, "layer": Layer, "training": Training}


class Scratchnet(TorchLike):
    """This engine, with Numba imported, so that the import doesn't count as memory of a net."""

    subjects: ClassVar[Mapping[str, Callable[..., Any]]] = {**SUBJECTS, "peak": Peak}

    def __init__(self, threads: int) -> None:
        self.module = import_module("scratchnet")
        import_module("scratchnet.kernels.cpu.jit")
        config.set_num_threads(threads)

    def create(self, name: str) -> Any:
        return models.create(name)

    def algorithm(self, name: str) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self.module.conv_algorithm(name)
        return context


class Torch(TorchLike):
    """PyTorch as it runs without being asked for more: eager."""

    subjects: ClassVar[Mapping[str, Callable[..., Any]]] = SUBJECTS

    def __init__(self, threads: int) -> None:
        self.module = import_module("torch")
        self.module.set_num_threads(threads)

    def create(self, name: str) -> Any:
        return import_module("scratchnet.bench.torch_nets").TWINS[name]()


class TorchCompile(Torch):
    """PyTorch with its compiler, for the sizes at hand."""

    def prepared(self, model: Any) -> Any:
        return self.module.compile(model, dynamic=False)

    def release(self) -> None:
        """And the compiled nets: it counts them, and leaves what comes after the eighth uncompiled."""
        super().release()
        self.module.compiler.reset()


class Foreign(Engine):
    """An engine with names of its own, and so with nets of its own."""

    def __init__(self, name: str, threads: int) -> None:
        self.subjects = {"net": import_module(f"scratchnet.bench.{name}_nets").Net}


class Compiler(NamedTuple):
    """A program that an engine calls: the variable that names it, and its name otherwise."""

    variable: str
    program: str


class Entry(NamedTuple):
    """What is known of an engine without loading it.

    Its module, the variable that names its cache's folder, its compiler, and its nets where they aren't all nine.
    """

    build: Callable[[int], Any]
    module: str
    cache_variable: str | None = None
    compiler: Compiler | None = None
    nets: tuple[str, ...] = models.names()


OURS = "scratchnet"
FEW = ("lenet", "cifar_cnn")
CXX = Compiler("CXX", "clang++" if sys.platform == "darwin" else "cl" if sys.platform == "win32" else "g++")
ENGINES = {
    OURS: Entry(Scratchnet, "scratchnet", "SCRATCHNET_CACHE_DIR"),
    "torch": Entry(Torch, "torch"),
    "torch.compile": Entry(TorchCompile, "torch", "TORCHINDUCTOR_CACHE_DIR", CXX),
    "jax": Entry(partial(Foreign, "jax"), "jax", nets=FEW),
    "tinygrad": Entry(partial(Foreign, "tinygrad"), "tinygrad", compiler=Compiler("CC", "clang"), nets=FEW),
    "dezero": Entry(partial(Foreign, "dezero"), "dezero", nets=FEW),
}
OTHERS = tuple(name for name in ENGINES if name != OURS)
WITH_ALL_NETS = tuple(name for name in OTHERS if ENGINES[name].nets == models.names())


def installed(name: str) -> bool:
    """Whether the engine's module is there. It isn't imported."""
    return find_spec(ENGINES[name].module) is not None


def without_compiler(name: str) -> str | None:
    """Why the engine can't compile here, in a sentence; None where it can or need not."""
    compiler = ENGINES[name].compiler
    if compiler is None:
        return None
    program = os.environ.get(compiler.variable) or compiler.program
    if shutil.which(program) is not None:
        return None
    return f"{name} is left out: it compiles with {program}, which isn't there; {compiler.variable} can name another."

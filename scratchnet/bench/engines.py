"""The engines by name, each loaded only in its own worker.

Another engine is a class more here and a line in ENGINES. One without torch's names has its own `subjects`: classes
with the methods of Net and Layer.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple

from scratchnet import config, models
from scratchnet.bench.engine import Engine
from scratchnet.bench.layer import Layer
from scratchnet.bench.net import Net
from scratchnet.bench.peak import Peak


class Scratchnet(Engine):
    """This engine, with Numba imported, so that the import doesn't count as memory of a net."""

    subjects: ClassVar[Mapping[str, Callable[..., Any]]] = {"net": Net, "layer": Layer, "peak": Peak}

    def __init__(self, threads: int) -> None:
        self.module = import_module("scratchnet")
        import_module("scratchnet.kernels.cpu.jit")
        config.set_num_threads(threads)

    def create(self, name: str) -> Any:
        return models.create(name)

    def algorithm(self, name: str) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self.module.conv_algorithm(name)
        return context


class Torch(Engine):
    """PyTorch as it runs without being asked for more: eager."""

    subjects: ClassVar[Mapping[str, Callable[..., Any]]] = {"net": Net, "layer": Layer}

    def __init__(self, threads: int) -> None:
        self.module = import_module("torch")
        self.module.set_num_threads(threads)

    def create(self, name: str) -> Any:
        return import_module("scratchnet.bench.torch_nets").TWINS[name]()


class TorchCompile(Torch):
    """PyTorch with its compiler, for the sizes at hand."""

    def prepared(self, model: Any) -> Any:
        return self.module.compile(model, dynamic=False)


class Entry(NamedTuple):
    """What is known of an engine without loading it: its module, and the variable that names its cache's folder."""

    build: Callable[[int], Any]
    module: str
    cache_variable: str | None


OURS = "scratchnet"
ENGINES = {
    OURS: Entry(Scratchnet, "scratchnet", "SCRATCHNET_CACHE_DIR"),
    "torch": Entry(Torch, "torch", None),
    "torch.compile": Entry(TorchCompile, "torch", "TORCHINDUCTOR_CACHE_DIR"),
}
OTHERS = tuple(name for name in ENGINES if name != OURS)


def installed(name: str) -> bool:
    """Whether the engine's module is there. It isn't imported."""
    return find_spec(ENGINES[name].module) is not None

"""The stand-in's names beside CuPy's own, which needs no GPU."""

import importlib.util
import inspect
from operator import attrgetter
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from emulation import cupy as stand_in
from emulation import cupy_functions

import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import launch

pytestmark = pytest.mark.emulated

PROGRAMS = [getattr(cuda, path.stem).PROGRAM for path in sorted(launch.FOLDER.glob("*.cu"))]
if importlib.util.find_spec("cupy") is None:
    cupy: Any = None
else:
    import cupy
needs_cupy = pytest.mark.skipif(cupy is None, reason="CuPy isn't installed: the stand-in's names aren't compared")


def public(thing: Any) -> list[str]:
    return [name for name in vars(thing) if not name.startswith("_")]


def parameters(function: Any) -> dict[str, tuple[Any, Any]]:
    """Name -> kind and default of each parameter, in order."""
    return {name: (p.kind, p.default) for name, p in inspect.signature(function).parameters.items()}


def has_signature(function: Any) -> bool:
    try:
        inspect.signature(function)
    except ValueError:  # compiled by Cython without one
        return False
    return True


NAMES = [(stand_in, "", name) for name in stand_in.__all__]
NAMES += [(stand_in.cuda, "cuda.", name) for name in stand_in.cuda.__all__]


@needs_cupy
@pytest.mark.parametrize(("home", "prefix", "name"), NAMES, ids=lambda part: part if isinstance(part, str) else "")
def test_every_name_exists_in_cupy(home: Any, prefix: str, name: str) -> None:
    """With the members that the stand-in has, and with the parameters that it takes, in their order."""
    ours, theirs = getattr(home, name), attrgetter(prefix + name)(cupy)
    if inspect.isclass(ours) or isinstance(ours, (ModuleType, SimpleNamespace)):
        members = getattr(ours, "__all__", public(ours))
        assert [member for member in members if not hasattr(theirs, member)] == []
    elif isinstance(ours, stand_in.ufunc):
        assert isinstance(theirs, cupy.ufunc)
        assert (ours.nin, ours.nout) == (theirs.nin, theirs.nout)
    elif has_signature(theirs):
        given, known = parameters(ours), parameters(theirs)
        assert given == {parameter: known.get(parameter) for parameter in given}
        assert list(given) == [parameter for parameter in known if parameter in given]


DTYPES = frozenset("?bBhHiIlLefd")
REFUSED = {"negative": "?->?", "positive": "?->?", "subtract": "??->?"}  # what CuPy lists and refuses when called


@needs_cupy
@pytest.mark.parametrize("name", cupy_functions.UFUNCS.split())
def test_a_ufunc_gives_cupy_s_dtypes(name: str) -> None:
    ours, compared = getattr(stand_in, name), 0
    for types in getattr(cupy, name).types:
        given, expected = types.split("->")
        if not set(given) <= DTYPES or types == REFUSED.get(name):
            continue
        found = ours(*[stand_in.ones(3, kind) for kind in given])
        assert [y.dtype for y in (found if ours.nout > 1 else [found])] == list(map(np.dtype, expected)), types
        compared += 1
    assert compared


@needs_cupy
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_cupy_takes_the_source_and_the_options(program: launch.Program) -> None:
    """CuPy checks them when the module is made, and compiles later, on a GPU."""
    for unit in program.units():
        names = list(program.expressions(*unit).values())
        assert cupy.RawModule(code=launch.source(program.stem), options=program.options, name_expressions=names)


@needs_cupy
def test_nothing_else_is_public() -> None:
    """Beside the listed names there are NumPy's that CuPy has too, and the modules that the stand-in is made of."""
    own = {"Any"} | {name for name in public(stand_in) if name.startswith("cupy_")}
    assert [name for name in public(stand_in) if name not in own and not hasattr(cupy, name)] == []


def test_the_index_type_grows_with_the_array(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(launch, "_function", lambda *key: asked.append(key[-1]) or (lambda *launched: None))
    for size in (launch.INT_LIMIT - 1, launch.INT_LIMIT):
        cuda.activation.PROGRAM.launch("relu", ("float32",), size, np.empty(3), np.empty(3), size)
    assert asked == ["int32", "int64"]

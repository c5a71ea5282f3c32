"""The stand-in's names beside CuPy's own, and the kernels compiled for real GPUs; neither needs a GPU."""

import importlib.util
import inspect
from typing import Any

import numpy as np
import pytest
from emulation import cupy as stand_in
from emulation import nvrtc

import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import launch

pytestmark = pytest.mark.emulated

PROGRAMS = [getattr(cuda, path.stem).PROGRAM for path in sorted(launch.FOLDER.glob("*.cu"))]
needs_nvrtc = pytest.mark.skipif(nvrtc.find() is None, reason="nvidia-cuda-nvrtc-cu12 isn't installed")
if importlib.util.find_spec("cupy") is None:
    cupy: Any = None
else:
    import cupy
needs_cupy = pytest.mark.skipif(cupy is None, reason="CuPy isn't installed: the stand-in's names aren't compared")


def public(thing: Any) -> list[str]:
    return [name for name in vars(thing) if not name.startswith("_")]


@needs_cupy
@pytest.mark.parametrize("name", stand_in.__all__)
def test_every_name_exists_in_cupy(name: str) -> None:
    ours, theirs = getattr(stand_in, name), getattr(cupy, name)
    if inspect.isclass(ours):
        assert [member for member in public(ours) if not hasattr(theirs, member)] == []
    else:
        assert set(inspect.signature(ours).parameters) <= set(inspect.signature(theirs).parameters)


@needs_cupy
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_cupy_takes_the_source_and_the_options(program: launch.Program) -> None:
    """CuPy checks them when the module is made, and compiles later, on a GPU."""
    for unit in program.units():
        names = list(program.expressions(*unit).values())
        assert cupy.RawModule(code=launch.source(program.stem), options=program.options, name_expressions=names)


def test_nothing_is_public_that_is_not_listed() -> None:
    defined = [
        name for name in public(stand_in) if getattr(getattr(stand_in, name), "__module__", None) == stand_in.__name__
    ]
    assert sorted(defined) == sorted(stand_in.__all__)


@needs_nvrtc
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
@pytest.mark.parametrize("architecture", ["sm_75", "sm_80", "sm_90", "sm_120"])
def test_every_instance_compiles(program: launch.Program, architecture: str) -> None:
    """All that the launch code can ask for, its symbols in the machine code."""
    library = nvrtc.find()
    assert library is not None
    expressions = [name for unit in program.units() for name in program.expressions(*unit).values()]
    assert len(expressions) == len(set(expressions)) > 0
    options = [*program.options, f"--gpu-architecture={architecture}"]
    code, symbols = nvrtc.cubin(library, launch.source(program.stem), options, expressions)
    for symbol in symbols:
        assert b".text." + symbol + b"\0" in code


def test_the_index_type_grows_with_the_array(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(launch, "_function", lambda *key: asked.append(key[-1]) or (lambda *launched: None))
    for size in (launch.INT_LIMIT - 1, launch.INT_LIMIT):
        cuda.activation.PROGRAM.launch("relu", ("float32",), size, np.empty(3), np.empty(3), size)
    assert asked == ["int32", "int64"]

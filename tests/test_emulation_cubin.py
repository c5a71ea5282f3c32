"""Every kernel compiled for GPUs by NVIDIA's own compilers, which need no GPU: all symbols, registers, no spills."""

import re

import pytest
from emulation import nvcc, resources

pytestmark = pytest.mark.emulated

# Kernels that a training step of a convolutional net spends its time in: all that they work with fits into registers.
HOT = {
    "conv_implicit": r".*",
    "conv_depthwise": r".*",
    "tensor_conv": r".*",
    "columns": r".*",
    "pool": r".*",
    "norm": r".*",
    "activation": r".*",
    "softmax": r".*",
    "loss": r".*",
    "reduce": r".*",
    "optim": r".*",
}

FIRST = next(iter(resources.compilers()), None)
CASES = [(FIRST, architecture) for architecture in resources.ARCHITECTURES]
CASES += [(other, "sm_90") for other in resources.compilers() if other != FIRST]


@pytest.mark.parametrize("stem", resources.STEMS)
@pytest.mark.parametrize(("compiler", "architecture"), CASES)
def test_every_instance_compiles(stem: str, compiler: str | None, architecture: str) -> None:
    """All that the launch code can ask for has its symbol in the machine code; the hot ones have no local memory."""
    if compiler is None:
        pytest.skip("neither nvcc nor nvidia-cuda-nvrtc-cu12 is installed")
    if compiler == "nvcc" and architecture not in nvcc.architectures():
        pytest.skip(f"this nvcc doesn't compile for {architecture}")
    expressions = resources.expressions(stem)
    assert len(expressions) == len(set(expressions)) > 0
    taken = resources.taken(stem, architecture, compiler)
    print(*(f"{name}: {used}" for name, used in taken.items()), sep="\n")
    assert all(0 < used.registers <= 255 and used.shared <= 49152 for used in taken.values())
    hot = [name for name in taken if re.fullmatch(HOT.get(stem, "nothing"), name.split("<")[0])]
    assert {name: taken[name].local for name in hot if taken[name].local} == {}


def test_the_hot_kernels_exist() -> None:
    for stem, names in HOT.items():
        assert any(re.fullmatch(names, name.split("<")[0]) for name in resources.expressions(stem)), stem


def test_local_memory_is_seen() -> None:
    code = "__global__ void f(int* y, int n) { int a[64]; for (int i = 0; i < n; ++i) a[y[i]] = i; y[0] = a[y[n]]; }"
    for name, compile_ in resources.compilers().items():
        (used,) = resources.cubin.kernels(compile_(code, ["--gpu-architecture=sm_90"], ["f"])).values()
        assert used.local >= 256, name


def test_a_missing_symbol_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in resources.compilers():
        monkeypatch.setattr(resources.cubin, "expressions", lambda symbols: {})
        with pytest.raises(LookupError, match="reduce.cu for sm_90: no symbol of channel_sum"):
            resources.taken("reduce", "sm_90", name)

"""Initial values, beside torch's: the same seed gives the same bits."""

import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import nn
from scratchnet.nn import init

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
EXACT = [
    ("uniform_", {}),
    ("uniform_", {"a": -0.3, "b": 0.2}),
    ("constant_", {"val": 0.7}),
    ("ones_", {}),
    ("zeros_", {}),
    ("dirac_", {}),
    ("dirac_", {"groups": 2}),
    ("xavier_uniform_", {"gain": 2.0}),
    ("kaiming_uniform_", {"a": 5**0.5}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
]
NORMAL = [
    ("normal_", {"mean": 1.0, "std": 3.0}),
    ("xavier_normal_", {}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "tanh"}),
    ("trunc_normal_", {}),
    ("trunc_normal_", {"mean": 0.5, "std": 0.02, "a": 0.49, "b": 0.55}),
    ("trunc_normal_", {"mean": 1.0, "std": 1.0, "a": 1.5, "b": 1.6}),
]


SHAPES = [(6, 4, 3, 3), (5, 7), (4, 3, 5), (2, 3, 2, 2, 2), (40, 31)]
SEEDS = (*range(18), 2**40 + 3, -1)
# Without AVX2 torch takes the C library's log and sine for its normals.
SAME_NORMALS = torch is not None and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def filled(lib: Any, name: str, settings: dict[str, Any], shape: tuple[int, ...], dtype: str, seed: int = 7) -> Any:
    tensor = lib.nn.Parameter(lib.empty(shape, dtype=getattr(lib, dtype)))
    lib.manual_seed(seed)
    result = getattr(lib.nn.init, name)(tensor, **settings)
    assert result is tensor
    assert result.is_leaf
    assert result.requires_grad
    return tensor


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), EXACT + NORMAL)
def test_the_same_bits(name: str, settings: dict[str, Any], dtype: str) -> None:
    exact = SAME_NORMALS or (name, settings) in EXACT
    for shape in SHAPES:
        if name == "dirac_" and len(shape) == 2:
            continue
        for seed in SEEDS:
            ours = filled(sn, name, settings, shape, dtype, seed)
            theirs = filled(torch, name, settings, shape, dtype, seed)
            if exact:
                np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs), err_msg=f"{shape}, seed {seed}")
            else:
                assert_same(ours, theirs)


@needs_torch
@pytest.mark.skipif(not SAME_NORMALS, reason="torch computes normals without AVX2 on this CPU")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), [case for case in EXACT + NORMAL if case[0] != "dirac_"])
def test_parts_and_transposed_weights(name: str, settings: dict[str, Any], dtype: str) -> None:
    """Filled in the order of their memory, and what lies between is left alone."""
    parts: list[Any] = [lambda w: w.t(), lambda w: w[:, ::2], lambda w: w[::3].t(), lambda w: w[:3, :4].t()]
    for part in parts:
        found = []
        for lib in (sn, torch):
            weight = lib.zeros(30, 41, dtype=getattr(lib, dtype))
            lib.manual_seed(2)
            getattr(lib.nn.init, name)(part(weight), **settings)
            found.append(to_numpy(weight))
        np.testing.assert_array_equal(*found)


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (6, 4, 3, 3), (40, 30), (1, 4)])
def test_orthogonal(shape: tuple[int, ...], dtype: str) -> None:
    """The same but for the rounding of the QR decomposition, which is LAPACK's in both."""
    for seed in SEEDS:
        ours = filled(sn, "orthogonal_", {"gain": 1.5}, shape, dtype, seed)
        theirs = filled(torch, "orthogonal_", {"gain": 1.5}, shape, dtype, seed)
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)
    assert init.orthogonal_(sn.ones(3, 0)).numel() == 0


@needs_torch
@pytest.mark.parametrize("sparsity", [0.0, 0.3, 1.0])
def test_sparse(sparsity: float) -> None:
    for shape in ((7, 5), (5, 7), (64, 3)):
        for seed in SEEDS:
            ours = filled(sn, "sparse_", {"sparsity": sparsity, "std": 2.0}, shape, "float64", seed)
            theirs = filled(torch, "sparse_", {"sparsity": sparsity, "std": 2.0}, shape, "float64", seed)
            np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs), err_msg=f"{shape}, seed {seed}")
            assert sn.rand(2, device="cpu").tolist() == torch.rand(2).tolist()
    with pytest.warns(FutureWarning, match="`nn.init.sparse` is now deprecated in favor of `nn.init.sparse_`."):
        init.sparse(sn.ones(2, 2), 0.5)


@pytest.mark.parametrize("lib", BOTH)
def test_eye(lib: Any) -> None:
    tensor = lib.ones(2, 3)
    assert lib.nn.init.eye_(tensor).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


@needs_torch
def test_gains() -> None:
    for name in "linear conv1d conv2d conv3d conv_transpose2d sigmoid tanh relu leaky_relu selu".split():
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    i = lib.nn.init
    cases: list[tuple[Any, str]] = [
        (lambda: i.calculate_gain("odd"), "Unsupported nonlinearity"),
        (lambda: i.calculate_gain("leaky_relu", True), "not a valid number"),
        (lambda: i.eye_(lib.ones(3)), "Only tensors with 2 dimensions are supported"),
        (lambda: i.dirac_(lib.ones(3, 3)), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda: i.dirac_(lib.ones(3, 3, 3), groups=2), "dim 0 must be divisible by groups"),
        (lambda: i.orthogonal_(lib.ones(3)), "Only tensors with 2 or more dimensions are supported"),
        (lambda: i.sparse_(lib.ones(3, 3, 3), 0.5), "Only tensors with 2 dimensions are supported"),
        (lambda: i.xavier_uniform_(lib.ones(3)), "can not be computed for tensor with fewer than 2 dimensions"),
        (lambda: i.kaiming_normal_(lib.ones(3, 3), mode="odd"), "Mode odd not supported"),
    ]
    for call, text in cases:
        with pytest.raises(ValueError, match=re.escape(text)):
            call()


@pytest.mark.parametrize("lib", BOTH)
def test_warnings(lib: Any) -> None:
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        lib.nn.init.kaiming_uniform_(lib.ones(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        lib.nn.init.trunc_normal_(lib.ones(1, 3), mean=5.0)
    weight = lib.ones(2, 3)
    old = ["uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "eye"]
    old.append("orthogonal")
    for name in old:
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`."):
            getattr(lib.nn.init, name)(weight)
        assert getattr(lib.nn.init, name).__name__ == name


@needs_torch
def test_a_generator_of_ones_own() -> None:
    ours = init.uniform_(sn.empty(50), generator=sn.Generator().manual_seed(3))
    theirs = torch.nn.init.uniform_(torch.empty(50), generator=torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs))


# Name, arguments, settings; the shape of the first input for the lazy layers.
LAYERS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...] | None]] = [
    ("Linear", (20, 30), {}, None),
    ("Linear", (5, 3), {"bias": False}, None),
    ("Linear", (7, 9), {"dtype": "float64"}, None),
    ("Bilinear", (5, 4, 3), {}, None),
    ("Bilinear", (5, 4, 3), {"bias": False, "dtype": "float64"}, None),
    ("Conv1d", (4, 6, 3), {"groups": 2}, None),
    ("Conv2d", (4, 6, 3), {"groups": 2}, None),
    ("Conv2d", (1, 2, (5, 3)), {"bias": False}, None),
    ("Conv2d", (6, 12, 3), {"groups": 6, "padding": 1, "padding_mode": "circular", "dtype": "float64"}, None),
    ("Conv3d", (4, 6, (3, 1, 2)), {"groups": 2}, None),
    ("ConvTranspose1d", (4, 6, 3), {"groups": 2, "stride": 2}, None),
    ("ConvTranspose2d", (4, 6, 3), {"groups": 2}, None),
    ("ConvTranspose2d", (4, 6, (3, 2)), {"bias": False, "dtype": "float64"}, None),
    ("ConvTranspose3d", (4, 6, (3, 1, 2)), {"groups": 2}, None),
    ("Embedding", (10, 3), {}, None),
    ("Embedding", (10, 3), {"padding_idx": 4, "dtype": "float64"}, None),
    ("BatchNorm1d", (5,), {}, None),
    ("BatchNorm2d", (5,), {}, None),
    ("BatchNorm3d", (5,), {"dtype": "float64"}, None),
    ("InstanceNorm2d", (5,), {"affine": True, "track_running_stats": True}, None),
    ("GroupNorm", (2, 6), {}, None),
    ("LayerNorm", ((3, 4),), {}, None),
    ("RMSNorm", (6,), {}, None),
    ("PReLU", (4,), {}, None),
    ("LazyLinear", (6,), {}, (3, 5)),
    ("LazyConv1d", (6, 3), {}, (2, 4, 7)),
    ("LazyConv2d", (6, 3), {"groups": 2}, (2, 4, 7, 7)),
    ("LazyConv3d", (6, 2), {"bias": False}, (2, 4, 3, 3, 3)),
    ("LazyConvTranspose1d", (6, 3), {}, (2, 4, 7)),
    ("LazyConvTranspose2d", (6, 3), {"groups": 2}, (2, 4, 7, 7)),
    ("LazyConvTranspose3d", (6, 2), {}, (2, 4, 3, 3, 3)),
    ("LazyBatchNorm2d", (), {}, (2, 4, 7, 7)),
    ("LazyInstanceNorm1d", (), {"affine": True}, (2, 4, 7)),
]


@needs_torch
@pytest.mark.parametrize(("name", "args", "settings", "first"), LAYERS)
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_layers_start_with_torchs_weights(
    name: str, args: Any, settings: dict[str, Any], first: tuple[int, ...] | None
) -> None:
    for seed in SEEDS:
        layers = []
        for lib in (sn, torch):
            known = {key: getattr(lib, value) if key == "dtype" else value for key, value in settings.items()}
            lib.manual_seed(seed)
            layers.append(getattr(lib.nn, name)(*args, **known))
            if first is not None:
                layers[-1](lib.zeros(first))
        ours, theirs = (layer.state_dict() for layer in layers)
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert to_numpy(ours[key]).dtype == to_numpy(value).dtype
            np.testing.assert_array_equal(to_numpy(ours[key]), to_numpy(value), err_msg=f"{key}, seed {seed}")
        assert sn.rand(3, device="cpu").tolist() == torch.rand(3).tolist()


def test_reset_parameters_draws_anew() -> None:
    layer = nn.Linear(3, 3)
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before

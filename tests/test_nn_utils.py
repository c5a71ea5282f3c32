"""nn.utils beside torch's: clipping, parameters as a vector, fusing, skip_init."""

import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]


def params(lib: Any, dtypes: tuple[str, ...] = ("float32", "float32", "float32"), scale: float = 1.0) -> list[Any]:
    """Three parameters with gradients, and one without."""
    rng = np.random.default_rng(2)
    found = []
    for shape, dtype in zip(((3, 4), (5,), ()), dtypes, strict=True):
        param = lib.nn.Parameter(lib.tensor(rng.standard_normal(shape).astype(dtype)))
        param.grad = lib.tensor((rng.standard_normal(shape) * scale).astype(dtype))
        found.append(param)
    return [*found, lib.nn.Parameter(lib.ones(2))]


def gradients(found: list[Any]) -> list[Any]:
    return [param.grad for param in found[:3]]


# ---- clipping


@needs_torch
@pytest.mark.parametrize("dtypes", [("float32",) * 3, ("float64",) * 3, ("float32", "float64", "float32")])
@pytest.mark.parametrize("max_norm", [0.5, 100])
@pytest.mark.parametrize("norm_type", [2, 1.0, 3.5, "inf", float("-inf"), 0])
def test_clip_grad_norm(norm_type: Any, max_norm: float, dtypes: tuple[str, ...]) -> None:
    ours, theirs = params(sn, dtypes), params(torch, dtypes)
    norms = [
        lib.nn.utils.clip_grad_norm_((p for p in found), max_norm, norm_type, foreach=False)
        for lib, found in ((sn, ours), (torch, theirs))
    ]
    assert_same(*norms)
    for a, b in zip(gradients(ours), gradients(theirs), strict=True):
        assert_same(a, b)
    assert ours[3].grad is None
    totals = [lib.nn.utils.get_total_norm(gradients(p), norm_type) for lib, p in ((sn, ours), (torch, theirs))]
    assert_same(*totals)


@needs_torch
@pytest.mark.parametrize("value", [0.3, 0, float("inf")])
def test_clip_grad_value(value: float) -> None:
    ours, theirs = params(sn), params(torch)
    kept = gradients(ours)
    for lib, found in ((sn, ours), (torch, theirs)):
        found[0].grad.reshape(-1)[1] = float("nan")
        assert lib.nn.utils.clip_grad_value_(found, value) is None
    for a, b, c in zip(gradients(ours), gradients(theirs), kept, strict=True):
        assert_same(a, b)
        assert a is c


@pytest.mark.parametrize("lib", BOTH)
def test_clipping_at_the_edges(lib: Any) -> None:
    u = lib.nn.utils
    assert u.clip_grad_norm_([], 1.0).item() == 0.0
    assert u.get_total_norm([]).item() == 0.0
    with pytest.warns(UserWarning, match="`parameters` is an empty generator, no gradient clipping will occur."):
        u.clip_grad_norm_((p for p in []), 1.0)
    weight = lib.nn.Parameter(lib.ones(4))
    weight.grad = lib.full((4,), 3.0)
    assert u.clip_grad_norm_(weight, 1.0).item() == 6.0
    assert weight.grad.tolist() == pytest.approx([0.5] * 4, rel=1e-6)
    u.clip_grads_with_norm_(weight, 1.0, lib.tensor(2.0))
    assert weight.grad.tolist() == pytest.approx([0.25] * 4, rel=1e-6)
    u.clip_grad_value_(weight, 0.125)
    assert weight.grad.tolist() == [0.125] * 4
    weight.grad = lib.tensor([1.0, float("nan"), 2.0, 3.0])
    with pytest.raises(
        RuntimeError, match=re.escape("The total norm of order 2.0 for gradients from `parameters` is non")
    ):
        u.clip_grad_norm_(weight, 1.0, error_if_nonfinite=True)
    assert weight.grad[0].item() == 1.0
    assert np.isnan(u.clip_grad_norm_(weight, 1.0).item())
    assert np.isnan(to_numpy(weight.grad)).all()
    weight.grad = lib.full((4,), 3.0)
    with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated in favor of"):
        assert u.clip_grad_norm(weight, 1.0).item() == 6.0
    with pytest.raises(RuntimeError, match="does not have an identity"):
        u.get_total_norm([lib.ones(0)], float("inf"))
    assert u.get_total_norm([lib.ones(0), lib.ones(4)]).item() == 2.0


def test_clipping_is_seen_by_the_version_check() -> None:
    weight = sn.nn.Parameter(sn.ones(2))
    weight.grad = sn.ones(2)
    before = weight.grad._version
    sn.nn.utils.clip_grad_norm_(weight, 0.1)
    assert weight.grad._version > before


# ---- vectors


@pytest.mark.parametrize("lib", BOTH)
def test_vectors(lib: Any) -> None:
    u, model = lib.nn.utils, lib.nn.Linear(3, 2)
    vector = u.parameters_to_vector(model.parameters())
    assert vector.tolist() == [*to_numpy(model.weight).reshape(-1).tolist(), *model.bias.tolist()]
    vector.sum().backward()
    assert model.bias.grad.tolist() == [1.0, 1.0]
    new = lib.arange(8.0)
    u.vector_to_parameters(new, model.parameters())
    assert model.weight.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert isinstance(model.bias, lib.nn.Parameter)
    assert model.bias.requires_grad
    new[7] = 9
    assert model.bias.tolist() == [6.0, 9.0]
    with pytest.raises(TypeError, match="expected torch.Tensor, but got: list"):
        u.vector_to_parameters([1.0], model.parameters())
    with pytest.raises(RuntimeError):
        u.vector_to_parameters(lib.ones(3), model.parameters())


# ---- fusing


def layers(lib: Any, kind: str, settings: dict[str, Any], **norm: Any) -> tuple[Any, Any]:
    lib.manual_seed(4)
    layer = getattr(lib.nn, kind)(*((4, 6) if kind == "Linear" else (4, 6, 3)), **settings)
    bn = (lib.nn.BatchNorm1d if kind == "Linear" else lib.nn.BatchNorm2d)(6, **norm)
    with lib.no_grad():
        for tensor in (*bn.parameters(), *(b for b in bn.buffers() if b.dim())):
            lib.nn.init.uniform_(tensor, 0.5, 2.0)
    return layer.eval(), bn.eval()


FUSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("Conv2d", {}, {}),
    ("Conv2d", {"groups": 2, "bias": False}, {"affine": False}),
    ("ConvTranspose2d", {"stride": 2}, {"eps": 0.1}),
    ("Linear", {}, {}),
    ("Linear", {"bias": False}, {}),
]


@needs_torch
@pytest.mark.parametrize(("kind", "settings", "norm"), FUSED)
def test_fusing(kind: str, settings: dict[str, Any], norm: dict[str, Any]) -> None:
    found = []
    for lib in (sn, torch):
        layer, bn = layers(lib, kind, settings, **norm)
        u = lib.nn.utils
        if kind == "Linear":
            fused = u.fuse_linear_bn_eval(layer, bn)
        else:
            fused = u.fuse_conv_bn_eval(layer, bn, transpose=kind == "ConvTranspose2d")
        assert fused is not layer
        found.append((fused.weight, fused.bias))
        assert fused.bias.requires_grad == (layer.bias is not None)
    for ours, theirs in zip(*found, strict=True):
        assert_same(ours, theirs)
    layer, bn = layers(sn, kind, settings, **norm)
    x = sn.randn(2, 4) if kind == "Linear" else sn.randn(2, 4, 5, 5)
    u = sn.nn.utils
    fused = u.fuse_linear_bn_eval(layer, bn) if kind == "Linear" else u.fuse_conv_bn_eval(layer, bn, "T" in kind)
    np.testing.assert_allclose(to_numpy(fused(x)), to_numpy(bn(layer(x))), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lib", BOTH)
def test_what_fusing_refuses(lib: Any) -> None:
    u, n = lib.nn.utils, lib.nn
    conv, bn = layers(lib, "Conv2d", {})
    cases: list[tuple[Any, str]] = [
        (lambda: u.fuse_conv_bn_eval(conv.train(), bn), "Fusion only for eval!"),
        (lambda: u.fuse_conv_bn_eval(conv.eval(), bn.train()), "Fusion only for eval!"),
        (lambda: u.fuse_linear_bn_eval(n.Linear(2, 3).eval(), n.BatchNorm1d(4).eval()), "bn.num_features == 1, got"),
        (
            lambda: u.fuse_conv_bn_eval(conv, n.BatchNorm2d(6, track_running_stats=False).eval()),
            "bn.running_mean and bn.running_var must not be None",
        ),
    ]
    for call, text in cases:
        with pytest.raises(AssertionError, match=re.escape(text)):
            call()


# ---- skip_init


@pytest.mark.parametrize("lib", BOTH)
def test_skip_init_draws_nothing(lib: Any) -> None:
    lib.manual_seed(1)
    layer = lib.nn.utils.skip_init(lib.nn.Linear, 5, 3, bias=False)
    assert tuple(layer.weight.shape) == (3, 5)
    drawn = lib.rand(1, device="cpu").item()
    lib.manual_seed(1)
    assert lib.rand(1, device="cpu").item() == drawn
    with pytest.raises(RuntimeError, match="Expected a Module; got"):
        lib.nn.utils.skip_init(int)
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg to skip initialization"):
        lib.nn.utils.skip_init(lib.nn.ReLU)

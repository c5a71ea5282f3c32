"""The diagnosis of wrong gradients: small layers with one bug each; what can't be told apart must not be certain."""

import inspect
import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest

from scratchnet.gradcheck.diagnosis import Case, diagnose
from scratchnet.gradcheck.report import Source
from scratchnet.gradcheck.subjects.subject import Slot, Subject

SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def no_pattern_fails(request, caplog):
    """`diagnose` swallows what a subject raises at other values; here that would hide mistakes in the patterns."""
    caplog.set_level("DEBUG", logger="scratchnet")
    yield
    refusing = "refuses" in request.node.name
    assert refusing or not [r.getMessage() for r in caplog.get_records("call") if "says nothing" in r.getMessage()]


class Toy(Subject):
    """forward(*values) -> y and backward(gy, *values) -> one gradient per value."""

    def __init__(self, forward, backward, values, params=()):
        names = "x" if isinstance(forward, np.ufunc) else list(inspect.signature(forward).parameters)
        self.name, self.forward, self.backward = "toy", forward, backward
        kinds = ["parameter" if name in params else "input" for name in names]
        self.slots = tuple(Slot(n, np.asarray(v, float), k) for n, v, k in zip(names, values, kinds, strict=True))

    def run(self, values):
        y = self.forward(*values)
        return tuple(np.array(v, float) for v in (y if isinstance(y, tuple) else (y,)))

    def pull(self, values, upstream):
        self.run(values)
        grads = self.backward(*upstream, *values)
        return tuple(
            None if g is None else np.array(g, float) for g in (grads if isinstance(grads, tuple) else (grads,))
        )

    def sources(self, slot=None):
        return (Source("toy.py", 7, "return gx"),)


def differences(subject, slot, values):
    """Central differences, refined once: errors about 1e-10."""
    at = np.asarray(values[slot], float)
    columns = []

    def move(i, h):
        moved = at.copy()
        moved.flat[i] += h
        outputs = subject.run((*values[:slot], moved, *values[slot + 1 :]))
        return np.concatenate([y.reshape(-1) for y in outputs])

    for i in range(at.size):
        h = 2e-4
        columns.append((8 * (move(i, h) - move(i, -h)) - (move(i, 2 * h) - move(i, -2 * h))) / (12 * h))
    return np.stack(columns, axis=1)


def examine(subject, slot=0, seed=0):
    values = tuple(s.value for s in subject.slots)
    outputs = subject.run(values)
    numeric = differences(subject, slot, values)
    rows, total = [], sum(y.size for y in outputs)
    for k in range(total):
        flat = np.zeros(total)
        flat[k] = 1
        pieces = np.split(flat, np.cumsum([y.size for y in outputs])[:-1])
        g = subject.pull(values, tuple(p.reshape(y.shape) for p, y in zip(pieces, outputs, strict=True)))[slot]
        rows.append(g.reshape(-1) if g is not None and g.shape == values[slot].shape else None)
    analytic = None if any(r is None for r in rows) else np.stack(rows)
    allowed = 1e-6 * np.abs(numeric) + 1e-8 * max(1.0, np.abs(numeric).max())
    return diagnose(
        Case(subject, slot, values, outputs, analytic, numeric, allowed, seed, lambda v: differences(subject, slot, v))
    )


def found(findings, pattern):
    """The finding is the only certain one, and says where to look."""
    assert findings, "nothing was found"
    shown = "\n".join(f"{f.pattern} {f.certain} {f.sentence} [{f.evidence}]" for f in findings)
    assert [f.pattern for f in findings if f.certain] == [pattern], shown
    assert findings[0].certain, shown
    assert findings[0].source == Source("toy.py", 7, "return gx")
    return findings[0]


def unsure(findings, *patterns):
    shown = "\n".join(f"{f.pattern} {f.certain} {f.sentence} [{f.evidence}]" for f in findings)
    assert not any(f.certain for f in findings), shown
    assert {f.pattern for f in findings} >= set(patterns), shown
    assert all(f.sentence.startswith("consistent with: ") for f in findings)
    return findings


# ---- a convolution on (N, C, H, W), written with loops so that each bug is one change


class Spec(NamedTuple):
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


spec = Spec


@lru_cache
def taps(x_shape, w_shape, size, s):
    """Indices n, k, c, ci, p, q, r, t, i, j of every product of a convolution with these output sizes."""
    N, C = x_shape[:2]
    K, Cg, R, T = w_shape
    n, k, p, q, ci, r, t = (v.reshape(-1) for v in np.indices((N, K, *size, Cg, R, T)))
    i = p * s.stride[0] + r * s.dilation[0] - s.padding[0]
    j = q * s.stride[1] + t * s.dilation[1] - s.padding[1]
    c = k // (K // s.groups) * Cg + ci
    inside = (c < C) & (i >= 0) & (i < x_shape[2]) & (j >= 0) & (j < x_shape[3])
    return tuple(v[inside] for v in (n, k, c, ci, p, q, r, t, i, j))


def conv(x, w, s):
    size = tuple(
        (x.shape[2 + a] + 2 * s.padding[a] - s.dilation[a] * (w.shape[2 + a] - 1) - 1) // s.stride[a] + 1
        for a in (0, 1)
    )
    n, k, c, ci, p, q, r, t, i, j = taps(x.shape, w.shape, size, s)
    y = np.zeros((len(x), len(w), *size))
    np.add.at(y, (n, k, p, q), x[n, c, i, j] * w[k, ci, r, t])
    return y


def conv_grads(gy, x, w, s, back_x=None, back_w=None):
    """The right gradients for s; back_x and back_w: what backward takes s for."""
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    n, k, c, ci, p, q, r, t, i, j = taps(x.shape, w.shape, gy.shape[2:], back_x or s)
    np.add.at(gx, (n, c, i, j), gy[n, k, p, q] * w[k, ci, r, t])
    n, k, c, ci, p, q, r, t, i, j = taps(x.shape, w.shape, gy.shape[2:], back_w or s)
    np.add.at(gw, (k, ci, r, t), gy[n, k, p, q] * x[n, c, i, j])
    return gx, gw


def conv_toy(seed, s=None, back_x=None, back_w=None, after=lambda gx, gw: (gx, gw), x=(2, 2, 5, 5), w=(3, 2, 3, 3)):
    rng = np.random.default_rng(seed)
    s = s or spec()
    return Toy(
        lambda x, w: conv(x, w, s),
        lambda gy, x, w: after(*conv_grads(gy, x, w, s, back_x, back_w)),
        (rng.standard_normal(x), rng.standard_normal(w)),
        ("w",),
    )


CONV = {
    "sign of gw": (1, "sign", {"after": lambda gx, gw: (gx, -gw)}),
    "gw halved": (1, "factor", {"after": lambda gx, gw: (gx, gw / 2)}),
    "gw turned": (1, "flip", {"after": lambda gx, gw: (gx, gw[:, :, ::-1, ::-1])}),
    "gw h/w": (1, "height_width", {"after": lambda gx, gw: (gx, gw.swapaxes(2, 3))}),
    "gx h/w": (0, "height_width", {"after": lambda gx, gw: (gx.swapaxes(2, 3), gw)}),
    "gw channels": (1, "transpose", {"after": lambda gx, gw: (gx, gw.swapaxes(0, 1)), "w": (2, 2, 3, 3)}),
    "gx none": (0, "unconnected", {"after": lambda gx, gw: (None, gw)}),
    "gw zero": (1, "unconnected", {"after": lambda gx, gw: (gx, gw * 0)}),
    "gx stride": (0, "stride", {"s": spec(stride=(2, 2)), "back_x": spec()}),
    "gw stride": (1, "stride", {"s": spec(stride=(2, 2)), "back_w": spec()}),
    "gx stride, h": (0, "stride", {"s": spec(stride=(2, 1)), "back_x": spec()}),
    "gx stride padded": (
        0,
        "stride",
        {"s": spec(stride=(2, 2), padding=(1, 1)), "back_x": spec(padding=(1, 1)), "x": (1, 2, 6, 6)},
    ),
    "gw stride padded": (1, "stride", {"s": spec(stride=(2, 2), padding=(1, 1)), "back_w": spec(padding=(1, 1))}),
    "gx dilation": (0, "dilation", {"s": spec(dilation=(2, 2)), "back_x": spec(), "x": (1, 2, 6, 6)}),
    "gw dilation": (1, "dilation", {"s": spec(dilation=(2, 2)), "back_w": spec(), "x": (1, 2, 6, 6)}),
    "gx padding": (0, "padding_offset", {"s": spec(padding=(1, 1)), "back_x": spec()}),
    "gw padding": (1, "padding_offset", {"s": spec(padding=(1, 1)), "back_w": spec()}),
    "gx stride h/w": (
        0,
        "height_width",
        {"s": spec(stride=(2, 1)), "back_x": spec(stride=(1, 2)), "x": (1, 2, 7, 7)},
    ),
    "gw dilation h/w": (
        1,
        "height_width",
        {
            "s": spec(dilation=(2, 1), padding=(1, 0)),
            "back_w": spec(dilation=(1, 2), padding=(0, 1)),
            "x": (1, 2, 7, 7),
        },
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bug", CONV)
def test_convolution(bug, seed):
    slot, pattern, changes = CONV[bug]
    found(examine(conv_toy(seed, **changes), slot, seed), pattern)


def test_the_right_convolution_has_no_finding():
    for slot in (0, 1):
        assert examine(conv_toy(0, spec(stride=(2, 1), padding=(1, 1))), slot) == []


def kernel_changed(seed, change, w=(3, 2, 3, 3)):
    """backward uses another kernel than forward."""
    s = spec(padding=(1, 1))
    rng = np.random.default_rng(seed)
    return Toy(
        lambda x, w: conv(x, w, s),
        lambda gy, x, w: (conv_grads(gy, x, change(w), s)[0], conv_grads(gy, x, w, s)[1]),
        (rng.standard_normal((2, w[1], 4, 5)), rng.standard_normal(w)),
        ("w",),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_used_otherwise(seed):
    turned = found(examine(kernel_changed(seed, lambda w: w[:, :, ::-1, ::-1])), "flip")
    assert "180 degrees" in turned.sentence
    found(examine(kernel_changed(seed, lambda w: w.swapaxes(2, 3))), "height_width")
    found(examine(kernel_changed(seed, lambda w: w.swapaxes(0, 1), (2, 2, 3, 3))), "transpose")
    found(examine(kernel_changed(seed, lambda w: w[:, :, :, ::-1])), "flip")


@pytest.mark.parametrize("seed", SEEDS)
def test_groups(seed):
    s = spec(groups=2)
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal((2, 4, 4, 4)), rng.standard_normal((4, 2, 3, 3)))

    def backward(gy, x, w):
        gx = conv_grads(gy, x, w, s)[0]
        swapped = np.concatenate([x[:, 2:], x[:, :2]], axis=1)
        first = np.concatenate([x[:, :2], x[:, :2]], axis=1)
        return gx, conv_grads(gy, swapped if seed % 2 else first, w, s)[1]

    found(examine(Toy(lambda x, w: conv(x, w, s), backward, values, ("w",)), 1), "groups")


@pytest.mark.parametrize("seed", SEEDS)
def test_strided_evidence_says_what_is_read(seed):
    finding = found(
        examine(conv_toy(seed, spec(stride=(2, 2), padding=(1, 1)), back_w=spec(padding=(1, 1))), 1), "stride"
    )
    assert "forward reads x[2p + i - 1], backward uses x[p + i - 1]" in finding.evidence


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("seed", SEEDS)
def test_windows_that_overlap(seed, axis):
    """`=` for `+=` in the loop over windows."""
    rng = np.random.default_rng(seed)
    s = spec(stride=(2, 2) if axis == 0 else (1, 1))

    def backward(gy, x, w):
        gx = np.zeros_like(x)
        for p, q in np.ndindex(*gy.shape[2:]):
            i, j = p * s.stride[0], q * s.stride[1]
            gx[:, :, i : i + 3, j : j + 3] = np.einsum("nk,kcrt->ncrt", gy[:, :, p, q], w)
        return gx, conv_grads(gy, x, w, s)[1]

    x = rng.standard_normal((2, 1 if axis == 1 else 2, 5, 5))
    toy = Toy(lambda x, w: conv(x, w, s), backward, (x, rng.standard_normal((2, x.shape[1], 3, 3))), ("w",))
    found(examine(toy), "overlap")


# ---- pooling


def windows_of(x, k, stride):
    size = (x.shape[-1] - k) // stride + 1
    for p, q in np.ndindex(size, size):
        yield p, q, slice(p * stride, p * stride + k), slice(q * stride, q * stride + k)


def avg_pool(k=2, stride=2, divide=True):
    def forward(x):
        size = (x.shape[-1] - k) // stride + 1
        y = np.zeros((*x.shape[:2], size, size))
        for p, q, i, j in windows_of(x, k, stride):
            y[:, :, p, q] = x[:, :, i, j].mean(axis=(2, 3))
        return y

    return forward


@pytest.mark.parametrize("seed", SEEDS)
def test_average_pooling(seed):
    x = np.random.default_rng(seed).standard_normal((2, 2, 6, 6))

    def backward(k, stride, scale=1.0, add=True):
        def run(gy, x):
            gx = np.zeros_like(x)
            for p, q in np.ndindex(*gy.shape[2:]):
                i, j = p * stride, q * stride
                part = gy[:, :, p, q][:, :, None, None] * scale / k**2
                if add:
                    gx[:, :, i : i + k, j : j + k] += part
                else:
                    gx[:, :, i : i + k, j : j + k] = part
            return gx

        return run

    finding = found(examine(Toy(avg_pool(2, 2), backward(2, 2, 4.0), (x,))), "factor")
    assert "analytic = 4 x numeric in all 144 entries" in finding.evidence
    found(examine(Toy(avg_pool(3, 1), backward(3, 1, 1.0, False), (x,))), "overlap")
    found(examine(Toy(avg_pool(2, 2), backward(2, 1), (x,))), "stride")
    found(
        examine(Toy(avg_pool(2, 2), lambda gy, x: np.roll(backward(2, 2)(gy, x), 1, 3), (x[:, :, :5, :5],))),
        "padding_offset",
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_border_of_a_padded_average(seed):
    """Forward divides by the entries inside, backward always by 9."""

    def forward(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        ones = np.pad(np.ones_like(x), ((0, 0), (0, 0), (1, 1), (1, 1)))
        total = np.stack([padded[:, :, i : i + 6, j : j + 6] for i, j in np.ndindex(3, 3)]).sum(0)
        return total / np.stack([ones[:, :, i : i + 6, j : j + 6] for i, j in np.ndindex(3, 3)]).sum(0)

    def backward(gy, x):
        padded = np.pad(gy / 9, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return np.stack([padded[:, :, i : i + 6, j : j + 6] for i, j in np.ndindex(3, 3)]).sum(0)

    finding = found(
        examine(Toy(forward, backward, (np.random.default_rng(seed).standard_normal((1, 2, 6, 6)),))), "border"
    )
    assert "padding" in finding.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_border_gradient_set_to_zero(seed):
    s = spec(padding=(1, 1))

    def inside(gx, gw):
        kept = np.zeros_like(gx)
        kept[:, :, 1:-1, 1:-1] = gx[:, :, 1:-1, 1:-1]
        return kept, gw

    found(examine(conv_toy(seed, s, after=inside, x=(1, 2, 5, 5)), 0), "border")


def max_pool(x):
    y = np.zeros((*x.shape[:2], 3, 3))
    for p, q, i, j in windows_of(x, 2, 2):
        y[:, :, p, q] = x[:, :, i, j].max(axis=(2, 3))
    return y


MAX_POOL = {  # where the gradient of the window at (p, q) goes, whose maximum is at (a, b) inside it
    "to the transposed place": ("height_width", lambda p, q, a, b: (2 * p + b, 2 * q + a)),
    "to the first entry": ("mask", lambda p, q, a, b: (2 * p, 2 * q)),
    "to all entries": ("mask", lambda p, q, a, b: (slice(2 * p, 2 * p + 2), slice(2 * q, 2 * q + 2))),
    "stride 1": ("stride", lambda p, q, a, b: (p + a, q + b)),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bug", MAX_POOL)
def test_max_pooling(bug, seed):
    pattern, place = MAX_POOL[bug]

    def backward(gy, x):
        gx = np.zeros_like(x)
        for n, c, p, q in np.ndindex(*gy.shape):
            window = x[n, c, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
            gx[n, c][place(p, q, *np.unravel_index(window.argmax(), (2, 2)))] += gy[n, c, p, q]
        return gx

    found(examine(Toy(max_pool, backward, (np.random.default_rng(seed).standard_normal((2, 2, 6, 6)),))), pattern)


# ---- other convolutions: one axis, no batch, a kernel that isn't a slot, transposed


HIDDEN = {
    "turned": ("flip", spec(padding=(1, 1)), spec(padding=(1, 1)), lambda w: w[:, :, ::-1, ::-1]),
    "mirrored": ("flip", spec(padding=(1, 1)), spec(padding=(1, 1)), lambda w: w[:, :, ::-1]),
    "height and width": ("height_width", spec(padding=(1, 1)), spec(padding=(1, 1)), lambda w: w.swapaxes(2, 3)),
    "stride": ("stride", spec(stride=(2, 2)), spec(), lambda w: w),
    "dilation": ("dilation", spec(dilation=(2, 2)), spec(), lambda w: w),
    "padding": ("padding_offset", spec(padding=(1, 1)), spec(), lambda w: w),
    "stride of the other axis": ("height_width", spec(stride=(2, 1)), spec(stride=(1, 2)), lambda w: w),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bug", HIDDEN)
def test_convolution_with_a_kernel_of_its_own(bug, seed):
    pattern, s, used, change = HIDDEN[bug]
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((2, 2, 3, 3))
    x = rng.standard_normal((1, 2, 6, 6))
    toy = Toy(lambda x: conv(x, w, s), lambda gy, x: conv_grads(gy, x, change(w), used)[0], (x,))
    found(examine(toy), pattern)


def conv1d(x, w, stride=1, dilation=1):
    """As a convolution of height 1; all three shapes (N, C, L)."""
    return conv(x[:, :, None], w[:, :, None], spec(stride=(1, stride), dilation=(1, dilation)))[:, :, 0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("pattern", ["stride", "dilation", "flip", "sign"])
def test_one_axis(pattern, slot, seed):
    rng = np.random.default_rng(seed)
    forward = {"stride": (2, 1), "dilation": (1, 2)}.get(pattern, (1, 1))

    def backward(gy, x, w):
        s = spec(stride=(1, 1), dilation=(1, 1))
        turned = w[:, :, ::-1] if pattern == "flip" else w
        gx, gw = conv_grads(gy[:, :, None], x[:, :, None], turned[:, :, None], s)
        gx, gw = gx[:, :, 0], gw[:, :, 0]
        return (-gx, -gw) if pattern == "sign" else (gx, gw[:, :, ::-1] if pattern == "flip" else gw)

    values = rng.standard_normal((2, 2, 9)), rng.standard_normal((3, 2, 3))
    found(examine(Toy(lambda x, w: conv1d(x, w, *forward), backward, values, ("w",)), slot), pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_images_without_batch_and_channels(seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((5, 6)), rng.standard_normal((3, 3))

    def grads(gy, x, w):
        gx, gw = conv_grads(gy[None, None], x[None, None], w[None, None], spec())
        return gx[0, 0], gw[0, 0]

    for slot, pattern, backward in (
        (0, "flip", lambda gy, x, w: grads(gy, x, w[::-1, ::-1])),
        (0, "transpose", lambda gy, x, w: grads(gy, x, w.T)),
        (1, "flip", lambda gy, x, w: (gy, grads(gy, x, w)[1][::-1, ::-1])),
        (1, "transpose", lambda gy, x, w: (gy, grads(gy, x, w)[1].T)),
    ):
        toy = Toy(lambda x, w: conv(x[None, None], w[None, None], spec())[0, 0], backward, values, ("w",))
        found(examine(toy, slot), pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_transposed_convolution(seed):
    """Forward is the input gradient of a convolution of stride 2; backward takes the stride for 1."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2, 2, 3, 3)), rng.standard_normal((2, 3, 3, 3))
    image = np.zeros((2, 3, 7, 7))

    def forward(x, w):
        return conv_grads(x, image, w, spec(stride=(2, 2)))[0]

    def backward(gy, x, w):
        used = np.ascontiguousarray(gy[:, :, :5, :5])
        return conv(used, w, spec()), conv_grads(x, used, w, spec())[1]

    for slot in (0, 1):
        found(examine(Toy(forward, backward, values, ("w",)), slot), "stride")


# ---- linear layers, biases, broadcasting


def linear(seed, backward, shapes=((3, 4), (5, 4), (5,))):
    rng = np.random.default_rng(seed)
    values = tuple(rng.standard_normal(s) for s in shapes)
    return Toy(lambda x, w, b: x @ w.T + b, backward, values, ("w", "b"))


LINEAR = {
    "gx sign": (0, "sign", lambda gy, x, w, b: (-gy @ w, gy.T @ x, gy.sum(0))),
    "gw shape": (1, "transpose", lambda gy, x, w, b: (gy @ w, x.T @ gy, gy.sum(0))),
    "gw mean": (1, "factor", lambda gy, x, w, b: (gy @ w, gy.T @ x / len(x), gy.sum(0))),
    "gb mean": (2, "factor", lambda gy, x, w, b: (gy @ w, gy.T @ x, gy.mean(0))),
    "gb first": (2, "batch_sum", lambda gy, x, w, b: (gy @ w, gy.T @ x, gy[0])),
    "gb last": (2, "batch_sum", lambda gy, x, w, b: (gy @ w, gy.T @ x, gy[-1])),
    "gb unsummed": (2, "batch_sum", lambda gy, x, w, b: (gy @ w, gy.T @ x, gy)),
    "gb wrong shape": (2, "shape", lambda gy, x, w, b: (gy @ w, gy.T @ x, gy.sum(0, keepdims=True))),
    "gb missing": (2, "unconnected", lambda gy, x, w, b: (gy @ w, gy.T @ x, None)),
    "gw last": (1, "batch_sum", lambda gy, x, w, b: (gy @ w, np.outer(gy[-1], x[-1]), gy.sum(0))),
    "gx ones": (0, "upstream_ignored", lambda gy, x, w, b: (np.ones_like(gy) @ w, gy.T @ x, gy.sum(0))),
    "gx squared": (0, "nonlinear", lambda gy, x, w, b: ((gy * np.abs(gy)) @ w, gy.T @ x, gy.sum(0))),
    "gw reshape": (1, "shape", lambda gy, x, w, b: (gy @ w, (x.T @ gy).reshape(w.shape), gy.sum(0))),
    "gx summed": (0, "upstream_summed", lambda gy, x, w, b: (np.full_like(gy, gy.sum()) @ w, gy.T @ x, gy.sum(0))),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bug", LINEAR)
def test_linear(bug, seed):
    slot, pattern, backward = LINEAR[bug]
    found(examine(linear(seed, backward), slot, seed), pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_linear_square(seed):
    square = ((3, 4), (4, 4), (4,))
    for slot, backward in (
        (0, lambda gy, x, w, b: (gy @ w.T, gy.T @ x, gy.sum(0))),
        (1, lambda gy, x, w, b: (gy @ w, x.T @ gy, gy.sum(0))),
    ):
        found(examine(linear(seed, backward, square), slot, seed), "transpose")


def test_the_mean_over_the_batch_is_told_from_a_half():
    backward = lambda gy, x, w, b: (gy @ w, gy.T @ x / len(x), gy.sum(0))  # noqa: E731
    finding = found(examine(linear(0, backward, ((2, 4), (5, 4), (5,))), 1), "factor")
    assert "mean over the batch" in finding.sentence
    assert "with a batch of 3 instead of 2: 0.333333" in finding.evidence
    backward = lambda gy, x, w, b: (gy @ w, gy.T @ x / 2, gy.sum(0))  # noqa: E731
    finding = found(examine(linear(0, backward, ((2, 4), (5, 4), (5,))), 1), "factor")
    assert "whatever the batch size" in finding.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_forward_divides_by_the_batch(seed):
    rng = np.random.default_rng(seed)
    toy = Toy(lambda x: ((x**2).sum() / len(x))[None], lambda gy, x: 2 * x * gy, (rng.standard_normal((4, 3)),))
    finding = found(examine(toy), "factor")
    assert finding.evidence.startswith("analytic = 4 x numeric in all 12 entries")


@pytest.mark.parametrize("seed", SEEDS)
def test_broadcasting(seed):
    rng = np.random.default_rng(seed)
    a, row, column = (rng.standard_normal(s) for s in ((4, 3), (1, 3), (4, 1)))
    for value, gradient in (
        (column, lambda gy, a, b: (gy * b, gy * a)),
        (column, lambda gy, a, b: (gy * b, (gy * a)[:, :1])),
        (row, lambda gy, a, b: (gy * b, gy * a)),
        (row, lambda gy, a, b: (gy * b, (gy * a)[-1:])),
    ):
        found(examine(Toy(lambda a, b: a * b, gradient, (a, value)), 1), "broadcast_sum")


@pytest.mark.parametrize("seed", SEEDS)
def test_channel_bias(seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal(3)
    for pattern, gradient in (
        ("batch_sum", lambda gy: gy[0].sum((1, 2))),
        ("batch_sum", lambda gy: gy.sum((2, 3))),
        ("broadcast_sum", lambda gy: gy.sum(0)),
        ("broadcast_sum", lambda gy: gy[:, :, 0, 0].sum(0)),
        ("factor", lambda gy: gy.mean((0, 2, 3))),
    ):
        toy = Toy(lambda x, b: x + b[None, :, None, None], lambda gy, x, b, g=gradient: (gy, g(gy)), values, ("b",))
        found(examine(toy, 1, seed), pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_repeated_indices(seed):
    rng = np.random.default_rng(seed)
    index = np.array([0, 2, 2, 1, 0])

    def backward(gy, w):
        gw = np.zeros_like(w)
        gw[index] = gy
        return gw

    found(examine(Toy(lambda w: w[index], backward, (rng.standard_normal((4, 3)),))), "overlap")


# ---- elementwise functions


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ELEMENTWISE = {
    "sigmoid of x": ("output_for_input", sigmoid, lambda gy, x: gy * x * (1 - x)),
    "tanh of x": ("output_for_input", np.tanh, lambda gy, x: gy * (1 - x**2)),
    "exp of x": ("output_for_input", np.exp, lambda gy, x: gy * x),
    "sigmoid of y": ("output_for_input", sigmoid, lambda gy, x: gy * sigmoid(sigmoid(x)) * (1 - sigmoid(sigmoid(x)))),
    "softplus of y": (
        "output_for_input",
        lambda x: np.log1p(np.exp(x)),
        lambda gy, x: gy * sigmoid(np.log1p(np.exp(x))),
    ),
    "square without 2": ("factor", np.square, lambda gy, x: gy * x),
    "relu unmasked": ("mask", lambda x: np.maximum(x, 0), lambda gy, x: gy),
    "relu inverted": ("mask", lambda x: np.maximum(x, 0), lambda gy, x: gy * (x < 0)),
    "relu of gy": ("mask", lambda x: np.maximum(x, 0), lambda gy, x: gy * (gy > 0)),
    "hardtanh one-sided": ("mask", lambda x: np.clip(x, -0.5, 0.5), lambda gy, x: gy * (x < 0.5)),
    "sigmoid: gy * y": ("missing_factor", sigmoid, lambda gy, x: gy * sigmoid(x)),
    "sigmoid: gy": ("missing_factor", sigmoid, lambda gy, x: gy),
    "silu": ("part", lambda x: x * sigmoid(x), lambda gy, x: gy * sigmoid(x)),
    "skip": ("part", lambda x: x + np.tanh(x), lambda gy, x: gy * (1 - np.tanh(x) ** 2)),
    "-tanh": ("sign", np.tanh, lambda gy, x: gy * (np.tanh(x) ** 2 - 1)),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bug", ELEMENTWISE)
def test_elementwise(bug, seed):
    pattern, forward, backward = ELEMENTWISE[bug]
    found(examine(Toy(forward, backward, (np.random.default_rng(seed).standard_normal((4, 5)),))), pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_operand(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, 3, 4))
    found(examine(Toy(lambda a, b: a * b, lambda gy, a, b: (gy * a, gy * b), (a, b))), "wrong_operand")
    found(examine(Toy(lambda a, b: a * b, lambda gy, a, b: (gy, gy * a), (a, b))), "missing_operand")
    toy = Toy(lambda x, w: np.tanh(x) + x * w, lambda gy, x, w: (gy * (1 - np.tanh(x) ** 2), gy * x), (a, b))
    found(examine(toy), "part")


@pytest.mark.parametrize("seed", SEEDS)
def test_one_of_two_outputs_is_lost(seed):
    x = np.random.default_rng(seed).standard_normal((3, 4))
    toy = Toy(lambda x: (np.tanh(x), x**2), lambda g1, g2, x: g1 * (1 - np.tanh(x) ** 2), (x,))
    assert "output 1 is not connected" in found(examine(toy), "part").sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_factors_that_differ_along_an_axis(seed):
    x = np.random.default_rng(seed).standard_normal((2, 3, 2, 2))
    scale = np.array([0.5, 2, 3])[:, None, None]
    toy = Toy(np.tanh, lambda gy, x: gy * (1 - np.tanh(x) ** 2) * scale, (x,))
    assert "0.5, 2, 3" in found(examine(toy), "factor").evidence


@pytest.mark.parametrize("seed", SEEDS)
def test_slopes_on_one_side(seed):
    x = np.random.default_rng(seed).standard_normal((4, 5))
    for forward, slope in (
        (lambda x: np.where(x > 0, x, 0.1 * x), lambda x: x > 0),
        (np.abs, np.ones_like),
    ):
        finding = found(examine(Toy(forward, lambda gy, x, slope=slope: gy * slope(x), (x,))), "mask")
        assert "where x is below" in finding.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_divided_or_multiplied(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((3, 4)), rng.uniform(0.5, 2, (3, 4))
    toy = Toy(lambda a, b: a / b, lambda gy, a, b: (gy * b, gy * a / b**2), (a, b))
    assert "divide" in found(examine(toy, 0), "wrong_operand").sentence
    assert examine(toy, 1)[0].pattern == "sign"


@pytest.mark.parametrize("seed", SEEDS)
def test_reshaped_for_transposed(seed):
    x = np.random.default_rng(seed).standard_normal((2, 3, 4))
    toy = Toy(lambda x: x.transpose(0, 2, 1).reshape(2, 12), lambda gy, x: gy.reshape(2, 3, 4), (x,))
    found(examine(toy), "shape")


# ---- statistics


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax(seed):
    x = np.random.default_rng(seed).standard_normal((3, 4))
    for pattern, backward in (
        ("statistics", lambda gy, x: gy * softmax(x)),
        ("statistics", lambda gy, x: gy * softmax(x) * (1 - softmax(x))),
        ("output_for_input", lambda gy, x: x * (gy - (gy * x).sum(1, keepdims=True))),
    ):
        found(examine(Toy(softmax, backward, (x,))), pattern)
    found(examine(Toy(lambda x: np.log(softmax(x)), lambda gy, x: gy, (x,))), "statistics")


@pytest.mark.parametrize("seed", SEEDS)
def test_cross_entropy(seed):
    rng = np.random.default_rng(seed)
    x, target = rng.standard_normal((3, 4)), np.array([2, 0, 3])
    one = np.eye(4)[target]

    def loss(x):
        rows = min(len(x), 3)
        return np.array([-(one[:rows] * np.log(softmax(x))).sum() / len(x)])

    for pattern, backward in (
        ("factor", lambda gy, x: gy * (softmax(x) - one)),
        ("sign", lambda gy, x: -gy * (softmax(x) - one) / 3),
        ("part", lambda gy, x: gy * softmax(x) / 3),
        ("upstream_ignored", lambda gy, x: (softmax(x) - one) / 3),
    ):
        found(examine(Toy(loss, backward, (x,))), pattern)


def norm_parts(x, axes):
    mean = x.mean(axes, keepdims=True)
    invstd = 1 / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return (x - mean) * invstd, invstd


@pytest.mark.parametrize("axes", [(0, 2, 3), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("seed", SEEDS)
def test_normalisation(seed, axes):
    x = np.random.default_rng(seed).standard_normal((2, 3, 2, 3))

    def backward(mean, variance):
        def run(gy, x):
            xhat, invstd = norm_parts(x, axes)
            gx = gy.copy()
            if mean:
                gx = gx - gy.mean(axes, keepdims=True)
            if variance:
                gx = gx - xhat * (gy * xhat).mean(axes, keepdims=True)
            return gx * invstd

        return run

    for which, words in (((False, True), "a mean"), ((True, False), "the variance"), ((False, False), "the mean and")):
        finding = found(examine(Toy(lambda x: norm_parts(x, axes)[0], backward(*which), (x,))), "statistics")
        assert finding.sentence.startswith(words)
        assert str(axes) in finding.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_normalisation_without_its_weight(seed):
    rng = np.random.default_rng(seed)
    axes = (0, 2, 3)

    def backward(gy, x, w):
        xhat, invstd = norm_parts(x, axes)
        gx = gy - gy.mean(axes, keepdims=True) - xhat * (gy * xhat).mean(axes, keepdims=True)
        return gx * invstd, (gy * x).sum(axes)

    toy = Toy(
        lambda x, w: norm_parts(x, axes)[0] * w[None, :, None, None],
        backward,
        (rng.standard_normal((2, 3, 2, 3)), rng.standard_normal(3)),
        ("w",),
    )
    found(examine(toy, 0), "missing_operand")
    found(examine(toy, 1), "output_for_input")


# ---- between calls


class Remembering(Toy):
    """A toy whose backward may keep something: `memory` is a dict that lives as long as the layer."""

    def __init__(self, forward, backward, values):
        super().__init__(forward, backward, values)
        self.memory = {}

    def pull(self, values, upstream):
        return (self.backward(self.memory, *upstream, *values),)


@pytest.mark.parametrize("seed", SEEDS)
def test_between_calls(seed):
    x = np.random.default_rng(seed).standard_normal((3, 4))

    def added(memory, gy, x):
        memory["g"] = memory.get("g", 0) + gy * 2 * x
        return memory["g"]

    def first(memory, gy, x):
        return gy * 2 * memory.setdefault("x", x.copy())

    def before(memory, gy, x):
        old, memory["x"] = memory.get("x", x), x.copy()
        return gy * 2 * old

    found(examine(Remembering(np.square, added, (x,))), "accumulated")
    assert "an earlier call" in found(examine(Remembering(np.square, first, (x,))), "stale_state").sentence
    assert "the call before" in found(examine(Remembering(np.square, before, (x,))), "stale_state").sentence
    stuck = Remembering(np.square, first, (x,))
    stuck.memory["x"] = np.random.default_rng(99).standard_normal((3, 4))
    unsure(examine(stuck), "stale_state")


# ---- what can't be told


def test_one_entry_is_not_enough():
    unsure(examine(Toy(np.square, lambda gy, x: gy * x, (np.array([1.5]),))), "factor")
    unsure(examine(Toy(np.square, lambda gy, x: -gy * 2 * x, (np.array([1.5]),))), "sign")


@pytest.mark.parametrize("seed", SEEDS)
def test_antisymmetric_weight_is_a_sign_or_a_transposition(seed):
    rng = np.random.default_rng(seed)
    half = rng.standard_normal((4, 4))
    toy = Toy(
        lambda x, w: x @ w.T,
        lambda gy, x, w: (gy @ w.T, gy.T @ x),
        (rng.standard_normal((3, 4)), half - half.T),
        ("w",),
    )
    unsure(examine(toy), "sign", "transpose")


@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_whose_turn_is_its_transposition(seed):
    """Symmetric along the other diagonal: turned by 180 degrees it is transposed."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((2, 2, 3, 3))
    w = w + w[:, :, ::-1, ::-1].swapaxes(2, 3)
    s = spec(padding=(1, 1))
    toy = Toy(
        lambda x, w: conv(x, w, s),
        lambda gy, x, w: (conv_grads(gy, x, w[:, :, ::-1, ::-1], s)[0], conv_grads(gy, x, w, s)[1]),
        (rng.standard_normal((1, 2, 4, 4)), w),
        ("w",),
    )
    unsure(examine(toy), "flip", "height_width")


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_no_pattern(seed):
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0.5, 1.5, (3, 4))
    findings = unsure(examine(Toy(np.tanh, lambda gy, x: gy * noise, (rng.standard_normal((3, 4)),))))
    assert findings[-1].pattern == "elsewhere"
    assert "worst at (" in findings[-1].evidence
    weights = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    unsure(examine(Toy(lambda x: x @ weights[0].T, lambda gy, x: gy @ weights[1], (rng.standard_normal((3, 4)),))))


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_in_one_channel(seed):
    s = spec()

    def scaled(gx, gw):
        gx[:, 1] *= np.linspace(0.5, 2, gx[:, 1].size).reshape(gx[:, 1].shape)
        return gx, gw

    findings = unsure(examine(conv_toy(seed, s, after=scaled)), "rows")
    assert "right at index 0 of axis 1 of x and wrong at index 1" in findings[0].sentence


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("second", ["negative", "half", "mirrored", "transposed", "last sample", "rolled"])
def test_two_bugs_at_once_are_never_certain_of_one(second, slot):
    """The stride is ignored, and something else is wrong too: neither alone explains all entries."""
    change = {
        "negative": lambda g: -g,
        "half": lambda g: g / 2,
        "mirrored": lambda g: g[:, :, ::-1, ::-1],
        "transposed": lambda g: g.swapaxes(2, 3),
        "last sample": lambda g: np.concatenate([0 * g[:-1], g[-1:]]),
        "rolled": lambda g: np.roll(g, 1, 3),
    }[second]
    s, used = spec(stride=(2, 2), padding=(1, 1)), spec(padding=(1, 1))
    toy = conv_toy(0, s, used, used, after=lambda gx, gw: (change(gx), change(gw)))
    assert not any(f.certain for f in examine(toy, slot))


def test_a_large_jacobian_takes_little_time():
    """200 outputs by 200 inputs, with no pattern in them, so that all are tried."""
    rng = np.random.default_rng(0)
    right, wrong, x = rng.standard_normal((200, 200)), rng.standard_normal((200, 200)), rng.standard_normal(200)
    shape = (2, 4, 5, 5)

    def forward(x):
        return (right @ x.reshape(-1)).reshape(shape)

    toy = Toy(forward, lambda gy, x: (gy.reshape(-1) @ wrong).reshape(shape), (x.reshape(shape),))
    values = (toy.slots[0].value,)
    case = Case(toy, 0, values, toy.run(values), wrong, right, 1e-6 * np.abs(right), 0, lambda v: right)
    start = time.perf_counter()
    assert not any(f.certain for f in diagnose(case))
    assert time.perf_counter() - start < 3  # 0.4 s on an idle core


def test_a_subject_that_refuses_other_values_is_diagnosed_all_the_same():
    x = np.random.default_rng(0).standard_normal((2, 3))
    right = np.diag(2 * x.reshape(-1))

    class Refusing(Toy):
        def pull(self, values, upstream):
            raise ValueError("not again")

    toy = Refusing(np.square, None, (x,))
    case = Case(toy, 0, (x,), (x**2,), -right, right, np.full((6, 6), 1e-9), 0, lambda v: right)
    found(diagnose(case), "sign")

"""The complex step: derivatives exact to rounding against the tape's, for every op that claims one; what it refuses."""

import math
import re
import threading
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from op_checks import tensors
from op_table import Row, table

import scratchnet as sn
import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.plain as plain
from scratchnet import nn
from scratchnet.autograd.complex_step import NotAnalyticError, complex_step, derivative, seed
from scratchnet.autograd.step_array import StepArray
from scratchnet.device import kernels_for
from scratchnet.gradcheck import check
from scratchnet.gradcheck.catalogue import SUBJECTS
from scratchnet.gradcheck.command.engine_table import check_sample
from scratchnet.gradcheck.measuring.complex_method import directional

F = nn.functional

# Rows that say nothing here: the reason, and the words in their names.
APART = {
    "at a kink": "edges|ties|kink|zeros|NaN|bound|constant",
    "at an end of the domain": "ends|tails|nan_to_num_|base 0|by 0|far out",
    "infinite": "infinit|all ignored|no degree|std: 0-d|std_mean: 0-d|var_mean: 0-d|var: 0-d|negative sums",
    "computed in float32": r"float32|promoted|float, double, half|x\.float\(\)|x\.half\(\)|with an empty 1-d",
    "torch's gradient is another than the derivative": (
        r"padding_idx|scale_grad_by_freq|frequency|detach|held var|T\.embedding|as_strided: (of|before) a view|"
        r"cosine_similarity\(eps=3\.0\)"
    ),
    "raises: a number is drawn with this chance": r"^bernoulli|^normal: ",
}
SKIPPED = re.compile("|".join(APART.values()))
STEMS = sorted({row.stem for row in table()[0] if row.order})


def flat(result):
    """All tensors of a result."""
    return [part for item in result for part in flat(item)] if isinstance(result, (tuple, list)) else [result]


def both_ways(f, arrays, grad, rng):
    """(u . J v by the complex step, the same by the tape, the size of its terms); None where there is no gradient.

    u and v are random, so a wrong entry of J shows. The values of the outputs are compared too.
    """
    xs = [sn.from_numpy(a).requires_grad_(g) for a, g in zip(arrays, grad, strict=True)]
    sn.manual_seed(0)
    ys = flat(f(*xs))
    used = [i for i, y in enumerate(ys) if getattr(y, "requires_grad", False)]
    leaves = [x for x in xs if x.requires_grad]
    if not used or not leaves:
        return None
    us = [np.asarray(rng.standard_normal(ys[i].shape)) for i in used]
    gxs = sn.autograd.grad([ys[i] for i in used], leaves, [sn.from_numpy(u) for u in us], allow_unused=True)
    vs = [np.asarray(rng.standard_normal(x.shape)) for x in leaves]
    with complex_step(), np.errstate(all="ignore"):
        moving = iter(vs)
        zs = [seed(a, next(moving)) if g else sn.from_numpy(a) for a, g in zip(arrays, grad, strict=True)]
        sn.manual_seed(0)
        outs = flat(f(*zs))
    step = sum(float((derivative(outs[i]) * u).sum()) for i, u in zip(used, us, strict=True))
    for i in used:
        np.testing.assert_allclose(outs[i].array.real, ys[i].array, rtol=1e-12, atol=1e-13)
    terms = [np.asarray(g.array * v) for g, v in zip(gxs, vs, strict=True) if g is not None]
    return step, float(sum(t.sum() for t in terms)), float(sum(np.abs(t).sum() for t in terms))


@pytest.mark.parametrize("stem", STEMS)
def test_every_row_of_the_op_table(stem, rng):
    """All rows of all ops with a gradient, in float64: to 1e-12 of the terms that make up the derivative."""
    checked = 0
    for row in [r for r in table()[0] if r.stem == stem and r.order and not SKIPPED.search(r.name)]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", UserWarning)
            checked += agrees(row, rng)
    assert checked or stem in ("creation", "random"), "no row of this stem was compared"


def agrees(row: Row, rng) -> bool:
    arrays = row.arrays("float64")
    grad = [x.requires_grad for x in tensors(sn, row, arrays, grad=True)]
    try:
        found = both_ways(lambda *xs: row.f(sn, F, *xs), arrays, grad, rng)
    except AssertionError as error:
        raise AssertionError(f"{row.name}: value: {error}") from None
    if found is None:
        return False
    step, tape, size = found
    assert abs(step - tape) <= 1e-12 * size + 1e-30, f"{row.name}: {step}, by the tape {tape}"
    return True


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_sample_of_the_catalogue(subject):
    """The full Jacobian of every op, entry by entry."""
    for sample in import_module(f"scratchnet.gradcheck.catalogue.{subject}").SAMPLES:
        if sample.op != "bernoulli":  # raises: a number is drawn with this chance
            report = check_sample(sample, 1, "complex")
            assert report, str(report)
            assert max(slot.relative for slot in report.slots) < 1e-11, str(report)


CONVOLUTIONS = {
    "conv1d": (F.conv1d, (2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "conv2d": (F.conv2d, (2, 4, 9, 8), (6, 2, 3, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": 2, "groups": 2}),
    "conv2d naive": (F.conv2d, (2, 3, 6, 6), (4, 3, 3, 3), {"algorithm": "naive"}),
    "conv2d im2col": (F.conv2d, (2, 3, 6, 6), (4, 3, 3, 3), {"algorithm": "im2col", "padding": "same"}),
    "conv3d": (F.conv3d, (2, 2, 4, 5, 4), (4, 1, 2, 3, 2), {"padding": 1, "groups": 2}),
    "conv_transpose2d": (F.conv_transpose2d, (2, 4, 4, 5), (4, 3, 3, 2), {"stride": 2, "output_padding": 1}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolutions_jacobian_to_a_few_roundings(name, rng):
    """Column by column, relative to the largest entry: about 1e-15, where central differences reach 1e-10."""
    op, x_shape, w_shape, options = CONVOLUTIONS[name]
    x, w = rng.standard_normal(x_shape), rng.standard_normal(w_shape)
    tensor = sn.from_numpy(w).requires_grad_()
    y = op(sn.from_numpy(x), tensor, **options)
    u = rng.standard_normal(tuple(y.shape))
    (gw,) = sn.autograd.grad(y, tensor, sn.from_numpy(u))
    worst = 0.0
    for entry in range(0, w.size, 5):
        v = np.zeros(w.shape)
        v.flat[entry] = 1
        (column,) = directional(lambda slots: (op(*slots, **options),), (x, w), (None, v))
        worst = max(worst, abs((column * u).sum() - gw.array.flat[entry]))
    assert worst / np.abs(gw.array).max() < 3e-15


@pytest.mark.parametrize("name", ["lenet", "residual_mnist"])
def test_whole_nets(name, rng):
    """All parameters and the input at once, dropout and batch statistics included."""
    sn.set_default_dtype(sn.float64)
    try:
        net = sn.models.create(name)
        report = check(net, [sn.randn(2, 1, 28, 28)], method="complex")
    finally:
        sn.set_default_dtype(sn.float32)
    assert report, str(report)
    for slot in report.slots:
        assert slot.relative < 1e-9, str(report)


def test_running_statistics_hold_values(rng):
    x = rng.standard_normal((4, 3, 5))
    norms = [nn.BatchNorm1d(3, dtype=sn.float64) for _ in range(2)]
    norms[0](sn.from_numpy(x))
    with complex_step():
        norms[1](seed(x, np.ones(x.shape)))
    for name in ("running_mean", "running_var"):
        one, two = (getattr(norm, name).array for norm in norms)
        assert two.dtype == np.float64
        np.testing.assert_allclose(two, one, rtol=1e-14)


class Cube(sn.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return sn.tensor(x.numpy() ** 3 + np.abs(x.numpy()))

    @staticmethod
    def backward(ctx, gy):
        raise NotImplementedError


def test_a_function_in_numpy():
    x, v = np.array([2.0, -0.5]), np.array([1.0, 3.0])
    (found,) = directional(lambda slots: (Cube.apply(slots[0]),), (x,), (v,))
    np.testing.assert_allclose(found, (3 * x * x + np.sign(x)) * v, rtol=1e-15)


def test_buffers_made_inside_take_complex_steps():
    def fill(slots):
        out = sn.zeros(3, dtype=sn.float64)
        out[1] = slots[0][0] * 2
        out += slots[0].new_zeros(3)
        return (out,)

    (found,) = directional(fill, (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    np.testing.assert_array_equal(found, [0, 2, 0])


def test_outputs_that_no_value_reaches_are_zeros_and_integers_are_left_out():
    found = directional(lambda s: (sn.ones(2), s[0].argmax(), s[1] + 1), (np.ones(2), np.ones(3)), (np.ones(2), None))
    assert [list(part) for part in found] == [[0, 0], [0, 0, 0]]


def test_two_kinks_that_cancel_out():
    """log sigmoid, written as min(x, 0) - log(1 + exp(-|x|)), is smooth at 0: so says the step. ReLUs alike."""
    for v in (1.0, -1.0):
        (found,) = directional(lambda slots: (F.relu(slots[0]) - F.relu(-slots[0]),), (np.zeros(1),), (np.array([v]),))
        assert found[0] == v
        (found,) = directional(lambda slots: (F.logsigmoid(slots[0]),), (np.zeros(1),), (np.array([v]),))
        assert found[0] == pytest.approx(v / 2, rel=1e-15)


def test_no_conjugates():
    """A square is x x, never |x|²: the variance, norms and products of complex steps."""
    x = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.0]])
    forms = [
        lambda t: t.var(),
        lambda t: t.norm(),
        lambda t: sn.einsum("ij,ij->", t, t),
        lambda t: t[0].dot(t[1]),
        lambda t: sn.linalg.vector_norm(t, 3),
        lambda t: F.cosine_similarity(t[0], t[1], dim=0),
        lambda t: sn.tensor(np.var(t.numpy()) + t.numpy().std() + np.vdot(t.numpy(), t.numpy())),
    ]
    v = np.arange(6.0).reshape(2, 3)
    for form in forms:
        (found,) = directional(lambda slots, form=form: (form(slots[0]),), (x,), (v,))
        with complex_step():
            plus, minus = (float(form(seed(x + s * v * 1e-6, np.zeros(x.shape)))) for s in (1, -1))
        assert float(found) == pytest.approx((plus - minus) / 2e-6, rel=1e-7)


HELD = sn.zeros(4, dtype=sn.float64)
REFUSED = {
    "unique": lambda x: x.unique(),
    "bincount": lambda x: sn.bincount(sn.tensor([0, 1, 1]), x[:3]),
    "bernoulli": lambda x: sn.bernoulli(x),
    "bernoulli_": lambda x: sn.ones(4).bernoulli_(x),
    "multinomial": lambda x: x.multinomial(2),
    "normal": lambda x: sn.normal(x, 1.0),
    "item": lambda x: x.sum().item(),
    "tolist": lambda x: x.tolist(),
    "float": lambda x: float(x[0]),
    "linalg norm in NumPy": lambda x: sn.tensor(np.linalg.norm(x.numpy())),
    "conjugate in NumPy": lambda x: sn.tensor(np.conj(x.numpy())),
    "nextafter in NumPy": lambda x: sn.tensor(np.nextafter(x.numpy(), 1.0)),
    "interp in NumPy": lambda x: sn.tensor(np.interp(x.numpy(), [0, 1], [0, 1])),
    "a constant's memory": lambda x: HELD.copy_(x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_analytic_raises_by_name(name):
    named = {"float": "item", "linalg norm in NumPy": "norm", "a constant's memory": "forward"}.get(
        name, name.split()[0]
    )
    with pytest.raises(
        NotAnalyticError, match=rf"^{named}\b.*the complex step needs an analytic operation; use method"
    ):
        directional(lambda slots: (REFUSED[name](slots[0]),), (np.array([0.2, 0.5, 0.1, 0.7]),), (np.ones(4),))


class Doubled(sn.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = np.zeros(x.shape)
        out[:] = x.detach().numpy() * 2
        return sn.tensor(out)

    @staticmethod
    def backward(ctx, gy):
        return gy * 2


def test_a_forward_that_writes_into_numpys_array_of_floats():
    with pytest.raises(
        NotAnalyticError, match="written into an array of floats .make it from the input, as zeros_like"
    ):
        check(Doubled, [sn.ones(3, dtype=sn.float64).requires_grad_()], method="complex")


def test_checks_of_what_is_not_made_of_our_operations_are_refused():
    with pytest.raises(ValueError, match=r"^check: method \(='complex'\) is for what is made of scratchnet's tensors"):
        check((np.tanh, lambda gy: gy), np.ones(2), method="complex")


# -- the block ---------------------------------------------------------------------------------------------------------


def test_complex_tensors_are_refused_outside():
    outside = r"complex128 is not supported; use one of bool, "
    with pytest.raises(TypeError, match=outside):
        sn.tensor(np.ones(2, np.complex128))
    with complex_step():
        x = seed(np.ones(2), np.ones(2))
        assert x.dtype is sn.float64
    for use in (lambda: x.dtype, lambda: x + 1, lambda: x.to(sn.float32)):
        with pytest.raises(TypeError, match=outside):
            use()
    with complex_step(), pytest.raises(TypeError, match="complex64 is not supported"):
        sn.tensor(np.ones(2, np.complex64))


def test_the_block_is_this_threads_and_may_be_nested():
    seen = []
    with complex_step():
        with complex_step():
            pass
        assert kernels_for(None) is plain
        thread = threading.Thread(target=lambda: seen.append(kernels_for(None)))
        thread.start()
        thread.join()
    assert kernels_for(None) is cpu
    assert seen == [cpu]
    with pytest.raises(ZeroDivisionError), complex_step():
        raise ZeroDivisionError
    assert kernels_for(None) is cpu


def test_nothing_is_recorded():
    with complex_step():
        x = seed(np.ones(2), np.ones(2)).requires_grad_()
        with sn.enable_grad():
            y = (x * x).sum()
        assert y.grad_fn is None
        for walk in (y.backward, lambda: sn.autograd.grad(y, x)):
            with pytest.raises(NotAnalyticError, match=r"^(backward|grad): nothing is recorded: the complex step"):
                walk()


def test_it_is_no_public_name():
    assert "complex_step" not in sn.autograd.__all__
    assert not hasattr(sn, "complex_step")


def test_step_arrays_are_made_of_numpys_own_memory():
    with complex_step():
        array = seed(np.arange(3.0), np.ones(3)).array
        assert isinstance(array, StepArray)
        assert type(array.real) is np.ndarray
        assert type(array > 1) is np.ndarray
        assert isinstance(array[0], StepArray)
        assert array.view(np.ndarray)[0] == 1e-20j
        array += 1
        np.testing.assert_array_equal(array.real, [1, 2, 3])
    assert repr(array)


def test_what_a_forward_may_do_besides():
    """Print, ask, loop, go through Python: with values alone."""
    with complex_step():
        x = seed(np.array([1.0, -2.0]), np.ones(2))
        assert repr(x) == "tensor([ 1., -2.], dtype=scratchnet.float64)"
        assert f"{x[1]:.1f}" == "-2.0"
        assert bool(x[0] > 0)
        assert x.long().tolist() == [1, -2]
        assert sn.tensor(2.0).item() == 2.0
        assert max(x.array).real == 1.0
        assert [float(abs(v).imag) for v in x.array.flat] == [1e-20, -1e-20]
        assert x.argmin().item() == 1
        assert sn.randn_like(x).dtype is sn.float64


# -- NumPy's functions ----

A = np.array([[0.4, -1.3, 2.2], [1.7, 0.6, -0.8]])
B = np.array([[1.1, 0.9, -0.7], [0.3, -2.1, 1.6]])
NUMPY = {
    **{
        name: lambda a, b, name=name: getattr(np, name)(a)
        for name in (
            "exp expm1 exp2 sin cos tan sinh cosh tanh arctan arcsinh square negative positive abs fabs floor ceil "
            "trunc rint sign cumsum cumprod sort prod mean var std max min sum ravel trace nan_to_num flip diff"
        ).split()
    },
    **{
        name: lambda a, b, name=name: getattr(np, name)(a * a + 0.1)
        for name in "log log2 log10 log1p sqrt reciprocal".split()
    },
    **{name: lambda a, b, name=name: getattr(np, name)(np.tanh(a)) for name in "arcsin arccos arctanh".split()},
    **{
        name: lambda a, b, name=name: getattr(np, name)(a, b)
        for name in (
            "add subtract multiply divide maximum minimum fmax fmin hypot logaddexp arctan2 copysign remainder fmod "
            "floor_divide kron inner vdot outer"
        ).split()
    },
    "power": lambda a, b: np.abs(a) ** b + a**3 + a**-2 + 2.0**a + np.abs(a) ** 0.5,
    "clip": lambda a, b: np.clip(a, -0.5, b),
    "where": lambda a, b: np.where(a > b, a * b, b),
    "einsum": lambda a, b: np.einsum("ij,ik,jl->kl", a, b, a.T @ b),
    "tensordot": lambda a, b: np.tensordot(a, b, axes=([0], [0])),
    "dot": lambda a, b: a.dot(b.T) @ a,
    "average": lambda a, b: np.average(a, axis=1, weights=b * b),
    "reduce with out and where": lambda a, b: np.add(a, b, out=np.zeros_like(a), where=a > 0).sum(axis=0),
    "var with ddof": lambda a, b: a.var(axis=1, ddof=1) + b.std(axis=0)[:2],
    "in place": lambda a, b: a.copy().__iadd__(b).__imul__(a),
    "partition": lambda a, b: np.partition(a, 1, axis=1)[:, :2].sum(axis=1),
    "take_along_axis": lambda a, b: np.take_along_axis(a, b.argsort(axis=1), 1) + a[:, [a.argmax(), 0, 0]],
    "stack": lambda a, b: np.stack([a, b])[::-1].swapaxes(0, 2).reshape(3, 4) + np.pad(a, 1)[:3, :4],
    "add.at": lambda a, b: _added_at(a, b),
}


def _added_at(a, b):
    out = np.zeros_like(a)
    np.add.at(out, (np.array([0, 0, 1]), np.array([1, 1, 2])), b[0])
    return out


@pytest.mark.parametrize("name", NUMPY)
def test_numpys_functions(name):
    """As a layer in plain NumPy calls them, against central differences."""
    f, rng = NUMPY[name], np.random.default_rng(5)
    va, vb = rng.standard_normal((2, *A.shape))
    with complex_step():
        a, b = seed(A, va).array, seed(B, vb).array
        result = np.asanyarray(f(a, b))
    t = 1e-5
    plus, minus = (f(A + s * va, B + s * vb) for s in (t, -t))
    assert type(result) is StepArray
    np.testing.assert_allclose(np.asarray(result).real, f(A, B), rtol=1e-14)
    np.testing.assert_allclose(np.asarray(result).imag / 1e-20, (plus - minus) / (2 * t), rtol=1e-6, atol=1e-8)


def test_outside_the_domain_lies_nan():
    """As for real numbers: a complex root or logarithm would give a derivative without sense."""
    with complex_step(), np.errstate(all="ignore"):
        x = seed(np.array([-4.0, 4.0]), np.ones(2)).array
        for f in (np.sqrt, np.log, np.log1p, lambda x: x**0.5, lambda x: np.arcsin(x / 4.0 - np.sign(x))):
            found = np.asarray(f(x))
            assert np.isnan(found[0].imag) == np.isnan(found[0].real)
        assert np.isnan(np.asarray(np.sqrt(x))[0].imag)
        assert np.asarray(np.power(x, 3.0)).imag[0] == pytest.approx(48e-20)
        assert math.isnan(np.asarray(np.power(x, seed(np.full(2, 3.0), np.ones(2)).array)).imag[0])


# -- the plain kernels -------------------------------------------------------------------------------------------------

GEOMETRY = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
WINDOW = {"stride": (2, 1), "padding": (1, 0), "out_size": (5, 8)}
MEANS = {"stride": (2, 2), "padding": (1, 1), "count_include_pad": False, "divisor_override": None}
X, W = (2, 4, 9, 11), (6, 2, 3, 2)
KERNELS = {
    "conv_im2col.forward": lambda k, r: k.conv.algorithm("im2col").forward(
        r(X), r(W), r((6,)), **GEOMETRY, groups=2, epilogue="bias_relu"
    ),
    "conv_im2col.grad_input": lambda k, r: k.conv.algorithm("im2col").grad_input(
        r((2, 6, 5, 13)), r(W), X, **GEOMETRY, groups=2
    ),
    "conv_im2col.grad_weight": lambda k, r: k.conv.algorithm("im2col").grad_weight(
        r((2, 6, 5, 13)), r(X), W, **GEOMETRY, groups=2
    ),
    "im2col": lambda k, r: k.columns.im2col(r(X), (3, 2), **GEOMETRY),
    "col2im": lambda k, r: k.columns.col2im(r((2, 24, 65)), (9, 11), (3, 2), **GEOMETRY),
    "max_pool2d": lambda k, r: k.pool.max_pool2d(r((2, 3, 9, 8)), (3, 1), **WINDOW, dilation=(1, 1)),
    "scatter_planes": lambda k, r: k.pool.scatter_planes(r((2, 3, 2, 4)), PLACES, (5, 4)),
    "gather_planes": lambda k, r: k.pool.gather_planes(r((2, 3, 5, 4)), PLACES),
    "avg_pool2d": lambda k, r: k.pool.avg_pool2d(r((2, 3, 7, 8)), (3, 2), out_size=(4, 5), **MEANS),
    "avg_pool2d_grad": lambda k, r: k.pool.avg_pool2d_grad(r((2, 3, 4, 5)), (7, 8), (3, 2), **MEANS),
    "adaptive_avg_pool2d": lambda k, r: k.pool.adaptive_avg_pool2d(r((2, 3, 7, 8)), (3, 5)),
    "adaptive_avg_pool2d_grad": lambda k, r: k.pool.adaptive_avg_pool2d_grad(r((2, 3, 3, 5)), (7, 8)),
    **{f"{n}": lambda k, r, n=n: getattr(k.activation, n)(r((3, 4))) for n in ("relu", "sigmoid", "tanh")},
    **{
        f"{n}_grad": lambda k, r, n=n: getattr(k.activation, f"{n}_grad")(r((3, 4)), r((3, 4)))
        for n in ("relu", "sigmoid", "tanh")
    },
    "erf": lambda k, r: k.functions.erf(r((3, 4))),
    "softmax": lambda k, r: k.softmax.softmax(r((3, 4, 2)), 1),
    "softmax_grad": lambda k, r: k.softmax.softmax_grad(r((3, 4)), r((3, 4)), 0),
    "log_softmax": lambda k, r: k.softmax.log_softmax(r((3, 4)), -1),
    "log_softmax_grad": lambda k, r: k.softmax.log_softmax_grad(r((3, 4)), r((3, 4)), 1),
    "cross_entropy": lambda k, r: k.loss.cross_entropy(r((3, 5, 2)), TARGETS, abs(r((5,))), -1, 0.1),
    "cross_entropy_grad": lambda k, r: k.loss.cross_entropy_grad(
        r((3, 2)), *(lambda x: (x, np.log(np.exp(x).sum(1))))(r((3, 5, 2))), TARGETS, None, -1, 0.1
    ),
    "batch_norm": lambda k, r: k.norm.batch_norm(r((4, 3, 5)), r((3,)), r((3,)), 1e-5),
    "batch_norm_eval": lambda k, r: k.norm.batch_norm_eval(r((4, 3, 5)), r((3,)), abs(r((3,))), None, r((3,)), 1e-5),
    "batch_norm_grad": lambda k, r: k.norm.batch_norm_grad(r((4, 3, 5)), r((4, 3, 5)), r((3,)), r((3,)), r((3,))),
    "channel_sum": lambda k, r: k.reduce.channel_sum(r((4, 3, 5, 2))),
    "matmul": lambda k, r: k.matmul.matmul(r((2, 1, 3, 4)), r((5, 4, 2))),
    "linear_scan": lambda k, r: k.scan.linear_scan(r((3, 4)), r((3, 4))),
    "largest": lambda k, r: k.largest.largest(r((3, 7)), 3),
}
PLACES = np.arange(48).reshape(2, 3, 2, 4) * 7 % 21 - 1
TARGETS = np.array([[0, -1], [4, 2], [3, 3]])


@pytest.mark.parametrize("name", KERNELS)
def test_plain_kernels_equal_the_cpus(name):
    """Both backends on the same float64 numbers."""
    found = []
    for backend in (plain, cpu):
        rng = np.random.default_rng(3)
        result = KERNELS[name](backend, rng.standard_normal)
        found.append(result if isinstance(result, tuple) else (result,))
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_plain_kernels_have_the_cpus_stems():
    """A new stem of the CPU's needs its few lines in kernels/plain too, or a complex step stops at it."""
    listed = re.findall(r"import (\w+) as", Path(cpu.__file__).read_text(encoding="utf-8"))
    for stem in set(listed) - {"blas", "optim", "optim_adaptive"}:
        assert getattr(plain, stem)
    with pytest.raises(AttributeError, match="optim"):
        _ = plain.optim

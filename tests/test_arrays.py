"""scratchnet.arrays against torch: values, dtypes, layouts, out=, refusals; and no Tensor, no tape."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_cases import CASES, Case
from parity import assert_same, assert_sum_of_products, needs_torch, to_torch, torch

import scratchnet as sn
from scratchnet import arrays

ROOT = Path(__file__).resolve().parents[1]
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))


def inputs_of(case: Case, rng: np.random.Generator, dtype: str = "float64") -> list[Any]:
    given = [np.asarray(rng.standard_normal(shape)).astype(dtype) for shape in case.shapes]
    return [*given, *case.more(*given)]


def parts(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def test_every_function_has_a_case() -> None:
    named = {case.name.split(" ")[0] for case in CASES}
    assert named == set(arrays.__all__)
    assert all(getattr(arrays, name).__doc__ for name in arrays.__all__)


@needs_torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@EVERY
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_equals_torch(case: Case, dtype: str, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng, dtype)
    ours = parts(case.ours(*inputs))
    theirs = parts(case.theirs(torch, *map(to_torch, inputs)))
    if case.sums and dtype == "float32":
        wide = [x.astype("float64") for x in inputs]
        truth = case.theirs(torch, *map(to_torch, wide))
        size = case.theirs(torch, *(to_torch(abs(x)) for x in wide))
        assert_sum_of_products(ours[0], theirs[0], truth, size, case.name)
        return
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b, case.name)


@EVERY
def test_float16_is_float32_rounded_once(case: Case, rng: np.random.Generator) -> None:
    half = inputs_of(case, rng, "float16")
    wide = [x.astype("float32") if x.dtype == "float16" else x for x in half]
    for a, b in zip(parts(case.ours(*half)), parts(case.ours(*wide)), strict=True):
        if a.dtype != b.dtype:  # positions stay int64, batch_norm's statistics float32
            assert (a.dtype, b.dtype) == ("float16", "float32")
        np.testing.assert_array_equal(a, b.astype(a.dtype))


def fortran(x: Any) -> Any:
    return np.asfortranarray(x)


def backwards(x: Any) -> Any:
    turned = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[turned])[turned]


def strided(x: Any) -> Any:
    room = np.full([2 * n for n in x.shape], 7, x.dtype)
    view = room[(slice(None, None, 2),) * x.ndim]
    view[...] = x
    return view


def unaligned(x: Any) -> Any:
    return np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)


def read_only(x: Any) -> Any:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


@EVERY
@pytest.mark.parametrize("layout", [fortran, backwards, strided, unaligned, read_only])
def test_any_layout_gives_the_same_bits_and_stays(case: Case, layout: Any, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng, "float32")
    expected = parts(case.ours(*inputs))
    laid_out = [layout(x) if x.ndim else x for x in inputs]
    results = parts(case.ours(*laid_out))
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.flags.c_contiguous
        assert a.flags.writeable
        assert not any(np.shares_memory(a, x) for x in laid_out)
    for x, y in zip(laid_out, inputs, strict=True):
        np.testing.assert_array_equal(x, y)


@EVERY
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, fortran, backwards, strided])
def test_out_is_filled_and_returned(case: Case, layout: Any, dtype: str, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng, dtype)
    expected = parts(case.ours(*inputs))
    out = np.full(expected[0].shape, np.nan, dtype)
    out = layout(out) if out.ndim else out
    results = parts(case.ours(*inputs, out=out))
    assert results[0] is out
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    if layout is strided and out.ndim:  # what lies between is untouched
        out[...] = 7
        assert (out.base == 7).all()


@EVERY
def test_out_is_refused_before_anything_is_written(case: Case, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng)
    shape = parts(case.ours(*inputs))[0].shape
    out = np.zeros(shape)
    frozen = read_only(out)
    with pytest.raises(ValueError, match=r"out.flags.writeable \(=False\) must be True"):
        case.ours(*inputs, out=frozen)
    with pytest.raises(RuntimeError, match=r"out.dtype \(=float32\) must be float64"):
        case.ours(*inputs, out=np.zeros(shape, np.float32))
    with pytest.raises(RuntimeError, match=r"out.shape \(=.*\) must be \[.*the result's shape"):
        case.ours(*inputs, out=np.zeros((*shape, 1)))
    with pytest.raises(TypeError, match=r"out \(=a list\) must be a numpy.ndarray"):
        case.ours(*inputs, out=out.tolist() if shape else [0.0])
    if any(n > 1 for n in shape):
        with pytest.raises(ValueError, match="two may share memory"):
            repeated = np.lib.stride_tricks.as_strided(out, shape, (0,) * len(shape), writeable=True)
            case.ours(*inputs, out=repeated)
    assert not out.any()
    assert not frozen.any()


def test_out_may_not_overlap_an_input(rng: np.random.Generator) -> None:
    room = rng.standard_normal((2, 8, 5, 5))
    before, w = room.copy(), rng.standard_normal((4, 4, 1, 1))
    with pytest.raises(ValueError, match=r"conv2d: out .* must share no memory with input; use input.copy\(\)"):
        arrays.conv2d(room[:, :4], w, out=room[:, 2:6])
    with pytest.raises(ValueError, match="must share no memory with input"):
        arrays.relu(room, out=room)
    np.testing.assert_array_equal(room, before)
    # beside each other in one array is no overlap: how the branches of a network are concatenated
    y = arrays.conv2d(room[:, :4], w, out=room[:, 4:])
    np.testing.assert_array_equal(y, arrays.conv2d(before[:, :4], w))
    np.testing.assert_array_equal(room[:, :4], before[:, :4])


class Foreign:
    """Something that NumPy would convert."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.zeros((1, 1, 3, 3))


@pytest.mark.parametrize(
    ("x", "kind", "phrase"),
    [
        ([[[[1.0]]]], TypeError, r"conv2d: input \(=a list\) must be a numpy.ndarray; use numpy.asarray\(input\)"),
        (None, TypeError, r"input \(=a NoneType\)"),
        (1.0, TypeError, r"input \(=a float\)"),
        (Foreign(), TypeError, r"input \(=a .*Foreign\)"),
        (np.float32(1), TypeError, r"input \(=a numpy.float32\)"),
        (np.ma.zeros((1, 1, 3, 3)), TypeError, r"input \(=a numpy.ma.*MaskedArray\) must be a numpy.ndarray"),
        (sn.zeros(1, 1, 3, 3), TypeError, r"input \(=a scratchnet.*Tensor\).*input.detach\(\).numpy\(\)"),
        (np.zeros((1, 1, 3, 3), ">f4"), ValueError, r"input.dtype \(='>f4'\) must be in native byte order"),
        (np.zeros((1, 1, 3, 3), int), NotImplementedError, "conv2d is not implemented for int64"),
        (np.zeros((1, 1, 3, 3), bool), NotImplementedError, "conv2d is not implemented for bool"),
        (np.zeros((1, 1, 3, 3), complex), TypeError, r"input.dtype \(=complex128\) must be one of float16"),
        (np.zeros((1, 1, 3, 3), np.longdouble), TypeError, "must be one of float16, float32, float64"),
        (np.zeros((1, 1, 3, 3), object), TypeError, r"input.dtype \(=object\) must be one of"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_is_converted_silently(x: Any, kind: type[Exception], phrase: str) -> None:
    w = np.zeros((1, 1, 2, 2))
    with pytest.raises(kind, match=phrase):
        arrays.conv2d(x, w)
    if x is not None:
        with pytest.raises(kind, match=phrase.replace("input", "weight")):
            arrays.conv2d(np.zeros((1, 1, 3, 3)), x)


@needs_torch
def test_torch_tensors_are_refused() -> None:
    with pytest.raises(TypeError, match=r"relu: input \(=a torch.Tensor\) must be a numpy.ndarray"):
        arrays.relu(torch.zeros(2))


@EVERY
def test_dtypes_may_not_differ(case: Case, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng)
    floats = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]
    reads_shape_alone = ("max_pool2d_grad", "avg_pool2d_grad", "adaptive_avg_pool2d_grad")
    if len(floats) < 2 or case.name in reads_shape_alone:
        return
    inputs[floats[-1]] = inputs[floats[-1]].astype("float32")
    with pytest.raises(RuntimeError, match=r"dtype \(=float(32|64)\) must have \w+'s dtype"):
        case.ours(*inputs)


GRID = [
    {"stride": 2},
    {"stride": (2, 3), "padding": (2, 1)},
    {"padding": 3, "dilation": (2, 1)},
    {"stride": 3, "padding": 1, "dilation": 2, "groups": 3},
    {"groups": 6},
    {"padding": "same", "dilation": (1, 3)},
    {"padding": "same", "groups": 2},
    {"padding": "valid", "stride": (1, 2)},
]


@needs_torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("algorithm", ["auto", "naive", "im2col"])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (1, 1)])
@pytest.mark.parametrize("options", GRID, ids=str)
def test_conv2d_and_its_gradients(
    options: dict[str, Any], kernel: tuple[int, int], algorithm: str, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 6, 10, 9))
    w = rng.standard_normal((6, 6 // options.get("groups", 1), *kernel))
    b = rng.standard_normal(6)
    tx, tw, tb = (to_torch(value, requires_grad=True) for value in (x, w, b))
    ty = torch.nn.functional.conv2d(tx, tw, tb, **options)
    gy = rng.standard_normal(ty.shape)
    ty.backward(to_torch(gy))
    assert_same(arrays.conv2d(x, w, b, **options, algorithm=algorithm), ty)
    gx = arrays.conv2d_input(x.shape, w, gy, **options, algorithm=algorithm)
    gw = arrays.conv2d_weight(x, w.shape, gy, **options, algorithm=algorithm)
    for ours, theirs in ((gx, tx.grad), (gw, tw.grad), (arrays.bias_grad(gy), tb.grad)):
        assert_same(ours, theirs)
    room = np.full((2, 12, 10, 9), np.nan)
    given = arrays.conv2d_input(x.shape, w, gy, **options, algorithm=algorithm, out=room[:, 6:])
    np.testing.assert_array_equal(given, gx)
    assert np.isnan(room[:, :6]).all()


@needs_torch
def test_gradients_of_conv_transpose2d(rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((2, 4, 5, 4)), rng.standard_normal((4, 3, 3, 2))
    tx, tw = to_torch(x, requires_grad=True), to_torch(w, requires_grad=True)
    ty = torch.nn.functional.conv_transpose2d(tx, tw, None, 2, 1, 0, 1, 1)
    gy = rng.standard_normal(ty.shape)
    ty.backward(to_torch(gy))
    assert_same(arrays.conv2d(gy, w, None, 2, 1), tx.grad)
    assert_same(arrays.conv2d_weight(gy, w.shape, x, 2, 1), tw.grad)


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "unfold", "softmax"])
def test_tensors_give_the_same_bits(name: str, rng: np.random.Generator) -> None:
    case = next(case for case in CASES if case.name == name)
    inputs = inputs_of(case, rng, "float32")
    theirs = case.theirs(sn, *map(sn.from_numpy, inputs))
    for a, b in zip(parts(case.ours(*inputs)), parts(theirs), strict=True):
        np.testing.assert_array_equal(a, b.numpy())


EMPTY = [
    ("conv2d", lambda F, x, w: F.conv2d(x, w), (0, 3, 5, 5), (4, 3, 3, 3)),
    ("conv2d", lambda F, x, w: F.conv2d(x, w), (2, 0, 5, 5), (4, 0, 3, 3)),
    ("conv_transpose2d", lambda F, x, w: F.conv_transpose2d(x, w), (0, 3, 5, 5), (3, 4, 3, 3)),
    ("avg_pool2d", lambda F, x: F.avg_pool2d(x, 2), (0, 3, 4, 4)),
    ("adaptive_avg_pool2d", lambda F, x: F.adaptive_avg_pool2d(x, (0, 2)), (2, 3, 4, 4)),
    ("unfold", lambda F, x: F.unfold(x, 2), (0, 3, 4, 4)),
    ("linear", lambda F, x, w: F.linear(x, w), (0, 3), (4, 3)),
    ("linear", lambda F, x, w: F.linear(x, w), (2, 0), (4, 0)),
    ("linear", lambda F, x, w: F.linear(x, w), (2, 3), (0, 3)),
    ("relu", lambda F, x: F.relu(x), (0, 3)),
    ("softmax", lambda F, x: F.softmax(x, 1), (2, 0, 3)),
]


@needs_torch
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize(("name", "call", "shapes"), [(name, call, shapes) for name, call, *shapes in EMPTY])
def test_zero_sizes(name: str, call: Any, shapes: Any) -> None:
    inputs = [np.ones(shape) for shape in shapes]
    assert_same(call(arrays, *inputs), call(torch.nn.functional, *map(to_torch, inputs)), name)


@needs_torch
def test_gradients_of_zero_sizes() -> None:
    gy, w, x = np.ones((0, 4, 3, 3)), np.ones((4, 3, 3, 3)), np.ones((0, 3, 5, 5))
    assert arrays.conv2d_input((0, 3, 5, 5), w, gy).shape == (0, 3, 5, 5)
    assert_same(arrays.conv2d_weight(x, w.shape, gy), torch.zeros(4, 3, 3, 3, dtype=torch.float64))
    assert_same(arrays.bias_grad(gy), torch.zeros(4, dtype=torch.float64))
    every = np.full((2,), -100)
    assert np.isnan(arrays.cross_entropy(np.ones((2, 3)), every))
    assert not arrays.cross_entropy_grad(np.ones(()), np.ones((2, 3)), every).any()


X, W = np.ones((1, 4, 6, 6)), np.ones((6, 2, 3, 3))
SAME_TYPE = [  # what torch raises for the same call
    ("groups", lambda M, F, c: F.conv2d(c(X), c(W), groups=3), r"Given groups=3, weight of size \[6, 2, 3, 3\]"),
    ("groups 0", lambda M, F, c: F.conv2d(c(X), c(W), groups=0), r"groups \(=0\) must be at least 1"),
    ("stride", lambda M, F, c: F.conv2d(c(X), c(W), stride=0, groups=2), "non-positive stride is not supported"),
    ("padding", lambda M, F, c: F.conv2d(c(X), c(W), padding=-1, groups=2), "negative padding is not supported"),
    ("string", lambda M, F, c: F.conv2d(c(X), c(W), padding="full", groups=2), "Invalid padding string"),
    ("same", lambda M, F, c: F.conv2d(c(X), c(W), None, 2, "same", 1, 2), "not supported for strided convolutions"),
    ("kernel", lambda M, F, c: F.conv2d(c(X[..., :2]), c(W), groups=2), "Kernel size can't be greater than actual"),
    ("bias", lambda M, F, c: F.conv2d(c(X), c(W), c(X[0, 0, 0, :5]), groups=2), r"bias.shape .* with 6 elements"),
    ("rank", lambda M, F, c: F.conv2d(c(X[0, 0]), c(W)), r"Expected 3D \(unbatched\) or 4D \(batched\) input"),
    ("dtype", lambda M, F, c: F.conv2d(c(X), c(W.astype("f4")), groups=2), "expected scalar type|should be the same"),
    ("pool", lambda M, F, c: F.max_pool2d(c(X), 2, padding=2), "pad should be at most half of effective kernel size"),
    ("no window", lambda M, F, c: F.avg_pool2d(c(X), 9), "Output size is too small"),
    ("divisor", lambda M, F, c: F.avg_pool2d(c(X), 2, divisor_override=0), "divisor must be not zero"),
    ("fold", lambda M, F, c: F.fold(c(X[0]), (6, 6), 4), "divisible by the product of kernel_size|must be divisible"),
    ("unfold", lambda M, F, c: F.unfold(c(X), 9), "calculated shape of the array of sliding blocks"),
    ("class", lambda M, F, c: F.cross_entropy(c(X[0, 0]), c(np.full(6, 6))), "Target 6 is out of bounds"),
    ("batch", lambda M, F, c: F.cross_entropy(c(X[0, 0]), c(np.zeros(5, int))), r"batch_size \(6\) to match target"),
    ("dim", lambda M, F, c: F.softmax(c(X), 4), "Dimension out of range"),
    ("sizes", lambda M, F, c: F.linear(c(X), c(W[0, 0])), "mat1 and mat2 shapes cannot be multiplied"),
    (
        "upstream",
        lambda M, F, c: M.conv2d_weight(c(X), (6, 2, 3, 3), c(X), groups=2),
        r"grad_output.shape \(=\[1, 4, 6, 6\]\) must have the shape of conv2d's output|Expected|expected",
    ),
]


@needs_torch
@pytest.mark.parametrize(("call", "phrase"), [row[1:] for row in SAME_TYPE], ids=[row[0] for row in SAME_TYPE])
def test_refusals_are_torchs(call: Any, phrase: str) -> None:
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError)) as theirs:
        call(torch.nn.grad, torch.nn.functional, to_torch)
    with pytest.raises(theirs.type, match=phrase):
        call(arrays, arrays, np.asarray)


@pytest.mark.parametrize(
    ("call", "kind", "phrase"),
    [
        (lambda: arrays.conv2d(X, W, groups=2, algorithm="fast"), ValueError, r"algorithm \(='fast'\) must be one of"),
        (lambda: arrays.conv2d_input((1, 4, 6), W, X), RuntimeError, "Expected 4-dimensional input"),
        (lambda: arrays.conv2d_input((1, 4, 6, 6), W, X, groups=2), RuntimeError, r"must have the shape of conv2d's"),
        (lambda: arrays.conv2d_input((1, 4, 6, -6), W, X), RuntimeError, "must not be negative"),
        (lambda: arrays.conv2d_input(4, W, X), TypeError, r"input_size \(=4\) must be a sequence of ints"),
        (lambda: arrays.conv3d_weight(X, (1, 1, 1, 1, 1), X), RuntimeError, "Expected 5-dimensional input"),
        (lambda: arrays.max_pool2d_grad(X, X, X.shape), RuntimeError, "indices.dtype .* must be int64"),
        (lambda: arrays.max_pool2d_grad(X, X[..., :2].astype(int), X.shape), RuntimeError, r"indices.shape .* must be"),
        (lambda: arrays.avg_pool2d_grad(X, X.shape, 2), RuntimeError, r"grad_output.shape .* must be \[1, 4, 3, 3\]"),
        (lambda: arrays.batch_norm(X[..., :1, :1]), ValueError, "Expected more than 1 value per channel"),
        (lambda: arrays.batch_norm(X, eps=0), ValueError, "eps must be positive"),
        (lambda: arrays.batch_norm(X, X[0, 0, 0]), RuntimeError, "should contain 4 elements"),
        (lambda: arrays.batch_norm_grad(X, X, None, None), TypeError, r"mean \(=a NoneType\)"),
        (lambda: arrays.bias_grad(X[0, 0, 0]), RuntimeError, "at least 2 dimensions"),
        (lambda: arrays.relu_grad(X, X[0]), RuntimeError, "output.shape .* grad_output's shape"),
        (lambda: arrays.softmax(X, "1"), TypeError, "must be int, not str"),
        (lambda: arrays.linear(X, X[0, 0], X[0]), RuntimeError, r"bias.shape .* must be \[6\]"),
        (lambda: arrays.cross_entropy(X, [0]), TypeError, r"target \(=a list\)"),
        (lambda: arrays.cross_entropy_grad(X, X[0, 0], np.zeros(6, int)), RuntimeError, "the loss's shape"),
        (lambda: arrays.cross_entropy(X[0, 0], np.zeros(6, int), reduction="all"), ValueError, "not a valid value"),
    ],
)
def test_refusals(call: Any, kind: type[Exception], phrase: str) -> None:
    with pytest.raises(kind, match=phrase):
        call()


def test_results_are_the_callers_own(rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((2, 16, 64, 64)), rng.standard_normal((16, 16, 1, 1))  # large enough for the pool
    kept = arrays.conv2d(x, w)
    row, copies = arrays.relu(x)[1, 3, 5], [kept.copy(), np.maximum(x[1, 3, 5], 0)]
    for _ in range(5):
        arrays.conv2d(x + 1, w)
        arrays.relu(x + 1)
        arrays.max_pool2d(x + 1, 3, 1, 1)
    np.testing.assert_array_equal(kept, copies[0])
    np.testing.assert_array_equal(row, copies[1])  # a view keeps the memory, though its array is gone


def test_neither_tensor_nor_tape_is_imported() -> None:
    program = f"""
        import sys, types
        package = types.ModuleType("scratchnet")  # without its __init__, which imports the Tensor
        package.__path__ = [{str(Path(sn.__file__).parent)!r}, {str(Path(sn.kernels.__file__).parents[1])!r}]
        sys.modules["scratchnet"] = package
        import numpy as np
        from scratchnet import arrays
        assert "numba" not in sys.modules
        y = arrays.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), padding="same")
        assert y[0, 0, 0, 0] == 4 and y[0, 0, 2, 2] == 1
        above = ("scratchnet.autograd", "scratchnet.tensor", "scratchnet.nn")
        loaded = sorted(name for name in sys.modules if name.startswith(above))
        assert not loaded, loaded
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd=ROOT, timeout=120)


def test_the_page_runs() -> None:
    page = (ROOT / "docs" / "arrays.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in page.split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert names["gx"].shape == names["x"].shape
    np.testing.assert_array_equal(
        names["both"][:, :16], arrays.conv2d(names["x"], names["w"], names["b"], padding="same")
    )
    listed = page.split("|---|---|")[1]
    for name in arrays.__all__:
        assert name.replace("1d_", "2d_").replace("3d_", "2d_") in listed or name.removesuffix("_grad") in listed


def test_long_means_stay_exact(rng: np.random.Generator) -> None:
    x = (1000 + rng.standard_normal((2, 3, 300, 300))).astype("float32")
    truth = x.astype("float64").mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(arrays.adaptive_avg_pool2d(x, 1), truth, rtol=2e-7)


@needs_torch
def test_numbers_rows_and_infinities_warn_of_nothing() -> None:
    F, number, row = torch.nn.functional, np.array(-2.0), np.array([np.inf, 1.0, -np.inf, np.nan])
    assert_same(arrays.softmax(number, 0), torch.softmax(to_torch(number), 0))
    assert_same(arrays.relu(number, out=np.zeros(())), torch.relu(to_torch(number)))
    assert_same(arrays.relu(row), torch.relu(to_torch(row)))
    w, b = np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), np.array([0.0, -np.inf])
    assert_same(arrays.linear(row, w, b), F.linear(*map(to_torch, (row, w, b))))
    assert_same(arrays.linear_weight(row, b), torch.outer(to_torch(b), to_torch(row)))
    image = np.array([np.inf, -np.inf, 1e308, 1e308, 0.0, 1.0]).reshape(1, 1, 2, 3)
    ones = np.ones((1, 1, 1, 2))
    assert_same(arrays.conv2d(image, ones), F.conv2d(to_torch(image), to_torch(ones)))
    assert_same(
        arrays.conv3d(image[None], ones[None], padding=(1, 0, 0)),
        F.conv3d(to_torch(image[None]), to_torch(ones[None]), padding=(1, 0, 0)),
    )
    target = np.array([0])
    assert_same(arrays.cross_entropy(row[None], target), F.cross_entropy(to_torch(row[None]), to_torch(target)))
    large = np.full((1, 2, 2), 6e4, np.float16)
    pairs = np.ones((1, 2, 1, 1), np.float16)
    assert np.isinf(arrays.conv2d(large.reshape(1, 2, 2, 1), pairs)).all()
    assert np.isinf(arrays.conv_transpose2d(large.reshape(1, 2, 2, 1), pairs.swapaxes(0, 1))).all()
    assert np.isfinite(arrays.avg_pool2d(large, 2)).all()

"""Tensors in the dtype of another (new_*), sizes by name, filled with what fits, with strides of one's own."""

from typing import Any

from op_table import Bad, Row, bad, row

X = (2, 3)


def _facts(x: Any) -> Any:
    return tuple(x.shape), x.stride(), x.zero_()


ROWS: list[Row] = [
    row(
        "new_zeros: size",
        lambda T, F, x: (x.new_zeros(size=X), x.new_zeros(X), x.new_zeros([])),
        X,
        order=0,
        ints="uint8 bool",
    ),
    row("new_ones: size", lambda T, F, x: (x.new_ones(size=X), x.new_ones(2, dtype=T.int8)), X, order=0, ints="int64"),
    row("new_full", lambda T, F, x: x.new_full(size=X, fill_value=3.7), X, order=0, ints="int64 int16 uint8 bool"),
    row("new_full: dtype", lambda T, F, x: x.new_full((2,), True, dtype=T.float64), X, order=0),
    row("new_full: a tensor", lambda T, F, x: x.new_full((2,), T.tensor(2)), X, order=0),
    row("new_tensor", lambda T, F, x: (x.new_tensor([[1.7]]), x.new_tensor(T.arange(3))), X, order=0, ints="int64"),
    row("new_empty: strides", lambda T, F, x: (*_facts(x.new_empty(X)), *_facts(x.new_empty((3, 0)))[::2]), X, order=0),
    row("new_empty_strided", lambda T, F, x: _facts(x.new_empty_strided((2, 3), (1, 2))), X, order=0, ints="int64"),
    row("empty_strided", lambda T, F: _facts(T.empty_strided((2, 3), (1, 4), dtype=T.int32)), order=0),
    row("empty_strided: nothing", lambda T, F: T.empty_strided((2, 0), (1, 4)), order=0),
    row("new_*: requires_grad", lambda T, F, x: x.new_zeros(2, requires_grad=True).requires_grad, X, order=0),
    row("zeros, ones, empty: size", lambda T, F: (T.zeros(size=X), T.ones(size=(2,)), T.empty(size=(0,))), order=0),
    row("full: a tensor", lambda T, F: (T.full((2,), T.tensor(2.5)), T.full((2,), T.tensor(2))), order=0),
    row("full: uint8 wraps a negative", lambda T, F: T.full((2,), -3, dtype=T.uint8), order=0),
    row("arange: names", lambda T, F: (T.arange(end=3), T.arange(start=1, end=4, step=2)), order=0),
]

BAD: list[Bad] = [
    bad("new_zeros: nothing", lambda T, F, x: x.new_zeros(), X, match="zeros: size"),
    bad("new_zeros: negative", lambda T, F, x: x.new_zeros(-1), X, match=r"zeros: size \(=\[-1\]\)"),
    bad("new_zeros: a text", lambda T, F, x: x.new_zeros("a"), X, match="sizes must be ints"),
    bad("new_full: an int", lambda T, F, x: x.new_full(2, 3.0), X, match=r"full: size \(=2\)"),
    bad("new_full: too large", lambda T, F, x: x.byte().new_full((2,), 300), X, match=r"full: value \(=300\)"),
    bad("full: half", lambda T, F: T.full((2,), 1e6, dtype=T.float16), match=r"full: value"),
    bad("full_like: too large", lambda T, F, x: T.full_like(x.half(), 1e6), X, match=r"full_like: value"),
    bad("empty_strided: lengths", lambda T, F: T.empty_strided((2, 3), (1,)), match="empty_strided: stride"),
    bad("empty_strided: size", lambda T, F: T.empty_strided((2, -3), (1, 2)), match="empty_strided: size"),
    bad("empty_strided: stride", lambda T, F: T.empty_strided((2, 3), (-1, 2)), match="empty_strided: stride"),
]

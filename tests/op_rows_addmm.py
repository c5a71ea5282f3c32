"""mv, dot, outer, the products added to a tensor, and tensordot."""

from typing import Any

from op_table import Bad, Row, bad, both, ints, mask, row

A, B = (2, 3, 4), (2, 4, 5)


def in_place(name: str, *inputs: Any) -> Row:
    """name_ on a copy of the first input, which it returns."""

    def f(T: Any, F: Any, x: Any, y: Any, z: Any) -> Any:
        w = x * 1
        again = getattr(w, name)(y, z, beta=0.5, alpha=2)
        return w * x, again is w

    return row(name, f, *inputs, covers=(f"Tensor.{name}",), zero=())


ROWS: list[Row] = [
    both("mv", [(3, 4), (4,)], half=True, ints="int64 int32"),
    both("mv", [(20, 500), (500,)], long_sum=True),
    row("mv: transposed", lambda T, F, x, v: x.t().mv(v), (4, 3), (4,)),
    both("dot", [(5,), (5,)], half=True, ints="int64 int32"),
    both("dot", [(900,), (900,)], long_sum=True),
    row("dot: with itself", lambda T, F, x: x.dot(x), (5,)),
    both("outer", [(3,), (4,)], half=True, ints="int64 bool"),
    row("outer: promoted", lambda T, F, x, n: T.outer(n, x), (3,), ints((4,), 0, 5)),
    both("addmm", [(5,), (3, 4), (4, 5)], half=True, ints="int64 int32"),
    both("addmm", [(3, 5), (3, 4), (4, 5)], beta=0.5, alpha=-2),
    both("addmm", [(3, 1), (3, 4), (4, 5)], beta=2),
    both("addmm", [(), (3, 4), (4, 5)]),
    both("addmm", [(3, 5), (3, 4), (4, 5)], beta=0),
    both("addmm", [(3, 5), (3, 4), (4, 5)], alpha=0),
    both("addmm", [(20,), (30, 700), (700, 20)], long_sum=True),
    row(
        "addmm: NaN left out",
        lambda T, F, x, y: T.addmm(T.full((2,), float("nan"), dtype=x.dtype), x, y, beta=0),
        (3, 4),
        (4, 2),
        zero=(),
    ),
    both("addmm", [ints((5,), 0, 9), ints((3, 4), -3, 4), ints((4, 5), -3, 4)], beta=2, alpha=3, order=0),
    both("addmv", [(3,), (3, 4), (4,)], half=True, ints="int64"),
    both("addmv", [(1,), (3, 4), (4,)], beta=0.5, alpha=-2),
    both("addmv", [(), (3, 4), (4,)], beta=0),
    both("addbmm", [(3, 5), A, B], ints="int64"),
    both("addbmm", [(5,), A, B], beta=0.5, alpha=-2),
    both("addbmm", [(3, 5), (7, 3, 60), (7, 60, 5)], long_sum=True),
    both("baddbmm", [(2, 3, 5), A, B], half=True, ints="int64"),
    both("baddbmm", [(5,), A, B], beta=0.5, alpha=-2),
    both("baddbmm", [(2, 1, 5), A, B], beta=0),
    in_place("addmm_", (3, 5), (3, 4), (4, 5)),
    in_place("addmv_", (3,), (3, 4), (4,)),
    in_place("addbmm_", (3, 5), A, B),
    in_place("baddbmm_", (2, 3, 5), A, B),
    row("tensordot: 1", lambda T, F, x, y: T.tensordot(x, y, 1), (3, 4), (4, 5), half=True, ints="int64"),
    row("tensordot: default", lambda T, F, x, y: T.tensordot(x, y), (2, 3, 4), (3, 4, 5)),
    row("tensordot: 0", lambda T, F, x, y: T.tensordot(x, y, dims=0), (2, 3), (4,)),
    row("tensordot: lists", lambda T, F, x, y: T.tensordot(x, y, dims=([2, 0], [0, 1])), (2, 3, 4), (4, 2, 5)),
    row("tensordot: negative", lambda T, F, x, y: T.tensordot(x, y, ([-1], [-2])), (3, 4), (4, 5)),
    row("tensordot: a tensor", lambda T, F, x, y: T.tensordot(x, y, T.tensor([[1], [0]])), (3, 4), (4, 5)),
    row("tensordot: all", lambda T, F, x, y: T.tensordot(x, y, 2), (3, 4), (3, 4)),
    row("tensordot: length 1", lambda T, F, x, y: T.tensordot(x, y, 1), (3, 1), (4, 5), zero=()),
    row("tensordot: numbers", lambda T, F, x, y: T.tensordot(x, y, 0), (), ()),
    row("tensordot: long", lambda T, F, x, y: T.tensordot(x, y, 2), (6, 20, 30), (20, 30, 5), long_sum=True),
]

BAD: list[Bad] = [
    bad("mv: sizes", lambda T, F, x, v: x.mv(v), (3, 4), (3,), match=r"mv: shapes \(=\[3, 4\] and \[3\]\)"),
    bad("mv: rank", lambda T, F, x, y: x.mv(y), (3, 4), (4, 5), match="mv: input and vec"),
    bad("mv: dtype", lambda T, F, x, v: x.mv(v.double()), (3, 4), (4,), match="mv: other"),
    bad("mv: bool", lambda T, F, m, n: m.mv(n), mask((3, 4)), mask((4,)), match="mv: input"),
    bad("dot: sizes", lambda T, F, x, v: x.dot(v), (3,), (4,), match="dot: shapes"),
    bad("dot: rank", lambda T, F, x, v: x.dot(v), (3, 4), (4,), match="dot: input and tensor"),
    bad("dot: dtype", lambda T, F, x: x.dot(x.double()), (3,), match="dot: other"),
    bad("outer: rank", lambda T, F, x, v: T.outer(x, v), (3, 4), (4,), match="outer: input"),
    bad("addmm: input", lambda T, F, c, x, y: T.addmm(c, x, y), (4,), (3, 4), (4, 5), match="addmm: input"),
    bad("addmm: input rank", lambda T, F, c, x, y: T.addmm(c, x, y), (1, 3, 5), (3, 4), (4, 5), match="addmm: input"),
    bad("addmm: sizes", lambda T, F, c, x, y: T.addmm(c, x, y), (5,), (3, 4), (3, 5), match="addmm: shapes"),
    bad("addmm: rank", lambda T, F, c, x, y: T.addmm(c, x, y), (5,), (3, 4), (4,), match="addmm: mat2"),
    bad("addmm: dtype", lambda T, F, c, x, y: T.addmm(c.double(), x, y), (5,), (3, 4), (4, 5), match="input.dtype"),
    bad("addmm: dtypes", lambda T, F, c, x, y: T.addmm(c, x, y.double()), (5,), (3, 4), (4, 5), match="addmm: other"),
    bad("addmm: bool", lambda T, F, m: T.addmm(m, m, m), mask((3, 3)), match="addmm: input"),
    bad("addmm_: grows", lambda T, F, c, x, y: (c * 1).addmm_(x, y), (5,), (3, 4), (4, 5), match="addmm_"),
    bad("addmv: input", lambda T, F, c, x, v: T.addmv(c, x, v), (2,), (3, 4), (4,), match="addmv: input"),
    bad("addmv: rank", lambda T, F, c, x, v: T.addmv(c, x, v), (3,), (3, 4), (4, 2), match="addmv: vec"),
    bad("addbmm: batches", lambda T, F, c, x, y: T.addbmm(c, x, y), (5,), A, (1, 4, 5), match="addbmm: batch2"),
    bad("addbmm: sizes", lambda T, F, c, x, y: T.addbmm(c, x, y), (5,), A, A, match="addbmm: shapes"),
    bad("addbmm: rank", lambda T, F, c, x, y: T.addbmm(c, x, y), (5,), (3, 4), B, match="addbmm: batch1"),
    bad("baddbmm: batches", lambda T, F, c, x, y: T.baddbmm(c, x, y), (5,), A, (1, 4, 5), match="baddbmm: batch2"),
    bad("baddbmm: rank", lambda T, F, c, x, y: T.baddbmm(c, x, y), (5,), (3, 4), B, match="baddbmm: batch1"),
    bad("baddbmm: input", lambda T, F, c, x, y: T.baddbmm(c, x, y), (4,), A, B, match="baddbmm: input"),
    bad("tensordot: sizes", lambda T, F, x, y: T.tensordot(x, y, ([0], [0])), (3, 4), (4, 5), match="tensordot: dims"),
    bad("tensordot: negative count", lambda T, F, x: T.tensordot(x, x, -1), (3, 3), match=r"dims \(=-1\)"),
    bad("tensordot: many", lambda T, F, x: T.tensordot(x, x, 3), (3, 3), match=r"tensordot: dims \(=3\)"),
    bad("tensordot: lengths", lambda T, F, x: T.tensordot(x, x, ([0, 1], [0])), (3, 3), match="tensordot: dims"),
    bad("tensordot: range", lambda T, F, x: T.tensordot(x, x, ([2], [0])), (3, 3), match=r"dim \(=2\)"),
    bad("tensordot: twice", lambda T, F, x: T.tensordot(x, x, ([0, 0], [0, 1])), (3, 3), match="tensordot: dim"),
    bad("tensordot: dtype", lambda T, F, x: T.tensordot(x, x.double(), 1), (3, 3), match=r"tensordot: b\.dtype"),
    bad("tensordot: None", lambda T, F, x: T.tensordot(x, x, None), (3, 3), match="tensordot: dims"),
    bad("tensordot: ints in a list", lambda T, F, x: T.tensordot(x, x, [1, 0]), (3, 3), match="tensordot: dims"),
]

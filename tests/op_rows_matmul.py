"""matmul, mm, bmm and F.linear: float32 sums of products are judged against float64 beside torch."""

from op_table import Bad, Row, bad, both, ints, row

ROWS: list[Row] = [
    both("mm", [(3, 4), (4, 5)], half=True, ints="int64 int32"),
    both("mm", [(40, 300), (300, 20)], long_sum=True),
    both("mm", [(1, 832), (832, 7)], long_sum=True),
    both("bmm", [(2, 3, 4), (2, 4, 5)], half=True, ints="int64"),
    both("bmm", [(3, 20, 150), (3, 150, 9)], long_sum=True),
    both("matmul", [(3, 4), (4, 5)], half=True, ints="int64"),
    both("matmul", [(4,), (4,)], ints="int64"),
    both("matmul", [(3, 4), (4,)]),
    both("matmul", [(4,), (4, 5)]),
    both("matmul", [(2, 3, 4), (4, 5)]),
    both("matmul", [(2, 3, 4), (4,)]),
    both("matmul", [(4,), (2, 4, 5)]),
    both("matmul", [(3, 4), (2, 4, 5)]),
    both("matmul", [(6, 1, 3, 4), (2, 4, 5)]),
    both("matmul", [(2, 1, 3, 4), (1, 5, 4, 2)]),
    both("matmul", [(64, 500), (500, 30)], long_sum=True, label="matmul: long"),
    row("operator @", lambda T, F, x, y: x @ y, (3, 4), (4, 2)),
    row("x @ x.T", lambda T, F, x: x @ x.T, (3, 4)),
    row("transposed @ transposed", lambda T, F, x, y: x.T @ y.T, (4, 3), (5, 4)),
    row("slices @ slices", lambda T, F, x, y: x[::2, 1:] @ y[:, ::3], (6, 5), (4, 7)),
    row("chain of products", lambda T, F, x, y, z: (x @ y) @ z, (3, 4), (4, 5), (5, 2)),
    row("F.linear", lambda T, F, x, w, b: F.linear(x, w, b), (5, 4), (3, 4), (3,), half=True),
    row("F.linear: no bias", lambda T, F, x, w: F.linear(x, w), (5, 4), (3, 4)),
    row("F.linear: 1-d", lambda T, F, x, w, b: F.linear(x, w, b), (4,), (3, 4), (3,)),
    row("F.linear: 3-d", lambda T, F, x, w, b: F.linear(x, w, b), (2, 5, 4), (3, 4), (3,)),
    row("F.linear: 1-d weight", lambda T, F, x, w: F.linear(x, w), (5, 4), (4,)),
    row("F.linear: long", lambda T, F, x, w, b: F.linear(x, w, b), (32, 400), (120, 400), (120,), long_sum=True),
]

BAD: list[Bad] = [
    bad("mm: sizes", lambda T, F, x, y: T.mm(x, y), (2, 3), (2, 3), match=r"mm: .*2x3 and 2x3"),
    bad("mm: rank", lambda T, F, x, y: T.mm(x, y), (2, 3), (3,), match="mm"),
    bad("bmm: batch", lambda T, F, x, y: T.bmm(x, y), (2, 3, 4), (3, 4, 5), match="bmm"),
    bad("bmm: rank", lambda T, F, x, y: T.bmm(x, y), (2, 3), (3, 4), match="bmm"),
    bad("matmul: sizes", lambda T, F, x, y: x @ y, (2, 3), (4, 2), match="matmul"),
    bad("matmul: vectors", lambda T, F, x, y: x @ y, (3,), (4,), match="matmul"),
    bad("matmul: batches", lambda T, F, x, y: x @ y, (2, 3, 4), (3, 4, 5), match="matmul"),
    bad("matmul: 0-d", lambda T, F, x, y: x @ y, (), (3,), match="matmul"),
    bad("matmul: dtypes", lambda T, F, x, n: x @ n, (2, 3), ints((3, 2), 0, 4), match="matmul"),
    bad("F.linear: sizes", lambda T, F, x, w: F.linear(x, w), (2, 3), (4, 5), match="linear"),
    bad("F.linear: bias", lambda T, F, x, w, b: F.linear(x, w, b), (2, 3), (4, 3), (5,), match="linear"),
    bad("F.linear: dtypes", lambda T, F, x, w: F.linear(x, w.double()), (2, 3), (4, 3), match="linear"),
]

"""norm, linalg.norm, linalg.vector_norm, linalg.matrix_norm."""

from typing import Any

from op_table import Bad, Row, bad, both, ints, row, vals

X, X3, INF = (3, 4), (2, 3, 4), float("inf")
ORDERS = (2, 1, 0, 3, 2.5, 1.5, 0.5, -1, INF, -INF)
ZERO = [[0.0, 0.0, 0.0], [1.0, 0.0, -2.0], [0.0, 0.0, 3.0]]
TIED = [[1.0, -3.0, 3.0], [-2.0, 2.0, 2.0], [0.5, -1.0, 0.0]]


def vector(ord: Any, *inputs: Any, label: str = "", dim: Any = None, keepdim: bool = False, **options: Any) -> Row:
    return row(
        label or f"vector_norm {ord} {dim or ''}",
        lambda T, F, x: T.linalg.vector_norm(x, ord, dim, keepdim),
        *inputs,
        **options,
    )


ROWS: list[Row] = []
for p in ORDERS:
    smooth = 2 if p else 0
    ROWS += [
        both("norm", [X], p, order=smooth),
        both("norm", [X3], p, 1, order=smooth),
        both("norm", [X3], p, (0, 2), True, order=smooth),
        vector(p, X3, order=smooth),
        vector(p, X3, dim=(0, -1), order=smooth),
        vector(p, X3, dim=1, keepdim=True, label=f"vector_norm {p}: keepdim", order=smooth),
    ]
for p in (2, 3, 1, INF):
    ROWS.append(vector(p, vals(ZERO), dim=1, label=f"vector_norm {p}: zeros", order=1))
for p in (INF, -INF, 1):
    ROWS.append(vector(p, vals(TIED), dim=1, label=f"vector_norm {p}: ties"))
ROWS += [
    both("norm", [X3], half=True),
    both("norm", [X3], dim=1),
    both("norm", [X3], keepdim=True),
    both("norm", [X3], None, label="norm: None"),
    both("norm", [X3], "fro", (0, 1), label="norm: fro"),
    both("norm", [X3], 2, (), label="norm: no dim named"),
    both("norm", [()], label="norm: 0-d"),
    both("norm", [()], 2, 0, label="norm: 0-d with dim"),
    both("norm", [(40, 90)], label="norm: long", long_sum=True),
    both("norm", [vals(ZERO)], 2, 1, label="norm: zeros", order=1),
    row("norm: dtype", lambda T, F, x: T.norm(x, dtype=T.float64), X),
    row("vector_norm: dtype", lambda T, F, x: T.linalg.vector_norm(x, 3, dtype=T.float64), X),
    row("vector_norm", lambda T, F, x: T.linalg.vector_norm(x), X3, half=True),
    row("linalg.norm", lambda T, F, x: T.linalg.norm(x), X3, half=True),
    row("linalg.norm: dims", lambda T, F, x: T.linalg.norm(x, dim=(0, 1)), X3),
    row("linalg.norm: dim", lambda T, F, x: T.linalg.norm(x, 3, dim=1, keepdim=True), X3),
    row("linalg.norm: 1-d", lambda T, F, x: T.linalg.norm(x, INF), (5,)),
    row("linalg.norm: dtype", lambda T, F, x: T.linalg.norm(x, "fro", dtype=T.float64), X),
    row("matrix_norm", lambda T, F, x: T.linalg.matrix_norm(x), X3),
]
for p in ("fro", 1, -1, INF, -INF):
    ROWS += [
        row(f"linalg.norm: matrix {p}", lambda T, F, x, p=p: T.linalg.norm(x, p), X),
        row(f"linalg.norm: matrices {p}", lambda T, F, x, p=p: T.linalg.norm(x, p, dim=(0, 2)), X3),
        row(f"linalg.norm: matrices {p}, turned", lambda T, F, x, p=p: T.linalg.norm(x, p, (2, 0), True), X3),
        row(f"matrix_norm {p}", lambda T, F, x, p=p: T.linalg.matrix_norm(x, p), X3),
    ]

BAD: list[Bad] = [
    bad("norm: ints", lambda T, F, n: T.norm(n), ints((3,), 0, 4), match="norm: input.dtype"),
    bad("norm: dim", lambda T, F, x: T.norm(x, 2, 2), X, match="norm: dim"),
    bad("norm: dim twice", lambda T, F, x: T.norm(x, 2, (1, 1)), X, match="norm: dim"),
    bad("norm: fro of 3 dims", lambda T, F, x: T.norm(x, "fro", (0, 1, 2)), X3, match="2-tuple"),
    bad("norm: text", lambda T, F, x: T.norm(x, "a"), X, match="Order a not supported"),
    bad("norm: inf of nothing", lambda T, F, x: T.norm(x, INF), (0,), match="nothing to reduce"),
    bad("vector_norm: ints", lambda T, F, n: T.linalg.vector_norm(n), ints((3,), 0, 4), match="input.dtype"),
    bad("vector_norm: text", lambda T, F, x: T.linalg.vector_norm(x, "fro"), X, match="vector_norm: ord"),
    bad("vector_norm: dim", lambda T, F, x: T.linalg.vector_norm(x, 2, 2), X, match="vector_norm: dim"),
    bad("vector_norm: nothing", lambda T, F, x: T.linalg.vector_norm(x, -1, 1), (2, 0), match="nothing to reduce"),
    bad("vector_norm: dtype", lambda T, F, x: T.linalg.vector_norm(x, dtype=T.int64), X, match="dtype"),
    bad("vector_norm: narrows", lambda T, F, x: T.linalg.vector_norm(x.double(), dtype=T.float32), X, match="narrow"),
    bad("linalg.norm: 3-d with order", lambda T, F, x: T.linalg.norm(x, 2), X3, match="1D or 2D"),
    bad("linalg.norm: 3 dims", lambda T, F, x: T.linalg.norm(x, 2, (0, 1, 2)), X3, match="length 1 or 2"),
    bad("linalg.norm: order", lambda T, F, x: T.linalg.norm(x, 3), X, match="Order 3 not supported"),
    bad("linalg.norm: fro of one dim", lambda T, F, x: T.linalg.norm(x, "fro", 1), X, match="2-tuple"),
    bad("matrix_norm: 1-d", lambda T, F, x: T.linalg.matrix_norm(x), (3,), match="2 dimensions"),
    bad("matrix_norm: one dim", lambda T, F, x: T.linalg.matrix_norm(x, "fro", (1, 1)), X, match="different"),
]

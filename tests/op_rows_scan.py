"""cumsum, cumprod."""

from op_rows_inplace import step
from op_table import Bad, Row, bad, both, ints, row, vals

WHOLE = "int64 int32 int8 uint8 bool"
X3 = (2, 3, 4)
ZEROS = [[1.5, 0.0, 2.0, -1.0], [0.0, 0.0, 3.0, 2.0], [-2.0, 3.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]]
NANS = [[1.0, float("nan"), 3.0], [float("inf"), 2.0, -1.0]]
ROWS: list[Row] = []
BAD: list[Bad] = []
for name in ("cumsum", "cumprod"):
    ROWS += [
        both(name, [X3], 1, half=True, ints=WHOLE),
        both(name, [X3], -1),
        both(name, [X3], dim=0),
        both(name, [()], 0, label=f"{name}: 0-d"),
        both(name, [(1,)], 0, label=f"{name}: one element"),
        both(name, [vals(ZEROS)], 1, label=f"{name}: zeros"),
        both(name, [vals(ZEROS)], 0, label=f"{name}: zeros, columns"),
        both(name, [vals(NANS)], 1, label=f"{name}: NaN", order=0),
        row(f"{name}: to float64", lambda T, F, x, n=name: getattr(T, n)(x, 1, dtype=T.float64), X3),
        row(
            f"{name}: ints to float",
            lambda T, F, x, n=name: getattr(T, n)(x, 1, dtype=T.float32),
            ints(X3, 1, 4),
            order=0,
        ),
        step(name, X3, args=(1,)),
        row(
            f"{name}_: ints",
            lambda T, F, x, n=name: getattr(x.clone(), f"{n}_")(0),
            (3, 2),
            order=0,
            ints="int64 int32 uint8",
        ),
        row(f"{name}: of a slice", lambda T, F, x, n=name: getattr(x[:, ::2], n)(1), X3, zero=()),
    ]
    BAD += [
        bad(f"{name}: dim", lambda T, F, x, n=name: getattr(T, n)(x, 2), (2, 3), match=rf"{name}: dim \(=2\)"),
        bad(f"{name}: dims", lambda T, F, x, n=name: getattr(T, n)(x, (0, 1)), (2, 3), match=f"{name}: dim"),
        bad(f"{name}: no dim", lambda T, F, x, n=name: getattr(T, n)(x), (2, 3), match="dim"),
        bad(f"{name}: no tensor", lambda T, F, n=name: getattr(T, n)(2.0, 0), match=f"{name}: input"),
    ]
ROWS += [
    both("cumsum", [(3, 3000)], 1, long_sum=True, label="cumsum: long"),
    row("cumprod: twice", lambda T, F, x: x.cumprod(1).cumprod(0), vals(ZEROS)),
]

"""amax, amin, aminmax, and the named tuples of max and min (whose other rows stand with the reductions)."""

from op_table import Bad, Row, bad, both, row, vals

WHOLE = "int64 int32 int8 uint8 bool"
X3 = (2, 3, 4)
TIED = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, 0.0]]
NANS = [[1.0, float("nan"), 3.0, float("nan")], [2.0, 5.0, float("inf"), 5.0], [float("-inf")] * 4]
ROWS: list[Row] = []
BAD: list[Bad] = []
for name in ("amax", "amin"):
    ROWS += [
        both(name, [X3], half=True, ints=WHOLE),
        both(name, [X3], 1, half=True, ints=WHOLE, label=f"{name}: dim"),
        both(name, [X3], (0, 2)),
        both(name, [X3], [0, -1], True, label=f"{name}: keepdim"),
        both(name, [X3], dim=-1, keepdim=True),
        both(name, [X3], (), label=f"{name}: no dim named"),
        both(name, [vals(TIED)], label=f"{name}: ties share"),
        both(name, [vals(TIED)], 1, label=f"{name}: ties, dim"),
        both(name, [vals(TIED)], (0, 1), label=f"{name}: ties, dims"),
        both(name, [vals(NANS)], label=f"{name}: NaN", order=1),
        both(name, [vals(NANS)], 1, label=f"{name}: NaN, dim", order=1),
        both(name, [()], label=f"{name}: 0-d"),
        both(name, [()], 0, label=f"{name}: 0-d with dim"),
    ]
    BAD += [
        bad(f"{name}: empty", lambda T, F, x, n=name: getattr(T, n)(x), (0,), match=f"{name}: input"),
        bad(f"{name}: no dim, empty", lambda T, F, x, n=name: getattr(T, n)(x, ()), (2, 0), match=f"{name}: input"),
        bad(f"{name}: empty dim", lambda T, F, x, n=name: getattr(T, n)(x, 1), (2, 0), match=f"{name}: dim"),
        bad(f"{name}: dim", lambda T, F, x, n=name: getattr(T, n)(x, 2), (2, 3), match=f"{name}: dim"),
        bad(f"{name}: dim twice", lambda T, F, x, n=name: getattr(T, n)(x, (1, 1)), (2, 3), match=f"{name}: dim"),
    ]
ROWS += [
    both("aminmax", [X3], half=True, ints=WHOLE),
    both("aminmax", [X3], dim=1, half=True, ints=WHOLE),
    both("aminmax", [X3], dim=-1, keepdim=True),
    both("aminmax", [X3], keepdim=True),
    both("aminmax", [vals(TIED)], dim=1, label="aminmax: ties"),
    both("aminmax", [vals(NANS)], dim=1, label="aminmax: NaN", order=1),
    both("aminmax", [()], dim=0, label="aminmax: 0-d"),
    row("aminmax: names", lambda T, F, x: x.aminmax().max - T.aminmax(x, dim=1).min, X3),
]
BAD += [
    bad("aminmax: empty", lambda T, F, x: T.aminmax(x), (0,), match="aminmax: input"),
    bad("aminmax: empty dim", lambda T, F, x: T.aminmax(x, dim=1), (2, 0), match="aminmax: dim"),
    bad("aminmax: dim", lambda T, F, x: T.aminmax(x, dim=2), (2, 3), match="aminmax: dim"),
    bad("aminmax: dim by place", lambda T, F, x: T.aminmax(x, 1), (2, 3), match="argument"),
]
for name in ("max", "min", "median", "sort"):
    ROWS.append(
        row(
            f"{name}: a tuple with names",
            lambda T, F, x, n=name: (getattr(T, n)(x, 1).values, getattr(x, n)(0).indices, *getattr(x, n)(dim=-1)),
            (2, 3),
        )
    )

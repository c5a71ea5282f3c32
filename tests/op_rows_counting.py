"""all, any, count_nonzero, bincount."""

from op_table import Bad, Row, bad, both, const, ints, mask, row, vals

X3 = (2, 3, 4)
WHOLE = "int64 int32 int8 uint8 bool float16"
SOME = vals([[0.0, -0.0, 0.0], [1.0, 0.0, float("nan")], [1.0, -2.0, float("inf")]])
ROWS: list[Row] = []
for name in ("all", "any"):
    ROWS += [
        both(name, [X3], order=0, ints=WHOLE),
        both(name, [X3], 1, order=0, ints=WHOLE, label=f"{name}: dim"),
        both(name, [X3], -1, True, order=0),
        both(name, [X3], dim=(0, 2), keepdim=True, order=0),
        both(name, [X3], [0, 1], order=0),
        both(name, [X3], (), order=0, label=f"{name}: no dim named", ints="uint8"),
        both(name, [SOME], 1, order=0, label=f"{name}: zeros, NaN"),
        both(name, [mask((4, 5))], 0, order=0, label=f"{name}: bools"),
        both(name, [()], order=0, label=f"{name}: 0-d"),
        row(f"{name}: keepdim alone", lambda T, F, x, n=name: getattr(T, n)(x, keepdim=True), X3, order=0),
    ]
ROWS += [
    both("count_nonzero", [X3], order=0, ints=WHOLE),
    both("count_nonzero", [X3], 1, order=0, ints=WHOLE, label="count_nonzero: dim"),
    both("count_nonzero", [X3], dim=(0, 2), order=0),
    both("count_nonzero", [SOME], 1, order=0, label="count_nonzero: zeros, NaN"),
    both("count_nonzero", [()], order=0, label="count_nonzero: 0-d"),
    both("bincount", [ints((9,), 0, 5)], order=0, zero=(0,)),
    both("bincount", [ints((9,), 0, 5)], minlength=8, order=0),
    both("bincount", [ints((9,), 0, 5), const((9,))], order=0, label="bincount: weights"),
    both("bincount", [ints((9,), 0, 5), const((9,))], 7, order=0, label="bincount: weights, minlength"),
    both("bincount", [ints((9,), 0, 5), ints((9,), 0, 4)], order=0, label="bincount: int weights"),
    row("bincount: bytes", lambda T, F, n: T.bincount(n.byte()), ints((9,), 0, 5), order=0, zero=()),
    row("bincount: half weights", lambda T, F, n, x: n.bincount(x.half()), ints((9,), 0, 5), (9,), order=0, zero=()),
]
BAD: list[Bad] = [
    bad("all: dim", lambda T, F, x: T.all(x, 2), (2, 3), match="all: dim"),
    bad("any: dim twice", lambda T, F, x: T.any(x, (0, 0)), (2, 3), match="any: dim"),
    bad("count_nonzero: dim", lambda T, F, x: T.count_nonzero(x, 2), (2, 3), match="count_nonzero: dim"),
    bad("bincount: floats", lambda T, F, x: T.bincount(x), (2,), match="bincount: input.dtype"),
    bad("bincount: bools", lambda T, F, m: T.bincount(m), mask((2,)), match="bincount: input.dtype"),
    bad("bincount: negative", lambda T, F, n: T.bincount(n), ints((3,), -3, -1), match="non-negative"),
    bad("bincount: 2-d", lambda T, F, n: T.bincount(n), ints((3, 2), 0, 2), match="1-d"),
    bad("bincount: minlength", lambda T, F, n: T.bincount(n, minlength=-1), ints((3,), 0, 2), match="minlength"),
    bad("bincount: weights", lambda T, F, n, x: T.bincount(n, x), ints((3,), 0, 2), (2,), match="bincount: weights"),
    bad(
        "bincount: backward",
        lambda T, F, n, x: T.bincount(n, x).sum().backward(),
        ints((3,), 0, 2),
        (3,),
        match="derivative",
    ),
]

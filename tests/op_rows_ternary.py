"""lerp, addcmul, addcdiv, masked_fill, and clamp's one-sided forms."""

from op_rows_inplace import X, step
from op_table import Bad, Row, bad, both, ints, mask, pos, row, unit, vals

WHOLE = "int64 int8 uint8"
NAN, INF = float("nan"), float("inf")
CLAMPED = vals([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, NAN, INF, -INF])
ROWS: list[Row] = [
    both("lerp", [X, X], 0.3, half=True),
    both("lerp", [X, X], 0.75),
    both("lerp", [X, X], 2, label="lerp: beyond the end"),
    both("lerp", [X, X, unit(X)], half=True),
    both("lerp", [(3, 1), (4,), (2, 1, 1)], label="lerp: broadcast"),
    both("lerp", [X, X, ()], label="lerp: 0-d weight"),
    both("lerp", [(), ()], 0.5, label="lerp: 0-d"),
    row("lerp: 0-d double weight", lambda T, F, x, y: T.lerp(x, y, T.tensor(0.3, dtype=T.float64)), X, X),
    step("lerp", X, X, args=(0.25,)),
    step("lerp", X, (4,), X, label="lerp_ tensor"),
    both("addcmul", [X, X, X], half=True, ints=WHOLE),
    both("addcmul", [X, (4,), (3, 1)], value=-2, ints="int64"),
    both("addcmul", [X, X, ()], value=0.5, label="addcmul: 0-d"),
    row("addcmul: float and int", lambda T, F, x, n: T.addcmul(x, x, n, value=3), X, ints(X, -3, 4)),
    row("addcmul: ints by 0.5", lambda T, F, n: T.addcmul(n, n, n, value=0.5), ints(X, -3, 4), order=0),
    step("addcmul", X, X, (4,)),
    row("addcmul_: value", lambda T, F, x, y: (x * 1).addcmul_(x, y, value=2) * x, X, X),
    both("addcdiv", [X, X, pos(X)], half=True),
    both("addcdiv", [X, (4,), pos((3, 1))], value=-2),
    both("addcdiv", [X, X, pos(())], value=0.5, label="addcdiv: 0-d"),
    row("addcdiv: float and int", lambda T, F, x, n: T.addcdiv(x, x, n, value=3), X, ints(X, 1, 4), order=0),
    row("addcdiv: by 0", lambda T, F, x: T.addcdiv(x, x, x - x), X, order=1),
    step("addcdiv", X, X, pos((4,))),
    both("masked_fill", [X, mask(X)], 2.5, half=True),
    both("masked_fill", [X, mask(X)], 2, half=True, ints=f"{WHOLE} bool", label="masked_fill: int"),
    both("masked_fill", [X, mask((4,))], -INF, label="masked_fill: -inf"),
    both("masked_fill", [(4,), mask((3, 1))], 1, label="masked_fill: grows"),
    both("masked_fill", [X, mask(X), ()], label="masked_fill: tensor"),
    row("masked_fill: float into ints", lambda T, F, n, m: n.masked_fill(m, 2.7), ints(X, 0, 5), mask(X), order=0),
    row(
        "masked_fill: float tensor into ints",
        lambda T, F, n, m: n.masked_fill(m, T.tensor(2.7)),
        ints(X, 0, 5),
        mask(X),
        order=0,
    ),
    row("masked_fill: double tensor", lambda T, F, x, m: x.masked_fill(m, T.tensor(2.0).double()), X, mask(X)),
    step("masked_fill", X, mask(X), args=(3.5,)),
    step("masked_fill", X, mask((4,)), (), label="masked_fill_ tensor"),
]
for name, other in (("clamp_min", -0.2), ("clamp_max", 0.3)):
    ROWS += [
        both(name, [X], other, half=True),
        both(name, [X], 1, dtypes=("int64", "int8", "uint8", "bool"), order=0, label=f"{name}: ints"),
        both(name, [X], 0.5, dtypes=("int64",), order=0, label=f"{name}: ints by a float"),
        both(name, [X, X], label=f"{name}: tensor"),
        both(name, [X, (4,)], label=f"{name}: broadcast"),
        both(name, [CLAMPED], 1, label=f"{name}: at its bound", order=2),
        step(name, args=(other,)),
        step(name, X, (4,), label=f"{name}_ tensor"),
    ]

BAD: list[Bad] = [
    bad("lerp: dtypes", lambda T, F, x: T.lerp(x, x.double(), 0.5), (2,), match="lerp: end.dtype"),
    bad("lerp: weight's dtype", lambda T, F, x: T.lerp(x, x, x.double()), (2,), match="lerp: weight.dtype"),
    bad("lerp: ints", lambda T, F, n: T.lerp(n, n, 0.5), ints((2,), 0, 4), match="lerp: input.dtype"),
    bad("lerp: number end", lambda T, F, x: T.lerp(x, 1.0, 0.5), (2,), match="lerp: end"),
    bad("lerp: text", lambda T, F, x: T.lerp(x, x, "a"), (2,), match="lerp: weight"),
    bad("lerp: shapes", lambda T, F, x, y: T.lerp(x, y, 0.5), (2, 3), (2,), match="lerp: "),
    bad("addcmul: number", lambda T, F, x: T.addcmul(x, 1.0, x), (2,), match="addcmul: tensor1"),
    bad("addcmul: text", lambda T, F, x: T.addcmul(x, x, x, value="a"), (2,), match="addcmul: value"),
    bad("addcdiv: text", lambda T, F, x: T.addcdiv(x, x, x, value="a"), (2,), match="addcdiv: value"),
    bad("addcmul: bools", lambda T, F, m: T.addcmul(m, m, m), mask((2,)), match="addcmul: input.dtype"),
    bad("addcmul: shapes", lambda T, F, x, y: T.addcmul(x, x, y), (2, 3), (2,), match="addcmul: "),
    bad("addcdiv: ints", lambda T, F, n: T.addcdiv(n, n, n), ints((2,), 1, 4), match="Integer division"),
    bad("addcdiv: two ints", lambda T, F, x, n: T.addcdiv(x, n, n), (2,), ints((2,), 1, 4), match="Integer division"),
    bad("addcdiv: shapes", lambda T, F, x, y: T.addcdiv(x, x, y), (2, 3), (2,), match="addcdiv: "),
    bad("masked_fill: mask", lambda T, F, x: T.masked_fill(x, x, 2), (2,), match="masked_fill: mask.dtype"),
    bad("masked_fill: value", lambda T, F, x, m: T.masked_fill(x, m, x), (2,), mask((2,)), match="masked_fill: value"),
    bad("masked_fill: text", lambda T, F, x, m: T.masked_fill(x, m, "a"), (2,), mask((2,)), match="masked_fill: value"),
    bad("masked_fill: list", lambda T, F, x: T.masked_fill(x, [True, False], 1), (2,), match="masked_fill: mask"),
    bad("masked_fill: shapes", lambda T, F, x, m: T.masked_fill(x, m, 1), (2, 3), mask((2,)), match="masked_fill: "),
    bad("masked_fill: overflow", lambda T, F, m: T.zeros(2).byte().masked_fill(m, 300), mask((2,)), match="overflow"),
    bad("masked_fill_: grows", lambda T, F, m: T.zeros(4).masked_fill_(m, 1), mask((3, 4)), match="masked_fill_"),
    bad("clamp_min: None", lambda T, F, x: T.clamp_min(x, None), (2,), match="clamp_min: min"),
    bad("clamp_max: None", lambda T, F, x: T.clamp_max(x, None), (2,), match="clamp_max: max"),
    bad("clamp_min: shapes", lambda T, F, x, y: T.clamp_min(x, y), (2, 3), (2,), match="clamp_min: "),
]

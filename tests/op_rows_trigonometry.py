"""sin, cos, tan, atan2."""

from op_rows_inplace import step
from op_table import Bad, Row, bad, both, row, unit, vals

WHOLE = "int64 int8 uint8 bool"
INF, NAN = float("inf"), float("nan")
EDGES = [0.0, -0.0, 1.0, -1.0, 1.5, -2.5, INF, -INF, NAN, 1e-30, 30.0, -100.5]

ROWS: list[Row] = []
BAD: list[Bad] = []
for name in ("sin", "cos", "tan"):
    ROWS += [
        both(name, [unit((2, 3))], half=True, ints=WHOLE),
        both(name, [unit(())], label=f"{name}: 0-d"),
        both(name, [unit((3, 2, 4))], label=f"{name}: 3-d"),
        both(name, [vals(EDGES)], order=1, label=f"{name}: edges"),
        step(name, unit((3, 4))),
    ]
    BAD.append(bad(f"{name}: no tensor", lambda T, F, n=name: getattr(T, n)(2.0), match=f"{name}: input"))
POINTS = [[0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 2.0, 0.0], [1.0, -1.0, 0.0, 0.0, INF, INF, 1.0, NAN, 0.0]]
ROWS += [
    both("atan2", [(2, 3), (2, 3)], half=True, ints=WHOLE),
    both("atan2", [(2, 1, 3), (4, 1)], label="atan2: broadcast"),
    both("atan2", [(), (2, 3)], label="atan2: 0-d"),
    both("atan2", [vals(POINTS[0]), vals(POINTS[1])], order=1, label="atan2: edges"),
    row("atan2: float and int", lambda T, F, x: T.atan2(x, T.tensor([1, -2, 0])), (2, 3), zero=()),
    row("atan2: of itself", lambda T, F, x: T.atan2(x, x), (2, 3)),
    step("atan2", (3, 4), (4,)),
]
BAD += [
    bad("atan2: number", lambda T, F, x: T.atan2(x, 1.0), (2,), match="atan2: other"),
    bad("atan2: shapes", lambda T, F, x, y: T.atan2(x, y), (2, 3), (2,), match="atan2: "),
    bad("atan2_: grows", lambda T, F, x, y: (x * 1).atan2_(y), (3,), (2, 3), match="atan2_"),
]

"""floor, ceil, round, trunc, floor_divide, remainder, fmod and their operators."""

from typing import Any

from op_rows_inplace import step
from op_table import Bad, Row, bad, between, both, ints, mask, pos, row, vals

WHOLE = "int64 int32 int8 uint8"
INF, NAN = float("inf"), float("nan")
EDGES = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, INF, -INF, NAN, 1e10, -3.2]
TOP = [5.0, -5.0, 5.0, -5.0, 0.0, 1.0, INF, 3.0, -3.0, NAN, 2.0, 6.0]
BELOW = [3.0, 3.0, -3.0, -3.0, 2.0, 0.0, 2.0, INF, INF, 1.0, NAN, 3.0]

ROWS: list[Row] = []
BAD: list[Bad] = []
for name in ("floor", "ceil", "round", "trunc"):
    ROWS += [
        both(name, [between((3, 4), -5, 5)], half=True, ints=WHOLE),
        both(name, [vals(EDGES)], label=f"{name}: edges"),
        both(name, [()], label=f"{name}: 0-d"),
        step(name),
    ]
    BAD += [
        bad(f"{name}: bool", lambda T, F, m, n=name: getattr(T, n)(m), mask((2,)), match=f"{name}: input.dtype"),
        bad(f"{name}: no tensor", lambda T, F, n=name: getattr(T, n)(2.0), match=f"{name}: input"),
    ]
for decimals in (1, 2, -1):
    ROWS.append(both("round", [between((3, 4), -50, 50)], decimals=decimals))
ROWS += [
    row("round: decimals 0", lambda T, F, x: T.round(x, decimals=0), between((3, 4), -50, 50)),
    row("round_: decimals", lambda T, F, x: (x * 1).round_(decimals=1) * x, between((3, 4), -5, 5)),
]
BAD += [bad("round: half a decimal", lambda T, F, x: T.round(x, decimals=1.5), (2,), match="decimals")]
BAD += [bad("round: ints to decimals", lambda T, F, n: T.round(n, decimals=1), ints((2,), 0, 5), match="decimals")]

for name in ("floor_divide", "remainder", "fmod"):
    order = 0 if name == "floor_divide" else 2
    ROWS += [
        both(name, [between((2, 3), -9, 9), pos((2, 3))], order=order, half=True, zero=(0,)),
        both(name, [ints((4, 5), -20, 20), ints((4, 5), 1, 6)], order=0, label=f"{name}: ints", zero=()),
        both(name, [ints((4, 5), -20, 20), ints((4, 5), -6, -1)], order=0, label=f"{name}: negative ints", zero=()),
        both(name, [between((4, 1, 3), -9, 9), pos((2, 1))], order=order, label=f"{name}: broadcast"),
        both(name, [(2, 3)], 2.5, order=order, half=True, label=f"{name}: number"),
        both(name, [(2, 3)], -3, order=order, ints="int64 int8", label=f"{name}: int number"),
        both(name, [(2, 3)], 4, order=0, dtypes=("uint8", "bool"), label=f"{name}: small ints by a number"),
        both(name, [vals(TOP), vals(BELOW)], order=order and 1, label=f"{name}: edges"),
        both(name, [(), pos(())], order=order, label=f"{name}: 0-d"),
        row(
            f"{name}: int by float",
            lambda T, F, n, x, f=name: getattr(T, f)(n, x),
            ints((2, 3), -9, 9),
            pos((3,)),
            order=0,
            zero=(),
        ),
        step(name, between((3, 4), -9, 9), pos((4,)), order=order),
        step(name, args=(2,), order=order),
    ]
    BAD += [
        bad(f"{name}: ints by 0", lambda T, F, n, f=name: getattr(T, f)(n, n - n), ints((3,), 1, 4), match="zero"),
        bad(f"{name}: ints by number 0", lambda T, F, n, f=name: getattr(T, f)(n, 0), ints((3,), 1, 4), match="zero"),
        bad(f"{name}: bools", lambda T, F, m, f=name: getattr(T, f)(m, m), mask((2,)), match=f"{name}: input.dtype"),
        bad(f"{name}: shapes", lambda T, F, x, y, f=name: getattr(T, f)(x, y), (2, 3), (2,), match=f"{name}: "),
        bad(f"{name}: text", lambda T, F, x, f=name: getattr(T, f)(x, "a"), (2,), match=name),
    ]
BAD += [
    bad("fmod: number first", lambda T, F, x: T.fmod(2, x), (2,), match="fmod: input"),
    bad("floor_divide: backward", lambda T, F, x: T.floor_divide(x, 2).sum().backward(), (2,), match="derivative"),
    bad("%: text", lambda T, F, x: x % "a", (2,), match=""),
]


def _operators(T: Any, F: Any, x: Any, y: Any) -> Any:
    return x // y, x // 2, 7 // y, x % y, x % 2.5, 7 % y


def _written(T: Any, F: Any, x: Any, y: Any) -> Any:
    z = x * 1
    z %= 2.5
    z %= y
    return z * x


def _written_down(T: Any, F: Any, x: Any, y: Any) -> Any:
    z = x.detach() * 1
    z //= y.detach()
    z //= 2
    return z


ROWS += [
    row("// %", _operators, between((2, 3), -9, 9), pos((2, 3)), order=0, ints="", zero=(0,)),
    row("// %: ints", _operators, ints((2, 3), -9, 9), ints((2, 3), 1, 5), order=0, zero=()),
    row("%: gradients", lambda T, F, x, y: (x % y) * x + x % 2, between((2, 3), -9, 9), pos((3,))),
    row("%=", _written, between((2, 3), -9, 9), pos((2, 3))),
    row("//=", _written_down, between((2, 3), -9, 9), pos((2, 3)), order=0),
]

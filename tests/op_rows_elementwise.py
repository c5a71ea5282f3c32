"""Arithmetic, comparisons, where, clamp, maximum and minimum, exp, log, sqrt, sign, abs, pow, and dtype promotion."""

import itertools
from typing import Any

from op_table import Bad, Row, bad, both, ints, mask, method, pos, row, vals

ALL = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "float16", "bool")
WHOLE = "int64 int32 int8 uint8"
INF, NAN = float("inf"), float("nan")
# A GPU's kernels take what is nearer to 0 than 1.2e-38 for 0.
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, NAN, 1.2e-38, 3.0]
PAIRS = [[0.0, 1.0, 2.0, INF, NAN, 1.0, -INF, -0.0, NAN], [0.0, 1.0, 3.0, INF, 1.0, NAN, 1.0, 0.0, NAN]]

ROWS: list[Row] = []
BAD: list[Bad] = []

# Binary: broadcasting in both arguments, against 0-d, against a Python number
for name in ("add", "sub", "mul", "div"):
    whole = f"{WHOLE} bool float16" if name != "sub" else f"{WHOLE} float16"
    second: Any = pos if name == "div" else lambda shape: shape
    if name == "div":
        whole = "float16 uint8 int64"
    ROWS += [
        both(name, [(2, 3), second((2, 3))], ints=whole),
        both(name, [(4, 2, 3), second((3,))], ints=whole, label=f"{name}: trailing dimension"),
        both(name, [(3,), second((4, 2, 3))], label=f"{name}: first argument broadcast"),
        both(name, [(2, 1, 3), second((1, 4, 1))], label=f"{name}: both broadcast"),
        both(name, [(), second((2, 3))], label=f"{name}: 0-d first"),
        both(name, [(2, 3), second(())], label=f"{name}: 0-d second"),
        both(name, [(), second(())], label=f"{name}: 0-d both"),
        both(name, [(2, 3), second((1, 1, 1, 1))], label=f"{name}: more ones"),
        both(name, [(2, 3)], 3, ints=whole, label=f"{name}: int number"),
        both(name, [(2, 3)], -2.5, ints="int64 uint8 float16", label=f"{name}: float number"),
        row(f"{name}: edges", lambda T, F, x, y, n=name: getattr(T, n)(x, y), vals(PAIRS[0]), vals(PAIRS[1]), order=1),
    ]
ROWS += [
    both("add", [(2, 3), (2, 3)], alpha=2, ints=WHOLE),
    both("add", [(2, 3), (3,)], alpha=-0.5),
    both("sub", [(2, 3), (2, 3)], alpha=3, ints=WHOLE),
    both("sub", [(2, 3), (1, 3)], alpha=0.25),
    both("add", [(2, 3)], 2, alpha=3, label="add: number with alpha"),
    row("operators: tensors", lambda T, F, x, y: x + y - x * y / (2 + y * y), (2, 3), (3,), half=True),
    row("operators: numbers right", lambda T, F, x: (((x + 1) - 2.5) * 3 / 4) ** 2, (2, 3)),
    row("operators: numbers left", lambda T, F, x: 1 + (2.5 - (3 * (4 / x))), pos((2, 3))),
    row("operators: ints right", lambda T, F, x: ((x + 1) - 2) * 3, ints((2, 3), -5, 6), order=0),
    row("operators: ints left", lambda T, F, x: 1 + (2 - (3 * x)), ints((2, 3), -5, 6), order=0),
    row("operators: int over int is float", lambda T, F, x: (x / 2, 2 / x), ints((2, 3), 1, 6), order=0),
    row("operators: - + abs", lambda T, F, x: (-x, +x, abs(x)), (2, 3), half=True, ints="int64 int8"),
    row("operators: same tensor twice", lambda T, F, x: x * x + x, (2, 3)),
    row("operators: power", lambda T, F, x, y: (x**y, x**2, 2**y), pos((2, 3)), (2, 3)),
    both("div", [(2, 3), pos((3,))], rounding_mode="floor", ints=WHOLE + " float16", covers=("Tensor.div",), zero=()),
    both("div", [(2, 3), pos((3,))], rounding_mode="trunc", ints=WHOLE + " float16", zero=()),
    both("div", [(2, 3)], 2, rounding_mode="floor", ints=WHOLE, label="div: floor by a number"),
    both("div", [(2, 3)], -2, rounding_mode="trunc", ints="int64 int8", label="div: trunc by a number"),
    row("div: 0 by 0", lambda T, F, x: x / 0, vals([1.0, -1.0, 0.0, NAN]), order=1),
    row("mul by 0", lambda T, F, x: x * 0, vals([1.0, -1.0, INF, NAN]), order=1),
]

# Unary
ROWS += [
    both("neg", [(2, 3)], half=True, ints="int64 int32 int8 uint8"),
    both("abs", [(2, 3)], half=True, ints="int64 int32 int8 uint8"),
    both("abs", [vals(EDGES)], label="abs: edges"),
    both("sign", [(2, 3)], half=True, ints="int64 int8 uint8 bool"),
    both("sign", [vals(EDGES)], label="sign: edges"),
    both("exp", [(2, 3)], half=True, ints="int64 uint8 bool"),
    both("exp", [vals([*EDGES, 100.0, -1000.0])], order=1, label="exp: edges"),
    both("log", [pos((2, 3))], half=True, ints="int64 uint8 bool"),
    both("log", [vals(EDGES)], order=1, label="log: edges"),
    both("sqrt", [pos((2, 3))], half=True, ints="int64 uint8 bool"),
    both("sqrt", [vals(EDGES)], order=1, label="sqrt: edges"),
    both("exp", [()], label="exp: 0-d"),
    both("neg", [(2, 1, 3, 1, 2)], label="neg: 5-d"),
]

# pow: each pairing of tensor and number, each exponent that has a rule of its own
for exponent in (0, 1, 2, 3, -1, 0.5, -0.5, 2.5, 0.0):
    ROWS.append(both("pow", [pos((2, 3))], exponent, label=f"pow: number {exponent}"))
ROWS += [
    both("pow", [pos((2, 3)), (2, 3)], half=True),
    both("pow", [pos((3,)), (2, 3)], label="pow: broadcast base"),
    both("pow", [pos((2, 3)), ()], label="pow: 0-d exponent"),
    both("pow", [(2, 3)], 2, ints=f"{WHOLE} bool float16", label="pow: negative base"),
    both("pow", [(2, 3)], 3, ints=WHOLE, label="pow: cube of a negative base"),
    both("pow", [ints((2, 3), 0, 5), ints((2, 3), 0, 4)], order=0, label="pow: ints"),
    both("pow", [ints((2, 3), 1, 5)], 0.5, order=0, label="pow: int to a float"),
    row("pow: number base", lambda T, F, y: T.pow(2.5, y), (2, 3)),
    row("pow: base 0", lambda T, F, y: T.pow(0.0, y), vals([0.0, 1.0, 2.0]), order=1),
    row("pow: 0 to the x", lambda T, F, x: x**2, vals([0.0, -0.0, 1.0])),
    row("pow: 0 to 0", lambda T, F, x: x**0, vals([0.0, 1.0, NAN, INF]), order=1),
    row("pow: edges", lambda T, F, x, y: x**y, vals([0.0, 0.0, 2.0, -1.0]), vals([0.0, 2.0, 0.0, 2.0]), order=1),
]

# maximum, minimum, clamp, where: ties share, bounds pass the gradient
for name in ("maximum", "minimum"):
    ROWS += [
        both(name, [(2, 3), (2, 3)], half=True, ints=f"{WHOLE} bool"),
        both(name, [(2, 1, 3), (4, 1)], label=f"{name}: broadcast"),
        both(name, [vals(PAIRS[0]), vals(PAIRS[1])], label=f"{name}: ties, NaN", order=1),
        row(f"{name}: of itself", lambda T, F, x, n=name: getattr(T, n)(x, x), (2, 3)),
        both(name, [(), (2, 3)], label=f"{name}: 0-d"),
    ]
CLAMPED = vals([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, NAN, INF])
ROWS += [
    both("clamp", [(3, 4)], -0.5, 0.5, half=True),
    both("clamp", [CLAMPED], -1, 1, label="clamp: at its bounds", ints="", order=2),
    both("clamp", [(3, 4)], min=0.1),
    both("clamp", [(3, 4)], max=0.1),
    both("clamp", [(3, 4)], -1, 3, dtypes=("int64", "int8"), order=0, label="clamp: ints"),
    both("clamp", [(3, 4)], 0.5, 2.5, dtypes=("int64",), order=0, label="clamp: ints by floats"),
    both("clamp", [(3, 4)], 1.0, -1.0, label="clamp: min above max"),
    both("clamp", [(3, 4), (3, 4), pos((3, 4))], label="clamp: tensors"),
    both("clamp", [(3, 4), (4,), ()], label="clamp: broadcast tensors"),
    method("clamp", [(3, 4), (4,)], label="clamp: a tensor below"),
    row("clamp: a tensor above", lambda T, F, x, y: T.clamp(x, max=y), (3, 4), (3, 1)),
    row("where", lambda T, F, x, y, c: T.where(c, x, y), (2, 3), (2, 3), mask((2, 3)), half=True, ints=f"{WHOLE} bool"),
    row("where: broadcast", lambda T, F, x, y, c: T.where(c, x, y), (2, 1, 3), (4, 1), mask((4, 3))),
    row("where: 0-d", lambda T, F, x, y, c: T.where(c, x, y), (), (), mask((4, 3))),
    row("where: numbers", lambda T, F, x, c: (T.where(c, x, 2), T.where(c, 0.5, x)), (2, 3), mask((2, 3))),
    row("where: two numbers", lambda T, F, c: T.where(c, 1.0, 2.0), mask((2, 3)), order=0),
    row("where: two int numbers", lambda T, F, c: T.where(c, 1, 2), mask((2, 3)), order=0),
    row("where: method", lambda T, F, x, y, c: x.where(c, y), (2, 3), (3,), mask((2, 3)), covers=("Tensor.where",)),
    row("where: infinities", lambda T, F, x: T.where(x > 0, x.log(), x * 2), vals([1.0, 0.0, -1.0, 2.0]), order=1),
    row("where: indices", lambda T, F, c: T.where(c), mask((3, 4)), order=0, zero=()),
]

# Comparisons, bits
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    ROWS += [
        both(name, [(2, 3), (2, 3)], order=0, ints=f"{WHOLE} bool float16"),
        both(name, [(2, 1, 3), (4, 1)], order=0, label=f"{name}: broadcast"),
        both(name, [vals([1.0, 2.0, NAN, INF, -0.0])], 1, order=0, label=f"{name}: number"),
        both(name, [vals(PAIRS[0]), vals(PAIRS[1])], order=0, label=f"{name}: NaN"),
    ]
ROWS += [
    row(
        "comparison operators",
        lambda T, F, x, y: (x == y, x != y, x < y, x <= y, x > y, x >= y, x > 0, x <= 1, x == 1),
        vals([1, 2, 3, 0]),
        vals([1.0, 3.0, 2.0, 0.0]),
        order=0,
        ints="int64",
    ),
    row("compare: int with float number", lambda T, F, x: (x > 2.5, x == 2.0), ints((6,), 0, 5), order=0),
    row("compare: uint8 with a negative number", lambda T, F, x: x > -1, (6,), dtypes=("uint8",), order=0),
]
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    ROWS += [
        both(name, [ints((2, 3), -9, 9), ints((3,), -9, 9)], order=0, dtypes=("float32",)),
        both(name, [mask((2, 3)), mask((2, 3))], order=0, dtypes=("float32",), label=f"{name}: bool"),
        both(name, [(2, 3)], 3, order=0, dtypes=("int64", "uint8", "int8"), label=f"{name}: number"),
    ]
ROWS += [
    both("bitwise_not", [(2, 3)], order=0, dtypes=("int64", "uint8", "int8", "bool")),
    row(
        "bit operators",
        lambda T, F, x, y: (x & y, x | y, x ^ y, ~x, x & 1),
        (5,),
        (5,),
        order=0,
        dtypes=("int64", "bool"),
    ),
]

# Promotion: every pair of dtypes, dimensions before 0-d tensors before numbers
PROMOTED = {
    "add": lambda T, x, y: T.add(x, y),
    "mul": lambda T, x, y: x * y,
    "div": lambda T, x, y: x / y,
    "lt": lambda T, x, y: x < y,
    "where": lambda T, x, y: T.where(x == y, x, y),
    "maximum": lambda T, x, y: T.maximum(x, y),
}
A, B = [[1, 2, 0], [3, 1, 2]], [[1, 1, 3], [2, 1, 5]]


def promoted(op: str, left: str, right: str, right_values: Any = B) -> Any:
    f = PROMOTED[op]
    return lambda T, F: f(T, T.tensor(A, dtype=getattr(T, left)), T.tensor(right_values, dtype=getattr(T, right)))


for op, (left, right) in itertools.product(PROMOTED, itertools.product(ALL, ALL)):
    ROWS.append(row(f"promote {op}: {left}, {right}", promoted(op, left, right), order=0, dtypes=("float32",)))
for left, right in itertools.product(ALL, ALL):
    f = promoted("mul", left, right, 3)
    ROWS.append(row(f"promote mul: {left}, 0-d {right}", f, order=0, dtypes=("float32",)))
for left, number in itertools.product(ALL, (True, 2, 2.5)):
    for op in PROMOTED:
        if op in ("maximum",):
            continue
        ROWS.append(
            row(
                f"promote {op}: {left}, number {number}",
                lambda T, F, op=op, left=left, number=number: (
                    PROMOTED[op](T, T.tensor(A, dtype=getattr(T, left)), number)
                    if op not in ("add",)
                    else T.tensor(A, dtype=getattr(T, left)) + number
                ),
                order=0,
                dtypes=("float32",),
            )
        )
ROWS += [
    row(
        "promote: float32 with float64 gradient", lambda T, F, x: x * x.double(), (2, 3), dtypes=("float32", "float64")
    ),
    row("promote: float with int tensor", lambda T, F, x, n: x * n + n / x, pos((2, 3)), ints((3,), 1, 5)),
    row("promote: float with 0-d double", lambda T, F, x: x * T.tensor(2.5, dtype=T.float64), (2, 3)),
    row("promote: int with 0-d float", lambda T, F, n: n * T.tensor(2.5), ints((2, 3), 1, 5), order=0),
]

BAD += [
    bad("add: shapes", lambda T, F, x, y: T.add(x, y), (2, 3), (4,), match=r"add: .*must match .* at dimension 1"),
    bad("mul: shapes", lambda T, F, x, y: x * y, (2, 3), (3, 2), match=r"mul: "),
    bad("div: rounding_mode", lambda T, F, x: T.div(x, x, rounding_mode="up"), (2,), match=r"rounding_mode"),
    bad("add: alpha of ints", lambda T, F, n: T.add(n, n, alpha=0.5), ints((2,), 0, 3), match="alpha"),
    bad("sub: bools", lambda T, F, m: m - m, mask((2,)), match="sub"),
    bad("neg: bool", lambda T, F, m: -m, mask((2,)), match="neg"),
    bad("add: text", lambda T, F, x: T.add(x, "a"), (2,), match="add"),
    bad("operator: text", lambda T, F, x: x + "a", (2,), match=r""),
    bad("operator: None", lambda T, F, x: x * None, (2,), match=r""),
    bad("pow: negative int exponent", lambda T, F, n: n**-1, ints((2,), 1, 3), match="pow"),
    bad("clamp: no bound", lambda T, F, x: T.clamp(x), (2,), match="clamp"),
    bad("where: condition", lambda T, F, x: T.where(x, x, x), (2,), match="where: condition"),
    bad("where: shapes", lambda T, F, x, y, m: T.where(m, x, y), (2, 3), (4,), mask((2, 3)), match="where"),
    bad("bitwise_and: floats", lambda T, F, x: x & x, (2,), match="bitwise_and"),
    bad("bitwise_not: floats", lambda T, F, x: ~x, (2,), match="only implemented on integer"),
    bad("maximum: shapes", lambda T, F, x, y: T.maximum(x, y), (2, 3), (4,), match="maximum"),
    bad("truth of many", lambda T, F, x: bool(x), (2,), match="ambiguous"),
    bad("lt: shapes", lambda T, F, x, y: x < y, (2, 3), (2,), match="(lt|less)"),
]

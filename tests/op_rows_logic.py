"""isnan, isinf, isfinite, nan_to_num, logical_*, isclose, allclose, equal."""

from typing import Any

from op_rows_inplace import step
from op_table import Bad, Row, bad, both, mask, row, vals

WHOLE = "int64 int32 int8 uint8 bool float16"
INF, NAN = float("inf"), float("nan")
EDGES = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-30, 3.0]
NEAR = [0.0, 1e-9, 1.00001, -1.1, INF, INF, NAN, 1e-7, 3.00004]
ROWS: list[Row] = []
BAD: list[Bad] = []

for name in ("isnan", "isinf", "isfinite"):
    ROWS += [
        both(name, [vals(EDGES)], order=0, half=True),
        both(name, [(2, 3)], order=0, ints=WHOLE, label=f"{name}: numbers"),
        both(name, [()], order=0, label=f"{name}: 0-d"),
    ]
    BAD.append(bad(f"{name}: no tensor", lambda T, F, n=name: getattr(T, n)(2.0), match=f"{name}: input"))
ROWS += [
    both("nan_to_num", [vals(EDGES)], half=True),
    both("nan_to_num", [vals(EDGES)], 2.0, 30.0, -40.0),
    both("nan_to_num", [vals(EDGES)], posinf=5),
    both("nan_to_num", [vals(EDGES)], nan=None, neginf=1.5, label="nan_to_num: None"),
    both("nan_to_num", [(2, 3)], ints="int64 uint8 bool", label="nan_to_num: numbers"),
    step("nan_to_num", vals(EDGES), order=1),
]
for name in ("logical_and", "logical_or", "logical_xor"):
    ROWS += [
        both(name, [mask((3, 4)), mask((4,))], order=0, label=f"{name}: bools"),
        both(name, [(3, 4), mask((3, 4))], order=0, ints=WHOLE),
        both(name, [(3, 1, 4), (2, 1)], order=0, ints=WHOLE, label=f"{name}: broadcast"),
        both(name, [vals(EDGES), vals(EDGES[::-1])], order=0, label=f"{name}: edges"),
        row(
            f"{name}_",
            lambda T, F, x, m, n=name: (getattr(x.clone(), f"{n}_")(m), getattr(m.clone(), f"{n}_")(x)),
            (3, 4),
            mask((3, 4)),
            order=0,
            ints=WHOLE,
            covers=(f"Tensor.{name}_",),
        ),
    ]
    BAD += [
        bad(f"{name}: number", lambda T, F, x, n=name: getattr(T, n)(x, 1), (2,), match=f"{name}: other"),
        bad(f"{name}: shapes", lambda T, F, x, y, n=name: getattr(T, n)(x, y), (2, 3), (2,), match=f"{name}: "),
    ]
ROWS += [
    both("logical_not", [(3, 4)], order=0, ints=WHOLE),
    both("logical_not", [vals(EDGES)], order=0, label="logical_not: edges"),
    row("logical_not_", lambda T, F, x: x.clone().logical_not_(), (3, 4), order=0, ints=WHOLE),
]


def moved(name: str, label: str, **tolerances: Any) -> Row:
    """x against x + 0.01, of every kind of number."""
    return row(
        f"{name}: {label}",
        lambda T, F, x: getattr(T, name)(x, x + x.new_full((), 0.01), **tolerances),
        (3, 4),
        order=0,
        ints="int64 uint8 float16",
    )


for name in ("isclose", "allclose"):
    ROWS += [
        both(name, [vals(EDGES), vals(NEAR)], order=0),
        both(name, [vals(EDGES), vals(NEAR)], 1e-3, 0.2, order=0),
        both(name, [vals(EDGES), vals(EDGES)], equal_nan=True, order=0),
        both(name, [vals(EDGES), vals(EDGES)], rtol=0, atol=0, order=0, label=f"{name}: exact"),
        both(name, [(3, 1), (4,)], rtol=0.5, order=0, label=f"{name}: broadcast", ints="int64 bool uint8"),
        moved(name, "moved"),
        moved(name, "moved, atol", atol=0.02),
        moved(name, "moved, rtol", rtol=0.1, atol=0.0),
    ]
    BAD += [
        bad(f"{name}: dtypes", lambda T, F, x, n=name: getattr(T, n)(x, x.double()), (2,), match=f"{name}: other"),
        bad(f"{name}: rtol", lambda T, F, x, n=name: getattr(T, n)(x, x, rtol=-1), (2,), match="rtol"),
        bad(f"{name}: atol", lambda T, F, x, n=name: getattr(T, n)(x, x, atol=-1), (2,), match="atol"),
        bad(f"{name}: shapes", lambda T, F, x, y, n=name: getattr(T, n)(x, y), (2,), (3,), match=f"{name}: "),
        bad(f"{name}: number", lambda T, F, x, n=name: getattr(T, n)(x, 1.0), (2,), match=f"{name}: other"),
    ]
ROWS += [
    both("equal", [(3, 4), (3, 4)], order=0),
    both("equal", [(3, 4), (4,)], order=0),
    row(
        "equal: cases",
        lambda T, F, x: [T.equal(x, x.clone()), T.equal(x, x.double()), T.equal(x, x[:1]), T.equal(x, x + 1)],
        (3, 4),
        order=0,
        ints="int64 uint8",
    ),
    row("equal: NaN", lambda T, F, x: T.equal(x, x), vals(EDGES), order=0),
]
BAD += [bad("nan_to_num: text", lambda T, F, x: T.nan_to_num(x, "a"), (2,), match="nan_to_num: nan")]
BAD += [bad("equal: number", lambda T, F, x: T.equal(x, 1), (2,), match="equal: other")]

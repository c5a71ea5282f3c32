"""Exponentials, logarithms, roots, reciprocals, erf."""

from op_rows_inplace import step
from op_table import Bad, Row, bad, between, both, ints, mask, pos, row, vals

WHOLE = "int64 int8 uint8 bool"
INF, NAN = float("inf"), float("nan")
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, NAN, 1e-30, -1e-30, 3.0, -3.9, 5.5]
DOMAIN = {"log2": pos, "log10": pos, "log1p": pos, "rsqrt": pos, "reciprocal": pos}
NAMES = ("exp2", "expm1", "log2", "log10", "log1p", "rsqrt", "reciprocal", "square", "erf")

ROWS: list[Row] = []
BAD: list[Bad] = []
for name in NAMES:
    draw = DOMAIN.get(name, lambda shape: shape)
    ROWS += [
        both(name, [draw((2, 3))], half=True, ints=WHOLE),
        both(name, [draw((2, 3, 4))], label=f"{name}: 3-d"),
        both(name, [draw(())], label=f"{name}: 0-d"),
        both(name, [vals(EDGES)], order=1, label=f"{name}: edges"),
        step(name, draw((3, 4))),
        row(f"{name}: of a slice", lambda T, F, x, n=name: getattr(T, n)(x[1:, ::2]), draw((3, 5)), zero=()),
    ]
    BAD += [
        bad(f"{name}: no tensor", lambda T, F, n=name: getattr(T, n)(2.0), match=f"{name}: input"),
        bad(f"{name}: leaf in place", lambda T, F, x, n=name: getattr(x, f"{n}_")(), (2,), match="leaf"),
    ]
    if name != "square":
        BAD.append(
            bad(f"{name}_: ints", lambda T, F, k, n=name: getattr(k * 1, f"{n}_")(), ints((3,), 1, 4), match=f"{name}_")
        )
ROWS += [
    both("erf", [between((4, 50), -6.0, 6.0)], label="erf: its whole range"),
    both("erf", [(300, 300)], label="erf: many", strided=False),
    both("expm1", [vals([1e-7, -1e-7, 1e-4, 80.0])], label="expm1: near 0", order=2),
    both("log1p", [vals([1e-7, -1e-7, 1e-4, -0.999, 1e10])], label="log1p: near 0", order=2),
    row("exp of log2: a chain", lambda T, F, x: T.log2(x).exp() * T.rsqrt(x) + x.square().reciprocal(), pos((2, 3))),
]
BAD += [
    bad("positive: bool", lambda T, F, m: T.positive(m), mask((2,)), match="positive"),
    bad("+: bool", lambda T, F, m: +m, mask((2,)), match="positive"),
]
ROWS += [both("positive", [(2, 3)], half=True, ints="int64 uint8")]

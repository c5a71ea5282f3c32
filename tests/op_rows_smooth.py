"""Rows of the smooth activations: tails without overflow, and where their pieces meet."""

from typing import Any

from op_table import bad, fn, ints, row, vals

INF, NAN = float("inf"), float("nan")
TAILS = vals([[0.0, -0.0, 1.0, -1.0, 20.0, 20.5, -20.5, 90.0, -90.0, 800.0, -800.0, INF, -INF, NAN]])
FINITE = vals([[0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 20.0, -20.0, 90.0, -90.0, NAN]])
PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("selu", {}),
    ("celu", {}),
    ("celu", {"alpha": 2.5}),
    ("silu", {}),
    ("mish", {}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("softplus", {}),
    ("softplus", {"beta": 2, "threshold": 1}),
    ("logsigmoid", {}),
    ("softsign", {}),
    ("tanhshrink", {}),
]
WITH_INPLACE = ("elu", "selu", "celu", "silu", "mish")

ROWS = [
    *[fn(name, [(2, 3, 4)], half=name not in ("softsign", "tanhshrink"), **options) for name, options in PLAIN],
    *[
        fn(name, [TAILS], order=1, label=f"F.{name}: tails {options}", **options)
        for name, options in PLAIN
        if name != "gelu"
    ],
    fn("gelu", [FINITE], label="F.gelu: tails"),  # of an infinity torch's float32 gives NaN, its float64 does not
    fn("gelu", [FINITE], approximate="tanh", label="F.gelu: tails, tanh"),
    *[fn(name, [()], **options) for name, options in PLAIN],
    *[
        row(f"{name} in place", lambda T, F, x, n=name: getattr(F, n)(x * 1, inplace=True) * 1, (3, 4))
        for name in WITH_INPLACE
    ],
    *[
        fn(name, [(3, 4)], dtypes=("int64", "uint8"), order=0, label=f"F.{name}: integers")
        for name in ("softsign", "tanhshrink")
    ],
    *[fn("glu", [(2, 4, 6)], dim=dim) for dim in (-1, 1, 0)],
    fn("glu", [(4,)]),
    *[fn("softmin", [(2, 3, 4)], dim=dim) for dim in (0, 1, -1)],
    fn("softmin", [(3, 4)]),
    row("softmin: to float64", lambda T, F, x: F.softmin(x, 1, dtype=T.float64), (3, 5)),
]

BAD = [
    *[
        bad(f"{name}: integers", lambda T, F, x, n=name: getattr(F, n)(x), ints((4,), 0, 5), match="floating-point")
        for name in ("elu", "selu", "celu", "silu", "mish", "gelu", "softplus", "logsigmoid", "glu")
    ],
    *[
        bad(f"{name}: no tensor", lambda T, F, n=name: getattr(F, n)(3.0), match="must be Tensor, not float")
        for name in ("elu", "selu", "celu", "silu", "mish", "gelu", "softplus", "logsigmoid")
    ],
    *[
        bad(f"{name}: in place on a leaf", lambda T, F, x, n=name: getattr(F, n)(x, inplace=True), (3,), match="leaf")
        for name in WITH_INPLACE
    ],
    bad("gelu: approximate", lambda T, F, x: F.gelu(x, approximate="foo"), (3,), match="either none or tanh"),
    bad("celu: alpha", lambda T, F, x: F.celu(x, 0.0), (3,), match="alpha cannot be 0"),
    bad("softsign: bool", lambda T, F, x: F.softsign(x > 0), (3,), match="floating-point"),
    bad("tanhshrink: bool", lambda T, F, x: F.tanhshrink(x > 0), (3,), match="bool"),
    bad("glu: odd", lambda T, F, x: F.glu(x), (2, 3), match="Halving dimension must be even"),
    bad("glu: 0-d", lambda T, F, x: F.glu(x), (), match="does not support scalars"),
    bad("glu: dim", lambda T, F, x: F.glu(x, 2), (2, 4), match="Dimension out of range"),
    bad("softmin: dim", lambda T, F, x: F.softmin(x, 2), (2, 3), match="Dimension out of range"),
    bad("softmin: bool", lambda T, F, x: F.softmin(x > 0, 1), (2, 3), match="bool"),
]

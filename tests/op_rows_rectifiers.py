"""Rows of the activations made of straight pieces: values and slopes at every kink."""

from typing import Any

from op_table import bad, both, fn, ints, pos, row, vals

INF, NAN = float("inf"), float("nan")
KINKS = vals([[0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 3.0, -3.0, 6.0, 2.0, -2.0, 90.0, INF, -INF, NAN]])
PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("relu6", {}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": -2, "max_val": 0.5}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.2}),
    ("threshold", {"threshold": 0.5, "value": 20.0}),
    ("hardsigmoid", {"order": 1}),  # torch has no second derivative of it
    ("hardswish", {}),
    ("softshrink", {}),
    ("softshrink", {"lambd": 1}),
    ("hardshrink", {}),
    ("hardshrink", {"lambd": 1.0}),
    ("rrelu", {}),
]
WITH_INPLACE = ("relu6", "hardtanh", "leaky_relu", "hardsigmoid", "hardswish", "rrelu")

ROWS = [
    both("hardshrink", [(3, 4)], 0.7),
    both("prelu", [(2, 3, 4), (3,)]),
    *[fn(name, [(2, 3, 4)], half=True, **options) for name, options in PLAIN],
    *[fn(name, [KINKS], label=f"F.{name}: kinks {options}", **options) for name, options in PLAIN],
    *[fn(name, [()], **options) for name, options in PLAIN],
    *[
        row(f"{name} in place", lambda T, F, x, n=name: getattr(F, n)(x * 1, inplace=True) * 1, (3, 4), order=order)
        for name in WITH_INPLACE
        for order in [1 if name == "hardsigmoid" else 2]
    ],
    row("threshold in place", lambda T, F, x: F.threshold(x * 1, 0.1, 2.0, inplace=True), (3, 4)),
    *[
        fn(name, [(3, 4)], dtypes=("int64", "int32"), order=0, label=f"F.{name}: integers", **options)
        for name, options in (("relu6", {}), ("hardtanh", {}), ("threshold", {"threshold": 1, "value": 3}))
    ],
    fn("relu6", [(3, 4)], dtypes=("uint8",), order=0, label="F.relu6: bytes"),
    *[fn("prelu", [x, (3,)]) for x in ((2, 3), (2, 3, 4), (2, 3, 4, 2))],
    *[fn("prelu", [x, w]) for x in ((), (5,), (2, 3, 4)) for w in ((1,), ())],
    fn("prelu", [KINKS, vals([0.25])], label="F.prelu: kinks"),
    fn("prelu", [vals([[0.0, -0.0], [1.0, -1.0], [0.0, 2.0]]), (2,)], label="F.prelu: zeros, channels"),
    fn("rrelu", [(6, 7)], training=True, seeded=True),
    fn("rrelu", [(6, 7)], 0.2, 0.3, training=True, seeded=True),
    fn("rrelu", [KINKS], training=True, seeded=True, label="F.rrelu: training, kinks"),
    row("rrelu in place, training", lambda T, F, x: F.rrelu(x * 1, training=True, inplace=True), (6, 7), seeded=True),
]

BAD = [
    *[
        bad(f"{name}: integers", lambda T, F, x, n=name: getattr(F, n)(x), ints((3,), 0, 5), match="floating-point")
        for name in ("leaky_relu", "hardsigmoid", "hardswish", "softshrink", "hardshrink", "rrelu")
    ],
    *[
        bad(f"{name}: no tensor", lambda T, F, n=name: getattr(F, n)(3.0), match="must be Tensor, not float")
        for name in ("relu6", "hardtanh", "leaky_relu", "hardsigmoid", "hardswish", "softshrink", "hardshrink", "rrelu")
    ],
    *[
        bad(f"{name}: in place on a leaf", lambda T, F, x, n=name: getattr(F, n)(x, inplace=True), (3,), match="leaf")
        for name in WITH_INPLACE
    ],
    *[
        bad(f"{name}: bool", lambda T, F, x, n=name: getattr(F, n)(x > 0), (3,), match="not supported")
        for name in ("relu6", "hardtanh")
    ],
    bad("threshold: bool", lambda T, F, x: F.threshold(x > 0, 0, 1), (3,), match="floating-point"),
    bad("hardtanh: bounds", lambda T, F, x: F.hardtanh(x, 2.0, 1.0), (3,), match="min_val cannot be greater than"),
    bad("hardtanh: bytes", lambda T, F, x: F.hardtanh(x.byte()), pos((3,)), match="unsigned type with negative"),
    bad("softshrink: lambd", lambda T, F, x: F.softshrink(x, -1.0), (3,), match="greater or equal to 0"),
    bad("rrelu: bounds", lambda T, F, x: F.rrelu(x, 0.5, 0.1, True), (3,), match="less than or equal to the upper"),
    bad("rrelu: infinite", lambda T, F, x: F.rrelu(x, 0.5, INF, True), (3,), match="finite"),
    bad("rrelu: half", lambda T, F, x: F.rrelu(x.half(), training=True), (3,), match="not implemented for float16"),
    bad("prelu: channels", lambda T, F, x, w: F.prelu(x, w), (2, 3), (2,), match="Mismatch of parameter numbers"),
    bad("prelu: 0-d", lambda T, F, x, w: F.prelu(x, w), (), (2,), match="zero-dim"),
    bad("prelu: weight's rank", lambda T, F, x, w: F.prelu(x, w), (2, 3), (1, 3), match="scalar or 1D tensor"),
    bad("prelu: dtypes", lambda T, F, x, w: F.prelu(x.double(), w), (2, 3), (3,), match="Type promoting not supported"),
]

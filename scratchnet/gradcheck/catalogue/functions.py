"""Samples of functions of one number, and atan2."""

from scratchnet.gradcheck.catalogue.sample import Sample, op, positive, within

SAMPLES: list[Sample] = [
    *[op(name, (2, 3)) for name in ("exp", "exp2", "expm1", "erf", "sin", "cos", "sigmoid", "tanh")],
    *[op(name, positive((2, 3))) for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt")],
    op("log1p", within((2, 3), -0.7, 0.7), label="around 0"),
    op("tan", within((2, 3), -1.2, 1.2)),
    op("atan2", (2, 3), (2, 3)),
    op("atan2", (2, 1), (3,)),
    *[op(name, ()) for name in ("exp", "sin", "tanh")],
    op("sqrt", positive((2, 1, 3))),
]

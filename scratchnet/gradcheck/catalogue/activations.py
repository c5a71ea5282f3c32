"""Samples of activations. Inputs stay away from the kinks; a case on each side of every kink."""

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, op, positive, within

X = (2, 6)

SAMPLES: list[Sample] = [
    *[op(name, X) for name in ("relu", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus")],
    *[op(name, X) for name in ("logsigmoid", "softsign", "tanhshrink")],
    case("sigmoid", "far out", lambda x: sn.sigmoid(x), within(X, -8, 8)),
    case("tanh", "far out", lambda x: sn.tanh(x), within(X, -5, 5)),
    op("leaky_relu", X, negative_slope=0.3),
    op("elu", X, alpha=0.7),
    op("celu", X, alpha=1.8),
    op("gelu", X, approximate="tanh"),
    op("softplus", within(X, -2, 2, 0.75), beta=2, threshold=1.5),
    op("relu6", within(X, -3, 9, 0, 6)),
    op("hardtanh", within(X, -2, 2, -1, 1)),
    op("hardtanh", within(X, -3, 3, -0.5, 2), min_val=-0.5, max_val=2),
    op("hardsigmoid", within(X, -5, 5, -3, 3)),
    op("hardswish", within(X, -5, 5, -3, 3)),
    op("hardshrink", within(X, -2, 2, -0.5, 0.5)),
    op("hardshrink", within(X, -2, 2, -1.2, 1.2), lambd=1.2),
    op("softshrink", within(X, -2, 2, -0.5, 0.5)),
    op("softshrink", within(X, -2, 2, -1.2, 1.2), lambd=1.2),
    op("threshold", within(X, -2, 2, 0.5), args=(0.5, -1.0)),
    op("prelu", X, (1,)),
    op("prelu", (2, 3, 2), positive((3,))),
    op("glu", X),
    op("glu", (2, 4, 3), dim=1),
    op("rrelu", X, lower=0.1, upper=0.4),
]

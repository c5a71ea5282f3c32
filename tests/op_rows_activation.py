"""Rows of relu, sigmoid, tanh, softmax, log_softmax and logsumexp."""

from op_table import bad, both, fn, row, vals

INF, NAN = float("inf"), float("nan")
ENDS = vals([[0.0, -0.0, 1.0, -1.0, 90.0, -90.0, 800.0, -800.0, INF, -INF, NAN]])
ROWS_OF_INF = vals([[INF, 1.0], [-INF, 1.0], [-INF, -INF], [NAN, 0.0], [INF, INF]])

ROWS = [
    *[fn(name, [(2, 3, 4)]) for name in ("relu", "sigmoid", "tanh")],
    *[both(name, [(3, 5)]) for name in ("relu", "sigmoid", "tanh")],
    *[fn(name, [()]) for name in ("relu", "sigmoid", "tanh")],
    *[fn(name, [ENDS], label=f"F.{name}: ends") for name in ("relu", "sigmoid", "tanh")],
    row("relu: integers", lambda T, F, x: F.relu(x), (3, 4), dtypes=("int64", "int32", "uint8"), order=0, memory=False),
    *[
        both(name, [(3, 4)], dtypes=("int64", "bool"), order=0, label=f"{name}: integers")
        for name in ("sigmoid", "tanh")
    ],
    row("relu in place", lambda T, F, x: F.relu(x * 1, inplace=True), (2, 3)),
    *[fn(name, [(2, 3, 4)], dim=dim) for name in ("softmax", "log_softmax") for dim in (0, 1, -1)],
    *[fn(name, [x]) for name in ("softmax", "log_softmax") for x in ((), (3,), (3, 4), (2, 3, 4), (2, 3, 2, 2))],
    *[fn(name, [ENDS], 1, order=0, label=f"F.{name}: ends") for name in ("softmax", "log_softmax")],
    *[fn(name, [ROWS_OF_INF], 1, order=0, label=f"F.{name}: infinities") for name in ("softmax", "log_softmax")],
    row("softmax: to float64", lambda T, F, x: F.softmax(x, 1, dtype=T.float64), (3, 5), ints="int64 bool"),
    row("log_softmax: to float64", lambda T, F, x: F.log_softmax(x, 1, dtype=T.float64), (3, 5), ints="int64"),
    row("softmax: method, dtype", lambda T, F, x: x.softmax(-1, dtype=T.float64), (3, 5)),
    both("logsumexp", [(2, 3, 4)], (0, 1, 2)),
    both("logsumexp", [ROWS_OF_INF], 1, label="logsumexp: infinities"),
    both("logsumexp", [(3, 4)], 1, dtypes=("int64", "bool"), order=0, label="logsumexp: integers"),
    both("logsumexp", [vals([[1000.0, 1000.5], [-1000.0, -1001.0]])], 1, label="logsumexp: far out"),
]

BAD = [
    bad("relu: bool", lambda T, F, x: F.relu(x > 0), (3,), match="Boolean inputs not supported"),
    bad("relu: no tensor", lambda T, F: F.relu(3.0), match="must be Tensor, not float"),
    bad("relu: in place on a leaf", lambda T, F, x: F.relu(x, inplace=True), (3,), match="leaf"),
    bad("F.softmax: dim", lambda T, F, x: F.softmax(x, 2), (2, 3), match="Dimension out of range"),
    bad("softmax: dim a float", lambda T, F, x: F.softmax(x, 1.5), (2, 3), match="dim .*must be int"),
    bad("softmax: dim None", lambda T, F, x: T.softmax(x, None), (2, 3), match="dim .*must be int"),
    bad("softmax: 0-d", lambda T, F, x: F.softmax(x, 1), (), match="Dimension out of range"),
    bad("F.softmax: integers", lambda T, F, x: F.softmax(x.long(), 1), (2, 3), match="floating-point"),
    bad("softmax: integers asked", lambda T, F, x: F.softmax(x, 1, dtype=T.int64), (2, 3), match="floating-point"),
    bad("log_softmax: integers", lambda T, F, x: F.log_softmax(x.long(), 1), (2, 3), match="floating-point"),
    bad("logsumexp: dim twice", lambda T, F, x: T.logsumexp(x, (0, 0)), (2, 3), match="multiple times"),
    bad("logsumexp: dim None", lambda T, F, x: T.logsumexp(x, None), (2, 3), match="not NoneType"),
    bad("F.logsumexp: dim", lambda T, F, x: T.logsumexp(x, 2), (2, 3), match="Dimension out of range"),
]

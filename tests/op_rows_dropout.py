"""Rows of dropout: the same seed, the same mask."""

from op_table import bad, fn, row

ROWS = [
    *[fn("dropout", [(6, 7)], p, seeded=True) for p in (0.0, 0.1, 0.5, 0.73, 1.0)],
    fn("dropout", [(40, 50)], 0.3, seeded=True),
    fn("dropout", [()], 0.5, seeded=True),
    fn("dropout", [(6, 7)], 0.5, training=False),
    row("dropout in place", lambda T, F, x: F.dropout(x * 1, 0.5, inplace=True), (6, 7), seeded=True),
    *[fn("dropout2d", [(4, 5, 2, 3)], p, seeded=True) for p in (0.0, 0.4, 1.0)],
    *[fn("dropout2d", [x], 0.4, seeded=True) for x in ((4, 5), (4, 5, 3))],
]

BAD = [
    bad("dropout: p", lambda T, F, x: F.dropout(x, 1.5), (3,), match="between 0 and 1, but got 1.5; use p=1.0"),
    bad("dropout: negative p", lambda T, F, x: F.dropout(x, -0.1), (3,), match="between 0 and 1, but got -0.1"),
    bad("dropout: p NaN", lambda T, F, x: F.dropout(x, float("nan")), (3,), match="between 0 and 1"),
    bad("dropout: integers", lambda T, F, x: F.dropout(x.long(), 0.5), (3,), match="result type Float can't be cast"),
    bad("dropout: in place on a leaf", lambda T, F, x: F.dropout(x, 0.5, inplace=True), (3,), match="leaf"),
    bad("dropout: no tensor", lambda T, F: F.dropout("a", 0.5), match="must be Tensor"),
    bad("dropout2d: rank 1", lambda T, F, x: F.dropout2d(x, 0.5), (3,), match="at least 2 dimensions"),
]

"""Rows of dropout: the same seed, the same mask."""

from op_table import bad, fn, row

ROWS = [
    *[fn("dropout1d", [x], p, seeded=True) for x in ((4, 5, 3), (4, 5)) for p in (0.0, 0.4, 1.0)],
    *[fn("dropout3d", [x], p, seeded=True) for x in ((2, 5, 3, 2, 2), (5, 3, 2, 2), (4, 5)) for p in (0.0, 0.4, 1.0)],
    *[fn("alpha_dropout", [x], p, training=True, seeded=True) for x in ((6, 7), ()) for p in (0.0, 0.1, 0.5, 1.0)],
    *[fn("feature_alpha_dropout", [x], 0.4, training=True, seeded=True) for x in ((6, 7), (4, 5, 2, 3))],
    fn("feature_alpha_dropout", [(4, 5, 2)], 1.0, training=True, seeded=True),
    *[fn(name, [(6, 7)]) for name in ("alpha_dropout", "feature_alpha_dropout")],
    *[
        row(
            f"{name} in place {shape}",
            lambda T, F, x, n=name: getattr(F, n)(x * 1, 0.4, training=True, inplace=True) * 1,
            shape,
            seeded=True,
        )
        for name, shape in (
            *(("dropout1d", (4, 5, 3)), ("dropout1d", (4, 5)), ("dropout3d", (5, 3, 2, 2))),
            *(("alpha_dropout", (6, 7)), ("feature_alpha_dropout", (4, 5, 2))),
        )
    ],
    *[fn("dropout", [(6, 7)], p, seeded=True) for p in (0.0, 0.1, 0.5, 0.73, 1.0)],
    fn("dropout", [(40, 50)], 0.3, seeded=True),
    fn("dropout", [()], 0.5, seeded=True),
    fn("dropout", [(6, 7)], 0.5, training=False),
    row("dropout in place", lambda T, F, x: F.dropout(x * 1, 0.5, inplace=True), (6, 7), seeded=True),
    *[fn("dropout2d", [(4, 5, 2, 3)], p, seeded=True) for p in (0.0, 0.4, 1.0)],
    *[fn("dropout2d", [x], 0.4, seeded=True) for x in ((4, 5), (4, 5, 3))],
]

BAD = [
    *[
        bad(f"{name}: p", lambda T, F, x, n=name: getattr(F, n)(x, 1.5, True), (2, 3, 4), match="between 0 and 1")
        for name in ("dropout1d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
    ],
    bad("dropout1d: rank", lambda T, F, x: F.dropout1d(x), (2, 3, 4, 5), match="Expected 2D or 3D input"),
    bad("feature_alpha_dropout: rank", lambda T, F, x: F.feature_alpha_dropout(x, 0.5, True), (3,), match="at least 2"),
    bad("alpha_dropout: integers", lambda T, F, x: F.alpha_dropout(x.long(), 0.5, True), (3,), match="cast"),
    bad("dropout: p", lambda T, F, x: F.dropout(x, 1.5), (3,), match="between 0 and 1, but got 1.5; use p=1.0"),
    bad("dropout: negative p", lambda T, F, x: F.dropout(x, -0.1), (3,), match="between 0 and 1, but got -0.1"),
    bad("dropout: p NaN", lambda T, F, x: F.dropout(x, float("nan")), (3,), match="between 0 and 1"),
    bad("dropout: integers", lambda T, F, x: F.dropout(x.long(), 0.5), (3,), match="result type Float can't be cast"),
    bad("dropout: in place on a leaf", lambda T, F, x: F.dropout(x, 0.5, inplace=True), (3,), match="leaf"),
    bad("dropout: no tensor", lambda T, F: F.dropout("a", 0.5), match="must be Tensor"),
    bad("dropout2d: rank 1", lambda T, F, x: F.dropout2d(x, 0.5), (3,), match="at least 2 dimensions"),
]

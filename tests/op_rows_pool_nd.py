"""Rows of pooling over one axis and over three, of adaptive maxima, power means and unpooling."""

from typing import Any

from op_table import Bad, bad, fn, vals

ROW, VOLUME = (4, 3, 9), (4, 3, 5, 9, 8)
NAN = float("nan")
TIES = vals([[[1, 1, 0, 2, 2, 0, 0]]])
NANS = vals([[[1, NAN, 0, 2, NAN, 1, 0]]])
TIES3 = vals([[[[[1, 1, 0], [0, 2, 2]], [[1, 2, 0], [0, 2, 0]], [[2, 1, 0], [0, 0, 0]]]]])
NANS3 = vals([[[[[1, NAN, 0], [0, 2, 2]], [[NAN, 2, 0], [0, NAN, 0]], [[2, 1, 0], [0, 0, NAN]]]]])

ROWS = [
    *[fn("max_pool1d", [x], 2) for x in (ROW, (3, 9), TIES)],
    fn("max_pool1d", [NANS], 3, 1, label="F.max_pool1d: NaN"),
    fn("max_pool1d", [ROW], 3, 2, 1, 2, True),
    fn("max_pool1d", [ROW], (3,), [], padding=[1]),
    fn("max_pool1d", [ROW], 3, 2, 1, return_indices=True),
    fn("max_pool1d_with_indices", [(3, 9)], 2, ints="uint8 int8 int16 int32 int64"),
    *[fn("max_pool3d", [x], 2) for x in (VOLUME, (3, 5, 9, 8))],
    fn("max_pool3d", [TIES3], 2, 1, return_indices=True, label="F.max_pool3d: ties"),
    fn("max_pool3d", [NANS3], 2, 1, return_indices=True, label="F.max_pool3d: NaN"),
    fn("max_pool3d", [VOLUME], (2, 3, 2), (1, 2, 3), (1, 1, 0), (2, 1, 2), True, return_indices=True),
    fn("max_pool3d", [VOLUME], (3, 2, 2), ceil_mode=True),
    fn("max_pool3d_with_indices", [(3, 5, 9, 8)], 3, padding=1),
    fn("max_pool3d", [VOLUME], 2, 2, 1, label="F.max_pool3d: integers", ints="uint8 int8 int16 int32 int64"),
    *[fn("avg_pool1d", [x], 2) for x in (ROW, (3, 9))],
    fn("avg_pool1d", [ROW], 3, 2, 1, True),
    fn("avg_pool1d", [ROW], (3,), 2, 1, True, False),
    *[fn("avg_pool3d", [x], 2) for x in (VOLUME, (3, 5, 9, 8))],
    fn("avg_pool3d", [VOLUME], (2, 3, 2), (1, 2, 3), (1, 1, 0), True),
    fn("avg_pool3d", [VOLUME], (2, 3, 3), (2, 2, 3), (1, 1, 1), True, False),
    fn("avg_pool3d", [VOLUME], 2, 3, divisor_override=-3),
    *[fn("adaptive_avg_pool1d", [ROW], size) for size in (1, 4, [12])],
    fn("adaptive_avg_pool1d", [(3, 9)], (2,)),
]


def wrong(name: str, match: str, x: tuple[int, ...], *args: Any, **kwargs: Any) -> Bad:
    """A pooling that raises."""
    return bad(f"{name}{args}{kwargs or ''} {x}", lambda T, F, t: getattr(F, name)(t, *args, **kwargs), x, match=match)


BAD = [
    *[
        found
        for n, names in ((1, ("max_pool1d", "avg_pool1d")), (3, ("max_pool3d", "avg_pool3d")))
        for name in names
        for image in ((8,) * n,)
        for found in (
            wrong(name, "pad should be at most half", (2, 3, *image), 3, padding=2),
            wrong(name, "pad must be non-negative", (2, 3, *image), 3, padding=-1),
            wrong(name, "stride should not be zero", (2, 3, *image), 3, 0),
            wrong(name, "kernel size should be greater than zero", (2, 3, *image), 0, 1),
            wrong(name, "Output size is too small", (2, 3, *image), 9),
            wrong(name, "single int or a tuple of", (2, 3, *image), (3,) * 4),
            wrong(name, "kernel_size .*must be an int", (2, 3, *image), None),
            wrong(name, "batch mode", image, 3),
            wrong(name, "batch mode", (1, 2, 3, *image), 3),
            wrong(name, "batch mode", (2, 0, *image), 3),
            wrong(name, "batch mode", (2, 3, *image[1:], 0), 3),
            bad(
                f"{name}: bool",
                lambda T, F, x, name=name: getattr(F, name)(x > 0, 2),
                (2, 3, *image),
                match="floating-point",
            ),
            bad(f"{name}: no tensor", lambda T, F, name=name: getattr(F, name)([1.0], 2), match="must be Tensor"),
        )
    ],
    bad("max_pool1d: integers", lambda T, F, x: F.max_pool1d(x.long(), 2), (2, 3, 8), match="floating-point"),
    wrong("max_pool1d", "dilation should be greater than zero", (2, 3, 8), 3, dilation=0),
    wrong("avg_pool3d", "divisor must be not zero", (2, 3, 8, 8, 8), 3, divisor_override=0),
    wrong("adaptive_avg_pool1d", "tuple of one int", (2, 3, 8), (3, 3)),
    wrong("adaptive_avg_pool1d", "greater than or equal to 0", (2, 3, 8), -1),
    wrong("adaptive_avg_pool1d", "must be an int", (2, 3, 8), None),
    wrong("adaptive_avg_pool1d", "Expected 2 to 3 dimensions", (8,), 1),
    wrong("adaptive_avg_pool1d", "non-zero size", (2, 3, 0), 3),
]

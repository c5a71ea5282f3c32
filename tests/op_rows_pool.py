"""Rows of pooling: windows, strides, padding, ceil_mode, ties, NaN."""

from typing import Any

from op_table import Bad, bad, fn, vals

X = (4, 3, 9, 8)
NAN = float("nan")
TIES = vals([[[[1, 1, 0, 2], [1, 1, 2, 2], [0, 0, 0, 0], [0, 3, 3, 0]]]])
NANS = vals([[[[1, NAN, 0, 2], [NAN, 1, 2, 2], [0, 0, 0, 0], [0, 3, 3, NAN]]]])
ENDS = vals([[[[-float("inf")] * 4, [-float("inf"), float("inf"), 0.0, -0.0], [0.0, -0.0, 1, 1]]]])

WHOLE = "uint8 int8 int16 int32 int64"

ROWS = [
    *[fn("max_pool2d", [x], 2) for x in (X, (3, 9, 8), TIES)],
    fn("max_pool2d", [NANS], 2, label="F.max_pool2d: NaN"),
    fn("max_pool2d", [ENDS], (2, 2), 1, label="F.max_pool2d: infinities"),
    fn("max_pool2d", [X], 3, 2, 1),
    fn("max_pool2d", [X], 3, 2, 1, ceil_mode=True),
    fn("max_pool2d", [X], (2, 3), (3, 1), (1, 1)),
    fn("max_pool2d", [X], 3, stride=1),
    fn("max_pool2d", [X], (3, 2), stride=(2, 3), dilation=(2, 1), ceil_mode=True),
    fn("max_pool2d", [X], 2, stride=3, ceil_mode=True),
    fn("max_pool2d", [X], [2], stride=[]),
    fn("max_pool2d", [X], 3, 2, 1, 2, True, True, label="F.max_pool2d: indices"),
    fn("max_pool2d", [(3, 9, 8)], 3, return_indices=True, label="F.max_pool2d: indices, unbatched"),
    fn("max_pool2d_with_indices", [X], 2),
    fn("max_pool2d", [X], 3, 2, 1, 2, True, return_indices=True, label="F.max_pool2d: integers", ints=WHOLE),
    *[fn("avg_pool2d", [x], 2) for x in (X, (3, 9, 8), (2, 3, 8, 6))],
    fn("avg_pool2d", [(2, 3, 8, 6)], 2, divisor_override=3),
    fn("avg_pool2d", [X], (3, 2), 1, 1),
    fn("avg_pool2d", [X], 3, 2, 1),
    fn("avg_pool2d", [X], 3, 2, 1, ceil_mode=True),
    fn("avg_pool2d", [X], 3, 2, 1, count_include_pad=False),
    fn("avg_pool2d", [X], 3, 2, 1, ceil_mode=True, count_include_pad=False),
    fn("avg_pool2d", [X], (2, 3), (3, 1), (1, 1)),
    fn("avg_pool2d", [X], (2, 3), stride=1, divisor_override=5),
    fn("avg_pool2d", [X], 2, stride=3, ceil_mode=True, divisor_override=-2),
    *[fn("adaptive_avg_pool2d", [X], size) for size in (1, 3, (2, 3), (None, 3), (None, None), (11, 5))],
    fn("adaptive_avg_pool2d", [X], (0, 3), order=0, zero=()),
    fn("adaptive_avg_pool2d", [(3, 9, 8)], (4, 5), zero=(-1,)),
    fn("adaptive_avg_pool2d", [(9, 8)], 1),
]


def wrong(name: str, match: str, *args: Any, x: tuple[int, ...] = (2, 3, 8, 8), **kwargs: Any) -> Bad:
    """A pooling that raises."""
    return bad(f"{name}{args}{kwargs or ''} {x}", lambda T, F, t: getattr(F, name)(t, *args, **kwargs), x, match=match)


BAD = [
    *[
        found
        for name in ("max_pool2d", "avg_pool2d")
        for found in (
            wrong(name, "pad should be at most half", 3, padding=2),
            wrong(name, "pad must be non-negative", 3, padding=-1),
            wrong(name, "stride should not be zero", 3, 0),
            wrong(name, "stride should be greater than zero", 3, -1),
            wrong(name, "kernel size should be greater than zero", 0, 1),
            wrong(name, "Output size is too small", 9),
            wrong(name, "tuple of two ints", (3, 3, 3)),
            wrong(name, "tuple of two ints", 3, padding=()),
            wrong(name, "kernel_size .*must be an int", None),
            wrong(name, "kernel_size .*must be an int", 1.5),
            wrong(name, "Expected 3D or 4D", 3, x=(1, 2, 3, 8, 8)),
            wrong(name, "Expected 3D or 4D", 3, x=(2, 0, 8, 8)),
            wrong(name, "Expected 3D or 4D", 3, x=(2, 3, 0, 8)),
            wrong(name, "Expected 3D or 4D", 3, x=(0, 8, 8)),
            bad(
                f"{name}: bool",
                lambda T, F, x, name=name: getattr(F, name)(x > 0, 2),
                (2, 3, 8, 8),
                match="floating-point",
            ),
            bad(f"{name}: no tensor", lambda T, F, name=name: getattr(F, name)([1.0], 2), match="must be Tensor"),
        )
    ],
    wrong("max_pool2d", "dilation should be greater than zero", 3, dilation=0),
    wrong("max_pool2d", "Output size is too small", 3, dilation=4),
    wrong("max_pool2d", "at most half", 3, padding=2, dilation=2),
    wrong("max_pool2d", "Expected 3D or 4D", 3, x=(8, 8)),
    wrong("avg_pool2d", "Dimension out of range", 3, x=(8, 8)),
    wrong("avg_pool2d", "divisor must be not zero", 3, divisor_override=0),
    wrong("avg_pool2d", "divisor_override .*must be int", 3, divisor_override=2.5),
    wrong("adaptive_avg_pool2d", "greater than or equal to 0", (-1, 3)),
    wrong("adaptive_avg_pool2d", "output_size must be 2", (3, 3, 3)),
    wrong("adaptive_avg_pool2d", "output_size must be 2", [3]),
    wrong("adaptive_avg_pool2d", "no len", 2.5),
    wrong("adaptive_avg_pool2d", "no len", None),
    wrong("adaptive_avg_pool2d", "Expected 3D or 4D tensor", 3, x=(8, 8)),
    wrong("adaptive_avg_pool2d", "Expected 3D or 4D tensor", 1, x=(8,)),
    wrong("adaptive_avg_pool2d", "non-zero size", 3, x=(2, 3, 0, 8)),
    bad(
        "adaptive_avg_pool2d: integers",
        lambda T, F, x: F.adaptive_avg_pool2d(x.long(), 3),
        (2, 3, 8, 8),
        match="floating-point",
    ),
]

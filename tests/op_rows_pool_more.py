"""Rows of adaptive maxima, unpooling and power means."""

from typing import Any

from op_table import Bad, Row, bad, const, fn, pos, row, vals

X, VOLUME = (4, 3, 9, 8), (4, 3, 5, 9, 7)
NAN = float("nan")
NANS = vals([[[[1, NAN, 0, 2], [NAN, 1, 2, 2], [0, 0, 0, 0], [0, 3, 3, NAN]]]])
PLACES = {
    1: [[[7, 0, 3], [2, 8, 4]]],
    2: [[[[5, 0], [11, 2]], [[3, 9], [10, 1]]]],
    3: [[[[[5, 0], [11, 2]], [[3, 9], [10, 1]]]]],
}


def unpool(n: int, label: str, *args: Any, **kwargs: Any) -> Row:
    """max_unpool<n>d of random numbers at fixed places, none of them twice."""
    places = vals(PLACES[n], kind="own")
    inputs = [places.shape, const(places)]
    # torch's own backward fails on strided ones
    options = {"zero": (), "strided": False}
    return fn(f"max_unpool{n}d", inputs, *args, label=f"F.max_unpool{n}d: {label}", **options, **kwargs)


ROWS = [
    *[fn("adaptive_max_pool2d", [X], size) for size in (1, (4, 3), (None, 3), (11, 5))],
    fn("adaptive_max_pool2d", [X], (4, 3), return_indices=True),
    fn("adaptive_max_pool2d", [NANS], (3, 2), return_indices=True, label="F.adaptive_max_pool2d: NaN"),
    fn("adaptive_max_pool2d", [(3, 9, 8)], 4),
    fn("adaptive_max_pool2d", [X], (0, 3), order=0, zero=()),
    fn("adaptive_max_pool1d", [(4, 3, 9)], 4, True),
    fn("adaptive_max_pool1d", [(3, 9)], [12]),
    fn("adaptive_max_pool3d", [VOLUME], (2, None, 3), return_indices=True),
    fn("adaptive_max_pool1d_with_indices", [(4, 3, 9)], 4),
    fn("adaptive_max_pool2d_with_indices", [X], (4, None)),
    fn("adaptive_max_pool3d_with_indices", [VOLUME], 2),
    unpool(1, "plain", 3),
    unpool(1, "size", 3, output_size=(10,)),
    unpool(2, "plain", 2),
    unpool(2, "stride, size", (2, 3), 2, output_size=(1, 2, 4, 5)),
    unpool(2, "padding", (3, 3), padding=(1, 0)),
    unpool(3, "plain", 2),
    row(
        "F.max_unpool2d: of max_pool2d",
        lambda T, F, x: F.max_unpool2d(*F.max_pool2d(x, 2, 2, return_indices=True), 2, 2, output_size=x.shape),
        (4, 3, 9, 9),
        zero=(0,),
    ),
    row(
        "F.max_unpool2d: unbatched",
        lambda T, F, x: F.max_unpool2d(*F.max_pool2d(x, 3, return_indices=True), 3),
        (3, 9, 9),
        zero=(),
    ),
    *[fn("lp_pool2d", [pos(X)], p, (2, 3)) for p in (1, 2, 3.5)],
    fn("lp_pool2d", [X], 2, 3, 2, True),
    fn("lp_pool2d", [X], 3, 2, label="F.lp_pool2d: negative sums", dtypes=("float64",)),
    fn("lp_pool2d", [X], float("inf"), 2),
    fn("lp_pool2d", [X], -float("inf"), 2, 1),
    fn("lp_pool2d", [(3, 9, 8)], 2, 3),
    fn("lp_pool1d", [pos((4, 3, 9))], 3, 2),
    fn("lp_pool3d", [pos(VOLUME)], 2, (2, 3, 2)),
]


def wrong(name: str, match: str, x: tuple[int, ...], *args: Any, **kwargs: Any) -> Bad:
    """A pooling that raises."""
    return bad(f"{name}{args}{kwargs or ''} {x}", lambda T, F, t: getattr(F, name)(t, *args, **kwargs), x, match=match)


def wrong_unpool(label: str, match: str, change: Any, *args: Any, **kwargs: Any) -> Bad:
    """An unpooling of (1, 2, 2, 2) that raises; `change` makes the arguments."""

    def f(T: Any, F: Any, x: Any, places: Any) -> Any:
        return F.max_unpool2d(*change(x, places), *(args or (2,)), **kwargs)

    return bad(f"max_unpool2d: {label}", f, (1, 2, 2, 2), vals(PLACES[2], kind="own"), match=match)


BAD = [
    wrong("adaptive_max_pool2d", "size.. must be 2", (2, 3, 8, 8), (3, 3, 3)),
    wrong("adaptive_max_pool2d", "negative dimension", (2, 3, 8, 8), (-1, 3)),
    wrong("adaptive_max_pool2d", "must be an int", (2, 3, 8, 8), None),
    wrong("adaptive_max_pool2d", "must be an int", (2, 3, 8, 8), 2.5),
    wrong("adaptive_max_pool2d", "Expected 3D or 4D tensor", (8, 8), 3),
    wrong("adaptive_max_pool2d", "non-zero size", (2, 0, 8, 8), 3),
    wrong("adaptive_max_pool1d", "tuple of one int", (2, 3, 8), (3, 3)),
    wrong("adaptive_max_pool1d", "Expected 2D or 3D tensor", (8,), 3),
    wrong("adaptive_max_pool3d", "Expected 4D or 5D tensor", (8, 8), 3),
    bad("adaptive_max_pool2d: int", lambda T, F, x: F.adaptive_max_pool2d(x.long(), 3), (2, 3, 8, 8), match="floating"),
    wrong_unpool("index", "Found an invalid max index", lambda x, i: (x, i + 9)),
    wrong_unpool("negative index", "indices .=-1. Found an invalid max index", lambda x, i: (x, i - 1)),
    wrong_unpool("indices' dtype", "should be type int64", lambda x, i: (x, i.int())),
    wrong_unpool("indices' shape", "Expected shape of indices", lambda x, i: (x, i[:, :1])),
    wrong_unpool("size", "dim 0 must be between 2 and 6", lambda x, i: (x, i), output_size=(7, 4)),
    wrong_unpool("sizes", "containing 2 or 4 elements", lambda x, i: (x, i), output_size=(4, 4, 4)),
    wrong_unpool("rank", "should have 3 or 4 dimensions", lambda x, i: (x[0, 0], i[0, 0])),
    wrong_unpool("empty", "non-zero size", lambda x, i: (x[:, :0], i[:, :0])),
    wrong_unpool("integers", "floating-point", lambda x, i: (x.long(), i)),
    wrong_unpool("kernel a float", "must be an int", lambda x, i: (x, i), 1.5),
    wrong("lp_pool2d", "must not be 0", (2, 3, 8, 8), 0, 2),
    wrong("lp_pool2d", "tuple of 2 ints", (2, 3, 8, 8), 2, (2, 2, 2)),
    wrong("lp_pool2d", "norm_type .*must be a number", (2, 3, 8, 8), None, 2),
    wrong("lp_pool2d", "Output size is too small", (2, 3, 8, 8), 2, 9),
]

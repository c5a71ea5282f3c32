"""Rows of grid_sample and affine_grid: modes, paddings, points inside and outside."""

from typing import Any

from op_table import Bad, bad, between, const, fn, row, vals

IMAGE, VOLUME = (2, 3, 5, 7), (2, 3, 4, 5, 3)
POINTS, POINTS3 = between((2, 4, 6, 2), -1.9, 1.9), between((2, 2, 4, 6, 3), -1.6, 1.6)
NAN, INF = float("nan"), float("inf")
FAR = const(vals([[[[NAN, 0.0], [INF, 0.1], [-1e30, 0.2], [3.3, -5.1]]]]))

ROWS = [
    *[
        fn("grid_sample", [IMAGE, POINTS], mode, padding, align, zero=(0, 1), long_sum=True)
        for mode in ("bilinear", "nearest", "bicubic")
        for padding in ("zeros", "border", "reflection")
        for align in (False, True)
    ],
    *[
        fn("grid_sample", [VOLUME, POINTS3], mode, padding, align, zero=(0,))
        for mode in ("bilinear", "nearest")
        for padding in ("zeros", "border", "reflection")
        for align in (False, True)
    ],
    *[
        fn(
            "grid_sample",
            [(1, 2, 2, 3), FAR],
            "bilinear",
            padding,
            False,
            order=0,
            label=f"F.grid_sample: far, {padding}",
        )  # torch's backward reads out of bounds at NaN
        for padding in ("zeros", "border")
    ],
    fn("grid_sample", [IMAGE, const(POINTS)], align_corners=False, label="F.grid_sample: grid without gradient"),
    fn("grid_sample", [const(IMAGE), POINTS], align_corners=False, label="F.grid_sample: image without gradient"),
    *[fn("affine_grid", [(2, 2, 3)], (2, 3, 4, 5), align, zero=()) for align in (False, True)],
    *[fn("affine_grid", [(2, 3, 4)], [2, 3, 3, 4, 5], align, zero=()) for align in (False, True)],
    *[fn("affine_grid", [(2, 2, 3)], (2, 3, 1, 4), align, zero=()) for align in (False, True)],
    row(
        "F.affine_grid and F.grid_sample",
        lambda T, F, x, theta: F.grid_sample(x, F.affine_grid(theta, x.shape, False), align_corners=False),
        IMAGE,
        between((2, 2, 3), -1.1, 1.1),
        zero=(),
        long_sum=True,
    ),
]


def wrong(label: str, match: str, x: Any = IMAGE, grid: Any = POINTS, **kwargs: Any) -> Bad:
    """A grid_sample that raises."""
    return bad(f"grid_sample: {label}", lambda T, F, *xs: F.grid_sample(*xs, **kwargs), x, grid, match=match)


def wrong_affine(label: str, match: str, theta: Any, size: Any) -> Bad:
    """An affine_grid that raises."""
    return bad(f"affine_grid: {label}", lambda T, F, t: F.affine_grid(t, size), theta, match=match)


BAD = [
    wrong("mode", "expected mode to be one of bilinear", mode="linear"),
    wrong("padding", "expected padding_mode to be one of zeros", padding_mode="mirror"),
    wrong("rank", "expected a 4D or 5D input", x=(3, 5, 7)),
    wrong("batch", "same batch size", x=(1, 3, 5, 7)),
    wrong("coordinates", "size 2 in last dimension", grid=(2, 4, 6, 3)),
    wrong("grid's rank", "same batch size", grid=(2, 4, 2)),
    wrong("bicubic volume", "only supports 4D input", x=VOLUME, grid=POINTS3, mode="bicubic"),
    wrong("empty", "non-empty spatial", x=(2, 3, 0, 7)),
    bad("grid_sample: dtype", lambda T, F, x, g: F.grid_sample(x, g.double()), IMAGE, POINTS, match="expected scalar"),
    bad("grid_sample: int", lambda T, F, x, g: F.grid_sample(x.long(), g.long()), IMAGE, POINTS, match="floating"),
    bad("grid_sample: no tensor", lambda T, F, g: F.grid_sample([1.0], g), POINTS, match="must be Tensor"),
    wrong_affine("theta", "2D affine matrices of shape Nx2x3", (2, 3, 3), (2, 3, 4, 5)),
    wrong_affine("theta of a volume", "3D affine matrices of shape Nx3x4", (2, 2, 3), (2, 3, 4, 5, 6)),
    wrong_affine("rank", "only supports 4D and 5D sizes", (2, 2, 3), (2, 3, 4)),
    wrong_affine("empty", "non-zero, positive output size", (2, 2, 3), (2, 3, 0, 5)),
    wrong_affine("batch", "Expected size for first two dimensions", (2, 2, 3), (1, 3, 4, 5)),
    wrong_affine("size", "tuple of ints", (2, 2, 3), None),
    bad(
        "affine_grid: int",
        lambda T, F, t: F.affine_grid(t.long(), (2, 3, 4, 5)),
        (2, 2, 3),
        match="floating point type",
    ),
]

"""Rows of interpolate: every mode, by size and by factor, larger and smaller."""

from typing import Any

from op_table import Bad, bad, fn, row

ROW, IMAGE, VOLUME = (4, 3, 9), (4, 3, 7, 6), (4, 3, 5, 7, 6)

ROWS = [
    *[
        fn("interpolate", [IMAGE], mode=mode, **how)
        for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
        for how in ({"scale_factor": 2}, {"size": (3, 13)}, {"scale_factor": (0.6, 1.7)}, {"size": 7})
    ],
    *[
        fn("interpolate", [IMAGE], mode=mode, scale_factor=1.7, recompute_scale_factor=True)
        for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    ],
    *[
        fn("interpolate", [IMAGE], mode=mode, align_corners=True, size=size)
        for mode in ("bilinear", "bicubic")
        for size in ((13, 4), 1, (7, 6))
    ],
    *[
        fn("interpolate", [(2, 3, 11, 13)], mode=mode, antialias=True, align_corners=align, size=size)
        for mode in ("bilinear", "bicubic")
        for align in (False, True)
        for size in ((4, 5), (17, 3))
    ],
    fn("interpolate", [(2, 3, 11, 13)], mode="bilinear", antialias=True, scale_factor=0.37),
    *[
        fn("interpolate", [ROW], mode=mode, **how)
        for mode in ("nearest", "nearest-exact", "linear", "area")
        for how in ({"scale_factor": [1.5]}, {"size": [4]})
    ],
    *[
        fn("interpolate", [VOLUME], mode=mode, **how)
        for mode in ("nearest", "nearest-exact", "trilinear", "area")
        for how in ({"scale_factor": (0.5, 1.5, 2)}, {"size": (7, 3, 6)})
    ],
    fn("interpolate", [ROW], mode="linear", size=5, align_corners=True),
    fn("interpolate", [VOLUME], mode="trilinear", size=(3, 9, 8), align_corners=True),
    row("F.interpolate: uint8", lambda T, F, x: F.interpolate(x, scale_factor=2), IMAGE, order=0, dtypes=("uint8",)),
    fn("interpolate", [IMAGE], size=(5, 8), mode="bilinear", dtypes=("float16",), order=0, label="F.interpolate: half"),
    *[fn("adaptive_avg_pool3d", [VOLUME], size) for size in (1, (2, None, 3), (7, 9, 4))],
    fn("adaptive_avg_pool3d", [VOLUME[1:]], 3, zero=(-1,)),
    fn("adaptive_avg_pool3d", [VOLUME], (0, 2, 2), order=0, zero=()),
]


def wrong(match: str, x: tuple[int, ...], name: str = "interpolate", *args: Any, **kwargs: Any) -> Bad:
    """A call that raises."""
    return bad(f"{name} {x} {args} {kwargs}", lambda T, F, t: getattr(F, name)(t, *args, **kwargs), x, match=match)


BAD = [
    wrong("only one of size or scale_factor", IMAGE, size=3, scale_factor=2),
    wrong("either size or scale_factor", IMAGE),
    wrong("same number of spatial dimensions", IMAGE, size=(3, 3, 3)),
    wrong("same number of spatial dimensions", IMAGE, scale_factor=(3, 3, 3)),
    wrong("expected size to be one of int", IMAGE, size=(3.5, 3)),
    wrong("scale_factor .*must be numbers", IMAGE, scale_factor="2"),
    wrong("can only be set with the interpolating modes", IMAGE, size=3, align_corners=False),
    wrong("can only be set with the interpolating modes", IMAGE, size=3, mode="area", align_corners=True),
    wrong("not meaningful with an explicit size", IMAGE, size=3, recompute_scale_factor=True),
    wrong("Anti-alias option is restricted", IMAGE, size=3, antialias=True),
    wrong("Anti-alias option is restricted", VOLUME, size=3, mode="trilinear", antialias=True),
    wrong("Only 3D, 4D and 5D", IMAGE[2:], size=(), mode="nearest"),
    wrong("Only 3D, 4D and 5D", (1, *VOLUME), size=3),
    wrong("Only 3D, 4D and 5D", IMAGE, size=3, mode="cubic"),
    *[
        wrong("input, but needs", x, size=3, mode=mode)
        for x, mode in ((ROW, "bilinear"), (IMAGE, "linear"), (IMAGE, "trilinear"), (VOLUME, "linear"))
    ],
    wrong("Only 3D|needs 4D", ROW, size=3, mode="bicubic"),
    wrong("sizes should be greater than 0", IMAGE, size=0),
    wrong("sizes should be greater than 0", IMAGE, scale_factor=0.1),
    wrong("sizes should be greater than 0", (2, 3, 0, 4), scale_factor=2),
    wrong("only the batch may be empty", (2, 0, 4, 4), scale_factor=2),
    wrong("size must be 3", VOLUME, "adaptive_avg_pool3d", (3, 3)),
    wrong("greater than or equal to 0", VOLUME, "adaptive_avg_pool3d", (3, 3, -1)),
    wrong("must be an int", VOLUME, "adaptive_avg_pool3d", None),
    wrong("Expected 4D or 5D", VOLUME[2:], "adaptive_avg_pool3d", 3),
    wrong("non-zero size", (2, 0, 4, 4, 4), "adaptive_avg_pool3d", 3),
    bad(
        "interpolate: integers",
        lambda T, F, x: F.interpolate(x.long(), scale_factor=2, mode="bilinear"),
        IMAGE,
        match="floating-point",
    ),
]

"""Samples of resizing and of reading an image at given points."""

from scratchnet.gradcheck.catalogue.sample import Sample, op, values

NEAREST = ("nearest", "nearest-exact")
ROW, IMAGE, VOLUME = (1, 2, 5), (1, 1, 4, 5), (1, 1, 2, 3, 2)
INSIDE = values([[[[-0.71, 0.13], [0.31, -0.87], [0.68, 0.41]], [[-0.33, -0.61], [0.09, 0.62], [0.87, -0.12]]]])
ACROSS = values([[[[-0.93, 0.88], [1.43, -1.37], [0.69, 0.34]], [[-1.62, -0.63], [0.09, 1.71], [1.1, -0.12]]]])
EDGES = values([[[[-0.93, 0.88], [1.43, -0.37]]]])
IN_VOLUME = values([[[[[-0.71, 0.13, 0.2], [0.31, -0.57, -0.3]], [[0.68, 0.41, 0.72], [-0.33, -0.48, 1.4]]]]])

SAMPLES: list[Sample] = [
    *[
        op("interpolate", IMAGE, mode=mode, **how)
        for mode in (*NEAREST, "bilinear", "bicubic", "area")
        for how in ({"scale_factor": 2}, {"size": (3, 7)})
    ],
    *[op("interpolate", IMAGE, mode=mode, size=(6, 3), align_corners=True) for mode in ("bilinear", "bicubic")],
    *[op("interpolate", IMAGE, mode=mode, size=(2, 3), antialias=True) for mode in ("bilinear", "bicubic")],
    *[op("interpolate", ROW, mode=mode, scale_factor=1.5) for mode in (*NEAREST, "linear", "area")],
    *[op("interpolate", VOLUME, mode=mode, size=(3, 2, 4)) for mode in (*NEAREST, "trilinear", "area")],
    *[
        op("grid_sample", IMAGE, points, mode=mode, padding_mode=padding, align_corners=align)
        for mode, padding, align, points in (
            ("bilinear", "zeros", False, INSIDE),
            ("bilinear", "border", True, ACROSS),
            ("bilinear", "reflection", False, ACROSS),
            ("bicubic", "zeros", False, INSIDE),
            ("bicubic", "border", True, EDGES),
            ("nearest", "zeros", False, INSIDE),
        )
    ],
    op("grid_sample", VOLUME, IN_VOLUME, align_corners=False),
    op("grid_sampler", IMAGE, INSIDE, args=(0, 1, True)),
    op("affine_grid_generator", (1, 2, 3), args=((1, 1, 2, 3), True)),
    *[op("affine_grid", (1, 2, 3), args=((1, 1, 3, 2), align)) for align in (False, True)],
    op("affine_grid", (1, 3, 4), args=((1, 1, 2, 2, 2), False)),
]

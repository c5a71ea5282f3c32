"""Samples of convolutions, their gradients as functions, and the columns that they are made of."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, op


def with_algorithm(name: str) -> Any:
    """conv2d by a named algorithm."""
    return lambda x, w, b: sn.nn.functional.conv2d(x, w, b, stride=2, padding=1, algorithm=name)


SAMPLES: list[Sample] = [
    op("conv2d", (1, 2, 4, 4), (2, 2, 3, 3), (2,)),
    op("conv2d", (2, 2, 4, 3), (2, 2, 2, 3), stride=(2, 1), padding=(1, 2)),
    op("conv2d", (1, 4, 4, 4), (4, 2, 2, 2), (4,), stride=2, groups=2),
    op("conv2d", (1, 2, 5, 4), (4, 1, 2, 2), (4,), dilation=(2, 1), groups=2, padding="same"),
    op("conv2d", (2, 4, 4), (2, 2, 1, 1)),
    *[
        case("conv2d", f"algorithm {name}", with_algorithm(name), (1, 2, 4, 5), (2, 2, 3, 2), (2,))
        for name in ("naive", "im2col")
    ],
    op("conv1d", (2, 2, 6), (3, 2, 3), (3,)),
    op("conv1d", (1, 4, 7), (4, 2, 2), (4,), stride=2, padding=1, dilation=2, groups=2),
    op("conv3d", (1, 2, 2, 3, 3), (2, 2, 2, 2, 2), (2,)),
    op("conv3d", (1, 2, 3, 3, 2), (2, 1, 2, 1, 2), (2,), stride=(1, 2, 1), padding=(0, 1, 1), groups=2),
    op("conv_transpose2d", (1, 2, 2, 3), (2, 2, 3, 2), (2,)),
    op("conv_transpose2d", (1, 2, 2, 2), (2, 1, 2, 3), (2,), stride=2, padding=1, output_padding=1, groups=2),
    op("conv_transpose2d", (1, 2, 3, 2), (2, 2, 2, 2), dilation=(1, 2)),
    op("conv_transpose1d", (2, 2, 4), (2, 3, 3), (3,), stride=2, padding=1),
    op("conv_transpose1d", (1, 4, 4), (4, 1, 2), (2,), groups=2, dilation=2),
    op("conv_transpose3d", (1, 2, 2, 2, 2), (2, 1, 2, 2, 2), (1,), stride=(1, 2, 1)),
    case(
        "conv2d_input",
        "strides, groups",
        lambda w, gy: sn.nn.grad.conv2d_input((1, 4, 4, 3), w, gy, stride=(2, 1), padding=1, groups=2),
        *((4, 2, 2, 3), (1, 4, 3, 3)),
    ),
    case(
        "conv2d_weight",
        "strides, groups",
        lambda x, gy: sn.nn.grad.conv2d_weight(x, (4, 2, 2, 3), gy, stride=(2, 1), padding=1, groups=2),
        *((1, 4, 4, 3), (1, 4, 3, 3)),
    ),
    op("unfold", (1, 2, 4, 3), kernel_size=(2, 3), padding=(0, 1), stride=(2, 1)),
    op("unfold", (2, 5, 4), kernel_size=2, dilation=(2, 1)),
    op("fold", (1, 8, 6), args=((4, 3), 2)),
    op("fold", (4, 12), args=((3, 4), (2, 2)), stride=(1, 2), padding=1),
]

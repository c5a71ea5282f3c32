"""Samples of pooling over one to three axes: maxima, means, power means, adaptive windows, unpooling."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, op, positive, values

PLACES = {
    1: [[[7, 0, 3], [2, 8, 4]]],
    2: [[[[5, 0], [11, 2]], [[3, 9], [10, 1]]]],
    3: [[[[[5, 0], [11, 2]], [[3, 9], [10, 1]]]]],
}
ROW, IMAGE, VOLUME = (1, 2, 7), (1, 2, 5, 4), (1, 1, 3, 4, 3)
WINDOWS: tuple[dict[str, Any], ...] = (
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
)
SPACES = {1: ROW, 2: IMAGE, 3: VOLUME}


def of_its_maxima(x: Any) -> Any:
    """max_unpool2d of max_pool2d."""
    functional = sn.nn.functional
    maxima, places = functional.max_pool2d(x, 2, return_indices=True)
    return functional.max_unpool2d(maxima, places, 2)


SAMPLES: list[Sample] = [
    *[op(f"{kind}_pool{n}d", SPACES[n], **how) for kind in ("max", "avg") for n in (1, 2, 3) for how in WINDOWS],
    op("max_pool2d", (1, 5, 6), kernel_size=(2, 3), stride=1, dilation=(2, 1)),
    op("max_pool1d", ROW, kernel_size=2, stride=1, dilation=3),
    op("max_pool3d", (1, 4, 3, 4), kernel_size=(2, 1, 2), dilation=(2, 1, 1)),
    op("avg_pool2d", IMAGE, kernel_size=(2, 3), stride=(1, 2), padding=(1, 1), count_include_pad=False),
    op("avg_pool2d", IMAGE, kernel_size=2, stride=3, ceil_mode=True, divisor_override=3),
    op("avg_pool1d", ROW, kernel_size=3, padding=1, count_include_pad=False),
    op("avg_pool3d", VOLUME, kernel_size=(2, 3, 1), stride=1, divisor_override=5),
    *[op(f"max_pool{n}d_with_indices", SPACES[n], kernel_size=2) for n in (1, 2, 3)],
    *[op(f"adaptive_avg_pool{n}d", SPACES[n], args=(2,)) for n in (1, 2, 3)],
    op("adaptive_avg_pool2d", IMAGE, args=((None, 6),)),
    op("adaptive_avg_pool1d", (2, 3), args=(5,)),
    op("adaptive_avg_pool3d", VOLUME, args=((2, None, 4),)),
    *[op(f"adaptive_max_pool{n}d", SPACES[n], args=(2,)) for n in (1, 2, 3)],
    *[op(f"adaptive_max_pool{n}d_with_indices", SPACES[n], args=(2,)) for n in (1, 2, 3)],
    op("adaptive_max_pool2d", IMAGE, args=((3, None),)),
    op("adaptive_max_pool1d", (2, 3), args=(5,)),
    *[op(f"lp_pool{n}d", positive(SPACES[n]), args=(p, 2)) for n, p in ((1, 3), (2, 2), (3, 2))],
    op("lp_pool2d", IMAGE, args=(2, (3, 2)), stride=1, ceil_mode=True),
    op("lp_pool2d", positive(IMAGE), args=(1.5, 2)),
    op("max_unpool1d", (1, 2, 3), values(PLACES[1]), args=(3,)),
    op("max_unpool2d", (1, 2, 2, 2), values(PLACES[2]), args=(2,)),
    op("max_unpool2d", (1, 2, 2, 2), values(PLACES[2]), args=((2, 3), 2), output_size=(4, 5)),
    op("max_unpool3d", (1, 1, 2, 2, 2), values(PLACES[3]), args=(2,)),
    case("max_unpool2d", "of max_pool2d", of_its_maxima, IMAGE),
]

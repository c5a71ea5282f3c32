"""Rows large enough that every parallel kernel shares its work among threads: for the bits on 1 and on 2 threads."""

from typing import Any

from op_table import Row, ints, row


def large(name: str, f: Any, *inputs: Any, **options: Any) -> Row:
    """A row of first order in float32."""
    options = {"order": 1, "dtypes": ("float32",), "strided": False, "zero": ()} | options
    return row(name, f, *inputs, **options)


IMAGE = (16, 12, 31, 29)
ROWS: list[Row] = [
    # Its input gradient may be computed by Winograd's tiles of 3x3 places, which may err 4 times as much as torch.
    large(
        "conv2d", lambda T, F, x, w, b: F.conv2d(x, w, b, 1, 1), IMAGE, (20, 12, 3, 3), (20,), long_sum=True, times=4
    ),
    large("conv2d: groups", lambda T, F, x, w: F.conv2d(x, w, None, 2, 2, 1, 4), IMAGE, (8, 3, 5, 3), long_sum=True),
    large("conv2d: one image", lambda T, F, x, w: F.conv2d(x, w), (1, 3, 90, 80), (16, 3, 5, 5), long_sum=True),
    large(
        "conv_transpose2d", lambda T, F, x, w: F.conv_transpose2d(x, w, None, 2), IMAGE, (12, 7, 3, 3), long_sum=True
    ),
    large("unfold and fold", lambda T, F, x: F.fold(F.unfold(x, 3, 1, 1), IMAGE[2:], 3, 1, 1), IMAGE),
    large("max_pool2d", lambda T, F, x: F.max_pool2d(x, 3, 2, 1), IMAGE),
    large("avg_pool2d", lambda T, F, x: F.avg_pool2d(x, 3, 2, 1), IMAGE),
    large("avg_pool2d: windows side by side", lambda T, F, x: F.avg_pool2d(x, 2), (16, 12, 30, 28)),
    large("avg_pool2d: windows a step apart", lambda T, F, x: F.avg_pool2d(x, 3, 1, 1), IMAGE),
    large("cat", lambda T, F, x, y, z: T.cat((x, y, z), 1), IMAGE, (16, 1, 31, 29), (16, 5, 31, 29)),
    large("adaptive_avg_pool2d", lambda T, F, x: F.adaptive_avg_pool2d(x, (7, 5)), IMAGE),
    large(
        "batch_norm", lambda T, F, x, w, b: F.batch_norm(x, None, None, w, b, True), IMAGE, (12,), (12,), long_sum=True
    ),
    large("relu, sigmoid, tanh", lambda T, F, x: (F.relu(x), T.sigmoid(x), T.tanh(x)), IMAGE),
    large("softmax", lambda T, F, x: (F.softmax(x, 1), F.log_softmax(x, 1), T.logsumexp(x, 1)), (4000, 50)),
    large("softmax: planes", lambda T, F, x: (F.softmax(x, 1), F.log_softmax(x, 1)), IMAGE),
    large("cross_entropy", lambda T, F, x, t: F.cross_entropy(x, t), (5000, 40), ints((5000,), 0, 40)),
    large("mm", lambda T, F, x, y: x @ y, (300, 400), (400, 200), long_sum=True),
    large("linear", lambda T, F, x, w, b: F.linear(x, w, b), (256, 800), (120, 800), (120,), long_sum=True),
    large("sum", lambda T, F, x: (x.sum(), x.sum((0, 2, 3)), x.sum(1)), IMAGE, long_sum=True),
    large("pad", lambda T, F, x: F.pad(x, (1, 2, 3, 4)), IMAGE),
]

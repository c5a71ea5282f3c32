"""Rows of convolution over one axis and over three."""

from typing import Any

from op_table import Bad, Row, bad, fn

SPACE = {1: (9,), 3: (5, 6, 4)}
SMALL = {1: (4,), 3: (3, 2, 4)}


def conv(n: int, w: tuple[int, ...], label: str, bias: bool = True, x: Any = (7, 4), **kwargs: Any) -> Row:
    """conv1d or conv3d of x by w; x without its axes of space."""
    inputs = [(*x, *SPACE[n]), w] + ([(w[0],)] if bias else [])
    return fn(f"conv{n}d", inputs, label=f"F.conv{n}d: {label}", long_sum=True, **kwargs)


def transposed(n: int, w: tuple[int, ...], label: str, bias: bool = True, x: Any = (7, 4), **kwargs: Any) -> Row:
    """conv_transpose1d or conv_transpose3d of x by w."""
    inputs = [(*x, *SMALL[n]), w] + ([(w[1] * kwargs.get("groups", 1),)] if bias else [])
    return fn(f"conv_transpose{n}d", inputs, label=f"F.conv_transpose{n}d: {label}", long_sum=True, **kwargs)


ROWS = [
    conv(1, (6, 4, 3), "plain"),
    conv(1, (6, 4, 3), "no bias", bias=False),
    conv(1, (6, 2, 3), "stride, padding, dilation, groups", stride=2, padding=3, dilation=2, groups=2),
    conv(1, (6, 4, 4), "'same', even kernel", padding="same", dilation=(2,)),
    conv(1, (6, 4, 3), "'valid', lists", padding="valid", stride=[3]),
    conv(1, (6, 4, 9), "kernel as long as the row"),
    conv(1, (6, 4, 3), "unbatched", x=(4,), zero=(-1,)),
    conv(3, (6, 4, 3, 2, 3), "plain"),
    conv(3, (6, 4, 2, 3, 1), "no bias", bias=False),
    conv(3, (6, 2, 2, 3, 2), "stride, padding, groups", stride=(2, 1, 3), padding=(1, 2, 0), groups=2),
    conv(3, (6, 4, 3, 2, 3), "dilation", dilation=(2, 3, 1), padding=(3, 1, 1)),
    conv(3, (6, 4, 2, 3, 4), "'same', even kernel", padding="same"),
    conv(3, (8, 1, 3, 3, 3), "depthwise", groups=4, padding=1, stride=2),
    conv(3, (6, 4, 1, 1, 1), "1x1x1"),
    conv(3, (6, 4, 3, 3, 3), "far padding", padding=(4, 1, 1), stride=(3, 2, 1)),
    conv(3, (6, 4, 2, 2, 2), "unbatched", x=(4,), zero=(-1,)),
    transposed(1, (4, 6, 3), "plain"),
    transposed(1, (4, 3, 3), "groups, output_padding", groups=2, stride=2, padding=1, output_padding=1),
    transposed(1, (4, 6, 3), "output_padding up to dilation", bias=False, dilation=3, output_padding=2),
    transposed(1, (4, 6, 2), "unbatched", x=(4,), stride=3),
    transposed(3, (4, 6, 3, 2, 3), "plain"),
    transposed(3, (4, 3, 2, 3, 2), "groups, output_padding", groups=2, stride=(2, 1, 3), output_padding=(1, 0, 2)),
    transposed(3, (4, 6, 3, 2, 2), "padding, dilation", bias=False, padding=1, dilation=(1, 2, 3)),
    transposed(3, (4, 6, 2, 2, 2), "output_padding up to dilation", dilation=(3, 2, 2), output_padding=(2, 1, 1)),
    transposed(3, (4, 6, 2, 3, 2), "unbatched", x=(4,), stride=2),
]

X = {1: (1, 3, 8), 3: (1, 3, 5, 6, 4)}
W = {1: (4, 3, 3), 3: (4, 3, 3, 2, 3)}


def wrong(n: int, name: str, label: str, match: str, x: Any = None, w: Any = None, b: Any = None, **kwargs: Any) -> Bad:
    """A convolution that raises."""
    inputs = [x or X[n], w or W[n]] + ([] if b is None else [b])
    call = f"{name}{n}d"
    return bad(f"{call}: {label}", lambda T, F, *xs: getattr(F, call)(*xs, **kwargs), *inputs, match=match)


BAD = [
    wrong(1, "conv", "channels", "expected 2 channels, but got 3 channels", w=(4, 2, 3)),
    wrong(1, "conv", "kernel too large", r"Calculated padded input size per channel: \(8\)", w=(4, 3, 9)),
    wrong(1, "conv", "rank", r"Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d", x=(1, 3, 8, 8)),
    wrong(1, "conv", "weight's rank", r"weight.shape .*3 dimensions", w=(4, 3, 3, 3)),
    wrong(1, "conv", "two strides", "single int or a tuple of one int", stride=(1, 2)),
    wrong(1, "conv", "empty", "Only zero batch or zero channel", x=(2, 3, 0), padding=2),
    wrong(3, "conv", "channels", "Given groups=1.*expected 2 channels", w=(4, 2, 3, 2, 3)),
    wrong(3, "conv", "kernel too large", r"\(5 x 6 x 4\)\. Kernel size: \(3 x 7 x 3\)", w=(4, 3, 3, 7, 3)),
    wrong(3, "conv", "rank", r"Expected 4D \(unbatched\) or 5D \(batched\) input to conv3d", x=(3, 8, 8)),
    wrong(3, "conv", "two strides", "tuple of three ints .depth, height, width.", stride=(1, 2)),
    wrong(3, "conv", "stride 0", "non-positive stride", stride=(1, 0, 1)),
    wrong(3, "conv", "negative padding", "negative padding is not supported", padding=-1),
    wrong(3, "conv", "'same' with a stride", "not supported for strided", padding="same", stride=2),
    wrong(3, "conv", "bias", "expected bias to be 1-dimensional with 4 elements", b=(5,)),
    wrong(3, "conv", "groups", "at dimension 0", w=(4, 1, 3, 3, 3), groups=3),
    wrong(1, "conv_transpose", "output_padding", "output padding must be smaller", w=(3, 4, 3), output_padding=1),
    wrong(1, "conv_transpose", "channels", "expected 4 channels, but got 3", w=(4, 3, 3)),
    wrong(3, "conv_transpose", "padding", "Output size is too small", x=(2, 3, 1, 1, 1), w=(3, 4, 3, 3, 3), padding=2),
    wrong(3, "conv_transpose", "rank", "Expected 4D .unbatched. or 5D", x=(3, 8, 8), w=(3, 4, 3, 3, 3)),
    bad(
        "conv3d: weight's dtype",
        lambda T, F, x, w: F.conv3d(x, w.double()),
        X[3],
        W[3],
        match="expected scalar type float32",
    ),
]

"""Rows of conv2d, conv_transpose2d and the gradients as functions."""

from typing import Any

from op_table import Bad, Row, bad, fn, row

N, C, H, W = 7, 4, 9, 8


def conv(w: tuple[int, ...], label: str, bias: bool = True, x: tuple[int, ...] = (N, C, H, W), **kwargs: Any) -> Row:
    """conv2d of x by w."""
    inputs = [x, w, (w[0],)] if bias else [x, w]
    return fn("conv2d", inputs, label=f"F.conv2d: {label}", long_sum=True, **kwargs)


def transposed(
    w: tuple[int, ...], label: str, bias: bool = True, x: tuple[int, ...] = (N, C, 4, 3), **kwargs: Any
) -> Row:
    """conv_transpose2d of x by w."""
    inputs = [x, w, (w[1] * kwargs.get("groups", 1),)] if bias else [x, w]
    return fn("conv_transpose2d", inputs, label=f"F.conv_transpose2d: {label}", long_sum=True, **kwargs)


def grad_input(size: tuple[int, ...], w: tuple[int, ...], gy: tuple[int, ...], **kwargs: Any) -> Row:
    """torch.nn.grad.conv2d_input."""

    def f(T: Any, F: Any, weight: Any, grad: Any) -> Any:
        return T.nn.grad.conv2d_input(size, weight, grad, **kwargs)

    return row(f"conv2d_input {kwargs}", f, w, gy, long_sum=True, zero=())


def grad_weight(x: tuple[int, ...], size: tuple[int, ...], gy: tuple[int, ...], **kwargs: Any) -> Row:
    """torch.nn.grad.conv2d_weight."""

    def f(T: Any, F: Any, image: Any, grad: Any) -> Any:
        return T.nn.grad.conv2d_weight(image, size, grad, **kwargs)

    return row(f"conv2d_weight {kwargs}", f, x, gy, long_sum=True, zero=())


ROWS = [
    conv((6, C, 3, 3), "plain"),
    conv((6, C, 3, 3), "no bias", bias=False),
    conv((6, C, 1, 1), "1x1"),
    conv((6, C, 3, 2), "kernel not square, strides, padding", stride=(2, 3), padding=(1, 2)),
    conv((6, C, 2, 3), "stride leaves a rest", stride=3),
    conv((6, C, 3, 2), "dilation", dilation=(2, 3)),
    conv((6, C, 3, 3), "all at once", stride=(2, 1), padding=(2, 3), dilation=(1, 2)),
    conv((6, 2, 3, 3), "groups", groups=2, padding=1),
    conv((8, 1, 3, 3), "depthwise", groups=4, stride=2),
    conv((6, C, H, W), "kernel as large as the image"),
    conv((6, C, 5, 5), "padding wider than the image needs", padding=4, x=(N, C, 2, 3), zero=(0,)),
    conv((6, C, 3, 3), "padding 'same'", padding="same"),
    conv((6, C, 4, 2), "padding 'same', even kernel", padding="same"),
    conv((6, C, 3, 4), "padding 'same', even kernel, dilation", padding="same", dilation=(2, 3)),
    conv((6, C, 3, 3), "padding 'valid'", padding="valid", stride=2),
    conv((6, C, 3, 3), "unbatched", x=(C, H, W), zero=(-1,)),
    conv((6, C, 2, 2), "unbatched, 'same'", x=(C, H, W), padding="same", bias=False),
    conv((6, C, 3, 3), "lists of one", stride=[2], padding=[1], dilation=[1]),
    conv((3, 70, 3, 3), "many channels", x=(1, 70, 4, 4), padding=1),
    transposed((C, 6, 3, 3), "plain", x=(N, C, 8, 9)),
    transposed((C, 6, 3, 2), "no bias, stride, padding", bias=False, stride=(2, 3), padding=(1, 0)),
    transposed((C, 6, 3, 3), "output_padding", stride=(2, 3), output_padding=(1, 2), padding=1),
    transposed((C, 6, 3, 3), "output_padding up to dilation", stride=(1, 2), output_padding=(1, 2), dilation=(2, 3)),
    transposed((C, 3, 3, 2), "groups", groups=2, stride=2),
    transposed((C, 6, 3, 3), "unbatched", x=(C, 4, 3), dilation=2),
    grad_input((N, C, H, W), (6, C, 3, 3), (N, 6, 7, 6)),
    grad_input((N, C, H, W), (6, 2, 3, 3), (N, 6, 5, 3), stride=(2, 3), padding=1, groups=2),
    grad_weight((N, C, H, W), (6, C, 3, 3), (N, 6, 7, 6)),
    grad_weight((N, C, H, W), (6, 2, 3, 3), (N, 6, 5, 3), stride=(2, 3), padding=1, groups=2),
]

IMAGE, KERNEL = (1, 3, 8, 8), (4, 3, 3, 3)


def wrong(label: str, match: str, x: Any = IMAGE, w: Any = KERNEL, b: Any = None, **kwargs: Any) -> Bad:
    """A conv2d that raises."""
    inputs = [x, w] if b is None else [x, w, b]
    return bad(f"conv2d: {label}", lambda T, F, *xs: F.conv2d(*xs, **kwargs), *inputs, match=match)


def wrong_transposed(
    label: str, match: str, x: Any = IMAGE, w: Any = (3, 4, 3, 3), b: Any = None, **kwargs: Any
) -> Bad:
    """A conv_transpose2d that raises."""
    inputs = [x, w] if b is None else [x, w, b]
    return bad(f"conv_transpose2d: {label}", lambda T, F, *xs: F.conv_transpose2d(*xs, **kwargs), *inputs, match=match)


BAD = [
    wrong("channels", r"expected 2 channels, but got 3 channels.*use a weight of shape \(4, 3, 3, 3\)", w=(4, 2, 3, 3)),
    wrong("channels of groups", "Given groups=2", w=(4, 1, 3, 3), groups=2),
    wrong(
        "out channels by groups",
        r"divisible by 2 at dimension 0.*use 2 channels",
        w=(3, 2, 3, 3),
        x=(1, 4, 8, 8),
        groups=2,
    ),
    wrong("no out channels", "at least 1 at dimension 0", w=(0, 3, 3, 3)),
    wrong(
        "kernel too large",
        r"Calculated padded input size per channel: \(8 x 8\)\. Kernel size: \(9 x 9\).*padding=1",
        w=(4, 3, 9, 9),
    ),
    wrong("dilated kernel too large", r"Kernel size: \(9 x 9\)", dilation=4),
    wrong("kernel too large, valid", "Kernel size can't be greater", w=(4, 3, 9, 9), padding="valid"),
    wrong("negative padding", "negative padding is not supported", padding=-1),
    wrong("stride 0", "non-positive stride.*use stride=1", stride=0),
    wrong("dilation 0", "dilation should be greater than zero", dilation=0),
    wrong("groups 0", "non-positive groups", groups=0),
    wrong("groups a float", "groups .*must be an int", groups=1.0),
    wrong("stride a float", "stride .*must be an int or a tuple of ints", stride=1.5),
    wrong("stride a bool", "stride .*must be an int", stride=True),
    wrong("stride None", "stride .*must be an int", stride=None),
    wrong("padding a float", "padding .*must be an int", padding=1.5),
    wrong("three strides", "single int or a tuple of two ints", stride=(1, 2, 3)),
    wrong("no strides", "single int or a tuple of two ints", stride=()),
    wrong("three paddings", "single int or a tuple of two ints", padding=(1, 2, 3)),
    wrong("padding's name", "Invalid padding string", padding="full"),
    wrong("'same' with a stride", "not supported for strided convolutions", padding="same", stride=2),
    wrong("rank 2", r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d", x=(8, 8)),
    wrong("rank 5", r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d", x=(1, 1, 3, 8, 8)),
    wrong("weight of rank 3", "weight.shape .*4 dimensions", x=(3, 8, 8), w=(4, 3, 3)),
    wrong("bias size", "expected bias to be 1-dimensional with 4 elements", b=(5,)),
    wrong("bias rank", "expected bias to be 1-dimensional with 4 elements", b=(4, 1)),
    wrong("empty image", "Only zero batch or zero channel inputs are supported", x=(2, 3, 0, 8), padding=2),
    wrong("empty kernel", "kernel size should be greater than zero", w=(4, 3, 0, 3)),
    bad(
        "conv2d: weight's dtype",
        lambda T, F, x, w: F.conv2d(x, w.double()),
        IMAGE,
        KERNEL,
        match="expected scalar type float32",
    ),
    bad(
        "conv2d: bias's dtype",
        lambda T, F, x, w, b: F.conv2d(x, w, b.double()),
        IMAGE,
        KERNEL,
        (4,),
        match="bias.dtype",
    ),
    bad("conv2d: bool", lambda T, F, x, w: F.conv2d(x > 0, w > 0), IMAGE, KERNEL, match="floating-point"),
    bad(
        "conv2d: no tensor", lambda T, F, x, w: F.conv2d(x, 3), IMAGE, KERNEL, match="weight .*must be Tensor, not int"
    ),
    bad(
        "conv2d: input no tensor", lambda T, F, w: F.conv2d([1, 2], w), KERNEL, match="input .*must be Tensor, not list"
    ),
    wrong_transposed("channels", "expected 4 channels, but got 3 channels", w=(4, 3, 3, 3)),
    wrong_transposed("groups", "divisible by 2 at dimension 0", groups=2),
    wrong_transposed("output_padding", "output padding must be smaller than either stride", output_padding=1),
    wrong_transposed("negative output_padding", "negative output_padding", output_padding=-1, stride=2),
    wrong_transposed("padding", "Output size is too small", x=(2, 3, 1, 1), padding=2),
    wrong_transposed("negative padding", "negative padding", padding=-1),
    wrong_transposed("padding's name", "must be an int", padding="same"),
    wrong_transposed(
        "bias", "expected bias to be 1-dimensional with 8 elements", x=(2, 4, 8, 8), w=(4, 4, 3, 3), b=(4,), groups=2
    ),
    wrong_transposed("rank 2", r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv_transpose2d", x=(8, 8)),
    bad(
        "conv2d_input: shape",
        lambda T, F, w, g: T.nn.grad.conv2d_input((2, 3, 8, 8), w, g),
        KERNEL,
        (2, 4, 7, 7),
        match=r"conv2d's output, \[2, 4, 6, 6\]",
    ),
    bad(
        "conv2d_weight: shape",
        lambda T, F, x, g: T.nn.grad.conv2d_weight(x, (4, 3, 3, 3), g),
        (2, 3, 8, 8),
        (2, 4, 7, 7),
        match=r"conv2d's output, \[2, 4, 6, 6\]",
    ),
    bad(
        "conv2d_weight: unbatched",
        lambda T, F, x, g: T.nn.grad.conv2d_weight(x, (4, 3, 3, 3), g),
        (3, 8, 8),
        (4, 6, 6),
        match="4-dimensional input",
    ),
]

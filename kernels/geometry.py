"""Sizes of a convolution, the same on every backend. Pure Python: importing it costs nothing."""

from collections.abc import Iterator

Pair = tuple[int, int]
Shape = tuple[int, ...]


def output_size(image: Shape, kernel_size: Shape, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """(OH, OW) = (size + 2 padding - dilation (kernel - 1) - 1) // stride + 1."""
    (h, w), (kh, kw), (sh, sw), (ph, pw), (dh, dw) = image, kernel_size, stride, padding, dilation
    return (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1


def column_size(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair) -> int:
    """Elements of the column matrix of one sample."""
    oh, ow = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    return x_shape[1] * w_shape[2] * w_shape[3] * oh * ow


def chunk_samples(samples: int, sample_size: int, most: int) -> int:
    """How many of `samples` are taken at a time, so that their sizes together are at most `most`; at least one."""
    return min(max(1, most // max(sample_size, 1)), samples)


def chunks(samples: int, at_a_time: int) -> Iterator[tuple[int, int]]:
    """First and end of each run of samples."""
    for lo in range(0, samples, max(at_a_time, 1)):
        yield lo, min(lo + at_a_time, samples)

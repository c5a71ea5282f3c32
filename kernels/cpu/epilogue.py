"""What comes after a convolution's sums, where the algorithm doesn't do it as it writes them."""

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, plain


def finish(y: Array, bias: Array | None, epilogue: str) -> None:
    """y of shape (N, K, OH, OW) += bias, and then ReLU: "none", "bias" or "bias_relu"."""
    if y.size and epilogue != "none" and bias is not None:
        n, k = y.shape[:2]
        _bias(y.size, y.reshape(n * k, -1), plain(bias), epilogue == "bias_relu")


@kernel()
def _bias(y: Array, bias: Array, relu: bool) -> None:
    planes, size = y.shape
    K = bias.size
    zero = y.dtype.type(0)
    for plane in prange(planes):
        b = bias[plane % K]
        if relu:
            for i in range(size):
                v = y[plane, i] + b
                y[plane, i] = zero if v < zero else v
        else:
            for i in range(size):
                y[plane, i] += b

"""A convolution written by hand in plain NumPy, and fourteen ways to get its backward wrong, one a class.

Each is found, and named, by one command; here the one that mixes up height and width:

    scratchnet gradcheck examples/wrong_convolutions.py:HeightWidth --arg 3 --arg 4 --arg stride=2 --input 2,3,7,6

`Conv2d` itself is right.
"""

import numpy as np

Array = np.ndarray


class Conv2d:
    """(N, C, H, W) -> (N, K, OH, OW), 3 x 3 kernels, as much padding as dilation: OH = (H - 1) // stride + 1."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, dilation: int = 1) -> None:
        rng = np.random.default_rng(0)
        self.W = rng.standard_normal((out_channels, in_channels, 3, 3)) / np.sqrt(9 * in_channels)
        self.b = rng.standard_normal(out_channels)
        self.stride, self.dilation = stride, dilation

    def window(self, i: int, j: int, size: tuple[int, ...]) -> tuple[slice, ...]:
        """The padded pixels that the kernel's element (i, j) meets, one for each of OH x OW output pixels."""
        s, d = self.stride, self.dilation
        OH, OW = size
        return slice(None), slice(None), slice(i * d, i * d + s * OH, s), slice(j * d, j * d + s * OW, s)

    def forward(self, x: Array) -> Array:
        size = tuple((n - 1) // self.stride + 1 for n in x.shape[2:])
        d, more = self.dilation, self.dilation + self.stride - 1  # more: so that every window ends inside
        self.x = np.pad(x, ((0, 0), (0, 0), (d, more), (d, more)))
        self.shape = x.shape
        y = np.zeros((len(x), len(self.W), *size))
        for i in range(3):
            for j in range(3):
                y += np.einsum("nchw,kc->nkhw", self.x[self.window(i, j, size)], self.W[:, :, i, j])
        return y + self.b[:, None, None]

    def backward(self, gy: Array) -> Array:
        self.db = self.bias_gradient(gy)
        self.dW = self.weight_gradient(gy)
        return self.input_gradient(gy)

    def bias_gradient(self, gy: Array) -> Array:
        return gy.sum(axis=(0, 2, 3))

    def weight_gradient(self, gy: Array) -> Array:
        dW = np.zeros_like(self.W)
        for i in range(3):
            for j in range(3):
                dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, self.x[self.window(i, j, gy.shape[2:])])
        return dW

    def input_gradient(self, gy: Array) -> Array:
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                dx[self.window(i, j, gy.shape[2:])] += np.einsum("nkhw,kc->nchw", gy, self.W[:, :, i, j])
        return self.cropped(dx)

    def cropped(self, dx: Array) -> Array:
        d, (H, W) = self.dilation, self.shape[2:]
        return dx[:, :, d : d + H, d : d + W]


class Sign(Conv2d):
    def bias_gradient(self, gy: Array) -> Array:
        return -gy.sum(axis=(0, 2, 3))


class BatchMean(Conv2d):
    def weight_gradient(self, gy: Array) -> Array:
        return super().weight_gradient(gy) / len(gy)


class BiasOfFirstImage(Conv2d):
    def bias_gradient(self, gy: Array) -> Array:
        return gy[0].sum(axis=(1, 2))


class Overwritten(Conv2d):
    def input_gradient(self, gy: Array) -> Array:
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                dx[self.window(i, j, gy.shape[2:])] = np.einsum("nkhw,kc->nchw", gy, self.W[:, :, i, j])
        return self.cropped(dx)


class Flipped(Conv2d):
    def input_gradient(self, gy: Array) -> Array:
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                dx[self.window(i, j, gy.shape[2:])] += np.einsum("nkhw,kc->nchw", gy, self.W[:, :, 2 - i, 2 - j])
        return self.cropped(dx)


class HeightWidth(Conv2d):
    def input_gradient(self, gy: Array) -> Array:
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                dx[self.window(i, j, gy.shape[2:])] += np.einsum("nkhw,kc->nchw", gy, self.W[:, :, j, i])
        return self.cropped(dx)


class StrideIgnored(Conv2d):
    def weight_gradient(self, gy: Array) -> Array:
        dW, (OH, OW) = np.zeros_like(self.W), gy.shape[2:]
        for i in range(3):
            for j in range(3):
                dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, self.x[:, :, i : i + OH, j : j + OW])
        return dW


class DilationIgnored(Conv2d):
    """Check it with --arg dilation=2."""

    def weight_gradient(self, gy: Array) -> Array:
        dW, s, (OH, OW) = np.zeros_like(self.W), self.stride, gy.shape[2:]
        for i in range(3):
            for j in range(3):
                seen = self.x[:, :, i : i + s * OH : s, j : j + s * OW : s]
                dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, seen)
        return dW


class PaddingShifted(Conv2d):
    def cropped(self, dx: Array) -> Array:
        (H, W) = self.shape[2:]
        return dx[:, :, :H, :W]


class BorderLost(Conv2d):
    def cropped(self, dx: Array) -> Array:
        dx = super().cropped(dx)
        dx[:, :, 0] = 0
        return dx


class NotConnected(Conv2d):
    def input_gradient(self, gy: Array) -> Array:
        return np.zeros(self.shape)


class UpstreamIgnored(Conv2d):
    def weight_gradient(self, gy: Array) -> Array:
        return super().weight_gradient(np.ones_like(gy))


class Accumulated(Conv2d):
    def weight_gradient(self, gy: Array) -> Array:
        self.total = getattr(self, "total", 0) + super().weight_gradient(gy)
        return self.total


class FirstInputKept(Conv2d):
    def weight_gradient(self, gy: Array) -> Array:
        if not hasattr(self, "first"):
            self.first = self.x
        self.x = self.first
        return super().weight_gradient(gy)

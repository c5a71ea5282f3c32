"""A convolution written by hand in plain NumPy, with a bug in its backward, and the same convolution mended.

Find the bug:

    scratchnet gradcheck examples/gradcheck_convolution.py:Conv2d --arg 3 --arg 4 --arg stride=2 --input 2,3,7,7

and see that it is gone:

    scratchnet gradcheck examples/gradcheck_convolution.py:MendedConv2d --arg 3 --arg 4 --arg stride=2 --input 2,3,7,7
"""

import numpy as np

Array = np.ndarray


class Conv2d:
    """(N, C, H, W) -> (N, K, OH, OW) with 3 x 3 kernels and a padding of 1; OH = (H - 1) // stride + 1."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        rng = np.random.default_rng(0)
        self.W = rng.standard_normal((out_channels, in_channels, 3, 3)) / np.sqrt(9 * in_channels)
        self.b = rng.standard_normal(out_channels)
        self.stride = stride

    def window(self, i: int, j: int, OH: int, OW: int) -> tuple[slice, ...]:
        """The padded pixels that the kernel's element (i, j) meets, one for each output pixel."""
        s = self.stride
        return slice(None), slice(None), slice(i, i + s * (OH - 1) + 1, s), slice(j, j + s * (OW - 1) + 1, s)

    def forward(self, x: Array) -> Array:
        self.x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        OH, OW = ((n - 1) // self.stride + 1 for n in x.shape[2:])
        y = np.zeros((len(x), len(self.W), OH, OW))
        for i in range(3):
            for j in range(3):
                y += np.einsum("nchw,kc->nkhw", self.x[self.window(i, j, OH, OW)], self.W[:, :, i, j])
        return y + self.b[:, None, None]

    def backward(self, gy: Array) -> Array:
        OH, OW = gy.shape[2:]
        self.dW = np.zeros_like(self.W)
        self.db = gy.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                window = self.window(i, j, OH, OW)
                self.dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, self.x[window])
                dx[window] = np.einsum("nkhw,kc->nchw", gy, self.W[:, :, i, j])
        return dx[:, :, 1:-1, 1:-1]


class MendedConv2d(Conv2d):
    """The same with a right backward: where windows overlap, a pixel's gradients add up."""

    def backward(self, gy: Array) -> Array:
        OH, OW = gy.shape[2:]
        self.dW = np.zeros_like(self.W)
        self.db = gy.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(3):
            for j in range(3):
                window = self.window(i, j, OH, OW)
                self.dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, self.x[window])
                dx[window] += np.einsum("nkhw,kc->nchw", gy, self.W[:, :, i, j])
        return dx[:, :, 1:-1, 1:-1]

"""Convolution layers in plain NumPy, right by test: what the wrong ones in mutants_conv.py are made from.

Every layer of these files is a pair forward(*arrays) -> array, backward(gy) -> one array per argument of forward.
A layer holds no parameters: what can be differentiated is an argument, what can't goes to the constructor.
"""

import copy
from collections.abc import Iterator
from types import EllipsisType
from typing import Any

import numpy as np

Array = np.ndarray
Window = tuple[EllipsisType, slice, slice]


def as_if(layer: Any, **changes: Any) -> Any:
    """The layer as it would be with other attributes: how a mutant forgets a stride or takes another array."""
    other = copy.copy(layer)
    vars(other).update(changes)
    return other


def grouped(a: Array, groups: int, axis: int) -> Array:
    """(..., G * C, ...) -> (..., G, C, ...)"""
    return a.reshape(*a.shape[:axis], groups, a.shape[axis] // groups, *a.shape[axis + 1 :])


class Taps:
    """The places that a kernel's element (i, j) reads: one strided window of the padded image for each tap."""

    stride: int
    dilation: int

    def taps(self) -> Iterator[tuple[int, int]]:
        return np.ndindex(*self.kernel)  # type: ignore[attr-defined]

    def window(self, i: int, j: int) -> Window:
        rows, columns = (
            slice(at * self.dilation, at * self.dilation + (size - 1) * self.stride + 1, self.stride)
            for at, size in zip((i, j), self.size, strict=True)  # type: ignore[attr-defined]
        )
        return ..., rows, columns

    def pad(self, x: Array, value: float = 0.0) -> Array:
        p = self.padding  # type: ignore[attr-defined]
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=value)

    def crop(self, padded: Array) -> Array:
        """The padding's gradient is thrown away."""
        p = self.padding  # type: ignore[attr-defined]
        return padded[:, :, p : padded.shape[2] - p, p : padded.shape[3] - p]

    def place(self, target: Array, window: Window, value: Array) -> None:
        """Windows overlap: what reaches a pixel through several of them adds up."""
        target[window] += value


class Conv2d(Taps):
    """torch's conv2d: (N, C, H, W), (K, C / groups, KH, KW), (K,) -> (N, K, OH, OW)."""

    def __init__(self, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> None:
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Array, weight: Array, bias: Array) -> Array:
        self.x, self.weight = x, weight
        self.kernel = weight.shape[2:]
        self.size = tuple(
            (n + 2 * self.padding - self.dilation * (k - 1) - 1) // self.stride + 1
            for n, k in zip(x.shape[2:], self.kernel, strict=True)
        )
        padded = grouped(self.pad(x), self.groups, 1)
        y = np.zeros((len(x), self.groups, len(weight) // self.groups, *self.size), np.result_type(x, weight, bias))
        for i, j in self.taps():
            y += np.einsum("ngchw,gkc->ngkhw", padded[self.window(i, j)], self.tap(i, j))
        return y.reshape(len(x), len(weight), *self.size) + bias[:, None, None]

    def tap(self, i: int, j: int) -> Array:
        """(G, K / G, C / G)"""
        return grouped(self.weight[:, :, i, j], self.groups, 0)

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return self.input_gradient(gy), self.weight_gradient(gy), self.bias_gradient(gy)

    def input_gradient(self, gy: Array) -> Any:
        gy = grouped(gy, self.groups, 1)
        gx = np.zeros_like(self.pad(self.x))
        target = grouped(gx, self.groups, 1)  # a view
        for i, j in self.taps():
            self.place(target, self.window(i, j), np.einsum("ngkhw,gkc->ngchw", gy, self.tap(i, j)))
        return self.crop(gx)

    def weight_gradient(self, gy: Array) -> Any:
        gy = grouped(gy, self.groups, 1)
        padded = grouped(self.pad(self.x), self.groups, 1)
        gw = np.zeros_like(self.weight)
        for i, j in self.taps():
            gw[:, :, i, j] = np.einsum("ngkhw,ngchw->gkc", gy, padded[self.window(i, j)]).reshape(gw.shape[:2])
        return gw

    def bias_gradient(self, gy: Array) -> Any:
        return gy.sum(axis=(0, 2, 3))


class ConvTranspose2d(Taps):
    """torch's conv_transpose2d without bias: (N, C, H, W), (C, K, KH, KW) -> (N, K, OH, OW)."""

    def __init__(self, stride: int = 1, padding: int = 0) -> None:
        self.stride, self.padding, self.dilation = stride, padding, 1

    def forward(self, x: Array, weight: Array) -> Array:
        self.x, self.weight = x, weight
        self.kernel, self.size = weight.shape[2:], x.shape[2:]
        full = ((n - 1) * self.stride + k for n, k in zip(self.size, self.kernel, strict=True))
        y = np.zeros((len(x), weight.shape[1], *full), np.result_type(x, weight))
        for i, j in self.taps():
            y[self.window(i, j)] += np.einsum("nchw,ck->nkhw", x, weight[:, :, i, j])
        return self.crop(y)

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return self.input_gradient(self.pad(gy)), self.weight_gradient(self.pad(gy))

    def input_gradient(self, gy: Array) -> Any:
        gx = np.zeros_like(self.x)
        for i, j in self.taps():
            gx += np.einsum("nkhw,ck->nchw", gy[self.window(i, j)], self.weight[:, :, i, j])
        return gx

    def weight_gradient(self, gy: Array) -> Any:
        gw = np.zeros_like(self.weight)
        for i, j in self.taps():
            gw[:, :, i, j] = np.einsum("nkhw,nchw->ck", gy[self.window(i, j)], self.x)
        return gw


class AvgPool2d(Taps):
    """torch's avg_pool2d, the padding counted: (N, C, H, W) -> (N, C, OH, OW)."""

    dilation = 1

    def __init__(self, kernel: tuple[int, int], stride: int = 1, padding: int = 0) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Array) -> Array:
        self.x = x
        self.size = tuple(
            (n + 2 * self.padding - k) // self.stride + 1 for n, k in zip(x.shape[2:], self.kernel, strict=True)
        )
        padded = self.pad(x)
        total = np.sum([padded[self.window(i, j)] for i, j in self.taps()], axis=0)
        return total / np.prod(self.kernel)

    def share(self, gy: Array) -> Array:
        """What each pixel of a window gets."""
        return gy / np.prod(self.kernel)

    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.pad(self.x))
        for i, j in self.taps():
            self.place(gx, self.window(i, j), self.share(gy))
        return self.crop(gx)


class MaxPool2d(Taps):
    """torch's max_pool2d: (N, C, H, W) -> (N, C, OH, OW); the first maximum of a window gets the gradient."""

    dilation = 1

    def __init__(self, kernel: tuple[int, int], stride: int = 1, padding: int = 0) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Array) -> Array:
        self.x = x
        self.size = tuple(
            (n + 2 * self.padding - k) // self.stride + 1 for n, k in zip(x.shape[2:], self.kernel, strict=True)
        )
        padded = self.pad(x, -np.inf)
        read = np.stack([padded[self.window(i, j)] for i, j in self.taps()])
        self.winner = read.argmax(axis=0)
        return np.take_along_axis(read, self.winner[None], axis=0)[0]

    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.pad(self.x))
        for number, (i, j) in enumerate(self.taps()):
            self.place_at(gx[self.window(i, j)], self.winner == number, gy)
        return self.crop(gx)

    def place_at(self, target: Array, chosen: Array, gy: Array) -> None:
        target[chosen] += gy[chosen]

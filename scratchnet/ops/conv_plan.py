"""How a convolution over 1, 2 or 3 axes of space runs on kernels for images.

One axis: images of one row. Three: for every output depth the KD slices that the kernel covers are stacked as channels,
(N, C, D, H, W) -> (N OD, C KD, H, W); in that order the weight (K, C/groups, KD, KH, KW) need only be reshaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scratchnet.device import array_module, kernels_for
from scratchnet.ops.geometry import Sizes, conv_size
from scratchnet.shapes import message

Shape = tuple[int, ...]
Geometry = tuple[Sizes, Sizes, Sizes, int]  # stride, padding, dilation, groups


@dataclass(frozen=True)
class Plan:
    """All of a convolution but its arrays: where the kernel goes, and by which algorithm."""

    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int
    algorithm: str

    def forward(self, x: Any, w: Any, b: Any, out: Any = None, relu: bool = False) -> Any:
        """conv(x, w) + b, in `out` where given, as the gradients below; of images with a bias then ReLU, if asked."""
        if len(self.stride) != 2:
            columns = self._columns(x, w.shape)
            return filled(out, self._unfolded(self.flat.forward(columns, self._kernel(w), b), x.shape, w.shape))
        epilogue = "none" if b is None else "bias_relu" if relu else "bias"
        algorithm = self._algorithm("forward", x, x.shape, w.shape)
        return algorithm.forward(x, w, b, **self.geometry, epilogue=epilogue, out=out)

    def grad_input(self, gy: Any, w: Any, x_shape: Shape, out: Any = None) -> Any:
        """gx of shape x_shape."""
        if len(self.stride) != 2:
            shape, _ = self.flat_shapes(x_shape, w.shape)
            columns = self.flat.grad_input(self._folded(gy), self._kernel(w), shape)
            return filled(out, self._columns_adjoint(columns, x_shape, w.shape))
        return self._algorithm("grad_input", gy, x_shape, w.shape).grad_input(gy, w, x_shape, **self.geometry, out=out)

    def grad_weight(self, gy: Any, x: Any, w_shape: Shape, out: Any = None) -> Any:
        """gw of shape w_shape."""
        if len(self.stride) != 2:
            _, shape = self.flat_shapes(x.shape, w_shape)
            gw = self.flat.grad_weight(self._folded(gy), self._columns(x, w_shape), shape).reshape(w_shape)
            return filled(out, gw)
        return self._algorithm("grad_weight", x, x.shape, w_shape).grad_weight(gy, x, w_shape, **self.geometry, out=out)

    def grad_parameters(self, gy: Any, x: Any, w_shape: Shape) -> tuple[Any, Any]:
        """gw, and the gradient of a bias: by one kernel, if the algorithm has one for both."""
        if len(self.stride) != 2:
            gw = self.grad_weight(gy, x, w_shape)
        else:
            algorithm = self._algorithm("grad_weight", x, x.shape, w_shape)
            if hasattr(algorithm, "grad_parameters"):
                gw, gb = algorithm.grad_parameters(gy, x, w_shape, **self.geometry)
                return gw, gb
            gw = algorithm.grad_weight(gy, x, w_shape, **self.geometry)
        return gw, kernels_for(gy).reduce.channel_sum(gy)

    @cached_property
    def geometry(self) -> dict[str, Any]:
        """As the kernels take it."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def flat(self) -> "Plan":
        """The plan of the convolution of images that this one becomes."""
        if len(self.stride) == 1:
            return Plan((1, *self.stride), (0, *self.padding), (1, *self.dilation), self.groups, self.algorithm)
        return replace(self, stride=self.stride[-2:], padding=self.padding[-2:], dilation=self.dilation[-2:])

    def flat_shapes(self, x_shape: Shape, w_shape: Shape) -> tuple[Shape, Shape]:
        """The shapes of images and weight as `flat` gets them."""
        if len(self.stride) == 1:
            return (*x_shape[:2], 1, x_shape[2]), (*w_shape[:2], 1, w_shape[2])
        if len(self.stride) == 2:
            return x_shape, w_shape
        (n, c), (k, part, layers), depth = x_shape[:2], w_shape[:3], self._depth(x_shape, w_shape)
        return (n * depth, c * layers, *x_shape[3:]), (k, part * layers, *w_shape[3:])

    def _algorithm(self, function: str, x: Any, x_shape: Shape, w_shape: Shape) -> Any:
        """The module of the algorithm for one of its functions, where x is."""
        conv, algorithm = kernels_for(x).conv, self.algorithm
        if algorithm == "auto":
            algorithm = conv.choose(x_shape, w_shape, x.dtype, *self.geometry.values(), function)
        return conv.algorithm(algorithm)

    def _kernel(self, w: Any) -> Any:
        if len(self.stride) == 1:
            return w[:, :, None]
        return w.reshape(w.shape[0], w.shape[1] * w.shape[2], *w.shape[3:])

    def _depth(self, x_shape: Shape, w_shape: Shape) -> int:
        return conv_size(x_shape[2], w_shape[2], self.stride[0], self.padding[0], self.dilation[0])

    def _layers(self, x_shape: Shape, w_shape: Shape) -> Iterator[tuple[int, slice, slice]]:
        """For each of the kernel's layers the slices of x that it meets, and the output depths they go to."""
        step, border, spread, depth = self.stride[0], self.padding[0], self.dilation[0], self._depth(x_shape, w_shape)
        for layer in range(w_shape[2]):
            shift = layer * spread - border
            first, last = max(0, -(shift // step)), min(depth, (x_shape[2] - 1 - shift) // step + 1)
            if first < last:
                yield (
                    layer,
                    slice(first * step + shift, (last - 1) * step + shift + 1, step),
                    slice(first, last),
                )

    def _columns(self, x: Any, w_shape: Shape) -> Any:
        if len(self.stride) == 1:
            return x[:, :, None]
        (n, c, _, height, width), layers, depth = x.shape, w_shape[2], self._depth(x.shape, w_shape)
        out = array_module(x).zeros((n, depth, c, layers, height, width), x.dtype)
        for layer, source, place in self._layers(x.shape, w_shape):
            out[:, place, :, layer] = x[:, :, source].swapaxes(1, 2)
        return out.reshape(n * depth, c * layers, height, width)

    def _columns_adjoint(self, columns: Any, x_shape: Shape, w_shape: Shape) -> Any:
        if len(self.stride) == 1:
            return columns[:, :, 0]
        (n, c, _, height, width), layers, depth = x_shape, w_shape[2], self._depth(x_shape, w_shape)
        columns = columns.reshape(n, depth, c, layers, height, width)
        out = array_module(columns).zeros(x_shape, columns.dtype)
        for layer, source, place in self._layers(x_shape, w_shape):
            out[:, :, source] += columns[:, place, :, layer].swapaxes(1, 2)
        return out

    def _folded(self, gy: Any) -> Any:
        if len(self.stride) == 1:
            return gy[:, :, None]
        n, k, depth = gy.shape[:3]
        return gy.swapaxes(1, 2).reshape(n * depth, k, *gy.shape[3:])

    def _unfolded(self, y: Any, x_shape: Shape, w_shape: Shape) -> Any:
        if len(self.stride) == 1:
            return y[:, :, 0]
        y = y.reshape(x_shape[0], self._depth(x_shape, w_shape), *y.shape[1:]).swapaxes(1, 2)
        return array_module(y).ascontiguousarray(y)


def filled(out: Any, result: Any) -> Any:
    """The result, rounded into `out` where that is given."""
    if out is None:
        return result
    out[...] = result
    return out


def known_algorithm(op: str, argument: str, name: Any, backends: Sequence[Any]) -> str:
    """The name of an algorithm that one of the backends has, or "auto". Raises ValueError."""
    names = ("auto", *sorted({known for kernels in backends for known in kernels.conv.algorithms()}))
    if name not in names:
        raise ValueError(
            message(op, argument, repr(name), f"must be one of {', '.join(names)}", f"use {argument}='auto'")
        )
    return str(name)


def planned(op: str, name: Any, x: Any, x_shape: Shape, w_shape: Shape, geometry: Geometry) -> Plan:
    """The Plan, once the named algorithm has said that it can do the case. Raises ValueError, NotImplementedError."""
    plan = Plan(*geometry, name)
    if name != "auto":
        known_algorithm(op, "algorithm", name, (kernels_for(x),))
        conv, case = kernels_for(x).conv, (*plan.flat_shapes(x_shape, w_shape), x.dtype, *plan.flat.geometry.values())
        able = [a for a in conv.algorithms() if conv.algorithm(a).supports(*case)]
        if name not in able:
            text = ", ".join(f"{argument} {value}" for argument, value in plan.geometry.items())
            rule = f"can't do input {list(x_shape)}, weight {list(w_shape)}, {x.dtype}, {text}"
            raise NotImplementedError(message(op, "algorithm", repr(name), rule, f"use one of auto, {', '.join(able)}"))
    return plan

"""A convolution layer in a worker: its forward and its two gradients."""

from typing import Any, NamedTuple

import numpy as np

from scratchnet.bench.engine import TorchLike
from scratchnet.bench.timing import Work

DIRECTIONS = ("forward", "grad_input", "grad_weight")


class Shape(NamedTuple):
    """A convolution of square images with square kernels."""

    batch: int
    inputs: int
    outputs: int
    image: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    @property
    def out(self) -> int:
        """Height and width of the result."""
        return (self.image + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def weights(self) -> int:
        """How many there are."""
        return self.outputs * (self.inputs // self.groups) * self.kernel**2

    def flops(self) -> int:
        """A multiplication and an addition for each weight at each place of the result; any direction has as many.

        Weights that lie over the padding count too.
        """
        return 2 * self.batch * self.weights * self.out**2

    def bytes(self) -> int:
        """Input, weights and result of float32, each read or written once: the least that any direction moves."""
        return 4 * (self.batch * (self.inputs * self.image**2 + self.outputs * self.out**2) + self.weights)


class Layer:
    """A convolution's arrays of random numbers, the same for all engines."""

    between: Work | None = None  # called before each run that is timed

    def __init__(self, engine: TorchLike, shape: list[int]) -> None:
        self.engine = engine
        self.shape = Shape(*shape)
        rng = np.random.default_rng(0)

        def tensor(*sizes: int) -> Any:
            return engine.module.from_numpy(rng.standard_normal(sizes, np.float32)).to(engine.place)

        s = self.shape
        self.x = tensor(s.batch, s.inputs, s.image, s.image)
        self.w = tensor(s.outputs, s.inputs // s.groups, s.kernel, s.kernel)
        self.gy = tensor(s.batch, s.outputs, s.out, s.out)

    def algorithms(self) -> list[str]:
        """scratchnet's for this layer: "auto" first, then each by its name."""
        from scratchnet.device import kernels_for

        s, conv = self.shape, kernels_for(self.x.array).conv
        arguments = (self.x.shape, self.w.shape, self.x.dtype.numpy, *([(n, n) for n in (s.stride, s.padding, 1)]))
        return ["auto"] + [n for n in conv.algorithms() if conv.algorithm(n).supports(*arguments, s.groups)]

    def run(self, direction: str) -> Any:
        """One of the three, as torch.nn.functional and torch.nn.grad have them."""
        nn, s = self.engine.module.nn, self.shape
        arguments = {"stride": s.stride, "padding": s.padding, "groups": s.groups}
        if direction == "forward":
            return nn.functional.conv2d(self.x, self.w, **arguments)
        if direction == "grad_input":
            return nn.grad.conv2d_input(self.x.shape, self.w, self.gy, **arguments)
        return nn.grad.conv2d_weight(self.x, self.w.shape, self.gy, **arguments)

    def measure(self, direction: str, budget_ms: float, algorithm: str = "auto") -> list[float]:
        """Milliseconds of one direction."""
        with self.engine.algorithm(algorithm), self.engine.module.no_grad():
            return self.engine.times(lambda: self.run(direction), budget_ms, self.between)

    def project(self, direction: str, algorithm: str = "auto") -> float:
        """The result along a random direction, through its length: two of them differ by about their relative error."""
        with self.engine.algorithm(algorithm), self.engine.module.no_grad():
            result = self.run(direction).cpu().numpy().astype(np.float64).ravel()
        return float(result @ np.random.default_rng(1).standard_normal(result.size) / np.linalg.norm(result))

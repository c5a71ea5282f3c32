"""What a row of the tables MUTANTS and AWKWARD says, and the bridge from a NumPy layer to an autograd.Function."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Inputs = Callable[[np.random.Generator], tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class Mutant:
    """A layer whose backward has one bug.

    `make` gives a new layer: a class that derives from the right one and overrides what is wrong, with its arguments.
    `pattern` is the diagnosis that a person who knows such bugs would state, None where there is no simple one; `also`
    holds other diagnoses that are as true of these sizes. `slots` are the arguments whose gradient is wrong whenever
    backward runs; it is empty for bugs that show only in some calls (a second one, an upstream gradient with strides).
    """

    name: str
    make: Callable[[], Any]
    inputs: Inputs
    pattern: str | None
    slots: tuple[int, ...]
    also: tuple[str, ...] = ()

    def reference(self) -> Any:
        """The right layer with the same arguments."""
        made = self.make if isinstance(self.make, partial) else partial(self.make)
        return made.func.__bases__[0](*made.args, **made.keywords)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Right:
    """A right layer that is hard to check. `formula(T, *tensors)` says the same with torch's functions, and `kinks`
    that some of its values lie where the slopes from the left and from the right differ; its backward then gives what
    torch gives there.
    """

    name: str
    make: Callable[[], Any]
    inputs: Inputs
    formula: Callable[..., Any] | None = None
    kinks: bool = False


def normal(*shapes: tuple[int, ...]) -> Inputs:
    """Normal numbers in float64."""
    return lambda rng: tuple(rng.standard_normal(shape) for shape in shapes)


def clear_of_zero(*shapes: tuple[int, ...]) -> Inputs:
    """Numbers of either sign, 0.2 to 1.5 in size: no kink at 0 is near."""
    return lambda rng: tuple(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 1.5, shape) for shape in shapes)


def spaced(shape: tuple[int, ...]) -> Inputs:
    """Numbers 0.1 apart in random order: no two are near a tie."""
    size = int(np.prod(shape))
    return lambda rng: ((rng.permutation(size).reshape(shape) - size / 2 + 0.25) * 0.1,)


def as_function(T: Any, factory: Callable[[], Any]) -> Callable[..., Any]:
    """A NumPy layer as a function of tensors of `T`, a library with torch's autograd.Function (torch, scratchnet).

    One layer serves all calls, as in a training loop; each backward runs after a forward at its own inputs. Arrays go
    in with the strides that the tensors have. What an engine mends on the way is hidden by it: torch sums a gradient
    to its input's shape where that shape could have been broadcast to the gradient's, and casts it to its dtype.
    """
    layer = factory()

    def tensor(array: Any) -> Any:
        return None if array is None else T.from_numpy(np.array(array))

    class Layer(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.arrays = [each.detach().numpy() for each in tensors]
            return tensor(layer.forward(*ctx.arrays))

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            layer.forward(*ctx.arrays)
            gradients = layer.backward(gy.detach().numpy())
            if not isinstance(gradients, tuple):
                gradients = (gradients,)
            return tuple(tensor(gradient) for gradient in gradients)

    return Layer.apply


def as_torch(factory: Callable[[], Any]) -> Callable[..., Any]:
    """as_function for torch: what torch.autograd.gradcheck takes."""
    import torch

    return as_function(torch, factory)

"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from scratchnet.ops.join import cat
from scratchnet.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters one after the other (sum of sizes,), with their history. Equals torch's function."""
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let each parameter be its slice of `vec`, of which it then shares the memory. Equals torch's function.

    Raises TypeError for no Tensor, RuntimeError where the vector is too short.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    slices = []
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        slices.append((parameter, vec[start:end].view_as(parameter)))
        start = end
    for parameter, values in slices:
        parameter.data = values.data

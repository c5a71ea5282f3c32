"""Flatten and Unflatten."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scratchnet.nn.module import Module
from scratchnet.shapes import message, normalize_dim
from scratchnet.tensor import Tensor


class Flatten(Module):
    """Join dimensions start_dim to end_dim: (N, C, H, W) -> (N, C H W) by default. Equals torch.nn.Flatten."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split dimension `dim` into `unflattened_size`, where one -1 is found out. Equals torch.nn.Unflatten.

    Raises TypeError unless the size is a tuple of ints.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)) or not all(isinstance(n, int) for n in unflattened_size):
            rule = "unflattened_size must be a tuple of ints"
            raise TypeError(message("Unflatten", "unflattened_size", repr(unflattened_size), rule))
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        dim = normalize_dim("Unflatten", self.dim, input.dim())
        sizes, length = list(self.unflattened_size), input.shape[dim]
        known = math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) == 1 and known and length % known == 0:
            sizes[sizes.index(-1)] = length // known
        if math.prod(sizes) != length or -1 in sizes:
            rule = f"don't multiply up to the size of dim {dim} ({length}) in the input tensor"
            raise RuntimeError(message("Unflatten", "unflattened_size", self.unflattened_size, rule))
        return input.view(*input.shape[:dim], *sizes, *input.shape[dim + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"

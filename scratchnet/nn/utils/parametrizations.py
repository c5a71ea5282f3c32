"""Parametrizations: weight normalisation and spectral normalisation."""

from __future__ import annotations

from typing import Any

from scratchnet.autograd.modes import no_grad
from scratchnet.nn import init
from scratchnet.nn.module import Module
from scratchnet.nn.utils.parametrize import register_parametrization
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

__all__ = ["spectral_norm", "weight_norm"]


def _norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The norm over all dimensions but `dim`, which are kept as 1; of all numbers, 0-d, for dim -1."""
    if dim == -1:
        return (v * v).sum().sqrt()
    others = [d for d in range(v.dim()) if d != dim % v.dim()]
    return (v * v).sum(others, keepdim=True).sqrt() if others else v.abs()


class _WeightNorm(Module):
    """weight = g * v / ||v||."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / _norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return _norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """The weight as length times direction: original0 is the norm of each slice along `dim` (None: of all), original1
    the direction.

    Equals torch.nn.utils.parametrizations.weight_norm; state dicts with torch's older names (weight_g, weight_v) load.
    Source: Salimans and Kingma (2016), equation 2.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(module: Module, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    """weight / (its largest singular value), by power iterations that go on from step to step."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.dim()
        if not -ndim <= dim < ndim:
            rule = f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
            raise IndexError(message("spectral_norm", "dim", dim, rule))
        if n_power_iterations <= 0:
            rule = f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            raise ValueError(message("spectral_norm", "n_power_iterations", n_power_iterations, rule))
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight).detach()
            rows, columns = matrix.shape
            u, v = (init.normal_(matrix.new_empty(size)) for size in (rows, columns))
            self.register_buffer("_u", self._unit(u))
            self.register_buffer("_v", self._unit(v))
            self._power_method(matrix, 15)

    def _unit(self, vector: Tensor) -> Tensor:
        return vector / (vector * vector).sum().sqrt().clamp(min=self.eps)

    def _matrix(self, weight: Tensor) -> Tensor:
        """The dimension `dim` in front, all others in one."""
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.dim()) if d != self.dim))
        return weight.flatten(1)

    @no_grad()
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u.copy_(self._unit(matrix @ self._v))
            self._v.copy_(self._unit(matrix.t() @ self._u))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return self._unit(weight)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next iteration writes over them before backward may run
        return weight / (u * (matrix @ v)).sum()

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """The weight, as a matrix with `dim` as rows, over its largest singular value.

    Equals torch.nn.utils.parametrizations.spectral_norm: `dim` is 1 for transposed convolutions, else 0; each use in
    training runs `n_power_iterations`. Raises ValueError, IndexError. Source: Miyato et al. (2018), algorithm 1.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if any("ConvTranspose" in kind.__name__ for kind in type(module).__mro__) else 0
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))

"""Batch and instance normalisation."""

from __future__ import annotations

import warnings
from typing import Any

from scratchnet import dtypes
from scratchnet.nn import functional as F
from scratchnet.nn import init
from scratchnet.nn.module import Module
from scratchnet.nn.parameter import Parameter, registered
from scratchnet.ops.creation import empty, ones, zeros
from scratchnet.ops.from_data import tensor
from scratchnet.shapes import message
from scratchnet.tensor import Tensor


class _BatchNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias for each channel, over the batch and all positions.

    In training the statistics are the batch's and update the running ones, running = (1 - momentum) running +
    momentum batch (the variance unbiased); `momentum=None` keeps the plain mean over all batches. In evaluation the
    running ones are used, unless `track_running_stats=False`. Source: Ioffe and Szegedy (2015).
    """

    _version = 2
    _dims: tuple[int, ...] = ()
    weight: Parameter | None = registered()
    bias: Parameter | None = registered()
    running_mean: Any = registered("_buffers")
    running_var: Any = registered("_buffers")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(empty(num_features, **place)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_features, **place)) if affine and bias else None)
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **place) if track else None)
        self.register_buffer("running_var", ones(num_features, **place) if track else None)
        counter = tensor(0, dtype=dtypes.int64, device=device) if track else None
        self.register_buffer("num_batches_tracked", counter)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, running statistics anew."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in self._dims:
            rule = f"expected {' or '.join(f'{n}D' for n in self._dims)} input (got {input.dim()}D input)"
            raise ValueError(message(self._get_name(), "input.dim()", input.dim(), rule))
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        mean, var = self.running_mean, self.running_var
        batch_statistics = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(input, mean, var, self.weight, self.bias, batch_statistics, factor, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            counter = self.num_batches_tracked  # checkpoints from before there was a counter
            state_dict[key] = tensor(0, dtype=dtypes.int64) if counter is None else counter
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class BatchNorm1d(_BatchNorm):
    __doc__ = f"(N, C) or (N, C, L) -> the same shape. Equals torch.nn.BatchNorm1d.\n\n    {_BatchNorm.__doc__}"
    _dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = f"(N, C, H, W) -> the same shape. Equals torch.nn.BatchNorm2d.\n\n    {_BatchNorm.__doc__}"
    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = f"(N, C, D, H, W) -> the same shape. Equals torch.nn.BatchNorm3d.\n\n    {_BatchNorm.__doc__}"
    _dims = (5,)


class _InstanceNorm(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias for each channel of each sample, over its positions.

    Without affine there is no weight nor bias. `track_running_stats` keeps the mean over the samples and uses it in
    evaluation. An input without a batch dimension counts as one sample. Source: Ulyanov et al. (2016).
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        rank = input.dim()
        if rank not in self._dims:
            rule = f"expected {' or '.join(f'{n}D' for n in self._dims)} input (got {rank}D input)"
            raise ValueError(message(self._get_name(), "input.dim()", rank, rule))
        dim = rank - self._dims[0]
        if input.size(dim) != self.num_features:
            rule = f"expected input's size at dim={dim} to match num_features ({self.num_features})"
            if self.affine:
                raise ValueError(message(self._get_name(), f"input.size({dim})", input.size(dim), rule))
            text = f"input's size at dim={dim} does not match num_features. It isn't used, because affine=False"
            warnings.warn(text, stacklevel=2)
        batch = input if dim else input.unsqueeze(0)
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        stats = self.running_mean, self.running_var
        y = F.instance_norm(batch, *stats, self.weight, self.bias, own, momentum, self.eps)
        return y if dim else y.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    __doc__ = f"(N, C, L) or (C, L) -> the same shape. Equals torch.nn.InstanceNorm1d.\n\n    {_InstanceNorm.__doc__}"
    _dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = f"(N, C, H, W) or (C, H, W) -> the same. Equals torch.nn.InstanceNorm2d.\n\n    {_InstanceNorm.__doc__}"
    _dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    __doc__ = f"(N, C, D, H, W) or (C, D, H, W) -> the same. torch.nn.InstanceNorm3d.\n\n    {_InstanceNorm.__doc__}"
    _dims = (4, 5)

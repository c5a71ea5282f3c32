"""torch.optim.swa_utils: a model whose weights are the average of another's. Source: Izmailov et al. (2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any

from scratchnet import dtypes
from scratchnet.autograd.modes import no_grad
from scratchnet.nn.module import Module
from scratchnet.nn.norm import _BatchNorm
from scratchnet.ops.from_data import tensor
from scratchnet.optim.lr_swa import SWALR
from scratchnet.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_swa_avg_fn() -> Average:
    """f(averaged, current, num_averaged): the plain mean over all models."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """f(averaged, current, num_averaged): decay * averaged + (1 - decay) * current.

    Raises ValueError unless 0 <= decay <= 1.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """As get_swa_avg_fn, for lists and in place."""

    @no_grad()
    def swa_update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        for old, new in zip(averaged, current, strict=True):
            if old.is_floating_point():
                _lerp(old, new, 1 / (float(num_averaged) + 1))
            else:
                old.add_((new - old) / (num_averaged + 1))

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """As get_ema_avg_fn, for lists and in place. Raises ValueError unless 0 <= decay <= 1."""
    _check_decay(decay)

    @no_grad()
    def ema_update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        for old, new in zip(averaged, current, strict=True):
            if old.is_floating_point():
                _lerp(old, new, 1 - decay)
            else:
                old.copy_(old * decay + new * (1 - decay))

    return ema_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _lerp(old: Tensor, new: Tensor, weight: float) -> None:
    """Towards `new`, from whichever end is nearer."""
    old.copy_(old + weight * (new - old) if weight < 0.5 else new - (new - old) * (1 - weight))


class AveragedModel(Module):
    """A copy of `model` (its `module`) that `update_parameters(model)` moves to the average of all models given so far.

    Equals torch.optim.swa_utils.AveragedModel: the first update copies; `avg_fn(averaged, current, n)` gives the new
    value, or `multi_avg_fn` changes lists in place, and without both it is the mean. Buffers are copied from the
    model, or averaged too (`use_buffers`). Raises AssertionError where both functions are given.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=dtypes.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take `model` into the average."""
        pairs = list(zip(self._averaged(self.module), self._averaged(model), strict=False))
        own = [mine.detach() for mine, _ in pairs]
        given = [theirs.detach().to(mine.device) for mine, theirs in pairs]
        if self.n_averaged.item() == 0:
            for old, new in zip(own, given, strict=True):
                old.copy_(new)
        elif self.multi_avg_fn is not None:
            for kind in dict.fromkeys(t.dtype for t in own):
                chosen = [i for i, t in enumerate(own) if t.dtype is kind]
                self.multi_avg_fn([own[i] for i in chosen], [given[i] for i in chosen], self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for old, new in zip(own, given, strict=True):
                old.copy_(average(old, new, self.n_averaged))
        if not self.use_buffers:
            for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(theirs.detach().to(mine.device))
        self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> Iterable[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of every batch norm anew, as the mean over the loader's batches.

    Equals torch.optim.swa_utils.update_bn: of a batch that is a list or tuple the first entry goes into the model.
    """
    layers = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for batch in loader:
        images = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(images if device is None else images.to(device))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(was_training)

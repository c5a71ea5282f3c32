"""Losses. `reduction`: "mean", "sum" or "none" (a loss per position)."""

from __future__ import annotations

import warnings

from scratchnet.nn import functional as F
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor


class _Loss(Module):
    weight: Tensor | None

    def __init__(self, size_average: bool | None, reduce: bool | None, reduction: str) -> None:
        super().__init__()
        self.reduction = reduction
        if size_average is not None or reduce is not None:
            self.reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
            warnings.warn(
                f"size_average and reduce args will be deprecated, please use reduction='{self.reduction}' instead.",
                stacklevel=3,
            )


class MSELoss(_Loss):
    """The squared difference: any two equal shapes -> a number, or that shape. Equals torch.nn.MSELoss."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_Loss):
    """Minus the log-probability of the target class: (N, C, ...), (N, ...) -> a number. Equals torch.nn.NLLLoss.

    `weight` (C,) weighs the classes ("mean" divides by the sum of weights); targets `ignore_index` count nothing.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """Softmax, logarithm and NLLLoss in one: logits (N, C, ...), classes (N, ...) or probabilities (N, C, ...).

    Equals torch.nn.CrossEntropyLoss. `label_smoothing` s mixes the target with s / C of every class.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )

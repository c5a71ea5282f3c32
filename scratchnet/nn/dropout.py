"""Dropout, of elements and of whole channels, to zero or to selu's lowest value."""

from __future__ import annotations

from scratchnet.nn import functional as F
from scratchnet.nn.module import Module
from scratchnet.shapes import message
from scratchnet.tensor import Tensor


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(message(self._get_name(), "p", p, "dropout probability has to be between 0 and 1"))
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training each element becomes 0 with probability p, the others are divided by 1 - p; in evaluation nothing.

    Equals torch.nn.Dropout, the mask too, for the same seed. Raises ValueError unless 0 <= p <= 1.
    Source: Srivastava et al. (2014).
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Dropout of whole channels: (N, C, H, W) -> the same shape. Equals torch.nn.Dropout2d.

    Source: Tompson et al. (2015), section 3.2.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Dropout of whole channels: (N, C, L) or (C, L) -> the same shape. Equals torch.nn.Dropout1d."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Dropout of whole channels: (N, C, D, H, W) or (C, D, H, W) -> the same shape. Equals torch.nn.Dropout3d."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELU: any shape. Equals torch.nn.AlphaDropout.

    As in torch, inplace is only printed. Source: Klambauer et al. (2017).
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: (N, C, *) -> the same shape. Equals torch.nn.FeatureAlphaDropout."""

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)

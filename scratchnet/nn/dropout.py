"""Dropout, of elements and of whole channels."""

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

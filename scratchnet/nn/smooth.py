"""Smooth activation layers. `inplace` writes into the input."""

from __future__ import annotations

from scratchnet.nn import functional as F
from scratchnet.nn.module import Module
from scratchnet.nn.rectifiers import Activation
from scratchnet.shapes import message
from scratchnet.tensor import Tensor


class ELU(Activation):
    """x where x > 0, else alpha (exp(x) - 1). Equals torch.nn.ELU."""

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)


class CELU(ELU):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)). Equals torch.nn.CELU."""

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(Activation):
    """ELU scaled so that mean 0 and variance 1 stay. Equals torch.nn.SELU."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class SiLU(SELU):
    """x sigmoid(x). Equals torch.nn.SiLU."""

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, inplace=self.inplace)


class Mish(SELU):
    """x tanh(softplus(x)). Equals torch.nn.Mish."""

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, inplace=self.inplace)


class GELU(Activation):
    """x times the normal distribution's integral up to x; approximate="tanh". Equals torch.nn.GELU."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Activation):
    """log(1 + exp(beta x)) / beta, x itself where beta x > threshold. Equals torch.nn.Softplus."""

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)


class Softsign(Module):
    """x / (1 + |x|). Equals torch.nn.Softsign."""

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), without overflow. Equals torch.nn.LogSigmoid."""

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Tanhshrink(Module):
    """x - tanh(x). Equals torch.nn.Tanhshrink."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class GLU(Activation):
    """a sigmoid(b), a and b the halves of the input along dim. Equals torch.nn.GLU."""

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)


class Softmin(Activation):
    """softmax of -x along dim. Equals torch.nn.Softmin."""

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """softmax over the channels of (N, C, H, W) or (C, H, W). Equals torch.nn.Softmax2d. ValueError for other ranks."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            rule = f"expected input to be 3D or 4D, got {input.dim()}D instead"
            raise ValueError(message("Softmax2d", "input.dim()", input.dim(), rule))
        return F.softmax(input, -3, _stacklevel=5)

"""Embedding and Bilinear."""

from __future__ import annotations

import math
from typing import Any

from scratchnet.autograd import no_grad
from scratchnet.nn import functional as F
from scratchnet.nn import init
from scratchnet.nn.module import Module
from scratchnet.nn.parameter import Parameter
from scratchnet.ops.creation import empty
from scratchnet.shapes import message
from scratchnet.tensor import Tensor


class Embedding(Module):
    """The rows of a table that the indices name: (*) -> (*, embedding_dim). Equals torch.nn.Embedding.

    Weight (num_embeddings, embedding_dim) from N(0, 1); the row padding_idx starts at 0 and gets no gradient. Raises
    AssertionError for padding_idx out of range, NotImplementedError in a call with max_norm or sparse.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < max(num_embeddings, 1):
                rule = f"Padding_idx must be within num_embeddings ({num_embeddings})"
                raise AssertionError(message("Embedding", "padding_idx", padding_idx, rule))
            padding_idx = padding_idx + num_embeddings if padding_idx < 0 else padding_idx
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        shape = (num_embeddings, embedding_dim)
        if _weight is None:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype), requires_grad=not _freeze)
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != shape:
                rule = "Shape of weight does not match num_embeddings and embedding_dim"
                raise AssertionError(message("Embedding", "_weight.shape", list(_weight.shape), rule, f"use {shape}"))
            self.weight = Parameter(_weight, requires_grad=not _freeze)
        self.sparse = sparse

    def reset_parameters(self) -> None:
        """Draw the table anew, the padding row 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input: Tensor) -> Tensor:
        norm = self.max_norm, self.norm_type
        return F.embedding(input, self.weight, self.padding_idx, *norm, self.scale_grad_by_freq, self.sparse)

    def extra_repr(self) -> str:
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        parts += [f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else []
        parts += [f"max_norm={self.max_norm}"] if self.max_norm is not None else []
        parts += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        parts += [f"scale_grad_by_freq={self.scale_grad_by_freq}"] if self.scale_grad_by_freq is not False else []
        parts += ["sparse=True"] if self.sparse is not False else []
        return ", ".join(parts)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """The layer of a table (V, D); freeze: it takes no gradient. Raises AssertionError for another rank."""
        if embeddings.dim() != 2:
            rule = "Embeddings parameter is expected to be 2-dimensional"
            raise AssertionError(message("from_pretrained", "embeddings.dim()", embeddings.dim(), rule))
        rows, width = embeddings.shape
        more = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(rows, width, *more, _weight=embeddings, _freeze=freeze)


class Bilinear(Module):
    """y[k] = x1 @ weight[k] @ x2 + bias[k]: (*, in1_features), (*, in2_features) -> (*, out_features).

    Equals torch.nn.Bilinear. Weight (out, in1, in2) and bias from U(-1/sqrt(in1), 1/sqrt(in1)). Raises ValueError for
    in1_features <= 0.
    """

    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        if in1_features <= 0:
            raise ValueError(message("Bilinear", "in1_features", in1_features, "in1_features must be > 0", "use 1"))
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, as torch draws them."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"

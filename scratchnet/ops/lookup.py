"""embedding (rows of a table) and bilinear."""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_optional_tensor, check_same_dtype, check_tensor
from scratchnet.shapes import message


class Embedding(Op):
    """The rows of a table that the indices name."""

    @staticmethod
    def forward(ctx: Any, table: Any, index: Any, padding: int, by_frequency: bool) -> Any:
        ctx.save_arrays(index)
        ctx.rows, ctx.padding, ctx.by_frequency = table.shape[0], padding, by_frequency
        return table[index]

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (index,) = ctx.saved
        return EmbeddingAdjoint.apply(gy, index, ctx.rows, ctx.padding, ctx.by_frequency), None, None, None


class EmbeddingAdjoint(Op):
    """Zeros with each row of gy added at its index; the padding row gets none; by frequency: the mean of its rows."""

    @staticmethod
    def forward(ctx: Any, gy: Any, index: Any, rows: int, padding: int, by_frequency: bool) -> Any:
        xp, width = array_module(gy), gy.shape[index.ndim :]
        factor = (index != padding).astype(gy.dtype)
        if by_frequency and index.size:
            factor = factor / xp.bincount(index.ravel(), minlength=rows).astype(gy.dtype)[index]
        ctx.save_arrays(index, factor.reshape(index.shape + (1,) * len(width)))
        out = xp.zeros((rows, *width), gy.dtype)
        values = gy * factor.reshape(index.shape + (1,) * len(width))
        return kernels_for(gy).scatter.add(out, index.reshape(-1), values.reshape(index.size, *width))

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        index, factor = ctx.saved
        return Embedding.apply(ggx, index, -1, False) * factor, None, None, None, None


@on_its_device
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """torch.nn.functional.embedding: weight[input]; indices (*) and a table (V, D) -> (*, D).

    The row padding_idx gets no gradient; scale_grad_by_freq divides each row's by how often it is named. Raises
    IndexError for an index out of range, RuntimeError for indices that aren't int32 or int64, AssertionError for
    padding_idx out of range, NotImplementedError for max_norm and sparse.
    """
    op = "embedding"
    check_tensor(op, "input", input)
    check_tensor(op, "weight", weight)
    rows = weight.array.shape[0] if weight.array.ndim else 0
    if padding_idx is not None and not -rows <= padding_idx < rows:
        rule = f"Padding_idx must be within num_embeddings ({rows})"
        raise AssertionError(message(op, "padding_idx", padding_idx, rule, "use one of its rows"))
    if max_norm is not None:
        raise NotImplementedError(message(op, "max_norm", max_norm, "is not supported", "scale weight's rows before"))
    if sparse:
        raise NotImplementedError(message(op, "sparse", sparse, "sparse gradients are not supported", "leave it out"))
    if weight.array.ndim != 2:
        rule = "'weight' must be 2-D"
        raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, "use (num_embeddings, embedding_dim)"))
    index = input.array
    if index.dtype not in ("int64", "int32"):
        rule = f"Expected tensor for argument 'indices' to have scalar type Long or Int, but got {index.dtype}"
        raise RuntimeError(message(op, "input.dtype", index.dtype, rule, "use input.long()"))
    rule = f"index out of range in self: 0 ... {rows - 1}"
    kernels_for(index).indices.check(
        index, 0, rows, lambda wrong: IndexError(message(op, "input", wrong, rule, "mend the index"))
    )
    padding = -1 if padding_idx is None else padding_idx % rows
    y: Tensor = Embedding.apply(weight, Tensor._wrap(index.astype("int64")), padding, scale_grad_by_freq)
    return y


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """torch.nn.functional.bilinear: y[k] = input1 @ weight[k] @ input2 + bias[k].

    (*, I), (*, J), weight (K, I, J), bias (K,) -> (*, K); all leading dimensions equal. Raises RuntimeError for shapes
    or dtypes that don't fit.
    """
    op = "bilinear"
    for argument, value in (("input1", input1), ("input2", input2), ("weight", weight)):
        check_tensor(op, argument, value)
    check_optional_tensor(op, "bias", bias)
    a, b, w = input1.array.shape, input2.array.shape, weight.array.shape
    if len(a) != len(b) or a[:-1] != b[:-1]:
        rule = f"must equal input1's, {list(a)}, but for the last: bilinear(): input batch dimensions do not match"
        raise RuntimeError(message(op, "input2.shape", list(b), rule, "expand it"))
    if len(w) != 3 or not a or a[-1] != w[1] or b[-1] != w[2]:
        rule = (
            f"does not match the inputs' sizes {list(a[-1:])} and {list(b[-1:])}: input size does not match weight size"
        )
        raise RuntimeError(message(op, "weight.shape", list(w), rule, "use (K, I, J)"))
    if not w[1] or not w[2]:
        rule = "has no features: cannot reshape tensor of 0 elements, its rows are ambiguous"
        raise RuntimeError(message(op, "weight.shape", list(w), rule, "use at least one of each"))
    if bias is not None and bias.array.shape != w[:1]:
        rule = f"bias size does not match weight size: got {bias.array.size} but expected {w[0]}"
        raise RuntimeError(message(op, "bias.shape", list(bias.shape), rule, f"use a shape of ({w[0]},)"))
    for argument, other in (("input2", input2), ("weight", weight), ("bias", bias)):
        if other is not None:
            check_same_dtype(op, argument, other, "input1", input1.array.dtype)
    rows = math.prod(a[:-1])
    half = input1.reshape(rows, w[1]) @ weight.permute(1, 0, 2).reshape(w[1], w[0] * w[2])
    y: Tensor = (half.reshape(rows, w[0], w[2]) @ input2.reshape(rows, w[2], 1)).reshape(*a[:-1], w[0])
    return y if bias is None else y + bias

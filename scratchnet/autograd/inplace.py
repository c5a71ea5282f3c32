"""Writes in place: what is refused, and how a write becomes the history of everyone who shares the memory."""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import APART
from scratchnet.autograd.modes import state
from scratchnet.autograd.op import Op
from scratchnet.autograd.saved import SavedInput
from scratchnet.autograd.views import replay
from scratchnet.device import array_module, copied, on
from scratchnet.shapes import message

LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation."
OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
PARTIAL = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
    "location. Please clone() the tensor before performing the operation."
)
INFERENCE = (
    "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal "
    "tensor before doing inplace update."
)


class InOrder(Op, node="CloneBackward0"):
    """A copy laid out in memory in the order of the strides."""

    @staticmethod
    def forward(ctx: Any, x: Any, strides: tuple[int, ...]) -> Any:
        order = sorted(range(x.ndim), key=lambda axis: -strides[axis])
        out = array_module(x).empty([x.shape[axis] for axis in order], x.dtype).transpose(np.argsort(order).tolist())
        out[...] = x
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return gy, None


class CopySlices(Op, node="CopySlices"):
    """The base after `value` was written where `chain` looks; the memory itself has been written before."""

    @staticmethod
    def forward(ctx: Any, base: Any, value: Any, chain: tuple[Any, ...]) -> Any:
        ctx.chain, ctx.strides = chain, base.strides
        return base.view()

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        g_base = None
        if any(op.by_place for op, _, _ in ctx.chain):
            gy = InOrder.apply(gy, ctx.strides)  # as_strided finds elements by their place in the base's memory
        if ctx.needs[0]:
            g_base = gy.clone()
            replay(g_base, ctx.chain).zero_()
        return g_base, (replay(gy, ctx.chain).clone() if ctx.needs[1] else None), None


def check_writable(tensor: Tensor, op: str) -> None:
    """Raise RuntimeError where torch refuses to write to `tensor` in place; nothing has changed by then."""
    view = tensor._view
    if tensor._inference and not state.inference:
        raise RuntimeError(INFERENCE)
    if state.recording and tensor.requires_grad:
        if view is not None and view.refusal is not None:
            raise RuntimeError(view.refusal)
        if view is not None and view.base.is_leaf:
            raise RuntimeError(VIEW_OF_LEAF)
        if tensor.is_leaf:
            raise RuntimeError(LEAF)
    elif state.recording and view is not None and view.refusal is not None and view.base.requires_grad:
        raise RuntimeError(view.refusal)
    steps = zip(tensor.array.strides, tensor.array.shape, strict=True)
    if tensor.array.size and any(stride == 0 and length > 1 for stride, length in steps):
        raise RuntimeError(OVERLAP)
    if isinstance(tensor.array, np.ndarray) and not tensor.array.flags.writeable:  # CuPy's always are
        raise ValueError(message(op, "self", "a tensor", "shares memory that is read-only", "clone() it first"))


def address(array: Any) -> int:
    """Where the array's first element lies."""
    return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)


def _may_overlap(a: Tensor, b: Tensor) -> bool:
    return a.device is b.device and bool(array_module(a.array).may_share_memory(a.array, b.array))


def check_overlap(target: Tensor, source: Any, op: str) -> None:
    """Raise RuntimeError where `source` shares memory with `target`, but not the same elements in the same order."""
    if not isinstance(source, Tensor) or source is target or not _may_overlap(target, source):
        return
    a, b = target.array, source.array
    same = address(a) == address(b) and a.shape == b.shape and a.strides == b.strides
    if not same and array_module(a).shares_memory(a, b):
        raise RuntimeError(f"{op}: {PARTIAL}")


def check_apart(target: Tensor, source: Any, op: str) -> None:
    """Raise RuntimeError where `source`, a tensor or a sequence of them, shares memory with `target` at all.

    A single element of a larger target may be the source: it is read once.
    """
    for part in source if isinstance(source, (tuple, list)) else (source,):
        if not isinstance(part, Tensor) or part.ndim == 0 < target.ndim:
            continue
        if _may_overlap(target, part) and array_module(part.array).shares_memory(target.array, part.array):
            raise RuntimeError(f"{op}: {PARTIAL}")


def assign(target: Tensor, result: Tensor, op: str) -> Tensor:
    """Write `result` into `target`'s memory; its history becomes that of `target`, of its base and of every other view.

    The caller has called `check_writable`. Raises RuntimeError when shape or kind of number don't fit.
    """
    if result.array.shape != target.array.shape:
        raise RuntimeError(
            f"{op}: output with shape {list(target.array.shape)} doesn't match the broadcast shape "
            f"{list(result.array.shape)}"
        )
    if target.device is not result.device:
        raise RuntimeError(f"{op}: {APART.format(target.device, result.device)}")
    if result.array.dtype != target.array.dtype:
        if result.dtype.category > target.dtype.category:
            raise RuntimeError(
                f"{op}: result type {result.dtype.name} can't be cast to the desired output type {target.dtype.name}"
            )
        result = result.to(target.dtype)
    recorded = state.recording and result.requires_grad
    if recorded and result._node is not None:
        _keep_old_value(result._node, target)
    if type(target.array) is np.ndarray:
        np.copyto(target.array, result.array)
    else:
        _write(target, result)
    target._counter.value += 1
    if not recorded:
        return target
    assert result._node is not None
    rewrite_history(target, result._node, result._output_index)
    return target


def _write(target: Tensor, result: Tensor) -> None:
    with on(target.device):
        array_module(target.array).copyto(target.array, result.array)


def rewrite_history(target: Tensor, node: Any, index: int) -> None:
    """`target`, whose memory was written, is output `index` of `node` from now on, and so is its part of its base."""
    target._node, target._output_index = node, index
    view = target._view
    if view is None or not view.tracked:
        return
    value = Tensor._wrap(target.array.view())
    value._node, value._output_index = node, index
    written = CopySlices.apply(view.base, value, view.chain)
    view.base._node, view.base._output_index = written._node, written._output_index
    view.refresh(target)


def _keep_old_value(node: Any, target: Tensor) -> None:
    """Where the node saved `target` itself, save a copy of the value it is about to lose, with the same history."""
    for saved in node._saved or ():
        if isinstance(saved, SavedInput) and saved.tensor is target:
            copy = Tensor._wrap(copied(target.array))
            copy._requires_grad, copy._node, copy._output_index = (
                target._requires_grad,
                target._node,
                target._output_index,
            )
            saved.tensor, saved.version = copy, 0

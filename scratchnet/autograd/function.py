"""Function: torch's contract for an operation of the user's own, forward and backward on Tensors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from scratchnet.autograd import anomaly
from scratchnet.autograd.core import Tensor, gradient_edge
from scratchnet.autograd.devices import zeros
from scratchnet.autograd.inplace import rewrite_history
from scratchnet.autograd.modes import heard, no_grad, state
from scratchnet.autograd.node import Node, meta_of
from scratchnet.autograd.saved import FREED, SavedInput, SavedOutput


class FunctionCtx(Node):
    """What forward and backward share: torch's `ctx`."""

    function: "type[Function]"

    def __init__(self) -> None:
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: list[Any] | None = []
        self._dirty: tuple[Tensor, ...] = ()
        self._no_grad_outputs: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs (or None) for backward; a change in place until then raises."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(tensor).__name__}"
                )
        self._to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were changed in place by forward and are returned as outputs."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs carry no gradient."""
        self._no_grad_outputs = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient of an output arrives as zeros (the default) or as None."""
        self._materialize = value

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """Per argument of apply: whether its gradient is asked for."""
        return self.needs

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. Raises RuntimeError once freed, or when it has been changed in place."""
        if self._saved is None:
            raise RuntimeError(FREED)
        return tuple(
            item.unpack(self) if isinstance(item, SavedOutput) else item and item.unpack() for item in self._saved
        )

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    def record(self, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Tie inputs, outputs and what was saved to the tape."""
        edges = tuple(gradient_edge(arg) if needed else None for arg, needed in zip(args, self.needs, strict=True))
        arrays = [out.array if isinstance(out, Tensor) else np.zeros(0) for out in outputs]
        self.enter_tape(edges, tuple(meta_of(array) for array in arrays))
        self._saved = [self._keep(tensor, outputs) for tensor in self._to_save]
        self._to_save = ()
        for index, out in enumerate(outputs):
            if isinstance(out, Tensor) and out.array.dtype.kind == "f" and not _among(out, self._no_grad_outputs):
                rewrite_history(out, self, index)

    @staticmethod
    def _keep(tensor: Tensor | None, outputs: tuple[Any, ...]) -> Any:
        if tensor is None:
            return None
        for index, out in enumerate(outputs):
            if out is tensor:
                return SavedOutput(out, index)
        return SavedInput(tensor)

    def run(self, grads: list[Tensor | None]) -> tuple[Tensor | None, ...]:
        if self._materialize:
            grads = [zeros(self.outputs[i]) if g is None else g for i, g in enumerate(grads)]
        with heard():
            results = self.function.backward(self, *grads)
        results = results if isinstance(results, tuple) else (results,)
        expected = len(self.edges)
        if len(results) < expected or any(extra is not None for extra in results[expected:]):
            counts = f"(expected {expected}, got {len(results)})"
            raise RuntimeError(f"function {self.name()} returned an incorrect number of gradients {counts}")
        for index, result in enumerate(results):
            if result is not None and not isinstance(result, Tensor):
                kind = type(result).__name__
                raise RuntimeError(
                    f"function {self.name()} returned gradient {index}: expected Variable or None (got {kind})"
                )
        return results

    def release(self) -> None:
        if self._saved:
            self._saved = None


class Function:
    """torch.autograd.Function: subclass it with static `forward(ctx, *args)` and `backward(ctx, *grads)`; call `apply`.

    forward runs without recording; backward returns one gradient per argument of apply. `setup_context(ctx, inputs,
    output)` may be given apart, and then forward takes no ctx. To differentiate twice, write backward with
    differentiable operations. Source: PyTorch, "Extending torch.autograd".
    """

    forward: Any
    backward: Any
    setup_context: Any = None

    def __init__(self) -> None:
        raise RuntimeError(
            f"{type(self).__name__} should not be instantiated: methods on autograd functions are static; use apply"
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and record the call where a Tensor among `args` requires grad."""
        ctx = FunctionCtx()
        ctx.function = cls
        ctx.needs = tuple(isinstance(arg, Tensor) and arg.requires_grad for arg in args)
        recording = state.recording and any(ctx.needs)
        with no_grad():
            if cls.setup_context is None:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        outputs = result if isinstance(result, tuple) else (result,)
        for dirty in ctx._dirty:
            dirty._counter.value += 1
        if recording:
            outputs = tuple(_own(out, args, ctx) for out in outputs)
            ctx.record(args, outputs)
            if state.anomaly:
                anomaly.check_forward(ctx, tuple(out for out in outputs if isinstance(out, Tensor)))
        return outputs if isinstance(result, tuple) else outputs[0]


def _among(tensor: Any, tensors: tuple[Tensor, ...]) -> bool:
    return any(tensor is other for other in tensors)


def _own(out: Any, args: tuple[Any, ...], ctx: FunctionCtx) -> Any:
    """An output that is an input, returned as it is, becomes a tensor of its own on the same memory."""
    if not isinstance(out, Tensor) or not any(out is arg for arg in args):
        return out
    if not _among(out, ctx._dirty):
        return out.detach()
    if out.is_leaf and out.requires_grad:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    return out


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """torch's once_differentiable: a backward that runs unrecorded; a second derivative raises RuntimeError."""

    @wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        if not state.recording or not any(isinstance(g, Tensor) and g.requires_grad for g in grads):
            return results
        listed = results if isinstance(results, tuple) else (results,)
        marked = tuple(_DelayedError.apply(*grads, r) if isinstance(r, Tensor) else r for r in listed)
        return marked if isinstance(results, tuple) else marked[0]

    return wrapper


class _DelayedError(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, *args: Any) -> Tensor:
        return Tensor._wrap(args[-1].array.view())

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

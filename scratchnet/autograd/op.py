"""Op: one operation of the engine, forward on arrays beside backward on Tensors, and how a call of it is recorded."""

from collections.abc import Sequence
from sys import getrefcount
from typing import Any, ClassVar

import numpy as np

from scratchnet.autograd import anomaly, views
from scratchnet.autograd.complex_step import forward as step_forward
from scratchnet.autograd.core import Tensor, gradient_edge
from scratchnet.autograd.devices import common_device, zeros
from scratchnet.autograd.modes import state
from scratchnet.autograd.node import ONE_VARIABLE, Node, meta_of, owns_alone
from scratchnet.autograd.saved import FREED, SavedInput, SavedOutput
from scratchnet.device import on
from scratchnet.dtypes import stepping
from scratchnet.kernels.cuda import driver

INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
    "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in "
    "autograd, or use `no_grad()` instead of `inference_mode()`."
)


def unobserved(array: Any) -> bool:
    """Whether an operation on the array, as part of a backward pass, comes to nothing but its forward function."""
    quiet = state.quiet and not (state.recording or state.inference or stepping.active)
    return quiet and type(array) is np.ndarray


class OpNode(Node):
    """The node of an Op's call, and the `ctx` of its forward and backward."""

    op: ClassVar[type["Op"]]
    _inputs: tuple[int | None, ...] = ()
    _outputs: tuple[int, ...] = ()
    _arrays: tuple[Any, ...] = ()
    _no_grad_outputs: tuple[int, ...] = ()
    _saved: Sequence[Any] | None = ()

    def save_inputs(self, *positions: int | None) -> None:
        """Keep these arguments of apply for backward; Tensors keep their history and are checked for changes.

        None holds a place: what backward won't read should not be kept, nor be checked.
        """
        self._inputs = positions

    def save_outputs(self, *positions: int) -> None:
        """Keep these outputs for backward."""
        self._outputs = positions

    def save_arrays(self, *arrays: Any) -> None:
        """Keep arrays that are neither input nor output, such as indices: backward sees them as constant Tensors."""
        self._arrays = arrays

    def mark_non_differentiable(self, *positions: int) -> None:
        """These outputs carry no gradient. Integer and bool outputs never do."""
        self._no_grad_outputs = positions

    @property
    def saved(self) -> tuple[Any, ...]:
        """What was kept: inputs, then outputs, then arrays. Raises RuntimeError once freed or when changed in place."""
        if self._saved is None:
            raise RuntimeError(FREED)
        items: list[Any] = []
        for item in self._saved:
            kind = type(item)
            items.append(item.unpack() if kind is SavedInput else item.unpack(self) if kind is SavedOutput else item)
        return tuple(items)

    def record(self, args: tuple[Any, ...], outputs: tuple[Tensor, ...]) -> None:
        """Tie the outputs to this node, and this node to where the inputs came from."""
        edges = [gradient_edge(arg) if needed else None for arg, needed in zip(args, self.needs, strict=True)]
        self.enter_tape(tuple(edges), tuple([meta_of(out.array) for out in outputs]))
        saved: list[Any] = []
        for position in self._inputs:
            arg = None if position is None else args[position]
            if isinstance(arg, Tensor):
                if arg._inference:
                    raise RuntimeError(INFERENCE_SAVED)
                arg = SavedInput(arg)
            saved.append(arg)
        for position in self._outputs:
            saved.append(SavedOutput(outputs[position], position))
        for array in self._arrays:
            saved.append(Tensor._wrap(array))
        self._saved, self._arrays = saved, ()
        for index, out in enumerate(outputs):
            if out.array.dtype.kind in "fc" and index not in self._no_grad_outputs:
                out._node, out._output_index = self, index

    def run(self, grads: list[Tensor | None]) -> tuple[Tensor | None, ...]:
        if self.op.overwrite is not None and not state.recording:
            grad, grads[0] = grads[0], None
            if grad is not None and getrefcount(grad) == ONE_VARIABLE and owns_alone(grad):
                self.op.overwrite(self, grad.array)
                return (grad,)
            grads[0] = grad
        if len(grads) > 1:
            pairs = zip(grads, self.outputs, strict=True)
            grads = [zeros(meta) if g is None and meta.dtype.kind in "fc" else g for g, meta in pairs]
        result = self.op.backward(self, *grads)
        return result if isinstance(result, tuple) else (result,)

    def release(self) -> None:
        if self._saved:
            self._saved = None


class Op:
    """One operation. Subclasses give `forward(ctx, arrays...)` and `backward(ctx, grads...)`, both static.

    forward takes arrays where `apply` was given Tensors, everything else as it is, and returns a new array or a tuple
    of arrays. backward takes one Tensor per output (None for one of integers) and returns one Tensor (or None) per
    argument of apply; a gradient that has the output's broadcast shape or another dtype is summed and cast to the
    input's by the tape walk. An Op of one argument whose gradient has gy's shape may have `overwrite(ctx, gy)` besides:
    it writes that gradient over the array gy, where nobody else holds it and nothing is recorded.
    The Tensors lie on one device, which is CUDA's current one during forward; `any_device = True` lifts the rule.
    A class with `view = True` returns a view of its first argument's memory; one with `silent = True` calls nothing on
    the CPU of which NumPy might warn, and so nobody has to silence it. A printed tensor shows the node's name,
    `<AddBackward0>` for a class Add; `node=` gives another where torch's is another.
    """

    view: ClassVar[bool] = False
    by_place: ClassVar[bool] = False  # a view that finds its elements by their place in memory, as as_strided does
    any_device: ClassVar[bool] = False
    silent: ClassVar[bool] = False
    node_type: ClassVar[type[OpNode]]

    def __init_subclass__(cls, node: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = node or f"{cls.__name__}Backward0"
        cls.node_type = type(name, (OpNode,), {"op": cls, "__module__": cls.__module__})

    forward: ClassVar[Any]
    backward: ClassVar[Any]
    overwrite: ClassVar[Any] = None

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward on the arrays of the Tensors among `args`; record the call where a Tensor requires grad."""
        recording, on_cpu = state.recording, True
        arrays: list[Any] = []
        for arg in args:  # once: for a small net's step this takes as long as its kernels
            if isinstance(arg, Tensor):
                arg = arg.array
                on_cpu = on_cpu and type(arg) is np.ndarray
            arrays.append(arg)
        node = cls.node_type()
        if recording:
            node.needs = tuple([isinstance(arg, Tensor) and arg.requires_grad for arg in args])
        else:
            node.needs = (False,) * len(args)
        if stepping.active or (not on_cpu and driver.present()):
            args, place = common_device(cls, args)
            arrays = [arg.array if isinstance(arg, Tensor) else arg for arg in args]
            with np.errstate(all="ignore"), on(place):
                result = step_forward(cls, node, args) if stepping.active else cls.forward(node, *arrays)
        else:
            if cls.silent or state.quiet:
                result = cls.forward(node, *arrays)
            else:
                with np.errstate(all="ignore"):
                    result = cls.forward(node, *arrays)
            if not recording and type(result) is np.ndarray and not cls.view and not state.inference:
                return Tensor._wrap(result)
        single = not isinstance(result, tuple)
        outputs = (Tensor._wrap(result),) if single else tuple([Tensor._wrap(array) for array in result])
        if cls.view:
            views.attach(cls, args, outputs, single)
        if True in node.needs:
            node.record(args, outputs)
            if state.anomaly:
                anomaly.check_forward(node, outputs)
        if state.inference:
            for out in outputs:
                out._inference = True
        return outputs[0] if single else outputs

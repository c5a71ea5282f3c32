"""Views: which memory a tensor shares, and how its history is made anew after a write to that memory."""

from typing import TYPE_CHECKING, Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.modes import enable_grad, state

if TYPE_CHECKING:
    from scratchnet.autograd.op import Op

NO_GRAD_VIEW = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case "
    "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both inside the no_grad block or both outside."
)
MULTI_VIEW = (
    "is a view and is being modified inplace. This view is the output of a function that returns multiple views. Such "
    "functions do not allow the output views to be modified inplace. You should replace the inplace operation by an "
    "out-of-place one."
)


class View:
    """How a tensor is seen in its base: the chain of view operations that leads there.

    `seen` is the version at which the tensor's history was last made: when the shared memory has been written since,
    `refresh` makes it anew by walking the chain from the base, whose history the write rewrote.
    """

    __slots__ = ("base", "chain", "refusal", "seen", "tracked")

    def __init__(self, base: Tensor, chain: tuple[Any, ...], seen: int, tracked: bool, refusal: str | None) -> None:
        self.base, self.chain, self.seen, self.tracked, self.refusal = base, chain, seen, tracked, refusal

    def refresh(self, tensor: Tensor) -> None:
        """Give `tensor` the history that the base has now, seen through the chain."""
        self.seen = tensor._version
        if self.base.requires_grad:
            with enable_grad():
                fresh = replay(self.base, self.chain)
            tensor._node, tensor._output_index = fresh._node, fresh._output_index


def attach(op: "type[Op]", args: tuple[Any, ...], outputs: tuple[Tensor, ...], single: bool) -> None:
    """Make the outputs views of the first argument: they share its memory and its version counter."""
    source: Tensor = args[0]
    outer = source._view
    base, chain = (source, ()) if outer is None else (outer.base, outer.chain)
    tracked = state.recording and (outer is None or outer.tracked)
    for index, out in enumerate(outputs):
        refusal = outer.refusal if outer is not None else None
        if not state.recording:
            refusal = NO_GRAD_VIEW
        elif not single:
            refusal = f"Output {index} of {op.__name__}Backward0 {MULTI_VIEW}"
        out._counter = source._counter
        out._view = View(base, (*chain, (op, args[1:], None if single else index)), source._version, tracked, refusal)


def replay(base: Tensor, chain: tuple[Any, ...]) -> Tensor:
    """Walk a chain of view operations from `base`."""
    for op, rest, index in chain:
        result = op.apply(base, *rest)
        base = result if index is None else result[index]
    return base

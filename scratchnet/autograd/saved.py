"""What a node keeps for backward: inputs with their version, outputs without a cycle; a change in between raises."""

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.node import Node

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class SavedInput:
    """An input kept for backward, with the version that it had: changed in place since then, it raises."""

    __slots__ = ("tensor", "version")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.version = tensor._counter.value

    def unpack(self) -> Tensor:
        tensor = self.tensor
        if tensor._counter.value != self.version:
            raise RuntimeError(_changed_in_place(tensor, tensor.grad_fn, tensor._output_index, self.version))
        return tensor


class SavedOutput:
    """An output kept for backward. It holds the array and not the Tensor, whose grad_fn is this node: no cycle."""

    __slots__ = ("array", "counter", "index", "version")

    def __init__(self, tensor: Tensor, index: int) -> None:
        self.array, self.index = tensor.array, index
        self.counter, self.version = tensor._counter, tensor._counter.value

    def unpack(self, node: Node) -> Tensor:
        tensor = Tensor._wrap(self.array)
        tensor._counter = self.counter
        if self.counter.value != self.version:
            raise RuntimeError(_changed_in_place(tensor, node, self.index, self.version))
        tensor._node, tensor._output_index = node, self.index
        return tensor


def _changed_in_place(tensor: Tensor, node: Node | None, index: int, version: int) -> str:
    origin = f", which is output {index} of {node.name().removesuffix('0')}," if node is not None else ""
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[scratchnet.{tensor.type_name} {list(tensor.array.shape)}]{origin} is at version {tensor._version}; expected "
        f"version {version} instead. Hint: enable anomaly detection to find the operation that failed to compute its "
        "gradient, with scratchnet.autograd.set_detect_anomaly(True)."
    )

"""The tape walk: backward() and grad(). No recursion: nodes wait in a heap and run in falling order of number."""

import heapq
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd import anomaly
from scratchnet.autograd import hooks as hook_tools
from scratchnet.autograd.complex_step import require_tape
from scratchnet.autograd.core import Tensor, gradient_edge
from scratchnet.autograd.modes import quiet, set_grad_enabled, state
from scratchnet.autograd.node import AccumulateGrad, Edge, Meta, Node
from scratchnet.device import CPU, array_module, on
from scratchnet.shapes import expandable

CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
    "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
    "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break the "
    "cycle."
)
UNUSED = (
    "The differentiated Tensor at index {} appears to not have been used in the graph. Set allow_unused=True if this "
    "is the desired behavior."
)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """torch.autograd.backward: add the gradients of `tensors` to the `.grad` of every leaf, or of `inputs` alone.

    `grad_tensors` has one gradient per tensor, None for a scalar's 1. The tape is freed unless `retain_graph` (by
    default: `create_graph`). Raises RuntimeError where nothing requires grad, a gradient is missing or doesn't fit.
    """
    require_tape("backward")
    roots = _sequence(tensors)
    targets = None if inputs is None else _sequence(inputs)
    if targets is not None and not targets:
        raise RuntimeError(
            "backward: inputs (=[]) must not be empty; `inputs` argument to `backward()` cannot be empty"
        )
    gradients = _initial(roots, _gradients(grad_tensors, roots), "backward")
    keep = create_graph if retain_graph is None else retain_graph
    if create_graph:
        warnings.warn(CYCLE, UserWarning, stacklevel=3)
    if targets is None:
        _walk(roots, gradients, None, keep, create_graph)
        return
    for index, tensor in enumerate(targets):
        if not tensor.requires_grad:
            raise RuntimeError(f"backward: inputs[{index}]: One of the differentiated Tensors does not require grad")
    found = _walk(roots, gradients, targets, keep, create_graph)
    with set_grad_enabled(create_graph):
        for tensor, gradient in zip(targets, found, strict=True):
            if gradient is not None:
                tensor._accumulate(gradient)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """torch.autograd.grad: the gradients of `outputs` with respect to `inputs`, one per input; no `.grad` changes.

    Only what lies between the two is computed. An input that the outputs don't depend on gives None with
    `allow_unused`, zeros with `materialize_grads`, else RuntimeError.
    """
    require_tape("grad")
    roots, targets = _sequence(outputs), _sequence(inputs)
    gradients = _initial(roots, _gradients(grad_outputs, roots), "grad")
    for index, tensor in enumerate(targets):
        if not tensor.requires_grad:
            raise RuntimeError(f"grad: inputs[{index}]: One of the differentiated Tensors does not require grad")
    found = _walk(roots, gradients, targets, create_graph if retain_graph is None else retain_graph, create_graph)
    for index, (tensor, gradient) in enumerate(zip(targets, found, strict=True)):
        if gradient is None and materialize_grads:
            with on(tensor.device):
                found[index] = Tensor._wrap(array_module(tensor.array).zeros_like(tensor.array))
        elif gradient is None and not allow_unused:
            raise RuntimeError(UNUSED.format(index))
    return tuple(found)


def _sequence(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(given: Any, roots: list[Tensor]) -> list[Any]:
    gradients = [None] * len(roots) if given is None else [given] if isinstance(given, Tensor) else list(given)
    if len(gradients) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(gradients)} gradients")
    return gradients


def _initial(roots: list[Tensor], gradients: list[Any], op: str) -> list[Tensor]:
    """The gradient that each root starts with, checked."""
    result = []
    for index, (root, given) in enumerate(zip(roots, gradients, strict=True)):
        if not root.requires_grad:
            raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
        if given is None:
            if root.array.size != 1:
                raise RuntimeError(
                    f"{op}: grad can be implicitly created only for scalar outputs; this output has shape "
                    f"{list(root.array.shape)}: give its gradient"
                )
            with on(root.device):
                given = Tensor._wrap(array_module(root.array).ones_like(root.array))
        elif not isinstance(given, Tensor):
            raise TypeError(f"{op}: gradients can be either Tensors or None, but got {type(given).__name__}")
        if given.array.shape != root.array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of {given.shape} and output[{index}] has a shape "
                f"of {root.shape}."
            )
        result.append(given)
    return result


class _Pending:
    """Gradients that have arrived at nodes which have not run yet."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, Node]] = []
        self.slots: dict[Node, list[Tensor | None]] = {}

    def add(self, edge: Edge, gradient: Tensor) -> None:
        node, index = edge
        slots = self.slots.get(node)
        if slots is None:
            slots = self.slots[node] = [None] * len(node.outputs)
            heapq.heappush(self.heap, (-node.number, node))
        before = slots[index]
        slots[index] = gradient if before is None else before + gradient

    def pop(self) -> tuple[Node, list[Tensor | None]]:
        _, node = heapq.heappop(self.heap)
        return node, self.slots.pop(node)


def _walk(
    roots: list[Tensor], gradients: list[Tensor], targets: list[Tensor] | None, keep: bool, create_graph: bool
) -> list[Tensor | None]:
    """Run the tape from the roots. Without targets leaves accumulate; with targets their gradients are returned."""
    found: list[Tensor | None] = [None] * len(targets or ())
    wanted: dict[Edge, list[int]] = {}
    for position, target in enumerate(targets or ()):
        edge = gradient_edge(target)
        if edge is not None:
            wanted.setdefault(edge, []).append(position)
    start = [gradient_edge(root) for root in roots]
    useful = None if targets is None else _leading_to(start, {edge.node for edge in wanted})
    pending = _Pending()
    with quiet(), set_grad_enabled(create_graph):
        for first, gradient in zip(start, gradients, strict=True):
            assert first is not None  # requires_grad was checked
            if useful is None or first.node in useful:
                pending.add(first, _fit(gradient, first))
        while pending.heap:
            node, arrived = pending.pop()
            if node.pre_hooks or node.retained:
                _run_prehooks(node, arrived)
            if wanted:
                _note(node, arrived, wanted, found)
            if useful is None:
                if type(node) is AccumulateGrad:
                    node.run(arrived)
                else:
                    _step(node, arrived, node.edges, pending, keep)
            else:
                edges = tuple(edge if edge is not None and edge.node in useful else None for edge in node.edges)
                if any(edges):
                    _step(node, arrived, edges, pending, keep)
    return found


def _note(node: Node, arrived: list[Tensor | None], wanted: dict[Edge, list[int]], found: list[Tensor | None]) -> None:
    """Keep the gradients that were asked for."""
    for index, final in enumerate(arrived):
        for position in wanted.get(Edge(node, index), ()):
            found[position] = final


def _run_prehooks(node: Node, arrived: list[Tensor | None]) -> None:
    for index, hooks in (node.pre_hooks or {}).items():
        gradient = arrived[index]
        if gradient is not None:
            arrived[index] = hook_tools.run(hooks, gradient)
    for index, reference in (node.retained or {}).items():
        tensor, gradient = reference(), arrived[index]
        if tensor is not None and gradient is not None:
            tensor._grad = gradient if tensor._grad is None else tensor._grad + gradient


def _step(
    node: Node, arrived: list[Tensor | None], edges: tuple[Edge | None, ...], pending: _Pending, keep: bool
) -> None:
    """Run one node and hand its gradients on. `edges` may be fewer than the node's: only those are computed."""
    if edges is node.edges:
        results = node.run(arrived)
    else:
        needs, node.needs = node.needs, tuple(edge is not None for edge in edges)
        try:
            results = node.run(arrived)
        finally:
            node.needs = needs
    if state.anomaly:
        anomaly.check_backward(node, results)
    if not keep:
        node.release()
    for index, (edge, gradient) in enumerate(zip(edges, results, strict=False)):
        if edge is not None and gradient is not None:
            pending.add(edge, _fit(gradient, edge, node, index))


def _fit(gradient: Tensor, edge: Edge, source: Node | None = None, index: int = 0) -> Tensor:
    """The gradient in the shape and dtype of what it belongs to: broadcast dimensions are summed, as torch does."""
    meta: Meta = edge.node.outputs[edge.output]
    array = gradient.array
    if array.shape != meta.shape:
        if not expandable(meta.shape, array.shape):
            name = source.name() if source is not None else "backward"
            raise RuntimeError(
                f"Function {name} returned an invalid gradient at index {index} - got {list(array.shape)} but "
                f"expected shape compatible with {list(meta.shape)}"
            )
        gradient = gradient.sum_to_size(meta.shape)
    if array.dtype is not meta.dtype and array.dtype != meta.dtype:
        gradient = gradient.to(dtypes.of(meta.dtype))
    if type(gradient.array) is not np.ndarray or meta.place is not CPU:
        gradient = _on_device(gradient, meta, source, index)
    return gradient


def _on_device(gradient: Tensor, meta: Meta, source: Node | None, index: int) -> Tensor:
    """The gradient on the device of what it belongs to, where torch brings it there: one without dimensions."""
    if gradient.device is meta.place:
        return gradient
    if gradient.array.ndim:
        name = source.name() if source is not None else "backward"
        raise RuntimeError(
            f"Function {name} returned an invalid gradient at index {index} - expected device {meta.place} but got "
            f"{gradient.device}"
        )
    return gradient.to(meta.place)


def _leading_to(start: list[Edge | None], goals: set[Node]) -> set[Node]:
    """The nodes between `start` and `goals`, both included."""
    reached: set[Node] = set()
    stack = [edge.node for edge in start if edge is not None]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached.add(node)
            stack.extend(edge.node for edge in node.edges if edge is not None)
    useful: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.number):  # inputs before outputs
        if node in goals or any(edge is not None and edge.node in useful for edge in node.edges):
            useful.add(node)
    return useful

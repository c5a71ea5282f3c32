"""What a backward does with upstream gradients that are missing: those of outputs that nobody used."""

import heapq
from collections.abc import Sequence

from scratchnet.autograd.core import Tensor, gradient_edge
from scratchnet.autograd.function import FunctionCtx
from scratchnet.autograd.modes import no_grad
from scratchnet.autograd.node import Node


def gradients(
    outputs: Sequence[Tensor], upstream: Sequence[Tensor | None], inputs: Sequence[Tensor]
) -> list[Tensor | None]:
    """`autograd.grad` with None for a missing upstream gradient, which is handed on as torch's tape does.

    The engine never runs a node without a gradient. Here a Function of the user's runs even so: it gets zeros, or None
    after `set_materialize_grads(False)`; a built-in op with no gradient at all hands on nothing.
    """
    waiting: list[tuple[int, Node]] = []
    arrived: dict[Node, list[Tensor | None]] = {}

    def arrive(node: Node, index: int, gradient: Tensor | None) -> None:
        if node not in arrived:
            arrived[node] = [None] * len(node.outputs)
            heapq.heappush(waiting, (-node.number, node))
        before = arrived[node][index]
        arrived[node][index] = gradient if before is None else before if gradient is None else before + gradient

    for output, gradient in zip(outputs, upstream, strict=True):
        edge = gradient_edge(output)
        if edge is not None:
            arrive(edge.node, edge.output, gradient)
    targets = [gradient_edge(tensor) for tensor in inputs]
    goals = {edge for edge in targets if edge is not None}
    found: dict[tuple[Node, int], Tensor | None] = {}
    with no_grad():
        while waiting:
            node = heapq.heappop(waiting)[1]
            grads = arrived.pop(node)
            found.update({(node, index): grad for index, grad in enumerate(grads) if (node, index) in goals})
            if not node.edges or (not isinstance(node, FunctionCtx) and all(grad is None for grad in grads)):
                results: tuple[Tensor | None, ...] = (None,) * len(node.edges)
            else:
                results = node.run(grads)
            for edge, result in zip(node.edges, results, strict=False):
                if edge is not None:
                    arrive(edge.node, edge.output, _fitted(result, edge.node.outputs[edge.output].shape))
    return [None if edge is None else found.get(edge) for edge in targets]


def _fitted(gradient: Tensor | None, shape: tuple[int, ...]) -> Tensor | None:
    if gradient is None or gradient.shape == shape:
        return gradient
    return gradient.sum_to_size(shape)

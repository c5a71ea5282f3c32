"""Subjects made of tensors: functions, autograd.Functions and Modules, scratchnet's or torch's.

Both libraries have the same names, so one adapter serves both; torch is only ever found through a tensor of its own.
"""

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import scratchnet
from scratchnet.gradcheck.report import Source
from scratchnet.gradcheck.subjects import refusals
from scratchnet.gradcheck.subjects.locate import argument_names, lines_of
from scratchnet.gradcheck.subjects.subject import Array, Gradients, Slot, Subject, Values
from scratchnet.tensor import Tensor


def library_of(thing: Any) -> Any:
    """The library that a tensor, Module or Function class belongs to: scratchnet, torch, or None for anything else."""
    torch = sys.modules.get("torch")
    classes = {scratchnet: (Tensor, scratchnet.nn.Module)}
    functions = {scratchnet: scratchnet.autograd.Function}
    if torch is not None and hasattr(torch, "autograd"):
        classes[torch] = (torch.Tensor, torch.nn.Module)
        functions[torch] = torch.autograd.Function
    for library, kinds in classes.items():
        if isinstance(thing, kinds) or (isinstance(thing, type) and issubclass(thing, functions[library])):
            return library
    return None


class TensorSubject(Subject):
    """A function of tensors: `inputs` are its arguments; those that require grad, and `params`, are the slots.

    `params`: tensors that the function reads by itself, which are written in place for each evaluation and restored.
    Raises as `refusals` says.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: Sequence[Any],
        params: Mapping[str, Any],
        *,
        library: Any,
        name: str,
        signature: Callable[..., Any] | None = None,
        seed: int | None = None,
    ) -> None:
        self.library, self.name = library, name
        self._function, self._inputs, self._seed = function, tuple(inputs), seed
        self._positions = [i for i, item in enumerate(self._inputs) if self._wanted(item)]
        self._params = {key: param for key, param in params.items() if self._wanted(param)}
        names = argument_names(signature or function, len(self._inputs))
        slots = [self._slot(names[i], self._inputs[i], "input") for i in self._positions]
        self.slots = (*slots, *(self._slot(key, param, "parameter") for key, param in self._params.items()))
        refusals.require_slots(self.slots)
        self._buffers: tuple[Any, ...] = ()

    @property
    def on_cpu(self) -> bool:
        """Whether all tensors that it is made of are the CPU's."""
        tensors = [item for item in (*self._inputs, *self._params.values(), *self._buffers) if library_of(item)]
        return all(tensor.device.type == "cpu" for tensor in tensors)

    def _wanted(self, item: Any) -> bool:
        return isinstance(item, self.library.Tensor) and item.requires_grad

    @staticmethod
    def _slot(name: str, tensor: Any, kind: str) -> Slot:
        refusals.require_own_elements(name, tensor.stride(), tensor.shape)
        return Slot(name, _on_host(tensor).copy(), kind)

    def run(self, values: Values) -> tuple[Array, ...]:
        with self._at(values) as leaves:
            return tuple(_on_host(out).copy() for out in self._call(leaves))

    def pull(self, values: Values, upstream: Values) -> Gradients:
        with closing(self.pulls(values, (upstream,))) as grads:
            return next(grads)

    def pulls(self, values: Values, upstreams: Iterable[Values]) -> Generator[Gradients, None, None]:
        with self._at(values) as leaves:
            outputs = self._call(leaves)
            used = [i for i, out in enumerate(outputs) if out.requires_grad]
            wanted = [*leaves, *self._params.values()]
            for upstream in upstreams:
                if not used:
                    yield (None,) * len(wanted)
                    continue
                grads = self.library.autograd.grad(
                    [outputs[i] for i in used],
                    wanted,
                    [self._tensor(upstream[i], outputs[i].device) for i in used],
                    retain_graph=True,
                    allow_unused=True,
                )
                yield tuple(None if g is None else _on_host(g) for g in grads)

    def sources(self, slot: int | None = None) -> tuple[Source, ...]:
        with self._at([held.value for held in self.slots]) as leaves:
            outputs = self._call(leaves)
            wanted = [*leaves, *self._params.values()]
            nodes = list(_user_nodes(outputs))
        if slot is not None:
            for node, backward in nodes:
                for position, (below, _) in enumerate(node.next_functions):
                    if getattr(below, "variable", None) is wanted[slot]:
                        return lines_of(backward, position)
        return tuple(line for _, backward in nodes for line in lines_of(backward, None))

    @contextmanager
    def _at(self, values: Values) -> Iterator[list[Any]]:
        """New leaves for the inputs; parameters, buffers and the random stream as they were, afterwards."""
        own = list(self._params.values())
        before = [_on_host(tensor).copy() for tensor in (*own, *self._buffers)]
        count = len(self._positions)
        places = [self._inputs[position].device for position in self._positions]
        try:
            for param, value in zip(own, values[count:], strict=True):
                self._write(param, value)
            with ExitStack() as stack:
                if self._seed is not None:
                    stack.enter_context(self.library.random.fork_rng())
                    self.library.manual_seed(self._seed)
                yield [self._tensor(*pair).requires_grad_() for pair in zip(values, places, strict=False)]
        finally:
            for tensor, value in zip((*own, *self._buffers), before, strict=True):
                self._write(tensor, value)

    def _write(self, tensor: Any, value: Array) -> None:
        """The value into the tensor's memory, past the tape."""
        tensor.data.copy_(self._tensor(value, tensor.device))

    def _tensor(self, value: Array, place: Any) -> Any:
        plain = value if all(step >= 0 for step in value.strides) else value.copy()
        return self.library.from_numpy(plain).to(place)

    def _call(self, leaves: list[Any]) -> list[Any]:
        arguments = list(self._inputs)
        for position, leaf in zip(self._positions, leaves, strict=True):
            arguments[position] = leaf
        result = self._function(*arguments)
        found = [item for item in _flat(result) if isinstance(item, self.library.Tensor)]
        outputs = [out for out in found if out.is_floating_point()]
        refusals.require_outputs(self.name, result, bool(found), bool(outputs))
        return outputs


class ModuleSubject(TensorSubject):
    """A Module in training or evaluation mode: every floating input and every parameter that requires grad is a slot.

    Buffers (batch norm's statistics) are restored after each evaluation, and each draws the same random numbers, so
    that dropout keeps its mask. The mode is the caller's to set.
    """

    def __init__(self, module: Any, inputs: Sequence[Any], *, library: Any, name: str, seed: int) -> None:
        leaves = [
            item.detach().requires_grad_() if isinstance(item, library.Tensor) and item.is_floating_point() else item
            for item in inputs
        ]
        params = dict(module.named_parameters())
        super().__init__(module, leaves, params, library=library, name=name, signature=module.forward, seed=seed)
        self._buffers = tuple(module.buffers())


def _on_host(tensor: Any) -> Array:
    """The tensor's array, on its own memory where that is the CPU's."""
    array: Array = tensor.detach().cpu().numpy()
    return array


def _flat(result: Any) -> Iterator[Any]:
    if isinstance(result, Mapping):
        result = list(result.values())
    if isinstance(result, list | tuple):
        for item in result:
            yield from _flat(item)
    else:
        yield result


def _user_nodes(outputs: Sequence[Any]) -> Iterator[tuple[Any, Callable[..., Any]]]:
    """(node, backward) of every autograd.Function on the tape that stands outside both libraries, last one first."""
    waiting, seen = [out.grad_fn for out in outputs], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        owner = getattr(node, "function", None) or getattr(type(node), "_forward_cls", None)
        if owner is not None and owner.__module__.partition(".")[0] not in ("scratchnet", "torch"):
            yield node, owner.backward
        waiting.extend(below for below, _ in node.next_functions)

"""Subjects in plain NumPy: a layer with forward and backward, or a pair of functions, written outside any library."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from scratchnet.gradcheck.report import Source
from scratchnet.gradcheck.subjects import refusals
from scratchnet.gradcheck.subjects.locate import argument_names, attribute_lines, lines_of
from scratchnet.gradcheck.subjects.subject import Array, Gradients, Slot, Subject, Values
from scratchnet.shapes import message

# Where layers keep the gradient of their attribute W.
GRADIENT_NAMES = ("d{}", "d_{}", "g{}", "grad_{}", "{}_grad", "{}_g")


class LayerSubject(Subject):
    """An object with `forward(*arrays)` and `backward(*upstream)`; backward returns one gradient per array of forward.

    Floating arrays among `inputs` are slots, and so are the layer's parameters: `params` maps an attribute to the
    attribute that holds its gradient after backward ({"W": "dW"}); None looks for the usual names, and for dicts
    `params` and `grads`. A `zero_grad()` method is called before each backward.
    """

    def __init__(
        self,
        layer: Any,
        inputs: Sequence[Any],
        params: Mapping[str, str] | None,
        name: str,
        signature: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self._layer, self._signature = name, layer, signature or layer.forward
        self._inputs = tuple(inputs)
        self._untouched = _copy(layer)
        self._positions = [i for i, item in enumerate(self._inputs) if _differentiable(item)]
        names = argument_names(self._signature, len(self._inputs))
        for i in self._positions:
            refusals.require_own_elements(names[i], np.asarray(self._inputs[i]).strides, np.shape(self._inputs[i]))
        self.slots = tuple(Slot(names[i], np.array(self._inputs[i]), "input") for i in self._positions)
        self._gradients: dict[str, str] = {}
        self._gradients = self._find_parameters() if params is None else dict(params)
        self.slots += tuple(Slot(key, self._parameter(key).copy(), "parameter") for key in self._gradients)
        refusals.require_slots(self.slots)

    def run(self, values: Values) -> tuple[Array, ...]:
        with self._at(values) as arguments:
            return self._outputs(self._layer.forward(*arguments))

    def pull(self, values: Values, upstream: Values) -> Gradients:
        with self._at(values) as arguments:
            outputs = self._outputs(self._layer.forward(*arguments))
            if hasattr(self._layer, "zero_grad"):
                self._layer.zero_grad()
            result = self._layer.backward(*upstream[: len(outputs)])
            kept = tuple(_array(self._gradient(key), copy=True) for key in self._gradients)
            return self._per_input(result) + kept

    def fresh(self) -> Subject | None:
        layer = None if self._untouched is None else _copy(self._untouched)
        return None if layer is None else LayerSubject(layer, self._inputs, self._gradients, self.name, self._signature)

    def sources(self, slot: int | None = None) -> tuple[Source, ...]:
        backward = self._layer.backward
        if slot is not None and slot >= len(self._positions):
            attribute = list(self._gradients.values())[slot - len(self._positions)]
            return attribute_lines(backward, attribute)
        return lines_of(backward, None if slot is None else self._positions[slot])

    def _outputs(self, result: Any) -> tuple[Array, ...]:
        listed = result if isinstance(result, tuple | list) else (result,)
        arrays = [np.array(item) for item in listed if isinstance(item, np.ndarray | float | np.floating)]
        outputs = tuple(array for array in arrays if _differentiable(array))
        refusals.require_outputs(self.name, result, bool(arrays), bool(outputs))
        return outputs

    def _per_input(self, result: Any) -> Gradients:
        listed = tuple(result) if isinstance(result, tuple | list) else (result,)
        if len(listed) == len(self._inputs):
            listed = tuple(listed[i] for i in self._positions)
        elif len(listed) != len(self._positions):
            rule = f"must be one per argument of forward ({len(self._inputs)}), None for one without a gradient"
            raise ValueError(message("check", f"number of gradients from {self.name}.backward", len(listed), rule))
        return tuple(_array(item) for item in listed)

    @contextmanager
    def _at(self, values: Values) -> Iterator[list[Any]]:
        count = len(self._positions)
        arguments = list(self._inputs)
        for position, value in zip(self._positions, values[:count], strict=True):
            arguments[position] = value
        own = [self._parameter(key) for key in self._gradients]
        before = [array.copy() for array in own]
        for array, value in zip(own, values[count:], strict=True):
            array[...] = value
        try:
            yield arguments
        finally:
            for array, value in zip(own, before, strict=True):
                array[...] = value

    def _parameter(self, key: str) -> Array:
        held = getattr(self._layer, key, None)
        if held is None and isinstance(getattr(self._layer, "params", None), dict):
            held = self._layer.params.get(key)
        if not isinstance(held, np.ndarray) or not _differentiable(held):
            rule = "must name a floating NumPy array of the layer"
            raise ValueError(message("check", "params", repr(key), rule))
        return held

    def _gradient(self, key: str) -> Any:
        name = self._gradients[key]
        if hasattr(self._layer, name):
            return getattr(self._layer, name)
        return self._layer.grads.get(name) if isinstance(getattr(self._layer, "grads", None), dict) else None

    def _find_parameters(self) -> dict[str, str]:
        """Attributes (or entries of `params`) for which a gradient appears beside them during a first backward."""
        with self._at([slot.value.copy() for slot in self.slots]) as arguments:
            outputs = self._outputs(self._layer.forward(*arguments))
            self._layer.backward(*(np.zeros_like(output) for output in outputs))
        found: dict[str, str] = {}
        for key, held in vars(self._layer).items():
            if isinstance(held, np.ndarray) and _differentiable(held):
                for name in (pattern.format(key) for pattern in GRADIENT_NAMES):
                    gradient = getattr(self._layer, name, None)
                    if isinstance(gradient, np.ndarray):
                        found[key] = name
        params, grads = getattr(self._layer, "params", None), getattr(self._layer, "grads", None)
        if isinstance(params, dict) and isinstance(grads, dict):
            found.update({key: key for key in params if key in grads})
        return found


class _Functions:
    """`forward(*arrays)` and `backward` as a layer: backward(gy), backward(gy, cache) or backward(gy, *arrays).

    With a cache, forward returns (output, cache).
    """

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        self._forward, self.backward_function = forward, backward
        try:
            self._count = len(inspect.signature(backward).parameters)
        except (TypeError, ValueError):
            self._count = 1
        self._more: tuple[Any, ...] = ()

    def forward(self, *arrays: Any) -> Any:
        result = self._forward(*arrays)
        cached = self._count == 2 and isinstance(result, tuple) and len(result) == 2
        self._more = (result[1],) if cached else arrays if self._count > 1 else ()
        return result[0] if cached else result

    def backward(self, *upstream: Any) -> Any:
        return self.backward_function(*upstream, *self._more)


class FunctionsSubject(LayerSubject):
    """A pair of functions; see `_Functions` for the forms of backward."""

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Sequence[Any], name: str
    ) -> None:
        super().__init__(_Functions(forward, backward), inputs, {}, name, signature=forward)
        self._written = backward

    def sources(self, slot: int | None = None) -> tuple[Source, ...]:
        return lines_of(self._written, None if slot is None else self._positions[slot])


def _copy(layer: Any) -> Any:
    """A deep copy, None of what can't be copied."""
    try:
        return copy.deepcopy(layer)
    except Exception:  # a layer's own __deepcopy__, or a thing inside that refuses, may raise anything
        return None


def _differentiable(item: Any) -> bool:
    return isinstance(item, np.ndarray | float | np.floating) and np.issubdtype(np.asarray(item).dtype, np.floating)


def _array(item: Any, copy: bool = False) -> Array | None:
    if item is None:
        return None
    return np.array(item) if copy else np.asarray(item)

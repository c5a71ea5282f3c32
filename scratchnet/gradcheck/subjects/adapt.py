"""The subject for whatever a user brings."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import scratchnet
from scratchnet.gradcheck.subjects.pairs import FunctionsSubject, LayerSubject
from scratchnet.gradcheck.subjects.subject import Subject
from scratchnet.gradcheck.subjects.tensors import ModuleSubject, TensorSubject, library_of
from scratchnet.shapes import message


def subject_of(fn: Any, inputs: Any, params: Any, name: str | None, seed: int) -> Subject:
    """The adapter for `fn`: a Module, an autograd.Function, a pair of NumPy functions, a NumPy layer, or a function.

    Raises TypeError for anything else.
    """
    arguments = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    label = name or _label(fn)
    library = library_of(fn)
    if library is not None and not isinstance(fn, type):
        if params is not None:
            raise TypeError(
                message("check", "params", type(params).__name__, "must be None for a Module: it has its own")
            )
        return ModuleSubject(fn, arguments, library=library, name=label, seed=seed)
    if library is not None:
        signature = fn.forward
        return TensorSubject(
            fn.apply, arguments, _named(params), library=library, name=label, signature=_without_ctx(signature)
        )
    if isinstance(fn, tuple) and len(fn) == 2 and all(callable(part) for part in fn):
        return FunctionsSubject(fn[0], fn[1], arguments, label)
    if callable(getattr(fn, "forward", None)) and callable(getattr(fn, "backward", None)):
        return LayerSubject(fn, arguments, params, label)
    if callable(fn):
        tensors = [item for item in (*arguments, *_named(params).values()) if library_of(item) is not None]
        found = library_of(tensors[0]) if tensors else scratchnet
        return TensorSubject(fn, arguments, _named(params), library=found, name=label)
    rule = "must be a function of tensors, a Module, an autograd.Function, a layer with forward and backward, or a pair"
    raise TypeError(message("check", "fn", type(fn).__name__, rule))


def _label(fn: Any) -> str:
    if isinstance(fn, tuple) and fn:
        return _label(fn[0])
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def _named(params: Any) -> Mapping[str, Any]:
    if params is None:
        return {}
    if isinstance(params, Mapping):
        return params
    listed: Sequence[Any] = tuple(params)
    return {f"param {i}": param for i, param in enumerate(listed)}


def _without_ctx(forward: Any) -> Any:
    """The signature of a Function's forward as apply sees it."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return forward
    if parameters and parameters[0].name in ("ctx", "self", "context"):
        parameters = parameters[1:]

    def apply(*args: Any) -> Any: ...

    apply.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return apply

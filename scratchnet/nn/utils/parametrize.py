"""Parameters that are computed from others at each use: the bookkeeping. The functions are in `parametrizations`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any

from scratchnet.autograd.modes import no_grad
from scratchnet.nn.container import ModuleDict, ModuleList
from scratchnet.nn.module import Module
from scratchnet.nn.parameter import Parameter
from scratchnet.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """Computed tensors by (module, name), kept while any `cached()` is active."""

    def __init__(self) -> None:
        self.depth = 0
        self.tensors: dict[tuple[int, str], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed once. Equals torch.nn.utils.parametrize.cached."""
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.tensors.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order applied, and what it is computed from.

    Equals torch's ParametrizationList: `original`, or `original0`, `original1`, ... where the first
    parametrization's `right_inverse` gives several tensors. Calling it computes the tensor. Raises ValueError where
    the shape or dtype would change, unless `unsafe`.
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        before = original.detach()
        if isinstance(new, Tensor):
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
                )
            _set(original, new)
            _register(self, "original", original)
        else:
            for i, part in enumerate(new):
                self._register_part(i, part, original)
        if not unsafe:
            try:
                _check_unchanged(self(), before, "unparametrized {0}: {1}\nparametrized {0}: {2}")
            except ValueError:
                _set(original, before)  # as it was: nothing changes where this raises
                raise

    def _register_part(self, i: int, part: Any, original: Tensor) -> None:
        if not isinstance(part, Tensor):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got element {i} of the sequence with type {type(part).__name__}."
            )
        if isinstance(original, Parameter):
            part = Parameter(part, original.requires_grad)
        part.requires_grad_(original.requires_grad)
        _register(self, f"original{i}", part)

    def right_inverse(self, value: Any) -> None:
        """Set what the tensor is computed from, so that it becomes `value`. What `module.weight = value` calls."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
                if value.dtype != self.original.dtype:
                    raise ValueError(
                        f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                        f"{self.original.dtype}"
                    )
                _set(self.original, value)
                return
            self._check_parts(value)
            for i, part in enumerate(value):
                _set(getattr(self, f"original{i}"), part)

    def _check_parts(self, value: Any) -> None:
        if not isinstance(value, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
        if len(value) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. "
                f"Got a sequence of length {len(value)}."
            )
        for i, part in enumerate(value):
            if not isinstance(part, Tensor):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got element {i} of type {type(part).__name__}."
                )
            kind = getattr(self, f"original{i}").dtype
            if part.dtype != kind:
                raise ValueError(
                    f"Tensor {i} returned by `right_inverse` has dtype {part.dtype} while `original{i}` has dtype "
                    f"{kind}"
                )

    def forward(self) -> Any:
        """The tensor, computed from the originals."""
        first, *rest = self
        if self.is_tensor:
            x = first(self.original)
        else:
            x = first(*(getattr(self, f"original{i}") for i in range(self.ntensors)))
        for module in rest:
            x = module(x)
        return x


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """From now on `module.<tensor_name>` is parametrization(original), computed at each use.

    Equals torch.nn.utils.parametrize.register_parametrization. `right_inverse(value)` of the parametrization says
    what to start from, and makes the tensor assignable. Several ones on one tensor run in order. Raises ValueError
    where shape or dtype would change (unless `unsafe`), or where there is no such parameter or buffer.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_addition(module, tensor_name, parametrization)
        chain: Any = module.parametrizations[tensor_name]
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _change_class(module)
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _computed(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has a parametrization, on `tensor_name` if given."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make the tensor a plain one again: with the computed values, or (`leave_parametrized=False`) the original.

    Equals torch.nn.utils.parametrize.remove_parametrizations. Raises ValueError where there is none, or where the
    original is several tensors and should be left.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain: Any = module.parametrizations[tensor_name]
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with no_grad():
                _set(original, getattr(module, tensor_name))
    elif leave_parametrized:
        computed = getattr(module, tensor_name)
        original = Parameter(computed) if computed.requires_grad else computed
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class without the one that parametrizing has put before it."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Put the parametrizations of one module, and their originals, on another. Equals torch's function."""
    if not is_parametrized(from_module):
        return to_module
    source: Any = from_module.parametrizations
    for name in list(source) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in source[name]:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations[name]
        count = source[name].ntensors
        for part in ["original"] if source[name].is_tensor else [f"original{i}" for i in range(count)]:
            setattr(target, part, getattr(source[name], part))
    return to_module


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _set(destination: Tensor, source: Tensor) -> None:
    """torch's `set_`: the same object on other memory."""
    destination.data = source
    destination._counter.value += 1


def _check_unchanged(new: Any, old: Tensor, lines: str, flag: str = "unless `unsafe` flag is enabled") -> None:
    if not isinstance(new, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(new).__name__}.")
    for what in ("dtype", "shape"):
        a, b = getattr(old, what), getattr(new, what)
        if a != b:
            rule = f"Registering a parametrization may not change the {what} of the tensor, {flag}.\n"
            raise ValueError(rule + lines.format(what, a, b))


def _check_addition(module: Module, name: str, parametrization: Any) -> None:
    old = getattr(module, name)
    new = parametrization(old)
    lines = f"module.{name}.{{0}}: {{1}}\nparametrization(module.{name}).{{0}}: {{2}}"
    _check_unchanged(new, old, lines, "unless the `unsafe` flag is enabled")
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(new)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    for what in ("dtype", "shape"):
        a, b = getattr(old, what), getattr(back, what)
        if a != b:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, "
                f"unless the `unsafe` flag is enabled.\nmodule.{name}.{what}: {a}\nreturned {what}: {b}"
            )


def _change_class(module: Module) -> None:
    """Give the module a class of its own, on which the tensor can be a property."""

    def copied(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            replica = memo[id(self)] = object.__new__(type(self))
            replica.__dict__ = deepcopy(self.__dict__, memo)
        return memo[id(self)]

    def state(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(): save that, and load it "
            "into a module parametrized alike."
        )

    old = type(module)
    members: dict[str, Any] = {"__getstate__": state}
    if not hasattr(old, "__deepcopy__"):
        members["__deepcopy__"] = copied
    module.__class__ = type(f"Parametrized{old.__name__}", (old,), members)


def _computed(name: str) -> property:
    def get(self: Any) -> Any:
        chain = self.parametrizations[name]
        if not _cache.depth:
            return chain()
        key = (id(self), name)
        if key not in _cache.tensors:
            _cache.tensors[key] = chain()
        return _cache.tensors[key]

    def assign(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, assign)

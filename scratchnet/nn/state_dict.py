"""state_dict and load_state_dict of a module tree. Loading checks the whole tree before it changes anything."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from scratchnet.autograd.modes import no_grad
from scratchnet.nn.parameter import Parameter
from scratchnet.nn.uninitialized import UninitializedTensorMixin
from scratchnet.tensor import Tensor

if TYPE_CHECKING:
    from scratchnet.nn.module import Module

EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What load_state_dict returns: the keys that the module lacks a value for, and those it has no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, unexpected_keys={self.unexpected_keys!r})"


def new() -> Any:
    """An empty state dict: an OrderedDict whose `_metadata` holds the version of each module, by its prefix."""
    destination: Any = OrderedDict()
    destination._metadata = OrderedDict()
    return destination


def collect(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Write the state of `module` and its descendants into `destination`, which is returned."""
    metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for pre_hook in module._state_dict_pre_hooks.values():
        pre_hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in module._state_dict_hooks.values():
        if hook(module, destination, prefix, metadata) is not None:
            raise RuntimeError("state_dict post-hook must return None")
    return destination


def save_own(module: Module, destination: Any, prefix: str, keep_vars: bool) -> None:
    """Write the parameters, persistent buffers and extra state of `module` itself."""
    for name, tensor in _own_state(module).items():
        destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if type(module).get_extra_state is not get_extra_state:
        destination[prefix + EXTRA_STATE] = module.get_extra_state()


def load(module: Module, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Load a state dict into the tree. Nothing is changed where an error is raised.

    One exception: post-hooks may mend the lists of keys, so where there are any, they run on the loaded module
    and only then are the keys judged.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    metadata = getattr(state_dict, "_metadata", None) or {}
    keys = IncompatibleKeys([], [])
    errors: list[str] = []
    writes: list[Callable[[], None]] = []

    def check(current: Module, own: dict[str, Any], prefix: str) -> None:
        local = {**metadata.get(prefix[:-1], {}), "writes": writes}
        if assign:
            local["assign_to_params_buffers"] = True
        current._load_from_state_dict(own, prefix, local, True, keys.missing_keys, keys.unexpected_keys, errors)
        for name, child in current._modules.items():
            if child is not None:
                start = f"{prefix}{name}."
                check(child, {key: value for key, value in own.items() if key.startswith(start)}, start)

    check(module, dict(state_dict), "")
    post_hooks = [(m, hook) for m in _children_first(module) for hook in m._load_state_dict_post_hooks.values()]
    if errors or not post_hooks:
        _raise_for(module, keys, errors, strict)
    for write in writes:
        write()
    for current, hook in post_hooks:
        if hook(current, keys) is not None:
            raise AssertionError(
                "Hooks registered with `register_load_state_dict_post_hook` must return None: change the lists of "
                "incompatible_keys in place"
            )
    _raise_for(module, keys, errors, strict)
    return keys


def load_own(
    module: Module,
    state_dict: dict[str, Any],
    prefix: str,
    metadata: dict[str, Any],
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
) -> None:
    """Check what `state_dict` has for `module` itself; the writing waits in metadata["writes"], where that is given."""
    for hook in module._load_state_dict_pre_hooks.values():
        hook(module, state_dict, prefix, metadata, True, missing, unexpected, errors)
    writes: list[Callable[[], None]] = []
    assign = metadata.get("assign_to_params_buffers", False)
    state = _own_state(module)
    for name, tensor in state.items():
        key = prefix + name
        if key not in state_dict:
            missing.append(key)
            continue
        value = state_dict[key]
        if not isinstance(value, Tensor):
            errors.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(value)}"
            )
            continue
        if isinstance(tensor, UninitializedTensorMixin):
            if not isinstance(value, UninitializedTensorMixin):
                writes.append(_assignment(module, name, tensor, value) if assign else _first_values(tensor, value))
            continue
        if tensor.dim() == 0 and tuple(value.shape) == (1,):
            value = value[0]  # checkpoints from before 0-d tensors
        if value.shape != tensor.shape:
            errors.append(
                f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                f"the shape in current model is {tensor.shape}."
            )
            continue
        writes.append(_assignment(module, name, tensor, value) if assign else _copy(tensor, value))
    _load_extra_state(module, state_dict, prefix + EXTRA_STATE, writes, missing, unexpected)
    for key in state_dict:
        if key.startswith(prefix) and key != prefix + EXTRA_STATE:
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (module._modules if dot else state):
                unexpected.append(key)
    if "writes" in metadata:
        metadata["writes"].extend(writes)
    else:
        for write in writes:
            write()


def _own_state(module: Module) -> dict[str, Any]:
    state: dict[str, Any] = {name: p for name, p in module._parameters.items() if p is not None}
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            state[name] = buffer
    return state


def get_extra_state(self: Module) -> Any:
    """What else belongs into the state dict; a subclass writes this together with `set_extra_state`."""
    raise RuntimeError(f"{self._get_name()} has no extra state: write get_extra_state and set_extra_state")


def set_extra_state(self: Module, state: Any) -> None:
    """Take back what `get_extra_state` gave."""
    raise RuntimeError(f"{self._get_name()} has no extra state: write get_extra_state and set_extra_state")


def _load_extra_state(
    module: Module, state_dict: dict[str, Any], key: str, writes: list[Any], missing: list[str], unexpected: list[str]
) -> None:
    if type(module).set_extra_state is set_extra_state:
        if key in state_dict:
            unexpected.append(key)
    elif key in state_dict:
        extra = state_dict[key]
        writes.append(lambda: module.set_extra_state(extra))
    else:
        missing.append(key)


def _copy(tensor: Tensor, value: Tensor) -> Callable[[], None]:
    def write() -> None:
        with no_grad():
            tensor.copy_(value)

    return write


def _first_values(tensor: UninitializedTensorMixin, value: Tensor) -> Callable[[], None]:
    def write() -> None:
        tensor.materialize(value.shape)
        with no_grad():
            tensor.copy_(value)

    return write


def _assignment(module: Module, name: str, tensor: Tensor, value: Tensor) -> Callable[[], None]:
    def write() -> None:
        new = value
        if isinstance(tensor, Parameter):
            if isinstance(value, Parameter):
                value.requires_grad_(tensor.requires_grad)
            else:
                new = Parameter(value, requires_grad=tensor.requires_grad)
        setattr(module, name, new)

    return write


def _children_first(module: Module) -> list[Module]:
    found: list[Module] = []
    for child in module._modules.values():
        if child is not None:
            found += _children_first(child)
    return [*found, module]


def _raise_for(module: Module, keys: IncompatibleKeys, errors: list[str], strict: bool) -> None:
    texts = list(errors)
    if strict:
        for what, found in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
            if found:
                texts.insert(0, "{} key(s) in state_dict: {}. ".format(what, ", ".join(f'"{key}"' for key in found)))
    if texts:
        text = "\n\t".join(texts)
        raise RuntimeError(f"Error(s) in loading state_dict for {module._get_name()}:\n\t{text}")

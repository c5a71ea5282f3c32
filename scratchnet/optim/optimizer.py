"""Optimizer: groups of parameters with their settings, the state of each parameter, saving and loading both."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from scratchnet.autograd import hooks as hook_tools
from scratchnet.autograd.modes import enable_grad
from scratchnet.device import CPU
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

Params = Iterable[Any]
Group = dict[str, Any]
Closure = Callable[[], Any]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required: Any = _Required()  # the default of a setting that every group must give


class Optimizer:
    """Base class of optimizers. Equals torch.optim.Optimizer.

    `params`: parameters, (name, parameter) pairs, or dicts {"params": ..., setting: value}, one per group; `defaults`
    fills in what a group leaves out. A subclass writes `step`. Raises TypeError or ValueError as torch does.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._make_hook_tables()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _make_hook_tables(self) -> None:
        for name in ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_pre", "load_post"):
            setattr(self, f"_{name}_hooks", OrderedDict())

    _step_pre_hooks: OrderedDict[int, Any]
    _step_post_hooks: OrderedDict[int, Any]
    _state_dict_pre_hooks: OrderedDict[int, Any]
    _state_dict_post_hooks: OrderedDict[int, Any]
    _load_pre_hooks: OrderedDict[int, Any]
    _load_post_hooks: OrderedDict[int, Any]

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once by their gradients. `closure` computes the loss, which is returned."""
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients, or fill them with zeros."""
        for parameter in chain.from_iterable(group["params"] for group in self.param_groups):
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.detach_().zero_()

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with settings of its own. Nothing is added where an error is raised."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _read_params(param_group["params"])
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
        ids = {id(param) for param in params}
        if len(ids) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error",
                stacklevel=3,
            )
        for group in self.param_groups:
            if (names is not None) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with' if names is not None else 'without'} names to the optimizer"
                )
            if not ids.isdisjoint(id(param) for param in group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        if names is not None:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for number, group in enumerate(self.param_groups):
            settings = "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            text += f"\nParameter Group {number}\n{settings}"
        return text + ")"

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_step_pre_hooks" not in self.__dict__:
            self._make_hook_tables()

    # ---- saving and loading

    def state_dict(self) -> dict[str, Any]:
        """{"state": state by parameter number, "param_groups": settings with parameter numbers}."""
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for number, param in enumerate(group["params"], start):
                numbers.setdefault(id(param), number)
            start += len(group["params"])
            packed = {key: value for key, value in group.items() if key != "params"}
            groups.append({**packed, "params": [numbers[id(param)] for param in group["params"]]})
        state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._state_dict_post_hooks.values():
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take settings and state from what `state_dict` gave; state takes the dtype and device of its parameter.

        Raises ValueError where the groups differ in number or in size, before anything is changed.
        """
        state_dict = state_dict.copy()
        for hook in self._load_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = deepcopy(state_dict["param_groups"])
        groups = self.param_groups
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(old["params"]) for group, old in zip(groups, saved, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        pairs = zip(_all_params(saved), _all_params(groups), strict=True)
        param_of = dict(pairs)
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in param_of:
                state[param_of[key]] = _fitted(value, param_of[key])
            else:
                state[key] = value
        for group, old in zip(groups, saved, strict=True):
            old["params"] = group["params"]
            if "param_names" in group:
                old.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._load_post_hooks.values():
            hook(self)

    # ---- hooks

    def register_step_pre_hook(self, hook: Any) -> hook_tools.RemovableHandle:
        """`hook(optimizer, args, kwargs)` before each step; it may return new (args, kwargs)."""
        return hook_tools.add(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Any) -> hook_tools.RemovableHandle:
        """`hook(optimizer, args, kwargs)` after each step."""
        return hook_tools.add(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Any, prepend: bool = False) -> hook_tools.RemovableHandle:
        """`hook(optimizer)` before the state is collected."""
        return _add(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Any, prepend: bool = False) -> hook_tools.RemovableHandle:
        """`hook(optimizer, state_dict)`; what it returns takes the state dict's place."""
        return _add(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Any, prepend: bool = False) -> hook_tools.RemovableHandle:
        """`hook(optimizer, state_dict)` before loading; what it returns is loaded instead."""
        return _add(self._load_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Any, prepend: bool = False) -> hook_tools.RemovableHandle:
        """`hook(optimizer)` after loading."""
        return _add(self._load_post_hooks, hook, prepend)


def _add(table: OrderedDict[int, Any], hook: Any, prepend: bool) -> hook_tools.RemovableHandle:
    handle = hook_tools.add(table, hook)
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def wrapper(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        for hook in self._step_pre_hooks.values():
            changed = hook(self, args, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(f"step pre-hook must return None or (new_args, new_kwargs), but got {changed}.")
            args, kwargs = changed
        result = step(self, *args, **kwargs)
        for hook in self._step_post_hooks.values():
            hook(self, args, kwargs)
        return result

    return wrapper


def _read_params(params: Any) -> tuple[list[Any], list[str] | None]:
    """The tensors of a group and, where they come as pairs, their names."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    items = [params] if isinstance(params, Tensor) else list(params)
    names = [item[0] for item in items if isinstance(item, tuple)]
    if names and len(names) < len(items):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [item[1] if isinstance(item, tuple) else item for item in items], names or None


def _all_params(groups: list[Group]) -> Iterable[Any]:
    return chain.from_iterable(group["params"] for group in groups)


_COUNTERS = ("step", "mu_product")  # numbers of the state that are read each step: reading one on a GPU would wait


def _fitted(value: Any, param: Tensor, key: Any = None) -> Any:
    """Saved state for `param`: tensors take its dtype and device, but for counters. Copies nothing it needn't."""
    if isinstance(value, Tensor):
        kind = param.dtype if param.is_floating_point() and key != "step" else None
        return value.to(device=CPU if key in _COUNTERS else param.device, dtype=kind)
    if isinstance(value, dict):
        return {k: _fitted(v, param, k) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_fitted(v, param) for v in value)
    return value


# ---- for the optimizers of this package


def check_settings(op: str, **least_zero: tuple[Any, str]) -> None:
    """Raise torch's ValueError "Invalid learning rate: -1" for a setting below zero: `lr=(value, "learning rate")`."""
    for name, (value, words) in least_zero.items():
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(message(op, name, f"shape {list(value.shape)}", f"Tensor {name} must be 1-element"))
        if not float(value) >= 0.0:
            raise ValueError(f"Invalid {words}: {value}")


def refuse(op: str, **flags: Any) -> None:
    """Raise NotImplementedError for a flag of torch's that changes what a step does and that isn't there."""
    for name, value in flags.items():
        if value:
            raise NotImplementedError(message(op, name, value, "is not supported", f"use {name}=False"))


def run_closure(closure: Closure | None) -> Any:
    """The closure's loss, computed with gradients on."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def number(value: Any) -> float:
    """A setting as a Python number; torch lets some be one-element tensors."""
    return float(value.item()) if isinstance(value, Tensor) else value

"""A sample: one call of one op, and how its inputs are drawn."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

import scratchnet
from scratchnet.autograd.core import Tensor

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Recipe:
    """How one input is drawn. `kind` "real": float64 numbers of [low, high); "int": whole numbers; "bool": coin flips.

    Reals with the same bounds and kinks are all different, within an input and across the inputs of a sample, and lie
    apart from each other and from the kinks: a maximum, a sort or a ReLU is smooth around them.
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    kinks: tuple[float, ...] = (0.0,)
    kind: str = "real"
    values: Any = None
    grad: bool = True


def within(shape: tuple[int, ...], low: float, high: float, *kinks: float) -> Recipe:
    """Numbers of [low, high) that stay away from the kinks."""
    return Recipe(shape, low, high, kinks)


def positive(shape: tuple[int, ...]) -> Recipe:
    """Numbers of [0.4, 2.4)."""
    return within(shape, 0.4, 2.4)


def chances(shape: tuple[int, ...]) -> Recipe:
    """Numbers of [0.1, 0.9)."""
    return within(shape, 0.1, 0.9)


def whole(shape: tuple[int, ...], high: int) -> Recipe:
    """int64 numbers of [0, high): indices, classes."""
    return Recipe(shape, 0, high, kind="int", grad=False)


def coins(shape: tuple[int, ...]) -> Recipe:
    """Bools."""
    return Recipe(shape, kind="bool", grad=False)


def values(given: Any) -> Recipe:
    """These values: floats are differentiated, ints and bools aren't."""
    array = np.asarray(given)
    return Recipe(array.shape, values=array, grad=array.dtype.kind == "f")


def fixed(given: "Recipe | tuple[int, ...]") -> Recipe:
    """An input that isn't differentiated."""
    return replace(given if isinstance(given, Recipe) else Recipe(given), grad=False)


def _apart(recipe: Recipe, count: int, rng: np.random.Generator) -> Array:
    """`count` numbers near the middles of cells of equal width, none in a cell that holds a kink or touches one."""
    cells = count + 3 * len(recipe.kinks)
    width = (recipe.high - recipe.low) / cells
    middles = recipe.low + width * (np.arange(cells) + 0.5)
    free = np.all([abs(middles - kink) > 0.75 * width for kink in recipe.kinks] or [middles == middles], axis=0)
    found = rng.permutation(middles[free])[:count]
    return np.asarray(found + width * rng.uniform(-0.2, 0.2, count))


@dataclass(frozen=True)
class Sample:
    """The call `fn(*inputs)` of the op `op`. `orders`: the highest order of derivative that the op has here.

    `op` is torch's name of the function, without its module; `why` tells why there is no second order. The same arrays
    are drawn every time: the seed is made of op and case.
    """

    op: str
    fn: Callable[..., Any]
    inputs: tuple[Recipe, ...]
    case: str = ""
    orders: int = 2
    why: str = ""

    def arrays(self) -> list[Array]:
        """The inputs."""
        rng = np.random.default_rng(zlib.crc32(f"{self.op} {self.case}".encode()))
        pools: dict[tuple[Any, ...], Array] = {}
        alike = [(i.low, i.high, i.kinks) for i in self.inputs]
        arrays = []
        for recipe, key in zip(self.inputs, alike, strict=True):
            if recipe.values is not None:
                arrays.append(recipe.values.copy())
            elif recipe.kind == "int":
                arrays.append(np.asarray(rng.integers(int(recipe.low), int(recipe.high), recipe.shape)))
            elif recipe.kind == "bool":
                arrays.append(np.asarray(rng.permutation(np.arange(prod(recipe.shape)) % 2 == 0)).reshape(recipe.shape))
            else:
                if key not in pools:
                    total = sum(prod(i.shape) for i, k in zip(self.inputs, alike, strict=True) if k == key)
                    pools[key] = _apart(recipe, total, rng)
                size = prod(recipe.shape)
                arrays.append(pools[key][:size].reshape(recipe.shape))
                pools[key] = pools[key][size:]
        return arrays

    def tensors(self) -> tuple[Tensor, ...]:
        """The inputs as tensors; those that are differentiated require grad."""
        made = tuple(scratchnet.tensor(array) for array in self.arrays())
        for tensor, recipe in zip(made, self.inputs, strict=True):
            if recipe.grad:
                tensor.requires_grad_()
        return made

    def __str__(self) -> str:
        return f"{self.op}: {self.case}" if self.case else self.op


def function_named(name: str) -> Callable[..., Any]:
    """The public function of this name: nn.functional's, else torch's, else the method of Tensor."""
    for owner in (scratchnet.nn.functional, scratchnet, Tensor):
        found = getattr(owner, name, None)
        if callable(found):
            return found
    raise AttributeError(f"no public function has the name {name!r}")


def _call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *tensors: Tensor) -> Any:
    return function_named(name)(*tensors, *args, **kwargs)


def op(
    name: str, *inputs: Any, args: tuple[Any, ...] = (), label: str = "", orders: int = 2, why: str = "", **kwargs: Any
) -> Sample:
    """A sample of the function `name`: inputs (shapes or recipes), then `args`, then keywords, as in a call."""
    options = [*map(str, args), *(f"{key}={value}" for key, value in kwargs.items())]
    shapes = [" x ".join(map(str, recipe.shape)) or "scalar" for recipe in recipes(inputs)]
    parts = [label, ", ".join(shapes), ", ".join(options)]
    return Sample(
        name, partial(_call, name, args, kwargs), recipes(inputs), "; ".join(filter(None, parts)), orders, why
    )


def case(name: str, label: str, fn: Callable[..., Any], *inputs: Any, orders: int = 2, why: str = "") -> Sample:
    """A sample of the op `name` that is called by `fn`."""
    return Sample(name, fn, recipes(inputs), label, orders, why)


def recipes(inputs: tuple[Any, ...]) -> tuple[Recipe, ...]:
    """Shapes as recipes of numbers from -2 to 2, away from 0."""
    return tuple(i if isinstance(i, Recipe) else Recipe(tuple(i)) for i in inputs)


def seeded(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` with the same random numbers at every call; the random stream goes on as if it had not been called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        state = scratchnet.get_rng_state()
        scratchnet.manual_seed(0)
        try:
            return fn(*args, **kwargs)
        finally:
            scratchnet.set_rng_state(state)

    return call

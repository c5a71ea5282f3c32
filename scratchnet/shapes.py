"""Sizes: torch's `Size`, dimension arguments, broadcasting, and the one form that every error text has."""

from collections.abc import Iterable
from typing import Any, SupportsIndex


def message(op: str, argument: str, value: object, rule: str, fix: str = "") -> str:
    """The text of an error: op, argument, value, the rule broken and, where there is one, the nearest mend."""
    return f"{op}: {argument} (={value}) {rule}" + (f"; {fix}" if fix else "")


class Size(tuple[int, ...]):
    """torch.Size: the shape of a tensor, a tuple of ints that prints as `scratchnet.Size([2, 3])`."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements, 1 for no dimensions."""
        count = 1
        for length in self:
            count *= length
        return count

    def __repr__(self) -> str:
        return f"scratchnet.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        item = super().__getitem__(index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> "Size":
        return Size(tuple(self) + tuple(other))


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """The ints of `f(2, 3)`, `f((2, 3))` and `f([2, 3])` alike."""
    if len(args) == 1 and isinstance(args[0], Iterable):
        args = tuple(args[0])
    for n in args:
        if type(n) is not int:
            return tuple([_integer(n) for n in args])
    return args


def _integer(n: Any) -> int:
    if not hasattr(n, "__index__"):
        raise TypeError(f"sizes must be ints, not {type(n).__name__} (={n!r})")
    return int(n.__index__())


def normalize_dim(op: str, dim: SupportsIndex, ndim: int) -> int:
    """`dim` counted from the front. A 0-d tensor has the dimensions -1 and 0, as in torch. Raises IndexError."""
    index, bound = dim.__index__(), max(ndim, 1)
    if not -bound <= index < bound:
        rule = f"is out of range: Dimension out of range (expected to be in range of [{-bound}, {bound - 1}])"
        raise IndexError(message(op, "dim", index, rule))
    return index % bound


def normalize_dims(op: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """A dim, a list of dims or None (all), counted from the front. Raises IndexError, RuntimeError if named twice."""
    if dim is None:
        return tuple(range(ndim))
    dims = tuple(normalize_dim(op, d, ndim) for d in (dim if isinstance(dim, Iterable) else (dim,)))
    if not dims:
        return tuple(range(ndim))
    if len(set(dims)) < len(dims):
        raise RuntimeError(message(op, "dim", dim, "appears multiple times in the list of dims", "name each dim once"))
    return dims if ndim else ()


def broadcast_shapes(op: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that the shapes broadcast to. Raises RuntimeError naming the two sizes that disagree."""
    result = [1] * max((len(shape) for shape in shapes), default=0)
    for shape in shapes:
        for axis in range(-len(shape), 0):
            if shape[axis] != 1 and shape[axis] != result[axis]:
                if result[axis] != 1:
                    at = len(result) + axis
                    rule = f"cannot be broadcast: size {result[axis]} must match size {shape[axis]} at dimension {at}"
                    raise RuntimeError(
                        message(op, "shapes", ", ".join(str(list(s)) for s in shapes), rule, "make them equal or 1")
                    )
                result[axis] = shape[axis]
    return tuple(result)


def expandable(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether broadcasting alone turns `shape` into `target`."""
    if len(shape) > len(target):
        return False
    return all(a in (1, b) for a, b in zip(reversed(shape), reversed(target), strict=False))

"""The text of a tensor, character for character torch's: number formats, line breaks, summaries and suffixes."""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scratchnet.shapes import message


@dataclass
class Options:
    """What set_printoptions sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {"default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, math.inf, 3, 80)}
_options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """torch.set_printoptions. `profile` ("default", "short", "full") first, then what is given; sci_mode is always set.

    precision: digits after the point; threshold: more elements than this are summarized, with edgeitems at each end;
    linewidth: characters a line; sci_mode None: chosen by the values. Raises ValueError for an unknown profile.
    """
    if profile is not None:
        if profile not in _PROFILES:
            names = ", ".join(map(repr, _PROFILES))
            raise ValueError(message("set_printoptions", "profile", repr(profile), f"must be one of {names}"))
        _options.precision, _options.threshold, _options.edgeitems, _options.linewidth = _PROFILES[profile]
    for name, value in (("precision", precision), ("threshold", threshold), ("edgeitems", edgeitems)):
        if value is not None:
            setattr(_options, name, value)
    _options.linewidth = _options.linewidth if linewidth is None else linewidth
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in use, as keyword arguments of set_printoptions."""
    return asdict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """set_printoptions for the length of a `with` block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def _number_format(array: np.ndarray) -> tuple[int, Callable[[Any], str]]:
    """The width of the widest number and the function that writes one of them, chosen by all the values shown."""
    if array.dtype.kind != "f":
        width = max(map(len, map(str, array.ravel().tolist())), default=1)
        return width, lambda value: str(value).rjust(width)
    values = array.ravel()
    values = values[np.isfinite(values) & (values != 0)].astype(np.float64)
    digits = _options.precision
    if not values.size:  # zeros, infinities and NaN alone
        return 1, lambda value: _whole(value)
    smallest, largest = float(np.abs(values).min()), float(np.abs(values).max())
    whole = bool((values == np.ceil(values)).all())
    scientific = _options.sci_mode
    if scientific is None:
        scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
    if scientific:
        write: Callable[[Any], str] = f"{{:.{digits}e}}".format
    else:
        write = _whole if whole else f"{{:.{digits}f}}".format
    width = max(len(write(value)) for value in values.tolist())
    return width, lambda value: write(value).rjust(width)


def _whole(value: float) -> str:
    """A float without a fraction: "3.", but "inf" and "nan"."""
    return f"{value:.0f}" + ("." if math.isfinite(value) else "")


def _shown(array: np.ndarray) -> np.ndarray:
    """The part of an array that a summary shows."""
    edge = _options.edgeitems
    if edge == 0:
        return array.reshape(-1)[:0]
    for axis, length in enumerate(array.shape):
        if length > 2 * edge:
            array = array.take([*range(edge), *range(length - edge, length)], axis)
    return array


def format_tensor(array: np.ndarray, indent: int = 0) -> str:
    """The bracketed numbers of an array, continued lines `indent` characters in. No elements: "[]"."""
    if array.size == 0:
        return "[]"
    summarize = array.size > _options.threshold
    width, write = _number_format(_shown(array) if summarize else array)
    per_line = max(1, (_options.linewidth - indent - array.ndim + 1) // (width + 2)) if array.ndim else 1
    return _nested(array, indent, summarize, per_line, write)


def _nested(array: np.ndarray, indent: int, summarize: bool, per_line: int, write: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return write(array.item())
    edge = _options.edgeitems
    shortened = summarize and len(array) > 2 * edge
    if array.ndim == 1:
        return _row(array, indent, shortened, per_line, write)

    def parts(slices: np.ndarray) -> list[str]:
        return [_nested(part, indent + 1, summarize, per_line, write) for part in slices]

    rows = [*parts(array[:edge]), "...", *parts(array[len(array) - edge :])] if shortened else parts(array)
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(rows) + "]"


def _row(array: np.ndarray, indent: int, shortened: bool, per_line: int, write: Callable[[Any], str]) -> str:
    edge = _options.edgeitems
    if shortened and edge:
        numbers = [*map(write, array[:edge].tolist()), " ...", *map(write, array[-edge:].tolist())]
    else:
        numbers = ["..."] if shortened else [write(value) for value in array.tolist()]
    lines = [", ".join(numbers[start : start + per_line]) for start in range(0, len(numbers), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def tensor_repr(
    array: np.ndarray,
    dtype: str | None = None,
    grad_fn: str | None = None,
    requires_grad: bool = False,
    default_dtype: str = "float32",
    prefix: str = "tensor(",
    place: str = "cpu",
) -> str:
    """torch's repr: `tensor([[1., 2.]], dtype=scratchnet.float64, grad_fn=<AddBackward0>)`.

    `dtype` is the name to show unless it goes without saying (None: the array's own): the default dtype, int64 and bool
    do where there are numbers to tell it, only the default dtype does where there are none. `grad_fn` is the node's
    name, `place` the device where it isn't the CPU. A suffix that would end beyond linewidth starts a line of its own;
    lines break where torch's do, although "scratchnet." is the longer name, so that the two texts differ in that name
    alone.
    """
    name = dtype or array.dtype.name
    implied = (default_dtype, "int64", "bool") if array.size else (default_dtype,)
    sized = _options.edgeitems == 0 if array.size else array.ndim != 1
    suffixes = [] if place == "cpu" else [f"device='{place}'"]
    suffixes += [f"size={tuple(array.shape)}"] if sized else []
    suffixes += [] if name in implied else [f"dtype=torch.{name}"]
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    text = prefix + format_tensor(array, len(prefix))
    column = len(text) - text.rfind("\n") + 1
    return text + _suffixes(suffixes, column, len(prefix)).replace("=torch.", "=scratchnet.") + ")"


def _suffixes(suffixes: list[str], column: int, indent: int) -> str:
    text = ""
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text

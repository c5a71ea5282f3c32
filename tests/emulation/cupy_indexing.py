"""What a key of CuPy's x[key] means: positions wrap, masks wait, and what is written twice is lost."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulation.cupy_cuda import waited

POISON = (b"\xcc", b"\xf2\xff")  # integers far from any place; NaN of any float


def prepared(x: Any, key: Any, value: Any = None) -> tuple[tuple[Any, ...], bool]:
    """The key for NumPy, and whether it has arrays. Raises TypeError for arrays and lists of the host.

    A mask waits for its count, unless a single number is written.
    """
    parts = key if isinstance(key, tuple) else (key,)
    found: list[Any] = []
    axis = advanced = 0
    kinds = [_consumed(part) for part in parts]
    for part, count in zip(parts, kinds, strict=True):
        if part is Ellipsis:
            count = x.ndim - sum(kinds)
        elif isinstance(part, type(x)):
            advanced = 1
            host = part._host
            if host.dtype == np.bool_:
                if value is None or (isinstance(value, type(x)) and value.ndim):
                    waited()
            elif host.dtype.kind not in "iu":
                raise IndexError("arrays used as indices must be of integer (or boolean) type")
            else:
                host = np.asarray(wrapped(host, x.shape[axis]))
            part = host
        found.append(part)
        axis += count
    if not any(part is Ellipsis for part in parts):
        found.append(Ellipsis)
    return tuple(found), bool(advanced)


def _consumed(part: Any) -> int:
    """How many dimensions a part of a key takes, of an Ellipsis 0."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, (int, np.integer, slice)) and not isinstance(part, bool):
        return 1
    if hasattr(part, "_host"):
        return part.ndim if part.dtype == np.bool_ else 1
    if isinstance(part, (np.ndarray, list, bool)):
        raise TypeError(f"Unsupported type {type(part)}")
    raise IndexError(f"only integers, slices, `...`, newaxis and CuPy's arrays are valid indices, not {type(part)}")


def wrapped(indices: NDArray[Any], size: int) -> NDArray[Any]:
    """Positions as CuPy reads them: those out of range wrap round."""
    if not size and indices.size:
        raise IndexError("cannot do a non-empty take from an empty axes.")
    return indices.astype(np.int64) % max(size, 1)


def poison_clashes(host: NDArray[Any], place: tuple[Any, ...], values: NDArray[Any]) -> None:
    """Spoil the elements to which several different values were written: on a GPU any of them may win."""
    places = np.arange(host.size).reshape(host.shape)[place]
    written = np.broadcast_to(values, places.shape).ravel()
    order = np.argsort(places, axis=None, kind="stable")
    places, written = places.ravel()[order], written[order]
    clashes = places[1:][(places[1:] == places[:-1]) & (written[1:] != written[:-1])]
    if clashes.size:
        kind = host.dtype
        size = kind.itemsize
        value = np.frombuffer((POISON[kind.kind in "fc"] * size)[:size], kind)[0]
        spoiled = np.unravel_index(clashes, host.shape)
        host[spoiled] = ~host[spoiled] if kind == np.bool_ else value

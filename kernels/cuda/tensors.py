"""Many arrays in one launch: their addresses and sizes travel in the kernel's parameters, as tensors.cuh reads them."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.launch import Program
from scratchnet.kernels.cuda.layout import Array

ROOM = 64  # groups of a launch
PART = 2048  # elements of a block
GRADIENT = 1  # the list of which nothing is written
Group = list[Array | None]


def update(program: Program, name: str, lists: Sequence[list[Array] | None], *settings: float | bool) -> None:
    """Run an optimizer's kernel on the lists [parameters, gradients, states ...], in place. One launch for many.

    A list may be None: its addresses are null. Floats are passed in the dtype computed in, bools as they are.
    """
    groups: dict[np.dtype[Any], list[Group]] = {}
    rows = zip(*([None] * len(lists[0] or ()) if arrays is None else arrays for arrays in lists), strict=True)
    for group in rows:
        if group[0].size:
            groups.setdefault(group[0].dtype, []).append(list(group))
    for dtype, members in groups.items():
        number = np.float64 if dtype == np.float64 else np.float32
        arguments = [np.bool_(v) if isinstance(v, bool) else number(v) for v in settings]
        for start in range(0, len(members), ROOM):
            _launch(program, name, dtype, members[start : start + ROOM], arguments)


def _launch(program: Program, name: str, dtype: np.dtype[Any], groups: list[Group], arguments: list[Any]) -> None:
    flat = [[_flat(array, dtype) for array in group] for group in groups]
    sizes = [group[0].size for group in groups if group[0] is not None]
    table, blocks = _table(flat, sizes)
    program.launch(name, (dtype.name,), 0, table, *arguments, bound=max(sizes), blocks=(blocks,))
    for array, used in _written(groups, flat):
        array[...] = used


def _flat(array: Array | None, dtype: np.dtype[Any]) -> Array | None:
    return None if array is None else driver.cupy().ascontiguousarray(array.astype(dtype, copy=False))


def _table(groups: list[Group], sizes: list[int]) -> tuple[Any, int]:
    """struct Table of tensors.cuh, a NumPy array of one element (which CuPy passes by value), and the blocks needed."""
    table = np.zeros((), _layout(len(groups[0])))
    count = len(groups)
    addresses = [[0 if a is None else a.data.ptr for a in arrays] for arrays in zip(*groups, strict=True)]
    ends = list(accumulate(-(-size // PART) for size in sizes))
    table["address"][:, :count] = addresses
    table["size"][:count] = sizes
    table["end"][:count] = ends
    return table, ends[-1]


@cache
def _layout(arrays: int) -> np.dtype[Any]:
    fields = [("address", np.uintp, (arrays, ROOM)), ("size", np.int64, (ROOM,)), ("end", np.int32, (ROOM,))]
    return np.dtype(fields, align=True)


def _written(groups: list[Group], flat: list[Group]) -> Iterator[tuple[Array, Array]]:
    """Arrays that the kernel should have written, where it wrote to a copy."""
    for group, used in zip(groups, flat, strict=True):
        for position, (array, copy) in enumerate(zip(group, used, strict=True)):
            if copy is not array and position != GRADIENT:
                yield array, copy

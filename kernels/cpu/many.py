"""Loops over many arrays at once: a kernel gets their addresses, and pieces of one array each to share out."""

from collections.abc import Sequence
from ctypes import addressof, c_char
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types

from scratchnet.kernels.cpu.jit import Kernel, inline, intrinsic
from scratchnet.kernels.cpu.layout import Array, is_ready, plain

PIECE = 1 << 14  # elements at most
memory_of: Any = c_char.from_buffer  # of an array that is_ready; its `ctypes` takes five times as long


def update(loop: Kernel, *roles: Sequence[Array], settings: tuple[float, ...], flags: tuple[bool, ...]) -> None:
    """Run `loop` over all arrays of a dtype at once: the roles are parameters, gradients and each of the states.

    All but the gradients are written. What isn't flat memory of the dtype computed in is copied, and written back.
    """
    batches: dict[np.dtype[Any], tuple[list[int], list[list[int]]]] = {}
    held: list[tuple[Array, ...]] = []
    copies: list[tuple[Array, Array]] = []
    for arrays in zip(*roles, strict=True):
        if not arrays[0].size:
            continue
        kind = arrays[0].dtype
        for a in arrays:
            if a.dtype != kind or not is_ready(a):
                arrays = _copied(arrays, copies)
                held.append(arrays)  # until the loop is done
                kind = arrays[0].dtype
                break
        sizes, addresses = batches.setdefault(kind, ([], []))
        sizes.append(arrays[0].size)
        addresses.append([addressof(memory_of(a)) for a in arrays])
    for dtype, (sizes, addresses) in batches.items():
        loop(sum(sizes), np.array(addresses), _pieces(tuple(sizes)), *map(dtype.type, settings), *flags)
    with np.errstate(over="ignore", invalid="ignore"):
        for target, result in copies:
            np.copyto(target, result, casting="same_kind")


def _copied(arrays: tuple[Array, ...], copies: list[tuple[Array, Array]]) -> tuple[Array, ...]:
    """The arrays as a loop can take them; `copies` gets those to write back. An array given twice stays one."""
    kind = plain(arrays[0]).dtype
    made = {id(a): plain(a, kind) for a in arrays}
    copies.extend([(a, made[id(a)]) for i, a in enumerate(arrays) if i != 1 and made[id(a)] is not a])
    return tuple([made[id(a)] for a in arrays])


@lru_cache(64)
def _pieces(sizes: tuple[int, ...]) -> Array:
    """(pieces, 3): the array's number, the piece's first element and its end."""
    return np.array(
        [(i, first, min(first + PIECE, size)) for i, size in enumerate(sizes) for first in range(0, size, PIECE)]
    )


@intrinsic
def _pointer(typingctx: Any, address: Any, first: Any, number: Any) -> Any:
    """Where element `first` of the numbers at the address lies; `number` is one of their dtype."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], context.get_value_type(number).as_pointer())
        return builder.gep(pointer, [builder.sext(arguments[1], ir.IntType(64))])

    return types.CPointer(number)(address, first, number), generate


@inline
def memory_at(address: int, first: int, count: int, number: Any) -> Array:
    """So many elements of the memory at the address, of the dtype of `number`."""
    return carray(_pointer(address, first, number), (count,))


@inline
def part(addresses: Array, role: int, piece: Array, number: Any) -> Any:
    """The piece of its array in that role, of the dtype of `number`."""
    return memory_at(addresses[piece[0], role], piece[1], piece[2] - piece[1], number)

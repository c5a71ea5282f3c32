"""The host's vectors: their width, and the largest tile of sums that its registers hold.

A tile is `rows` numbers times `columns` vectors. Of AVX-512's and NEON's 32 registers it takes 24 for sums and leaves
the others for what is multiplied; of AVX2's 16 it takes 12.
"""

import os
from typing import Any, NamedTuple

import llvmlite.binding
import numpy as np


class Vectors(NamedTuple):
    """A kind of vector: bytes of one register, the tile's rows and vectors a row, whether some of its lanes are written
    as fast as all, and whether half a vector takes half the time of a whole one.
    """

    name: str
    size: int
    rows: int
    columns: int
    masks: bool = False
    by_halves: bool = False

    def tile_rows(self, columns: int) -> int:
        """How many rows the largest tile of so many vectors a row has: narrow ones have more."""
        return min(MOST_ROWS, self.rows * self.columns // columns)

    def lanes(self, dtype: np.dtype[Any]) -> int:
        """How many numbers of that dtype one vector has."""
        return self.size // dtype.itemsize


KINDS = (
    Vectors("avx512", 64, 8, 3, masks=True),
    Vectors("avx2", 32, 4, 3),
    Vectors("neon", 16, 8, 3),
    Vectors("generic", 16, 4, 2),  # LLVM makes of 16 bytes what any processor has
)

MOST_ROWS = 8  # of a tile: each takes an address of its own, of which a processor holds some 15
BY_HALVES = ("znver4",)  # processors, by LLVM's names, that do the halves of an AVX-512 vector one after the other


def _host() -> Vectors:
    """The widest that the processor has, or what SCRATCHNET_VECTORS names."""
    named = os.environ.get("SCRATCHNET_VECTORS")
    if named:
        for kind in KINDS:
            if kind.name == named:
                return kind
        raise ValueError(f"SCRATCHNET_VECTORS (={named!r}) must be one of {', '.join(kind.name for kind in KINDS)}")
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("avx512f"):
        return KINDS[0]._replace(by_halves=llvmlite.binding.get_host_cpu_name() in BY_HALVES)
    if features.get("avx2") and features.get("fma"):
        return KINDS[1]
    if features.get("neon"):
        return KINDS[2]
    return KINDS[3]


HOST = _host()
AT_ONCE = 16  # multiply-adds that cost as much as another loop's work on an element, for Kernel's `work`

"""Long sums that were cut into parts: adding these up."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array

PROGRAM = Program("parts", {"add_parts": FLOATS})


def add_parts(parts: Array, count: int, sums: Array) -> None:
    """sums = the sum of the `count` parts, which lie one after another in the dtype computed in. In float64."""
    if sums.size:
        PROGRAM.launch("add_parts", (sums.dtype.name,), sums.size, parts, sums, sums.size, count)

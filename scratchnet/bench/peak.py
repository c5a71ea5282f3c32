"""What the CPU can do at most: the microkernel of convolution on numbers that stay in the first cache."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from scratchnet.bench.engine import TorchLike
from scratchnet.bench.timing import milliseconds

TERMS = 96  # of each sum: as many as conv_tiled adds up before it looks for more
REPEATS = 4_000  # some milliseconds: short enough to find a moment in which nothing else runs
TRIALS = 100
SINGLE = np.dtype(np.float32)


@cache
def _compiled() -> Callable[..., None]:
    """Not kept on the disk: Numba wouldn't notice a microkernel that has changed."""
    from scratchnet.kernels.cpu import jit  # first: it settles Numba's threads
    from scratchnet.kernels.cpu.microkernel import multiply
    from scratchnet.kernels.cpu.vectors import HOST

    rows, columns, lanes, prange = HOST.rows, HOST.columns, HOST.lanes(SINGLE), jit.prange
    import numba

    def run(parts: int, repeats: int, panel: Any, terms: Any, factors: Any, bias: Any, out: Any) -> None:
        pixels = terms * (columns * lanes)
        for part in prange(parts):
            for _ in range(repeats):
                multiply(
                    rows, columns, False, panel[part], 0, pixels, factors[part], 0, TERMS, terms, 0, TERMS, bias, 0, 0,
                    0, out[part], 0, columns * lanes, False,
                )  # fmt: skip

    compiled: Callable[..., None] = numba.njit(parallel=True, nogil=True, error_model="numpy")(run)
    return compiled


def measured(threads: int) -> float:
    """The most float32 operations a second, multiplications and additions, on so many threads: the best of a few."""
    from scratchnet.kernels.cpu.vectors import HOST

    compiled = _compiled()
    import numba

    numba.set_num_threads(threads)
    rows, width = HOST.rows, HOST.columns * HOST.lanes(SINGLE)
    panel, factors = np.ones((threads, TERMS * width), SINGLE), np.ones((threads, rows * TERMS), SINGLE)
    bias, out = np.zeros(width, SINGLE), np.zeros((threads, rows * width), SINGLE)
    arguments = (panel, np.arange(TERMS), factors, bias, out)
    compiled(threads, 1, *arguments)
    best = min(milliseconds(lambda: compiled(threads, REPEATS, *arguments)) for _ in range(TRIALS))
    return 2e3 * threads * REPEATS * rows * width * TERMS / best


class Peak:
    """The same in a worker."""

    def __init__(self, engine: TorchLike) -> None:
        self.engine = engine

    def flops(self) -> float:
        """On as many threads as the engine has."""
        return measured(self.engine.module.get_num_threads())

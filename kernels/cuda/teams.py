"""How many threads share a row of numbers: the launch side of teams.cuh."""

from scratchnet.kernels.cuda.launch import THREADS

WARP = 32
SECTOR = 8  # float32 numbers that memory gives at once
MANY = 1 << 12  # rows that keep a GPU busy with a thread each
LONG = 1 << 10  # a row beyond this is worth a whole block


def team_size(rows: int, length: int, inner: int = 1) -> int:
    """1, a warp or a block, for `rows` rows of `length` numbers that lie `inner` apart.

    Of many or short rows that lie side by side each gets a thread: neighbours read neighbouring numbers.
    """
    if length == 1 or (inner >= SECTOR and (rows >= MANY or length <= WARP)):
        return 1
    return WARP if length <= LONG else THREADS

"""The inner loop of sums over places: a tile of dot products, with their terms in the lanes.

Both factors are vectors that are loaded as they lie: nothing is transposed, and no lane is lost, however few rows and
columns there are. A sum's lanes are added up once, after the loop.
"""

from collections.abc import Sequence
from typing import Any

from numba.core import types

from scratchnet.kernels.cpu.jit import intrinsic
from scratchnet.kernels.cpu.llvm import Body, Builder, called
from scratchnet.kernels.cpu.vectors import HOST

# As many sums as in microkernel.py, but fewer rows: they lie far apart, often by a power of two, and would push each
# other out of the first cache.
ROWS, COLUMNS = HOST.rows // 2, HOST.columns * 2


@intrinsic
def add_dot_products(
    typing: Any, rows: Any, columns: Any, a: Any, a_start: Any, a_row: Any, b: Any, b_start: Any, b_columns: Any,
    first: Any, terms: Any, out: Any, out_start: Any, out_column: Any,
) -> Any:  # fmt: skip
    """For 1 to ROWS rows k and 1 to COLUMNS columns j:

    out[out_start + j out_column + k] += the sum over t < terms of a[a_start + k a_row + t] * b[b_start + c + t]

    where c is b_columns[first + j]. There is at least one term, and nothing beyond them is read.
    """
    n = types.int64
    signature = types.void(n, n, a, n, n, b, n, b_columns, n, n, out, n, n)

    def body(v: Builder, args: Sequence[Any]) -> None:
        rows, columns, *others = args
        for r in range(1, ROWS + 1):
            with v.b.if_then(v.b.icmp_signed("==", rows, v.constant(r))):
                for c in range(1, COLUMNS + 1):
                    with v.b.if_then(v.b.icmp_signed("==", columns, v.constant(c))):
                        v.call(f"dot_products_{r}x{c}", _tile(r, c), others)
                        v.b.ret_void()

    return signature, called("add_dot_products", body)


def _tile(rows: int, columns: int) -> Body:
    """`add_dot_products` for one size of tile."""

    def body(v: Builder, args: Sequence[Any]) -> None:
        a, a_start, a_row, b, b_start, b_columns, first, terms, out, out_start, out_column = args
        build, lanes = v.b, v.constant(v.lanes)
        x = [v.at(a, a_start, build.mul(a_row, v.constant(k))) for k in range(rows)]
        y = [v.at(b, b_start, build.load(v.at(b_columns, first, v.constant(j)))) for j in range(columns)]

        def add_products(sums: Sequence[Any], place: Any, load: Any) -> list[Any]:
            left, right = ([load(v.at(line, place)) for line in lines] for lines in (x, y))
            return [v.multiply_add(p, q, sums[j * rows + k]) for j, q in enumerate(right) for k, p in enumerate(left)]

        whole = build.sdiv(build.sub(terms, v.constant(1)), lanes)  # vectors before the last, which may be a part
        end = build.mul(whole, lanes)
        mask = v.below(build.sub(terms, end))
        last = add_products([v.zero] * (rows * columns), end, lambda place: v.load_masked(place, mask))
        before = build.block
        with build.if_then(build.icmp_signed(">", whole, v.constant(0))):
            loop = v.loop(v.constant(0), whole, last)
            sums = add_products(loop.values, build.mul(loop.index, lanes), v.load)
            loop.close(sums)
            after = build.block
        sums = [v.either(total, after, alone, before) for total, alone in zip(sums, last, strict=True)]
        for j in range(columns):
            for k in range(0, rows, v.lanes):
                column = sums[j * rows + k : j * rows + min(rows, k + v.lanes)]
                place = v.at(out, out_start, build.mul(out_column, v.constant(j)), v.constant(k))
                own = v.constant(len(column))
                v.storing_first(own)(build.fadd(v.load_masked(place, v.below(own)), v.add_up(column)), place)

    return body

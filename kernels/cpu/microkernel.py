"""The inner loops of products, written as vector instructions of LLVM: what a compiler makes of a plain loop is slower.

A tile of sums is held in registers while a loop runs over the terms; each term is a few vectors of one factor times a
few numbers of the other. So every number that is loaded takes part in several multiply-adds.

Source: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication (2008), section 4; Georganas et al.,
Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018), section II.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types

from scratchnet.kernels.cpu.jit import intrinsic
from scratchnet.kernels.cpu.llvm import INT, Body, Builder, called
from scratchnet.kernels.cpu.vectors import HOST

LINE = 64  # bytes of the cache


@intrinsic
def multiply(
    typing: Any, rows: Any, columns: Any, half: Any, panel: Any, p_start: Any, p_terms: Any, factors: Any, f_start: Any,
    f_row: Any, f_terms: Any, first: Any, end: Any, add: Any, add_start: Any, add_row: Any, add_column: Any, out: Any,
    out_start: Any, out_row: Any, relu: Any,
) -> Any:  # fmt: skip
    """The multiply-adds of rows of sums, `columns` vectors wide: at most as many as a tile has.

    For each row k, and each lane i of each column j, in the order of t:

        sum = factors[f_start + k f_row + f_terms[t]] * panel[p_start + p_terms[t] + j lanes + i], first <= t < end
        out[out_start + k out_row + j lanes + i] = sum + add[add_start + k add_row + j add_column + i]

    and with `relu` what is negative becomes 0. There is at least one t. With `half` nobody wants the upper half of each
    row's last vector: it may become 0, in less time where the processor computes half a vector faster.
    """
    n, flag = types.int64, types.boolean
    signature = types.void(
        n, n, flag, panel, n, p_terms, factors, n, n, f_terms, n, n, add, n, n, n, out, n, n, flag,
    )  # fmt: skip

    def body(v: Builder, args: Sequence[Any]) -> None:
        rows, columns, half, *others = args
        b, none = v.b, v.constant(0)
        with b.if_then(b.icmp_signed(">", rows, none)):
            most = v.constant(HOST.tile_rows(1))
            for width in range(2, HOST.columns + 1):
                own_most = v.constant(HOST.tile_rows(width))
                most = b.select(b.icmp_signed("<", columns, v.constant(width)), most, own_most)
            part = v.loop(none, rows, [])
            left = b.sub(rows, part.index)
            # What whole tiles leave over is shared with the last of them: 10 rows are 5 and 5, not 8 and 2.
            uneven = b.zext(b.icmp_signed("!=", b.srem(left, most), none), INT)
            whole = b.sub(b.sdiv(left, most), uneven)
            half_left = b.sdiv(b.add(left, v.constant(1)), v.constant(2))
            rest = b.select(b.icmp_signed("<=", left, most), left, half_left)
            many = b.icmp_signed(">", whole, none)
            own, count = b.select(many, most, rest), b.select(many, whole, v.constant(1))
            here = list(others)
            for start, row in ((4, 5), (10, 11), (14, 15)):  # f_start, add_start and out_start
                here[start] = b.add(others[start], b.mul(part.index, others[row]))
            _tiles_of_size(v, own, columns, half, [count, *here])
            part.close([], b.mul(own, count))

    return signature, called("multiply", body)


def _tiles_of_size(v: Builder, rows: Any, columns: Any, half: Any, args: Sequence[Any]) -> None:
    """Calls tiles of so many rows and columns, the last of them half a vector where that is faster."""
    b, after = v.b, v.b.append_basic_block("next")
    number = b.add(b.mul(rows, v.constant(HOST.columns + 1)), columns)
    switch = b.switch(b.add(b.mul(number, v.constant(2)), b.zext(half, INT)), after)
    for width in range(1, HOST.columns + 1):
        for own in range(1, HOST.tile_rows(width) + 1):
            for flag in (0, 1):
                block = b.append_basic_block("tile")
                switch.add_case(v.constant(2 * (own * (HOST.columns + 1) + width) + flag), block)
                b.position_at_end(block)
                if flag and HOST.by_halves and 2 * width - 1 <= HOST.columns:
                    v.call(f"tiles_{own}x{width}_half", _tiles(own, 2 * width - 1, 2), args)
                else:
                    v.call(f"tiles_{own}x{width}", _tiles(own, width), args)
                b.branch(after)
    b.position_at_end(after)


def _tiles(rows: int, columns: int, part: int = 1) -> Body:
    """`multiply` for `count` tiles of one size, its first argument.

    Its columns are vectors of a `part` of the lanes. What they leave of a row's last whole vector becomes 0.
    """

    def body(v: Builder, args: Sequence[Any]) -> None:
        count, panel, p_start, p_terms, factors, f_start, f_row, f_terms, first, end, *others = args
        add, add_start, add_row, add_column, out, out_start, out_row, relu = others
        b, u = v.b, Builder(v.b, v.dtype, v.lanes // part)
        far = b.icmp_signed(">", out_row, v.constant(-(-columns // part) * v.lanes))  # rows of sums aren't one run
        tile = v.loop(v.constant(0), b.mul(count, v.constant(rows)), [])
        row = [v.at(factors, f_start, b.mul(f_row, b.add(tile.index, v.constant(k)))) for k in range(rows)]
        with b.if_then(far):  # then they come to the cache while the sums are computed
            goal = v.at(out, out_start, b.mul(out_row, tile.index))
            v.call("prefetch_rows", _prefetch_rows, [goal, out_row, v.constant(rows), v.constant(columns * u.lanes)])
        loop = v.loop(first, end, [u.zero] * (rows * columns))
        here = v.at(panel, p_start, b.load(v.at(p_terms, loop.index)))
        x = [u.load(v.at(here, v.constant(j * u.lanes))) for j in range(columns)]
        term = b.load(v.at(f_terms, loop.index))
        sums = []
        for k in range(rows):
            factor = u.spread(b.load(v.at(row[k], term)))
            sums += [u.multiply_add(factor, x[j], loop.values[k * columns + j]) for j in range(columns)]
        loop.close(sums)
        least = u.least(relu)
        for k in range(rows):
            here = b.add(tile.index, v.constant(k))
            added, goal = v.at(add, add_start, b.mul(add_row, here)), v.at(out, out_start, b.mul(out_row, here))
            for j in range(columns):
                start = v.at(added, b.mul(add_column, v.constant(j // part)), v.constant(j % part * u.lanes))
                total = b.fadd(u.load(start), sums[k * columns + j])
                u.store(u.at_least(total, least), v.at(goal, v.constant(j * u.lanes)))
            for j in range(columns, -(-columns // part) * part):
                u.store(u.zero, v.at(goal, v.constant(j * u.lanes)))
        tile.close([], v.constant(rows))

    return body


def _prefetch_rows(v: Builder, args: Sequence[Any]) -> None:
    """So many numbers of each row. Written out in every size of tile this would take seconds to compile."""
    out, out_row, rows, width = args
    row = v.loop(v.constant(0), rows, [])
    here = v.at(out, v.b.mul(out_row, row.index))
    part = v.loop(v.constant(0), width, [])
    v.prefetch(v.at(here, part.index))
    part.close([], v.constant(LINE // v.size))
    v.prefetch(v.at(here, width, v.constant(-1)))
    row.close([])


@intrinsic
def copy_lanes(typing: Any, to: Any, to_start: Any, source: Any, start: Any, count: Any) -> Any:
    """to[to_start + i] = source[start + i] for i < count, at most a vector's lanes. Reads and writes nothing beyond."""
    signature = types.void(to, types.int64, source, types.int64, types.int64)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, to_start, source, start, count = args
        to = context.make_array(signature.args[0])(context, builder, to).data
        source = context.make_array(signature.args[2])(context, builder, source).data
        v = Builder(builder, signature.args[0].dtype)
        v.storing_first(count)(v.load_masked(v.at(source, start), v.below(count)), v.at(to, to_start))
        return context.get_dummy_value()

    return signature, code


@intrinsic
def copy_rows(
    typing: Any, to: Any, to_start: Any, to_row: Any, source: Any, start: Any, row: Any, rows: Any, columns: Any
) -> Any:
    """to[to_start + i to_row + j] = source[start + i row + j] for i < rows, j < columns. Reads nothing beyond."""
    n = types.int64
    signature = types.void(to, n, n, source, n, n, n, n)

    def body(v: Builder, args: Sequence[Any]) -> None:
        to, to_start, to_row, source, start, row, rows, columns = args
        b, none = v.b, v.constant(0)
        whole = b.sdiv(columns, v.constant(v.lanes))
        done = b.mul(whole, v.constant(v.lanes))
        rest = b.sub(columns, done)
        mask, store = v.below(rest), v.storing_first(rest)
        with b.if_then(b.icmp_signed(">", rows, none)):
            line = v.loop(none, rows, [])
            goal = v.at(to, to_start, b.mul(line.index, to_row))
            here = v.at(source, start, b.mul(line.index, row))
            with b.if_then(b.icmp_signed(">", whole, none)):
                part = v.loop(none, whole, [])
                place = b.mul(part.index, v.constant(v.lanes))
                v.store(v.load(v.at(here, place)), v.at(goal, place))
                part.close([])
            store(v.load_masked(v.at(here, done), mask), v.at(goal, done))
            line.close([])

    return signature, called("copy_rows", body)


@intrinsic
def add_lanes(typing: Any, to: Any, to_start: Any, source: Any, start: Any) -> Any:
    """to[to_start + i] += source[start + i] for a vector's lanes."""
    signature = types.void(to, types.int64, source, types.int64)

    def body(v: Builder, args: Sequence[Any]) -> None:
        to, to_start, source, start = args
        place = v.at(to, to_start)
        v.store(v.b.fadd(v.load(place), v.load(v.at(source, start))), place)

    return signature, called("add_lanes", body)


@intrinsic
def transpose_lanes(
    typing: Any, to: Any, to_start: Any, to_row: Any, source: Any, start: Any, row: Any, rows: Any, columns: Any,
    written: Any,
) -> Any:  # fmt: skip
    """to[to_start + j to_row + i] = source[start + i row + j] for i < rows, j < columns, at most a vector's lanes each.

    And 0 for the i from `rows` below `written`. Nothing else is read or written.
    """
    n = types.int64
    signature = types.void(to, n, n, source, n, n, n, n, n)

    def body(v: Builder, args: Sequence[Any]) -> None:
        to, to_start, to_row, source, start, row, rows, columns, written = args
        places = [v.at(source, start, v.b.mul(row, v.constant(i))) for i in range(v.lanes)]

        def partly() -> list[Any]:
            here = [v.b.icmp_signed("<", v.constant(i), rows) for i in range(v.lanes)]
            counts = [v.b.select(own, columns, v.constant(0)) for own in here]
            return [v.load_masked(place, v.below(count)) for place, count in zip(places, counts, strict=True)]

        whole = v.b.and_(v.all_lanes(rows), v.all_lanes(columns))
        lines = v.one_of(whole, lambda: [v.load(place) for place in places], partly)
        _store_transposed(v, lines, to, to_start, to_row, columns, written)

    return signature, called("transpose", body)


@intrinsic
def add_transposed(
    typing: Any, to: Any, to_start: Any, to_row: Any, source: Any, start: Any, row: Any, rows: Any, columns: Any,
    chunk: Any, chunks: Any,
) -> Any:  # fmt: skip
    """to[to_start + j to_row + i] = the sum over c of source[start + c chunk + i row + j] for i < rows, j < columns.

    At most a vector's lanes each. Added in float64, for each c < chunks in turn, of which there is at least one.
    """
    n = types.int64
    signature = types.void(to, n, n, source, n, n, n, n, n, n)

    def body(v: Builder, args: Sequence[Any]) -> None:
        to, to_start, to_row, source, start, row, rows, columns, chunk, chunks = args
        b, wide = v.b, ir.VectorType(ir.DoubleType(), v.lanes)
        mask, none = v.below(columns), v.below(v.constant(0))
        lines = []
        for i in range(v.lanes):
            own = b.select(b.icmp_signed("<", v.constant(i), rows), mask, none)
            here = v.at(source, start, b.mul(row, v.constant(i)))
            loop = v.loop(v.constant(0), chunks, [ir.Constant(wide, [0.0] * v.lanes)])
            part = v.load_masked(v.at(here, b.mul(loop.index, chunk)), own)
            total = b.fadd(loop.values[0], part if part.type == wide else b.fpext(part, wide))
            loop.close([total])
            lines.append(total if v.vector == wide else b.fptrunc(total, v.vector))
        _store_transposed(v, lines, to, to_start, to_row, columns, rows)

    return signature, called("add_transposed", body)


def _store_transposed(
    v: Builder, lines: list[Any], to: Any, to_start: Any, to_row: Any, columns: Any, written: Any
) -> None:
    """to[to_start + j to_row + i] = lines[i][j] for i < written, j < columns; as many lines as a vector has lanes."""
    b, step = v.b, 1
    while step < v.lanes:  # exchanges the halves of ever larger blocks that lie off the diagonal
        for i in range(v.lanes):
            if not i & step:
                upper, lower = lines[i], lines[i + step]
                lines[i] = v.shuffle(upper, lower, [n + v.lanes - step if n & step else n for n in range(v.lanes)])
                lines[i + step] = v.shuffle(
                    upper, lower, [n + v.lanes if n & step else n + step for n in range(v.lanes)]
                )
        step *= 2
    store = v.storing_first(written)
    for j, line in enumerate(lines):
        with b.if_then(b.icmp_signed("<", v.constant(j), columns)):
            store(line, v.at(to, to_start, b.mul(to_row, v.constant(j))))

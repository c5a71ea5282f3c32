"""Planes of pooling windows as vector instructions of LLVM: each lane is a window, and the taps pass by in turn.

The best value so far, or the sum, stays in registers over all taps of a window: the image is read where it lies and the
result written once. Plain loops don't become this: LLVM has no good vectors for windows that start two columns apart,
and none for rows that are shorter than several vectors.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import types

from scratchnet.kernels.cpu.jit import intrinsic
from scratchnet.kernels.cpu.llvm import BIT, INT, Builder, called

DOUBLE = ir.DoubleType()


class _Windows(NamedTuple):
    """The windows on a plane. All but x and rows are numbers."""

    x: Any
    size: Any  # of x, in elements: what lies before its end can be read
    start: Any  # of the plane
    width: Any  # of the image
    rows: Any  # for each row of windows the first row of the plane that it sees, and how many
    row_step: Any  # from a row of taps to the next, in elements
    columns: Any  # of a window
    dilation: Any  # from a column of taps to the next
    stride: Any  # from a window to the next: 1 or 2
    padding: Any
    height: Any  # rows of windows
    count: Any  # windows in a row
    to: Any  # where the first result goes


class _Lanes(NamedTuple):
    """The windows of one vector."""

    row: Any
    done: Any  # windows of the row before it
    count: Any  # lanes that are windows; what the others see doesn't matter
    to: Any


@intrinsic
def max_plane(
    typing: Any, x: Any, size: Any, start: Any, width: Any, rows: Any, row_step: Any, columns: Any, dilation: Any,
    stride: Any, padding: Any, height: Any, count: Any, to: Any, least: Any, y: Any, places: Any,
) -> Any:  # fmt: skip
    """The largest that each window sees, to y[to ...], and where in the plane it stood, to places[to ...].

    The numbers are those of _Windows, all sizes at least 1. A window that sees nothing larger than `least` gets that
    and the place -1. True if there is one.
    """
    n = types.int64
    signature = types.boolean(x, n, n, n, rows, n, n, n, n, n, n, n, n, least, y, places)

    def body(v: Builder, args: Sequence[Any]) -> Any:
        b, windows = v.b, _Windows(*args[:13])
        least, y, places = args[13:]
        integers = _integers(v)
        nowhere, apart = ir.Constant(integers, [-1] * v.lanes), b.mul(_numbered(integers), _spread(v, windows.stride))

        def seen(tap: Any, place: Any, values: Sequence[Any]) -> Sequence[Any]:
            best, where = values
            # Nothing is larger than NaN, so it stays until another NaN.
            better = b.or_(b.fcmp_ordered(">", tap, best), b.fcmp_unordered("uno", tap, tap))
            return b.select(better, tap, best), b.select(better, b.add(_spread(v, place), apart), where)

        def write(lanes: _Lanes) -> Any:
            outside = v.spread(least)
            best, where = _each_tap(v, windows, lanes, outside, (outside, nowhere), seen)
            store = v.storing_first(lanes.count)
            store(best, v.at(y, lanes.to))
            store(b.sext(where, ir.VectorType(INT, v.lanes)), v.at(places, lanes.to))
            missing = b.and_(v.below(lanes.count), b.icmp_signed("==", where, nowhere))
            bits = ir.IntType(v.lanes)
            return b.icmp_unsigned("!=", b.bitcast(missing, bits), ir.Constant(bits, 0))

        return _each_vector(v, windows, write)

    return signature, called("max_plane", body, BIT)


@intrinsic
def mean_plane(
    typing: Any, x: Any, size: Any, start: Any, width: Any, rows: Any, row_step: Any, columns: Any, dilation: Any,
    stride: Any, padding: Any, height: Any, count: Any, to: Any, row_divisors: Any, divisors: Any, y: Any,
) -> Any:  # fmt: skip
    """The sum of what each window sees, divided by its row's divisor times its column's, to y[to ...].

    The numbers are those of _Windows, all sizes at least 1. `divisors` has room for whole vectors. Sums are float64,
    in the order of the taps. Always False.
    """
    n = types.int64
    signature = types.boolean(x, n, n, n, rows, n, n, n, n, n, n, n, n, row_divisors, divisors, y)

    def body(v: Builder, args: Sequence[Any]) -> Any:
        b, windows = v.b, _Windows(*args[:13])
        row_divisors, divisors, y = args[13:]
        wide = ir.VectorType(DOUBLE, v.lanes)

        def seen(tap: Any, place: Any, values: Sequence[Any]) -> Sequence[Any]:
            return (b.fadd(values[0], tap if tap.type == wide else b.fpext(tap, wide)),)

        def write(lanes: _Lanes) -> Any:
            (total,) = _each_tap(v, windows, lanes, v.zero, (ir.Constant(wide, [0.0] * v.lanes),), seen)
            divisor = b.load(b.bitcast(v.at(divisors, lanes.done), wide.as_pointer()))
            divisor.align = 8
            mean = b.fdiv(total, b.fmul(divisor, v.spread(b.load(v.at(row_divisors, lanes.row)), wide)))
            mean = mean if v.vector == wide else b.fptrunc(mean, v.vector)
            v.storing_first(lanes.count)(mean, v.at(y, lanes.to))
            return ir.Constant(BIT, 0)

        return _each_vector(v, windows, write)

    return signature, called("mean_plane", body, BIT)


def _each_vector(v: Builder, windows: _Windows, write: Callable[[_Lanes], Any]) -> Any:
    """Loops over the plane's windows, a vector at a time. Whether `write` was true for any."""
    b = v.b
    groups = b.sdiv(b.add(windows.count, v.constant(v.lanes - 1)), v.constant(v.lanes))
    row = v.loop(v.constant(0), windows.height, [ir.Constant(BIT, 0)])
    group = v.loop(v.constant(0), groups, row.values)
    done = b.mul(group.index, v.constant(v.lanes))
    left = b.sub(windows.count, done)
    count = b.select(b.icmp_signed("<", left, v.constant(v.lanes)), left, v.constant(v.lanes))
    to = b.add(b.add(windows.to, b.mul(row.index, windows.count)), done)
    found = b.or_(group.values[0], write(_Lanes(row.index, done, count, to)))
    group.close([found])
    row.close([found])
    return found


def _each_tap(
    v: Builder, windows: _Windows, lanes: _Lanes, outside: Any, carried: Sequence[Any], seen: Callable[..., Any]
) -> Sequence[Any]:
    """Loops over the taps: values = seen(what the lanes see, the first lane's place in the plane, values).

    Lanes see `outside` where the image has no such column. Which instructions read a vector is decided before the
    loops: by how far apart the windows are, and whether all of them lie inside the image.
    """
    b, one = v.b, v.constant(1)
    x = v.at(windows.x, windows.start)
    first = b.load(v.at(windows.rows, b.mul(lanes.row, v.constant(2))))
    rows = b.load(v.at(windows.rows, b.add(b.mul(lanes.row, v.constant(2)), one)))
    left = b.sub(b.mul(lanes.done, windows.stride), windows.padding)
    right = b.add(left, b.mul(b.sub(windows.columns, one), windows.dilation))  # the first lane's last column
    last = b.add(right, b.mul(b.sub(lanes.count, one), windows.stride))
    line = b.mul(first, windows.width)
    below = b.add(line, b.mul(b.sub(rows, one), windows.row_step))
    end = b.add(b.add(b.add(windows.start, below), right), b.mul(windows.stride, v.constant(v.lanes)))
    inside = b.and_(b.icmp_signed(">=", left, v.constant(0)), b.icmp_signed("<", last, windows.width))
    inside = b.and_(inside, b.icmp_signed("<=", end, windows.size))  # other lanes see what lies behind the image

    def within(place: Any, column: Any, shift: int) -> Any:
        return v.load(v.at(x, place, v.constant(shift)))

    def masked(place: Any, column: Any, shift: int) -> Any:
        columns = b.add(_spread(v, b.add(column, v.constant(shift))), _numbered(_integers(v)))
        # As unsigned numbers, negative ones are larger than any width.
        mask = b.icmp_unsigned("<", columns, _spread(v, windows.width))
        return v.load_masked(v.at(x, place, v.constant(shift)), mask, outside)

    def neighbours(load: Any) -> Any:
        return lambda place, column: load(place, column, 0)

    def every_second(load: Any) -> Any:
        # The second vector starts at the first's last element, so that it ends with the last one needed.
        half = list(range(0, v.lanes, 2))
        order = half + [v.lanes + 1 + lane for lane in half]
        return lambda place, column: v.shuffle(load(place, column, 0), load(place, column, v.lanes - 1), order)

    near, second = (b.icmp_signed("==", windows.stride, v.constant(stride)) for stride in (1, 2))
    readers = (
        (b.icmp_signed("==", rows, v.constant(0)), None),
        (b.and_(inside, near), neighbours(within)),
        (b.and_(inside, second), every_second(within)),
        (near, neighbours(masked)),
        (None, every_second(masked)),
    )
    after, ends = b.append_basic_block("seen"), []
    for condition, read in readers:
        otherwise = after if condition is None else b.append_basic_block("otherwise")
        if condition is not None:
            nest = b.append_basic_block("taps")
            b.cbranch(condition, nest, otherwise)
            b.position_at_end(nest)
        values = carried
        if read is not None:
            row = v.loop(v.constant(0), rows, carried)
            column = v.loop(v.constant(0), windows.columns, row.values)
            at = b.add(left, b.mul(column.index, windows.dilation))
            place = b.add(b.add(line, b.mul(row.index, windows.row_step)), at)
            values = seen(read(place, at), place, column.values)
            column.close(values)
            row.close(values)
        ends.append((values, b.block))
        b.branch(after)
        b.position_at_end(otherwise)
    merged = []
    for i, value in enumerate(carried):
        merged.append(b.phi(value.type))
        for values, block in ends:
            merged[i].add_incoming(values[i], block)
    return merged


def _integers(v: Builder) -> Any:
    """A vector of integers as wide as its numbers: places and columns, of which a plane has fewer than 2 ** 31."""
    return ir.VectorType(ir.IntType(8 * v.size), v.lanes)


def _numbered(lanes: Any) -> Any:
    return ir.Constant(lanes, list(range(lanes.count)))


def _spread(v: Builder, number: Any) -> Any:
    """An INT in all lanes of _integers."""
    kind = _integers(v)
    return v.spread(number if kind.element == INT else v.b.trunc(number, kind.element), kind)

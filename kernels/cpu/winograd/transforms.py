"""Winograd's transforms of tiles, M @ tile @ M.T, as straight lines of vector instructions: a channel in each lane."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from llvmlite import ir
from numba.core import types

from scratchnet.kernels.cpu.jit import intrinsic
from scratchnet.kernels.cpu.llvm import Body, Builder, called
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES, Matrix, transposed


def _transform(name: str, matrices: Sequence[Matrix]) -> Any:
    """What kernels call as `name(scheme, count, source, start, origin, first, target, to_start, to, to_first)`:

    target[to_start + to[to_first + j]] = number j of the transform of the numbers source[start + origin[first + i]],
    for as many channels as `count`, which lie beside each other: whole vectors.
    """

    def transform(
        typing: Any, scheme: Any, count: Any, source: Any, start: Any, origin: Any, first: Any, target: Any,
        to_start: Any, to: Any, to_first: Any,
    ) -> Any:  # fmt: skip
        n = types.int64
        signature = types.void(n, n, source, n, origin, n, target, n, to, n)
        return signature, called(name, _by_scheme(name, matrices, _as_it_is))

    return intrinsic(transform)


def _finishing_transform(name: str, matrices: Sequence[Matrix]) -> Any:
    """The same with `bias, bias_start, relu` as further arguments: plus bias[bias_start ...], then ReLU."""

    def transform(
        typing: Any, scheme: Any, count: Any, source: Any, start: Any, origin: Any, first: Any, target: Any,
        to_start: Any, to: Any, to_first: Any, bias: Any, bias_start: Any, relu: Any,
    ) -> Any:  # fmt: skip
        n = types.int64
        signature = types.void(n, n, source, n, origin, n, target, n, to, n, bias, n, types.boolean)
        return signature, called(name, _by_scheme(name, matrices, _finished))

    return intrinsic(transform)


# Given a builder, the channel and further arguments: what becomes of each number.
Finish = Callable[..., Callable[[Any], Any]]


def _as_it_is(v: Builder, channel: Any) -> Callable[[Any], Any]:
    return lambda number: number


def _finished(v: Builder, channel: Any, bias: Any, bias_start: Any, relu: Any) -> Callable[[Any], Any]:
    added = v.load(v.at(bias, bias_start, channel))
    least = v.least(relu)
    return lambda number: v.at_least(v.b.fadd(number, added), least)


def _by_scheme(name: str, matrices: Sequence[Matrix], finish: Finish) -> Body:
    """A function that calls that of the scheme, its first argument."""

    def body(v: Builder, args: Sequence[Any]) -> None:
        scheme, *others = args
        for i, matrix in enumerate(matrices):
            with v.b.if_then(v.b.icmp_signed("==", scheme, v.constant(i))):
                v.call(f"{name}_{i}", _straight(matrix, finish), others)

    return body


def _straight(matrix: Matrix, finish: Finish) -> Body:
    rows, columns = len(matrix), len(matrix[0])

    def body(v: Builder, args: Sequence[Any]) -> None:
        count, source, start, origin, first, target, to_start, to, to_first, *further = args
        loop = v.loop(v.constant(0), count, [])
        b, channel = v.b, loop.index
        last = finish(v, channel, *further)
        origin, to = v.at(origin, first), v.at(to, to_first)
        source, target = v.at(source, start, channel), v.at(target, to_start, channel)
        half = []  # tile @ M.T
        for i in range(columns):
            places = [v.at(source, b.load(v.at(origin, v.constant(i * columns + j)))) for j in range(columns)]
            line = [v.load(place) for place in places]
            half.append(_multiplied(v, matrix, line))
        for j in range(rows):
            for i, number in enumerate(_multiplied(v, matrix, [line[j] for line in half])):
                v.store(last(number), v.at(target, b.load(v.at(to, v.constant(i * rows + j)))))
        loop.close([], v.constant(v.lanes))

    return body


def _multiplied(v: Builder, matrix: Matrix, vectors: Sequence[Any]) -> list[Any]:
    """matrix @ vectors. The rows of a point and of its opposite differ in signs alone: they share two sums."""
    found: dict[int, Any] = {}
    for i, row in enumerate(matrix):
        if i in found:
            continue
        j, factor = _opposite(matrix, i)
        if factor:
            even = _combined(v, [(a + b) / 2 for a, b in zip(row, matrix[j], strict=True)], vectors)
            odd = _combined(v, [(a - b) / 2 / factor for a, b in zip(row, matrix[j], strict=True)], vectors)
            for k, sign in ((i, 1), (j, -1)):
                found[k] = _combined(v, [Fraction(1), sign * factor], [even, odd])
        else:
            found[i] = _combined(v, row, vectors)
    return [found[i] for i in range(len(matrix))]


def _opposite(matrix: Matrix, i: int) -> tuple[int, Fraction]:
    """The row after i, if there is one, that is row i but for some signs, and a factor of the numbers whose signs
    differ: what is left of them is exact in a float. The factor is 0 without such a row.
    """
    for j in range(i + 1, len(matrix)):
        pairs = list(zip(matrix[i], matrix[j], strict=True))
        odd = [a for a, b in pairs if a != b]
        if all(abs(a) == abs(b) for a, b in pairs) and 0 < len(odd) < sum(a != 0 for a in matrix[i]):
            for factor in odd:
                if all((a / factor).denominator.bit_count() == 1 for a in odd):
                    return j, factor
    return i, Fraction(0)


def _combined(v: Builder, factors: Sequence[Fraction], vectors: Sequence[Any]) -> Any:
    """The sum of factor times vector."""
    terms = sorted(((f, x) for f, x in zip(factors, vectors, strict=True) if f), key=lambda term: term[0] != 1)
    total = None
    for factor, vector in terms:
        constant = ir.Constant(v.vector, [float(factor)] * v.lanes)
        if total is None:
            total = vector if factor == 1 else v.b.fmul(constant, vector)
        elif abs(factor) == 1:
            total = (v.b.fadd if factor > 0 else v.b.fsub)(total, vector)
        else:
            total = v.multiply_add(constant, vector, total)
    return total


transform_input = _transform("transform_input", [s.input for s in SCHEMES])
transform_weight = _transform("transform_weight", [s.weight for s in SCHEMES])
transform_products = _finishing_transform("transform_products", [s.output for s in SCHEMES])
# The transposes, for the gradient of the weight: it sums over tiles (input @ pixels) * (output.T @ upstream).
transform_upstream = _transform("transform_upstream", [transposed(s.output) for s in SCHEMES])
transform_sums = _transform("transform_sums", [transposed(s.weight) for s in SCHEMES])

"""Winograd's transforms of tiles, M @ tile @ M.T, as straight lines of vector instructions: a channel in each lane."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from llvmlite import ir
from numba.core import types

from scratchnet.kernels.cpu.jit import intrinsic
from scratchnet.kernels.cpu.llvm import BIT, Body, Builder, called
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES, Matrix, transposed


def _transform(name: str, matrices: Sequence[Matrix]) -> Any:
    """What kernels call as `name(scheme, source, start, origin, target, to_start, to)`:

    target[to_start + to[j]] = number j of the transform of the numbers i at source[start + origin[i]], vectors all.
    """

    def transform(
        typing: Any, scheme: Any, source: Any, start: Any, origin: Any, target: Any, to_start: Any, to: Any
    ) -> Any:
        n = types.int64
        signature = types.void(n, source, n, origin, target, n, to)
        return signature, called(name, _by_scheme(name, matrices, _as_it_is))

    return intrinsic(transform)


def _finishing_transform(name: str, matrices: Sequence[Matrix]) -> Any:
    """The same with `bias, bias_start, relu` as further arguments: plus the vector at bias[bias_start], then ReLU."""

    def transform(
        typing: Any, scheme: Any, source: Any, start: Any, origin: Any, target: Any, to_start: Any, to: Any, bias: Any,
        bias_start: Any, relu: Any,
    ) -> Any:  # fmt: skip
        n = types.int64
        signature = types.void(n, source, n, origin, target, n, to, bias, n, types.boolean)
        return signature, called(name, _by_scheme(name, matrices, _finished))

    return intrinsic(transform)


Finish = Callable[..., Callable[[Any], Any]]  # given a builder and further arguments: what becomes of each number


def _as_it_is(v: Builder) -> Callable[[Any], Any]:
    return lambda number: number


def _finished(v: Builder, bias: Any, bias_start: Any, relu: Any) -> Callable[[Any], Any]:
    added = v.load(v.at(bias, bias_start))
    flag = v.spread(relu, ir.VectorType(BIT, v.lanes))

    def finish(number: Any) -> Any:
        total = v.b.fadd(number, added)
        negative = v.b.and_(flag, v.b.fcmp_ordered("<", total, v.zero))
        return v.b.select(negative, v.zero, total)

    return finish


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
        source, start, origin, target, to_start, to, *further = args
        b, last = v.b, finish(v, *further)
        half = []  # tile @ M.T
        for i in range(columns):
            places = [v.at(source, start, b.load(v.at(origin, v.constant(i * columns + j)))) for j in range(columns)]
            line = [v.load(place) for place in places]
            half.append([_combined(v, row, line) for row in matrix])
        for i in range(rows):
            for j in range(rows):
                number = last(_combined(v, matrix[i], [line[j] for line in half]))
                v.store(number, v.at(target, to_start, b.load(v.at(to, v.constant(i * rows + j)))))

    return body


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

"""Winograd's minimal filtering: F(m, r) is m neighbouring sums of r taps for m + r - 1 multiplications instead of m r.

The sums are coefficients of a product of two polynomials. A polynomial is given by its values at as many points as it
has coefficients, and values are multiplied point by point. So the taps are evaluated at the points (`weight`), the
pixels are combined to what belongs to each point (`input`), and the products are combined again (`output`):

    y = output @ ((weight @ taps) * (input @ pixels)),    in two dimensions output @ (...) @ output.T and so on

The matrices are exact. The points are chosen for small rounding errors: the best found among 0 with 1, 2, 1/2, 3/2,
3/4 and 1/4 of either sign. (Four points without 0 can be a little better still, but 0 saves operations.) With the usual
ones, 1/2 and -2 after 0, 1 and -1, float32's errors are 1.7 times as large for four points, and for five 1.3 times.

Source: Winograd, Arithmetic Complexity of Computations (1980), chapter V; Lavin and Gray, Fast Algorithms for
Convolutional Neural Networks (2015); Barabasz et al., Error Analysis and Improving the Accuracy of Winograd Convolution
for Deep Neural Networks (2020), on points.
"""

from fractions import Fraction
from typing import NamedTuple

Matrix = tuple[tuple[Fraction, ...], ...]

POINTS = {  # so many, and infinity: the highest coefficient
    3: (Fraction(0), Fraction(1), Fraction(-1)),
    4: (Fraction(0), Fraction(1), Fraction(-2), Fraction(-1, 2)),
    5: (Fraction(0), Fraction(3, 2), Fraction(-3, 2), Fraction(3, 4), Fraction(-3, 4)),
}


class Scheme(NamedTuple):
    """F(outputs, taps): n = outputs + taps - 1 products."""

    outputs: int
    taps: int
    weight: Matrix  # (n, taps)
    input: Matrix  # (n, n)
    output: Matrix  # (outputs, n)

    @property
    def size(self) -> int:
        """n, the products, and the pixels that a tile reads."""
        return self.outputs + self.taps - 1


def scheme(outputs: int, taps: int) -> Scheme:
    """The matrices of F(outputs, taps)."""
    n = outputs + taps - 1
    points = POINTS[n - 1]
    weight, pixels = [], []
    for point in points:
        others = [other for other in points if other != point]
        scale = _product([point - other for other in others])
        row = _with_roots(others)
        # A row of `input` is of numbers of at most 4 that are exact in a float; `weight` takes the rest.
        part = Fraction(1)
        while max(map(abs, row)) * part > 4:
            part /= 2
        pixels.append([number * part for number in row] + [Fraction(0)])
        weight.append([point**j / scale / part for j in range(taps)])
    weight.append([Fraction(int(j == taps - 1)) for j in range(taps)])
    pixels.append(_with_roots(points))
    output = [[point**i for point in points] + [Fraction(int(i == outputs - 1))] for i in range(outputs)]
    return Scheme(outputs, taps, _frozen(weight), _frozen(pixels), _frozen(output))


def transposed(matrix: Matrix) -> Matrix:
    """The matrix with rows and columns exchanged."""
    return tuple(zip(*matrix, strict=True))


def _with_roots(roots: list[Fraction] | tuple[Fraction, ...]) -> list[Fraction]:
    """The coefficients, lowest first, of the polynomial with these roots and 1 as its highest."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *coefficients]
        coefficients = [a - root * b for a, b in zip(shifted, [*coefficients, Fraction(0)], strict=True)]
    return coefficients


def _product(numbers: list[Fraction]) -> Fraction:
    result = Fraction(1)
    for number in numbers:
        result *= number
    return result


def _frozen(rows: list[list[Fraction]]) -> Matrix:
    return tuple(map(tuple, rows))


SCHEMES = (scheme(2, 3), scheme(2, 5), scheme(4, 3), scheme(3, 3))  # the kernels' numbers for them

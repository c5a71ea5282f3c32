"""Rows of the second names: each gives what the first does."""

from typing import Any

from op_table import ints, pos, row

X = (3, 4)


def written(T: Any, F: Any, x: Any, y: Any) -> Any:
    """Each name_ on a copy of x."""
    z = (x * 1).absolute_()
    z.negative_()
    z.multiply_(y).divide_(y + 1).true_divide_(y).subtract_(y).clip_(-2.0, 2.0).arctan2_(y)
    return z, (x * 3).fix_()


ROWS = [
    row(
        "second names: T",
        lambda T, F, x, y: (
            *(T.absolute(x), T.negative(x), T.multiply(x, y), T.divide(x, y, rounding_mode="floor")),
            *(T.true_divide(x, y), T.subtract(x, y, alpha=2), T.clip(x, 0.1), T.fix(x * 3), T.arctan2(x, y)),
            *(T.swapaxes(x, 0, 1), T.swapdims(x, -1, 0), T.moveaxis(x, 0, 1), T.row_stack([x, y])),
            T.ger(x[0], y[1]),
        ),
        *(X, pos(X)),
        zero=(),
    ),
    row(
        "second names: methods",
        lambda T, F, x, y: (
            *(x.absolute(), x.negative(), x.multiply(y), x.divide(y, rounding_mode="trunc"), x.true_divide(2)),
            *(x.subtract(1.5), x.clip(-0.5, 0.5), (x * 3).fix(), x.arctan2(y)),
            *(x.swapaxes(0, 1), x.swapdims(0, -1), x.moveaxis(1, 0)),
        ),
        *(X, pos(X)),
    ),
    row(
        "second names: comparisons",
        lambda T, F, x, y: (x.greater(y), x.greater_equal(0), x.less(y), x.less_equal(y), x.not_equal(x)),
        *(X, X),
        order=0,
        ints="int64",
    ),
    row(
        "second names: comparisons, T",
        lambda T, F, x, y: (
            *(T.greater(x, y), T.greater_equal(x, y), T.less(x, 0), T.less_equal(x, y)),
            T.not_equal(x, y),
        ),
        *(X, X),
        order=0,
    ),
    row("second names: in place", written, X, pos(X)),
    row(
        "bitwise in place",
        lambda T, F, x, y: (
            *((x * 1).bitwise_and_(y), (x * 1).bitwise_or_(y), (x * 1).bitwise_xor_(3)),
            (x * 1).bitwise_not_(),
        ),
        *(ints(X, -9, 9), ints(X, -9, 9)),
        order=0,
    ),
]

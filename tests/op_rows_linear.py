"""Rows of linear."""

from op_table import bad, fn, row

ROWS = [
    fn("linear", [(4, 3), (5, 3), (5,)], long_sum=True),
    fn("linear", [(4, 3), (5, 3)], long_sum=True),
    fn("linear", [(2, 4, 3), (5, 3), (5,)], long_sum=True),
    fn("linear", [(2, 4, 3), (5, 3)], long_sum=True),
    fn("linear", [(3,), (5, 3), (5,)], long_sum=True),
    fn("linear", [(3,), (5, 3)], long_sum=True),
    fn("linear", [(4, 3), (3,)], long_sum=True),
    fn("linear", [(4, 3), (5, 3), (1,)], long_sum=True),
    fn("linear", [(4, 3), (5, 3), (4, 1)], long_sum=True),
    fn("linear", [(4, 3), (5, 3), (4, 5)], long_sum=True),
    fn("linear", [(7, 600), (33, 600), (33,)], long_sum=True),
    row("linear: integers", lambda T, F, x, w: F.linear(x, w), (4, 3), (5, 3), dtypes=("int64",), order=0),
]

BAD = [
    bad(
        "linear: sizes",
        lambda T, F, x, w: F.linear(x, w),
        (2, 3),
        (4, 2),
        match="mat1 and mat2 shapes cannot be multiplied",
    ),
    bad("linear: bias", lambda T, F, x, w, b: F.linear(x, w, b), (2, 3), (4, 3), (5,), match="must match"),
    bad("linear: 0-d", lambda T, F, x, w: F.linear(x, w), (), (4, 3), match="at least 1D"),
    bad("linear: weight of rank 3", lambda T, F, x, w: F.linear(x, w), (2, 3), (2, 4, 3), match="<= 2 dimensions"),
    bad(
        "linear: vector with bias",
        lambda T, F, x, w, b: F.linear(x, w, b),
        (2, 3),
        (3,),
        (2,),
        match="must be a matrix",
    ),
    bad(
        "linear: dtype",
        lambda T, F, x, w: F.linear(x, w.double()),
        (2, 3),
        (4, 3),
        match="expected scalar type float32",
    ),
    bad(
        "linear: bias's dtype",
        lambda T, F, x, w, b: F.linear(x, w, b.double()),
        (2, 3),
        (4, 3),
        (4,),
        match="bias.dtype",
    ),
    bad("linear: no tensor", lambda T, F, x: F.linear(x, 3), (2, 3), match="weight .*must be Tensor"),
]

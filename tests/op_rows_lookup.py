"""Rows of embedding and bilinear."""

from op_table import bad, fn, ints, row, vals

I23 = ints((2, 3), 0, 5)
TWICE = vals([[0, 1, 1], [4, 1, 0]], kind="own")

ROWS = [
    *[
        row(
            f"embedding: {options}",
            lambda T, F, w, i, k=options: F.embedding(i, w, **k),
            (5, 4),
            index,
            zero=(-1,),
            order=1 if "scale_grad_by_freq" in options else 2,
        )
        # torch's second derivative leaves the frequency out
        for options in ({}, {"padding_idx": 1}, {"padding_idx": -4}, {"scale_grad_by_freq": True}, {"padding_idx": 0})
        for index in [TWICE if options else I23]
    ],
    row("embedding: one", lambda T, F, w, i: F.embedding(i, w), (5, 4), ints((), 0, 5), zero=()),
    row("embedding: int32", lambda T, F, w, i: F.embedding(i.int(), w), (5, 4), I23, zero=()),
    *[
        fn("bilinear", [x, y, (2, 3, 4)], long_sum=True)
        for x, y in (((5, 3), (5, 4)), ((3,), (4,)), ((2, 5, 3), (2, 5, 4)))
    ],
    fn("bilinear", [(5, 3), (5, 4), (2, 3, 4), (2,)], long_sum=True),
]

BAD = [
    bad("embedding: index", lambda T, F, w, i: F.embedding(i, w), (3, 4), ints((2,), 5, 6), match="out of range"),
    bad("embedding: negative", lambda T, F, w, i: F.embedding(i, w), (3, 4), ints((2,), -2, -1), match="out of range"),
    bad("embedding: floats", lambda T, F, w: F.embedding(w, w), (3, 4), match="Long or Int"),
    bad("embedding: rank", lambda T, F, w, i: F.embedding(i, w), (3,), ints((2,), 0, 2), match="2-D"),
    bad("embedding: padding", lambda T, F, w, i: F.embedding(i, w, 3), (3, 4), ints((2,), 0, 2), match="Padding_idx"),
    bad("bilinear: batch", lambda T, F, x, y, w: F.bilinear(x, y, w), (2, 3), (3, 4), (5, 3, 4), match="do not match"),
    bad(
        "bilinear: weight",
        lambda T, F, x, y, w: F.bilinear(x, y, w),
        (2, 3),
        (2, 4),
        (5, 4, 3),
        match="not match weight",
    ),
    bad(
        "bilinear: bias",
        lambda T, F, x, y, w, b: F.bilinear(x, y, w, b),
        *((2, 3), (2, 4), (5, 3, 4), (4,)),
        match="bias size does not match",
    ),
]

"""sort, argsort, topk, median, unique."""

from op_table import Bad, Row, bad, both, ints, mask, row, vals

X3 = (2, 3, 4)
NAN, INF = float("nan"), float("inf")
TIED = [[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0], [0.0, -1.0, 0.0, -0.0]]
NANS = [[1.0, NAN, 3.0, NAN, -INF], [2.0, 5.0, INF, -5.0, 0.5]]
DIFFERENT = vals([[3, 1, 7, 5], [0, 9, 2, 4], [8, 6, 10, 11]])
FAR = [[127.0, 1.0], [-128.0, 2.0], [127.0, 0.0], [-128.0, 2.0]]  # int8 can't hold differences
SMALL = ("int64", "int32", "int8", "uint8", "float16")

ROWS: list[Row] = [
    both("sort", [X3], half=True),
    both("sort", [X3], 1),
    both("sort", [X3], 0, True),
    both("sort", [X3], dim=-2, descending=True),
    both("sort", [X3], stable=True, dim=0, descending=True),
    both("sort", [X3], order=0, dtypes=("int64", "int32", "int8", "uint8", "bool"), label="sort: ints"),
    both("sort", [X3], order=0, dtypes=("int64", "uint8", "bool"), descending=True, label="sort: ints, descending"),
    both("sort", [vals(TIED)], 1, label="sort: ties"),
    both("sort", [vals(TIED)], 1, True, label="sort: ties, descending"),
    both("sort", [vals(NANS)], label="sort: NaN"),
    both("sort", [vals(NANS)], descending=True, label="sort: NaN, descending"),
    both("sort", [()], label="sort: 0-d"),
    both("sort", [()], 0, label="sort: 0-d with dim"),
    row("sort: a chain", lambda T, F, x: T.sort(x * x, 1)[0] * x, X3),
    both("argsort", [X3], order=0, half=True),
    both("argsort", [X3], 1, True, order=0),
    both("argsort", [X3], dim=0, descending=True, order=0),
    both("argsort", [vals(TIED)], stable=True, order=0, label="argsort: ties"),
    both("argsort", [vals(NANS)], order=0, label="argsort: NaN"),
    both("argsort", [()], order=0, label="argsort: 0-d"),
    both("topk", [X3], 2, half=True),
    both("topk", [X3], 2, 1),
    both("topk", [X3], 1, 0, False, label="topk: smallest"),
    both("topk", [X3], k=3, dim=-1, largest=False, sorted=True),
    both("topk", [X3], 0, label="topk: none"),
    both("topk", [X3], 4, label="topk: all of them"),
    both("topk", [DIFFERENT], 3, order=0, dtypes=SMALL, label="topk: ints"),
    both("topk", [vals(NANS)], 3, label="topk: NaN", order=0, strided=False, dtypes=("float64",)),
    both("topk", [()], 1, label="topk: 0-d"),
    row("topk: names", lambda T, F, x: (T.topk(x, 2).values * 2, x.topk(2).indices), X3),
    both("median", [X3], half=True),
    both("median", [(3, 5)], label="median: odd"),
    both("median", [DIFFERENT], order=0, dtypes=SMALL, label="median: ints"),
    both("median", [X3], 1),
    both("median", [X3], -1, True),
    both("median", [X3], dim=0, keepdim=True),
    both("median", [DIFFERENT], 1, order=0, dtypes=SMALL, label="median: ints, dim"),
    both("median", [vals(TIED)], label="median: ties share"),
    both("median", [vals(NANS)], label="median: NaN", order=1),
    both("median", [vals(NANS)], 1, label="median: NaN, dim", order=1),
    both("median", [()], label="median: 0-d"),
    both("median", [()], 0, label="median: 0-d with dim"),
    both("unique", [vals(TIED)], order=0, half=True, ints="int64 int8"),
    both("unique", [vals(TIED)], return_inverse=True, order=0),
    both("unique", [vals(TIED)], return_counts=True, order=0),
    both("unique", [vals(TIED)], True, True, True, order=0, label="unique: everything"),
    both("unique", [ints((4, 5), 0, 4)], return_inverse=True, return_counts=True, order=0, label="unique: ints"),
    both("unique", [mask((4, 5))], order=0, label="unique: bools", return_counts=True),
    both("unique", [vals(NANS)], order=0, label="unique: NaN", return_counts=True),
    both("unique", [()], order=0, label="unique: 0-d", return_inverse=True),
    both(
        "unique", [mask((6, 2))], dim=0, return_inverse=True, return_counts=True, order=0, label="unique: rows of bools"
    ),
    both("unique", [vals(FAR)], dim=0, order=0, dtypes=("int8", "int64"), label="unique: rows far apart"),
    both("unique", [ints((6, 2), 0, 2)], dim=0, return_inverse=True, return_counts=True, order=0),
    both("unique", [ints((2, 6), 0, 2)], dim=1, order=0),
    both("unique", [ints((3, 2, 6), 0, 2)], dim=-1, return_counts=True, order=0),
]
BAD: list[Bad] = [
    bad("sort: dim", lambda T, F, x: T.sort(x, 2), (2, 3), match=r"sort: dim \(=2\)"),
    bad("sort: dims", lambda T, F, x: T.sort(x, (0, 1)), (2, 3), match="sort: dim"),
    bad("argsort: dim", lambda T, F, x: T.argsort(x, -3), (2, 3), match="argsort: dim"),
    bad("topk: k", lambda T, F, x: T.topk(x, 4), (2, 3), match=r"topk: k \(=4\)"),
    bad("topk: negative k", lambda T, F, x: T.topk(x, -1), (2, 3), match="topk: k"),
    bad("topk: 0-d", lambda T, F, x: T.topk(x, 2), (), match="topk: k"),
    bad("topk: float k", lambda T, F, x: T.topk(x, 1.5), (2, 3), match="topk: k"),
    bad("topk: dim", lambda T, F, x: T.topk(x, 1, 2), (2, 3), match="topk: dim"),
    bad("topk: bools", lambda T, F, m: T.topk(m, 1), mask((3,)), match="topk: input.dtype"),
    bad("median: dim", lambda T, F, x: T.median(x, 2), (2, 3), match="median: dim"),
    bad("median: dims", lambda T, F, x: T.median(x, (0, 1)), (2, 3), match="median: dim"),
    bad("median: keepdim alone", lambda T, F, x: T.median(x, keepdim=True), (2, 3), match="median: dim"),
    bad("median: empty dim", lambda T, F, x: T.median(x, 1), (2, 0), match="median: dim"),
    bad("median: bools", lambda T, F, m: T.median(m), mask((3,)), match="median: input.dtype"),
    bad("unique: dim", lambda T, F, x: T.unique(x, dim=2), (2, 3), match="unique: dim"),
    bad("unique: other dim empty", lambda T, F, x: T.unique(x, dim=0), (2, 0), match="0 sized"),
    bad("unique: backward", lambda T, F, x: T.unique(x).sum().backward(), (3,), match="derivative"),
]

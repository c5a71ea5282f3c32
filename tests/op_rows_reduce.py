"""sum, mean, var, std, prod, max, min, argmax, argmin, softmax, log_softmax, logsumexp."""

from typing import Any

from op_table import Bad, Row, bad, both, ints, row, vals

WHOLE = "int64 int32 int8 uint8 bool"
X3 = (2, 3, 4)
TIED = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, 0.0]]
NANS = [[1.0, float("nan"), 3.0, float("nan")], [2.0, 5.0, float("inf"), 5.0], [float("-inf")] * 4]

ROWS: list[Row] = []
BAD: list[Bad] = []


def fn_of(name: str, inputs: Any, *args: Any, label: str = "", **kwargs: Any) -> Row:
    """T.name, which is no method in torch."""
    options = {key: kwargs.pop(key) for key in ("half", "order") if key in kwargs}
    title = label or f"{name} {args} {kwargs}"
    return row(title, lambda T, F, x: getattr(T, name)(x, *args, **kwargs), *inputs, **options)


for name in ("sum", "mean"):
    whole = WHOLE if name == "sum" else ""
    ROWS += [
        both(name, [X3], half=True, ints=whole),
        both(name, [X3], 1, half=True, ints=whole),
        both(name, [X3], -1, True, label=f"{name}: keepdim"),
        both(name, [X3], (0, 2)),
        both(name, [X3], [0, -1], keepdim=True),
        both(name, [X3], dim=(2, 0, 1), label=f"{name}: every dim"),
        both(name, [X3], (), label=f"{name}: no dim named"),
        both(name, [()], label=f"{name}: 0-d"),
        both(name, [()], 0, label=f"{name}: 0-d with dim"),
        both(name, [(1,)], 0, label=f"{name}: one element"),
        both(name, [(40, 70)], label=f"{name}: long", long_sum=True),
        both(name, [(3, 5000)], 1, label=f"{name}: long rows", long_sum=True),
        both(name, [(5000, 3)], 0, label=f"{name}: long columns", long_sum=True),
        row(f"{name}: to float64", lambda T, F, x, n=name: getattr(T, n)(x, dtype=T.float64), X3),
        row(
            f"{name}: of ints as float",
            lambda T, F, x, n=name: getattr(T, n)(x, dtype=T.float32),
            ints(X3, -5, 6),
            order=0,
        ),
        row(f"{name}: of a transposed", lambda T, F, x, n=name: getattr(x.transpose(0, 2), n)(1), X3),
        row(f"{name}: of an expanded", lambda T, F, x, n=name: getattr(x.expand(4, 3), n)(0), (3,)),
        row(f"{name}: NaN", lambda T, F, x, n=name: getattr(T, n)(x, 1), vals(NANS), order=1),
    ]
ROWS += [
    row("sum: dim and dtype", lambda T, F, x: T.sum(x, dim=1, keepdim=True, dtype=T.float64), X3),
    row("sum: ints to int32", lambda T, F, x: x.sum(dtype=T.int32), ints(X3, -5, 6), order=0),
    row("sum: bools", lambda T, F, x: (x > 0).sum(), X3, order=0),
    row("sum: many axes", lambda T, F, x: x.sum((0, 2, 3)), (2, 3, 4, 5)),
    both("var", [X3]),
    both("var", [X3], 1),
    both("var", [X3], (0, 2), keepdim=True),
    both("var", [X3], dim=-1, correction=0),
    both("var", [X3], 1, False, label="var: dim, biased"),
    both("var", [X3], False, label="var: biased"),
    both("var", [X3], dim=(0, 1), unbiased=False, label="var: unbiased=False"),
    both("var", [X3], dim=1, unbiased=True, keepdim=True, label="var: unbiased=True"),
    both("var", [X3], correction=2, label="var: correction 2"),
    both("var", [(1,)], correction=0, label="var: one element"),
    both("var", [(1, 3)], 0, label="var: no degree of freedom", order=1),
    both("var", [(2, 300)], 1, label="var: longer"),
    row("var: far from 0", lambda T, F, x: T.var(x + 1000.0, 1), (3, 50), dtypes=("float64",)),
]

CONSTANT = vals([[1.5, 1.5, 1.5], [1.0, 2.0, 4.0]])
for name in ("std", "var_mean", "std_mean"):
    call = both if name == "std" else fn_of
    ROWS += [
        call(name, [X3], half=True),
        call(name, [X3], 1),
        call(name, [X3], (0, 2), keepdim=True),
        call(name, [X3], dim=-1, correction=0),
        call(name, [X3], 1, False, label=f"{name}: dim, biased"),
        call(name, [X3], False, label=f"{name}: biased"),
        call(name, [X3], dim=(0, 1), unbiased=False, label=f"{name}: unbiased=False"),
        call(name, [X3], correction=2, label=f"{name}: correction 2"),
        call(name, [()], label=f"{name}: 0-d", order=1),
        call(name, [(1,)], correction=0, label=f"{name}: one element", order=1),
        call(name, [(1, 3)], 0, label=f"{name}: no degree of freedom", order=1),
        call(name, [CONSTANT], 1, label=f"{name}: constant", order=1),
        call(name, [(2, 300)], 1, label=f"{name}: longer"),
        row(f"{name}: far from 0", lambda T, F, x, n=name: getattr(T, n)(x + 1000.0, 1), (3, 50), dtypes=("float64",)),
    ]
    BAD += [
        bad(f"{name}: ints", lambda T, F, x, n=name: getattr(T, n)(x), ints(X3, 0, 3), match=name),
        bad(f"{name}: dim", lambda T, F, x, n=name: getattr(T, n)(x, 3), X3, match=f"{name}: dim"),
        bad(f"{name}: dim twice", lambda T, F, x, n=name: getattr(T, n)(x, (1, 1)), X3, match=f"{name}: dim"),
    ]
ZEROS = vals([[1.5, 0.0, 2.0, -1.0], [0.0, 0.0, 3.0, 2.0], [-2.0, 3.0, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0]])
ROWS += [
    both("prod", [X3], half=True, ints=WHOLE),
    both("prod", [X3], 1, half=True, ints=WHOLE),
    both("prod", [X3], -1, True, label="prod: keepdim"),
    both("prod", [X3], dim=0, keepdim=True),
    both("prod", [ZEROS], label="prod: zeros"),
    both("prod", [ZEROS], 1, label="prod: zeros, dim"),
    both("prod", [ZEROS], 0, label="prod: zeros, columns"),
    both("prod", [vals([2.0, 0.0, -3.0])], label="prod: one zero"),
    both("prod", [vals([2.0, 0.0, 0.0])], label="prod: two zeros"),
    both("prod", [()], label="prod: 0-d"),
    both("prod", [()], 0, label="prod: 0-d with dim"),
    row("prod: to float64", lambda T, F, x: T.prod(x, dtype=T.float64), X3),
    row("prod: ints to float", lambda T, F, x: T.prod(x, 1, dtype=T.float32), ints(X3, 1, 4), order=0),
    row("prod: NaN", lambda T, F, x: T.prod(x, 1), vals(NANS), order=0),
]
BAD += [
    bad("prod: dim", lambda T, F, x: T.prod(x, 3), X3, match=r"prod: dim \(=3\)"),
    bad("prod: dims", lambda T, F, x: T.prod(x, (0, 1)), X3, match="prod: dim"),
    bad("prod: None", lambda T, F, x: T.prod(x, None), X3, match="prod: dim"),
    bad("prod: keepdim alone", lambda T, F, x: T.prod(x, keepdim=True), X3, match="prod: dim"),
    bad("prod: no tensor", lambda T, F: T.prod(3.0), match="prod: input"),
]

for name in ("max", "min"):
    ROWS += [
        both(name, [X3], half=True, ints=WHOLE),
        both(name, [X3], 1, half=True, ints=WHOLE, label=f"{name}: dim"),
        both(name, [X3], -1, keepdim=True),
        both(name, [X3], 0, True, label=f"{name}: keepdim"),
        both(name, [vals(TIED)], label=f"{name}: ties share"),
        both(name, [vals(TIED)], 1, label=f"{name}: ties, dim"),
        both(name, [vals(NANS)], label=f"{name}: NaN", order=1),
        both(name, [vals(NANS)], 1, label=f"{name}: NaN, dim"),
        both(name, [vals(NANS)], 0, label=f"{name}: NaN, columns"),
        both(name, [()], label=f"{name}: 0-d"),
        both(name, [()], 0, label=f"{name}: 0-d with dim"),
        both(name, [(2, 3), (3,)], label=f"{name}: of two tensors"),
        both(name, [(1, 1)], 1, label=f"{name}: one element"),
        row(f"{name}: names", lambda T, F, x, n=name: (getattr(T, n)(x, 1).values, getattr(T, n)(x, 1).indices), X3),
        row(f"{name}: unpacked", lambda T, F, x, n=name: getattr(x, n)(dim=1)[0] * 2, X3),
    ]
for name in ("argmax", "argmin"):
    ROWS += [
        both(name, [X3], order=0, half=True, ints="int64 uint8"),
        both(name, [X3], 1, order=0, label=f"{name}: dim", ints="int64"),
        both(name, [X3], dim=-1, keepdim=True, order=0),
        both(name, [X3], keepdim=True, order=0),
        both(name, [vals(TIED)], 1, order=0, label=f"{name}: ties"),
        both(name, [vals(NANS)], 1, order=0, label=f"{name}: NaN"),
        both(name, [vals(NANS)], order=0, label=f"{name}: NaN, all"),
        both(name, [()], order=0, label=f"{name}: 0-d"),
    ]

BIG = vals([[1000.0, 1001.0, -1000.0], [-1e4, -1e4, -1e4], [0.0, 88.0, -88.0]])
for name in ("softmax", "log_softmax", "logsumexp"):
    ROWS += [
        both(name, [X3], 1, half=True),
        both(name, [X3], -1),
        both(name, [X3], 0),
        both(name, [(2, 3, 4, 5)], 1, label=f"{name}: 4-d"),
        both(name, [BIG], 1, label=f"{name}: large numbers", order=2),
        both(name, [()], 0, label=f"{name}: 0-d"),
        both(name, [(3, 1)], 1, label=f"{name}: one class"),
        both(name, [vals([[float("-inf"), 1.0, 2.0], [0.0, float("-inf"), 0.0]])], 1, label=f"{name}: -inf", order=1),
    ]
for name in ("softmax", "log_softmax"):
    ROWS += [
        row(f"F.{name}", lambda T, F, x, n=name: getattr(F, n)(x, dim=1), X3),
        row(f"{name}: dtype", lambda T, F, x, n=name: getattr(T, n)(x, 1, dtype=T.float64), X3),
        row(
            f"F.{name}: dtype of ints",
            lambda T, F, x, n=name: getattr(F, n)(x, dim=-1, dtype=T.float32),
            ints(X3, 0, 5),
            order=0,
        ),
        both(name, [vals([[float("-inf")] * 3, [1.0, 2.0, 3.0]])], 1, label=f"{name}: nothing finite", order=0),
    ]
ROWS += [
    both("logsumexp", [X3], (0, 2)),
    both("logsumexp", [X3], 1, keepdim=True),
    both("logsumexp", [X3], 1, True, label="logsumexp: keepdim"),
]

BAD += [
    bad("sum: dim", lambda T, F, x: x.sum(3), X3, match=r"sum: dim \(=3\)"),
    bad("sum: dim twice", lambda T, F, x: x.sum((1, 1)), X3, match="sum: dim"),
    bad("mean: ints", lambda T, F, x: x.mean(), ints(X3, 0, 3), match="mean"),
    bad("var: ints", lambda T, F, x: x.var(), ints(X3, 0, 3), match="var"),
    bad("max: empty", lambda T, F, x: x.max(), (0,), match="max"),
    bad("max: empty dim", lambda T, F, x: x.max(1), (2, 0), match="max"),
    bad("max: dim", lambda T, F, x: x.max(-4), X3, match=r"max: dim \(=-4\)"),
    bad("argmax: empty", lambda T, F, x: x.argmax(), (0,), match="argmax"),
    bad("argmax: dim", lambda T, F, x: x.argmax(5), X3, match="argmax"),
    bad("softmax: dim", lambda T, F, x: x.softmax(3), X3, match="softmax"),
    bad("softmax: ints", lambda T, F, x: x.softmax(0), ints((3,), 0, 3), match="softmax"),
    bad("logsumexp: dim", lambda T, F, x: x.logsumexp(2), (2, 3), match="logsumexp"),
    bad("sum: no tensor", lambda T, F: T.sum(3), match="sum"),
]

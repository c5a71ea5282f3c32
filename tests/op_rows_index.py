"""Indexing of every kind: basic, boolean, integer arrays, None, Ellipsis; reading and writing."""

from typing import Any

from op_table import Bad, Row, bad, ints, mask, row

X = (4, 3, 5)
N = None


def get(name: str, index: Any, shape: tuple[int, ...] = X, **options: Any) -> Row:
    """x[index] for an index of plain Python values."""
    return row(f"x[{name}]", lambda T, F, x: x[index], shape, covers=("Tensor.__getitem__",), **options)


def put(name: str, index: Any, **options: Any) -> Row:
    """A copy of x with a number and a tensor written at [index]: gradients of both."""

    def write(T: Any, F: Any, x: Any, y: Any) -> Any:
        z = x * 1
        z[index] = y
        w = x * 1
        w[index] = 2.5
        return z * x, w * x

    return row(f"x[{name}] = v", write, X, (), covers=("Tensor.__setitem__",), zero=(), **options)


BASIC: dict[str, Any] = {
    "1": 1,
    "-1": -1,
    "0, 2": (0, 2),
    "0, 1, 2": (0, 1, 2),
    "1:3": slice(1, 3),
    "::2": slice(N, N, 2),
    "-3:": slice(-3, N),
    "5:9": slice(5, 9),
    "3:1": slice(3, 1),
    ":, 1": (slice(N), 1),
    ":, 1:, ::2": (slice(N), slice(1, N), slice(N, N, 2)),
    "..., 0": (..., 0),
    "0, ...": (0, ...),
    "1, ..., 2": (1, ..., 2),
    "...": ...,
    "None": N,
    ":, None, 1": (slice(N), N, 1),
    "..., None": (..., N),
    "None, 1, None": (N, 1, N),
    "()": (),
}
ARRAYS: dict[str, Any] = {
    "[0, 2]": [0, 2],
    "[0, 0, 3, 0]": [0, 0, 3, 0],
    "[-1, 1]": [-1, 1],
    "[[0, 1], [2, 2]]": [[0, 1], [2, 2]],
    ":, [0, 2]": (slice(N), [0, 2]),
    "[0, 1], [1, 2]": ([0, 1], [1, 2]),
    "[0, 1], :, [1, 2]": ([0, 1], slice(N), [1, 2]),
    ":, [0, 1], [1, 2]": (slice(N), [0, 1], [1, 2]),
    "[[0], [1]], [1, 2]": ([[0], [1]], [1, 2]),
    "1, [0, 2]": (1, [0, 2]),
    "[0, 1], 1": ([0, 1], 1),
    "1, :, [0, 2]": (1, slice(N), [0, 2]),
    "1:3, [0, 2]": (slice(1, 3), [0, 2]),
    "None, [0, 2]": (N, [0, 2]),
    "..., [0, 2, 2]": (..., [0, 2, 2]),
    "[0, 1], None, [1, 2]": ([0, 1], N, [1, 2]),
    "[True, False, True, True]": [True, False, True, True],
    ":, [True, False, True]": (slice(N), [True, False, True]),
    "[False] * 4": [False] * 4,
}
ROWS: list[Row] = [get(name, index) for name, index in (BASIC | ARRAYS).items()]
ROWS += [
    put(name, index)
    for name, index in (BASIC | ARRAYS).items()
    if name not in ("[0, 0, 3, 0]", "..., [0, 2, 2]", "()", "None")
]
ROWS += [
    get("1 (half, ints)", 1, half=True, ints="int64 bool uint8"),
    get("[0, 2] (half, ints)", [0, 2], half=True, ints="int64 bool uint8"),
    get("... of 0-d", ..., ()),
    get("None of 0-d", N, ()),
    get("True", True, (2, 3)),
    get("False", False, (2, 3)),
    row("x[mask]", lambda T, F, x, m: x[m], X, mask(X), zero=(0,)),
    row("x[mask of rows]", lambda T, F, x, m: x[m], X, mask((4,)), zero=()),
    row("x[mask of planes]", lambda T, F, x, m: x[m], X, mask((4, 3)), zero=()),
    row("x[:, mask]", lambda T, F, x, m: x[:, m], X, mask((3, 5)), zero=()),
    row("x[x > 0]", lambda T, F, x: x[x > 0], X),
    row("x[index]", lambda T, F, x, i: x[i], X, ints((6,), -4, 4)),
    row("x[index 2-d]", lambda T, F, x, i: x[i], X, ints((2, 3), 0, 4), zero=()),
    row("x[0-d index]", lambda T, F, x, i: x[i], X, ints((), 0, 4), zero=()),
    row("x[i, j]", lambda T, F, x, i, j: x[i, j], X, ints((6,), 0, 4), ints((6,), 0, 3), zero=()),
    row("x[i, :, j]", lambda T, F, x, i, j: x[i, :, j], X, ints((6,), 0, 4), ints((1,), 0, 5), zero=()),
    row("x[arange, targets]", lambda T, F, x, t: x[T.arange(4), t], (4, 3), ints((4,), 0, 3), zero=()),
    row("x[int32 index]", lambda T, F, x, i: x[i.to(T.int32)], X, ints((6,), 0, 4), zero=()),
    row("x[uint8 mask row]", lambda T, F, x, m: x[m, 1], X, mask((4,)), zero=()),
    row("x[tensor:]", lambda T, F, x, i: x[: int(i)], X, ints((), 1, 4), zero=()),
    row("x[i][j]", lambda T, F, x: x[1][2][0], X),
    row("x[mask] = tensor", lambda T, F, x, m: _written(x, m, -1.5), X, mask(X), zero=()),
    row("x[mask] = x[mask] * 2", lambda T, F, x, m: _doubled(x, m), X, mask(X), zero=()),
    row("x[index] = rows", lambda T, F, x, y: _written(x, [2, 0], y), X, (2, 3, 5), zero=()),
    row("x[:, 1] = column", lambda T, F, x, y: _written(x, (slice(N), 1), y), X, (4, 5), zero=()),
    row("x[:, 1] = row, broadcast", lambda T, F, x, y: _written(x, (slice(N), 1), y), X, (5,), zero=()),
    row("x[0] = x[1]", lambda T, F, x: _written(x, 0, x[1]), X, zero=()),
    row("x[1:] += y", lambda T, F, x, y: _augmented(x, y), X, (3, 5), zero=()),
    row("x[0] = int", lambda T, F, x: _written(x, 0, 7), X, zero=()),
    row("int x[0] = number", lambda T, F, n: _written(n, 0, 7), ints((3, 2), 0, 5), order=0, zero=()),
    row("x[0] = int tensor", lambda T, F, x, n: _written(x, 0, n), X, ints((5,), 0, 9), zero=()),
]


def _written(x: Any, index: Any, value: Any) -> Any:
    z = x * 1
    z[index] = value
    return z * x


def _doubled(x: Any, index: Any) -> Any:
    z = x * 1
    z[index] = z[index] * 2
    return z * x


def _augmented(x: Any, y: Any) -> Any:
    z = x * 1
    z[1:] += y
    return z * x


BAD: list[Bad] = [
    bad("x[4]", lambda T, F, x: x[4], X, match=r"\(=4\) is out of bounds for dimension 0 with size 4"),
    bad("x[-5]", lambda T, F, x: x[-5], X, match=r"\(=-5\) is out of bounds"),
    bad("x[:, 3]", lambda T, F, x: x[:, 3], X, match="dimension 1"),
    bad("x[too many]", lambda T, F, x: x[0, 0, 0, 0], X, match="too many indices"),
    bad("x[[0, 4]]", lambda T, F, x: x[[0, 4]], X, match=r"out of (range|bounds)"),
    bad("x[float]", lambda T, F, x: x[1.5], X, match=r""),
    bad("x[float tensor]", lambda T, F, x: x[x], (2,), match=r""),
    bad("x['a']", lambda T, F, x: x["a"], X, match=r""),
    bad("x[::-1]", lambda T, F, x: x[::-1], X, match="step"),
    bad("x[mask of another size]", lambda T, F, x, m: x[m], X, mask((3,)), match="does not match"),
    bad("x[i, j] of other sizes", lambda T, F, x: x[[0, 1], [0, 1, 2]], X, match=r"broadcast"),
    bad("0-d x[0]", lambda T, F, x: x[0], (), match=r""),
    bad("x[0] = wrong size", lambda T, F, x, y: _written(x, 0, y), X, (4,), match=r"shape|expand"),
    bad("leaf x[0] = number", lambda T, F, x: x.__setitem__(0, 1.0), X, match="leaf"),
]

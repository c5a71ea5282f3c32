"""Tensors out of nothing: values, dtypes and shapes; random ones from the same seed with the same bits."""

from typing import Any

import numpy as np
from op_table import Bad, Row, bad, row

DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


def make(name: str, f: Any, **options: Any) -> Row:
    """f(T) compared in values, dtype and shape; there is nothing to differentiate."""
    return row(name, lambda T, F: f(T), **{"order": 0, "dtypes": ("float32",)} | options)


DATA: dict[str, Any] = {
    "0-d float": 2.5,
    "0-d int": 3,
    "0-d bool": True,
    "list": [1.0, 2.5],
    "ints": [1, 2, 3],
    "bools": [True, False],
    "mixed numbers": [1, 2.5, True],
    "nested": [[1, 2], [3, 4]],
    "tuple of tuples": ((1.0,), (2.0,)),
    "empty": [],
    "empty rows": [[], []],
    "deep": [[[1]], [[2]]],
    "large ints": [2**40, -(2**62)],
    "special": [float("nan"), float("inf"), -0.0],
    "float32 array": np.float32([[1, 2]]),
    "float64 array": np.float64([1.5]),
    "int8 array": np.int8([1, -1]),
    "bool array": np.array([True, False]),
    "array scalar": np.float32(1.5),
    "list of arrays": [np.float32([1, 2]), np.float32([3, 4])],
    "range": range(4),
}
ROWS: list[Row] = []
for title, data in DATA.items():
    ROWS.append(make(f"tensor: {title}", lambda T, d=data: T.tensor(d)))
    ROWS.append(make(f"as_tensor: {title}", lambda T, d=data: T.as_tensor(d)))
for dtype in DTYPES:
    ROWS += [
        make(f"tensor: as {dtype}", lambda T, d=dtype: T.tensor([0, 1, 2], dtype=getattr(T, d))),
        make(f"as_tensor: as {dtype}", lambda T, d=dtype: T.as_tensor([0.0, 1.0], dtype=getattr(T, d))),
        make(f"zeros: {dtype}", lambda T, d=dtype: T.zeros(2, 3, dtype=getattr(T, d))),
        make(f"ones: {dtype}", lambda T, d=dtype: T.ones((2, 3), dtype=getattr(T, d))),
        make(f"full: {dtype}", lambda T, d=dtype: T.full((2,), 1, dtype=getattr(T, d))),
        make(f"eye: {dtype}", lambda T, d=dtype: T.eye(3, dtype=getattr(T, d))),
        make(f"empty: {dtype}", lambda T, d=dtype: T.empty(0, 3, dtype=getattr(T, d))),
        make(f"zeros_like: {dtype}", lambda T, d=dtype: T.zeros_like(T.ones(2, 3), dtype=getattr(T, d))),
        make(f"ones_like of {dtype}", lambda T, d=dtype: T.ones_like(T.zeros(2, 3, dtype=getattr(T, d)))),
        make(f"full_like of {dtype}", lambda T, d=dtype: T.full_like(T.zeros(2, 3, dtype=getattr(T, d)), 1)),
        make(f"from_numpy: {dtype}", lambda T, d=dtype: T.from_numpy(np.ones((2, 3), d))),
    ]
    if dtype != "bool":
        ROWS.append(make(f"arange: {dtype}", lambda T, d=dtype: T.arange(5, dtype=getattr(T, d))))
for dtype in ("float16", "float32", "float64"):
    ROWS += [
        make(f"linspace: {dtype}", lambda T, d=dtype: T.linspace(-1, 2, 23, dtype=getattr(T, d))),
        make(f"rand: {dtype}", lambda T, d=dtype: T.rand(4, 9, dtype=getattr(T, d)), seeded=True),
        make(f"randn: {dtype}", lambda T, d=dtype: T.randn(4, 9, dtype=getattr(T, d)), seeded=True),
        make(f"randn: few, {dtype}", lambda T, d=dtype: T.randn(3, dtype=getattr(T, d)), seeded=True),
        make(f"rand_like: {dtype}", lambda T, d=dtype: T.rand_like(T.ones(5, dtype=getattr(T, d))), seeded=True),
        make(f"randn_like: {dtype}", lambda T, d=dtype: T.randn_like(T.ones(5, 4, dtype=getattr(T, d))), seeded=True),
    ]
ARANGES = (
    (5,),
    (2, 7),
    (2, 7, 2),
    (7, 2, -2),
    (0.5, 3),
    (0, 1, 0.1),
    (1, 2, 0.3),
    (3, 3),
    (5.0,),
    (-2, 2.5, 0.5),
    (0, -3, -0.7),
)
ROWS += [make(f"arange{given}", lambda T, g=given: T.arange(*g)) for given in ARANGES]
LINES = ((0, 1, 5), (3, 3, 4), (0, 1, 1), (0, 10, 100), (1, -1, 7), (-0.1, 0.7, 10), (0, 5, 0), (2, 3, 2))
ROWS += [make(f"linspace{given}", lambda T, g=given: T.linspace(*g)) for given in LINES]
ROWS += [
    make("zeros: 0-d", lambda T: T.zeros(())),
    make("zeros: no argument", lambda T: T.zeros([])),
    make("zeros: a list", lambda T: T.zeros([2, 0, 3])),
    make("ones: a size", lambda T: T.ones(T.zeros(2, 3).shape)),
    make("full: by a float", lambda T: T.full((2, 2), 1.5)),
    make("full: by an int", lambda T: T.full((2, 2), 3)),
    make("full: by a bool", lambda T: T.full((2,), True)),
    make("eye: rectangle", lambda T: (T.eye(2, 4), T.eye(4, 2), T.eye(0))),
    make("empty_like", lambda T: tuple(T.empty_like(T.ones(2, 3, dtype=T.int32)).shape)),
    make("empty: shape", lambda T: tuple(T.empty(2, 3).shape)),
    make("from_numpy: transposed", lambda T: T.from_numpy(np.arange(6.0).reshape(2, 3).T)),
    make("from_numpy: 0-d", lambda T: T.from_numpy(np.array(1.5))),
    make("tensor: of a tensor", lambda T: T.as_tensor(T.ones(2))),
    make("tensor: requires_grad", lambda T: T.tensor([1.0], requires_grad=True).requires_grad),
    make("ones: requires_grad", lambda T: (T.ones(2, requires_grad=True) * 2).detach()),
    make("randint", lambda T: T.randint(0, 10, (3, 4)), seeded=True),
    make("randint: high alone", lambda T: T.randint(7, (5,)), seeded=True),
    make("randint: dtype", lambda T: T.randint(0, 100, (3,), dtype=T.uint8), seeded=True),
    make("randint: wide", lambda T: T.randint(-(2**40), 2**40, (3,)), seeded=True),
    make("randperm", lambda T: T.randperm(11), seeded=True),
    make("randperm: dtype", lambda T: T.randperm(5, dtype=T.int32), seeded=True),
    make("rand: sizes", lambda T: (T.rand(()), T.rand(3), T.rand((2, 2)), T.randn([2]), T.rand(0)), seeded=True),
    make(
        "generator",
        lambda T: T.randn(4, generator=T.Generator(T.get_default_device()).manual_seed(3)),
        seeded=True,
    ),
    make("uniform_", lambda T: T.empty(7).uniform_(-0.3, 0.7), seeded=True),
    make("normal_", lambda T: (T.empty(7).normal_(1, 2), T.empty(5, 5).normal_()), seeded=True),
    row(
        "new_*",
        lambda T, F, x: (
            x.new_tensor([1, 2]),
            x.new_zeros(2, 3),
            x.new_ones((2,)),
            x.new_full((2,), 3),
            x.new_zeros(()),
        ),
        (2,),
        order=0,
        half=True,
        ints="int64 bool uint8",
    ),
    row("new_*: dtype", lambda T, F, x: (x.new_ones(2, dtype=T.int32), tuple(x.new_empty(2, 3).shape)), (2,), order=0),
    make("result_type", lambda T: [T.ones(1, dtype=T.result_type(T.ones(2, dtype=T.int8), n)) for n in (True, 2, 2.5)]),
    make("default dtype", lambda T: _with_default(T)),
    row("tensor keeps no history", lambda T, F, x: T.ones_like(x) * x + T.zeros_like(x) + T.full_like(x, 2), (2, 3)),
]


def _with_default(T: Any) -> Any:
    T.set_default_dtype(T.float64)
    try:
        return T.tensor([1.5]), T.zeros(2), T.tensor([1]), T.arange(2.0), T.tensor(3) / 2, T.full((1,), 0.5), T.eye(2)
    finally:
        T.set_default_dtype(T.float32)


BAD: list[Bad] = [
    bad("zeros: negative", lambda T, F: T.zeros(2, -1), match="negative"),
    bad("tensor: ragged", lambda T, F: T.tensor([[1, 2], [3]]), match="tensor"),
    bad("tensor: text", lambda T, F: T.tensor("abc"), match="tensor"),
    bad("tensor: list of texts", lambda T, F: T.tensor(["a"]), match="tensor"),
    bad("tensor: None", lambda T, F: T.tensor(None), match="tensor"),
    bad("tensor: integer with gradient", lambda T, F: T.tensor([1], requires_grad=True), match="floating"),
    bad("arange: step 0", lambda T, F: T.arange(0, 3, 0), match="step"),
    bad("arange: wrong direction", lambda T, F: T.arange(0, 3, -1), match="arange"),
    bad("linspace: negative steps", lambda T, F: T.linspace(0, 1, -1), match="steps"),
    bad("from_numpy: a list", lambda T, F: T.from_numpy([1.0]), match="from_numpy"),
    bad("from_numpy: negative strides", lambda T, F: T.from_numpy(np.arange(3.0)[::-1]), match="negative"),
    bad("eye: negative", lambda T, F: T.eye(-1), match="eye"),
    bad("randint: empty range", lambda T, F: T.randint(3, 3, (2,)), match="randint"),
    bad("randperm: negative", lambda T, F: T.randperm(-1), match="randperm"),
    bad("rand: ints", lambda T, F: T.rand(2, dtype=T.int64), match="rand|uniform"),
    bad("uniform_: order", lambda T, F: T.empty(2).uniform_(1, 0), match="uniform_"),
    bad("normal_: std", lambda T, F: T.empty(2).normal_(0, -1), match="normal"),
    bad("full: a list", lambda T, F: T.full((2,), [1]), match="a number is needed"),
    bad("zeros: text", lambda T, F: T.zeros("a"), match="ints, not str"),
]

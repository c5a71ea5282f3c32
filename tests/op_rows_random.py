"""Random numbers: in place, by chances, of means and deviations, within bounds. From the same seed the same bits."""

from typing import Any

import numpy as np
from op_table import Bad, Row, bad, between, both, const, method, pos, row, vals

X = (3, 5)


def drawn(name: str, f: Any, dtypes: tuple[str, ...] = ("float32",), **options: Any) -> Row:
    """f(T, a tensor of the dtype to fill)."""
    return row(name, lambda T, F, x: f(T, x * 0), (4, 9), order=0, dtypes=dtypes, seeded=True, zero=(0,), **options)


FLOATS = ("float16", "float32", "float64")
ALL = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "bool")
ROWS: list[Row] = [
    drawn("uniform_", lambda T, x: x.uniform_(-0.3, 0.7), dtypes=FLOATS),
    drawn("uniform_: transposed", lambda T, x: x.t().uniform_(), dtypes=FLOATS),
    drawn("uniform_: part", lambda T, x: (x[:, ::2].uniform_(), x)[1], dtypes=FLOATS),
    drawn("normal_", lambda T, x: x.normal_(1, 2), dtypes=FLOATS),
    drawn("normal_: transposed", lambda T, x: x.t().normal_(1, 2), dtypes=FLOATS),
    drawn("normal_: part", lambda T, x: (x[:, ::2].normal_(), x)[1], dtypes=FLOATS),
    drawn("exponential_", lambda T, x: x.exponential_(), dtypes=FLOATS),
    drawn("exponential_: rate", lambda T, x: x.exponential_(2.5), dtypes=FLOATS),
    drawn("exponential_: transposed", lambda T, x: x.t().exponential_(0.3), dtypes=FLOATS),
    drawn("random_", lambda T, x: x.random_(), dtypes=ALL),
    drawn("random_: to", lambda T, x: x.random_(2), dtypes=ALL),
    drawn("random_: from, to", lambda T, x: x.random_(0, 2), dtypes=ALL),
    drawn("random_: negative", lambda T, x: x.random_(-100, 100), dtypes=(*FLOATS, "int8", "int64")),
    drawn("random_: from alone", lambda T, x: x.random_(1, None), dtypes=ALL),
    drawn("random_: transposed", lambda T, x: x.t().random_(100), dtypes=("float32", "int64")),
    drawn("random_: wide", lambda T, x: x.random_(-5, 2**40), dtypes=("float32", "float64", "int64")),
    drawn("random_: everything", lambda T, x: x.random_(-(2**63), None), dtypes=("int64",), strided=False),
    drawn("bernoulli_", lambda T, x: x.bernoulli_(), dtypes=ALL),
    drawn("bernoulli_: p", lambda T, x: x.bernoulli_(0.3), dtypes=ALL),
    drawn("bernoulli_: transposed", lambda T, x: x.t().bernoulli_(0.3), dtypes=ALL),
    drawn("bernoulli_: chances", lambda T, x: x.bernoulli_(T.linspace(0, 1, 9)), dtypes=ALL),
    drawn("bernoulli_: float64 chances", lambda T, x: x.bernoulli_(T.linspace(0, 1, 9).double()), dtypes=ALL),
    drawn("bernoulli_: transposed chances", lambda T, x: x.t().bernoulli_(T.linspace(0, 1, 4))),
    both("bernoulli", [between(X, 0, 1)], seeded=True, order=1, half=True),
    row("bernoulli: transposed", lambda T, F, x: T.bernoulli(x.t()), between(X, 0, 1), seeded=True, order=0),
    drawn("bernoulli: p", lambda T, x: (T.bernoulli(x, 0.3), x.bernoulli(0.7))[0], dtypes=ALL),
    drawn("bernoulli: p, transposed", lambda T, x: T.bernoulli(x.t(), 0.3)),
    both("multinomial", [const(pos((6,)))], 10, True, seeded=True, order=0),
    both("multinomial", [const(pos((4, 6)))], 10, True, seeded=True, order=0, half=True),
    row(
        "multinomial: weights of 0",
        lambda T, F, w: T.multinomial(w, 50, True),
        vals([0.0, 2, 0, 1, 0]),
        order=0,
        seeded=True,
    ),
    row(
        "normal: means",
        lambda T, F, m: (T.normal(m, 2.0), T.normal(m), T.normal(mean=m, std=0)),
        X,
        seeded=True,
        order=1,
        half=True,
    ),
    row(
        "normal: deviations", lambda T, F, s: (T.normal(1.5, s), T.normal(mean=-2, std=s)), pos(X), seeded=True, order=1
    ),
    row("normal: both", lambda T, F, m, s: T.normal(m, s), X, pos((5,)), seeded=True, order=1, half=True),
    row("normal: both, many", lambda T, F, m, s: T.normal(m, s), (7, 1), pos((1, 9)), seeded=True, order=1),
    row("normal: two dtypes", lambda T, F, m, s: T.normal(m, s.double()), X, pos(X), seeded=True, order=0),
    row(
        "normal: numbers",
        lambda T, F: (T.normal(1.0, 2.0, (3,)), T.normal(0, 1, (5, 5)), T.normal(2.0, 3.0, size=(1,), dtype=T.float64)),
        order=0,
        seeded=True,
    ),
    *(
        row(
            f"randint: {name}",
            lambda T, F, name=name: (T.randint(0, 2, (20,), dtype=getattr(T, name)), T.randint(0, 1, (3,))),
            order=0,
            dtypes=("float32",),
            seeded=True,
        )
        for name in ALL
    ),
    row("randint: whole int64", lambda T, F: T.randint(-(2**63), 2**63 - 1, (20,)), order=0, seeded=True),
    row(
        "randint: floats' bounds",
        lambda T, F: [T.randint(-(2**n) - 1, 2**n + 1, (20,), dtype=T.float32) for n in (23, 24, 25, 30)],
        order=0,
        seeded=True,
    ),
    row("randint_like", lambda T, F, x: (T.randint_like(x, 5), T.randint_like(x, -3, 9)), X, order=0, seeded=True),
    row("*_like: generator", lambda T, F, x: _with_generators(T, x), X, order=0, seeded=True),
    both("multinomial", [const(pos((6,)))], 1, seeded=True, order=0),
    both("multinomial", [const(pos((4, 6)))], 6, seeded=True, order=0),
    method("multinomial", [const(pos((5, 40)))], 7, label="multinomial: some of many", seeded=True, order=0),
    row("get_rng_state", lambda T, F: (T.rand(3), T.randn(3), T.get_rng_state()), order=0, seeded=True),
    row("set_rng_state", lambda T, F: _again(T), order=0, seeded=True),
]


def _with_generators(T: Any, x: Any) -> Any:
    """Every function that draws takes a generator."""
    g = T.Generator(T.get_default_device()).manual_seed(7)
    return [
        T.rand_like(x, generator=g),
        T.randn_like(x, generator=g),
        T.randint_like(x, 9, generator=g),
        T.rand(3, generator=g),
        T.randn(17, generator=g),
        T.randint(0, 9, (3,), generator=g),
        T.randperm(5, generator=g),
        T.normal(x.detach(), 2.0, generator=g),
        T.normal(0.0, 1.0, (2,), generator=g),
        T.bernoulli(T.full((20,), 0.5), generator=g),
        T.multinomial(T.ones(5), 9, True, generator=g),
        T.empty(3).uniform_(generator=g),
        T.empty(3).normal_(generator=g),
        T.empty(3).random_(generator=g),
        T.empty(3).random_(9, generator=g),
        T.empty(20).bernoulli_(T.full((20,), 0.5), generator=g),
        T.empty(3).exponential_(generator=g),
        T.multinomial(T.ones(5), 3, generator=g),
        T.empty(3).bernoulli_(0.5, generator=g),
    ]


def _again(T: Any) -> Any:
    state = T.get_rng_state()
    first = T.randn(3)
    T.set_rng_state(state)
    return first, T.randn(3), T.rand(2)


BAD: list[Bad] = [
    bad("exponential_: rate", lambda T, F: T.empty(2).exponential_(-1), match=r"lambd \(=-1\)"),
    bad("exponential_: rate 0", lambda T, F: T.empty(2).exponential_(0), match="lambd"),
    bad("exponential_: NaN", lambda T, F: T.empty(2).exponential_(float("nan")), match="lambd"),
    bad("exponential_: ints", lambda T, F: T.zeros(2, dtype=T.int64).exponential_(), match=r"dtype \(=int64\)"),
    bad("exponential_: leaf", lambda T, F, x: x.exponential_(), X, match="leaf"),
    bad("bernoulli_: p", lambda T, F: T.empty(2).bernoulli_(2), match=r"p \(=2\)"),
    bad("bernoulli_: chances", lambda T, F: T.empty(2).bernoulli_(T.tensor([2.0, 0.0])), match="bernoulli"),
    bad("bernoulli_: int chances", lambda T, F: T.empty(2).bernoulli_(T.tensor([1, 0])), match="int64"),
    bad("bernoulli_: shape", lambda T, F: T.empty(3).bernoulli_(T.ones(2, 3)), match=r"p \(=shape \[2, 3\]\)"),
    bad("bernoulli: chances", lambda T, F: T.bernoulli(T.tensor([2.0])), match="bernoulli"),
    bad("bernoulli: ints", lambda T, F: T.bernoulli(T.tensor([1, 0])), match="int64"),
    bad("bernoulli: p", lambda T, F, x: T.bernoulli(x, 1.5), X, match=r"p \(=1.5\)"),
    bad("multinomial: none", lambda T, F: T.multinomial(T.ones(3), 0), match=r"num_samples \(=0\)"),
    bad("multinomial: too many", lambda T, F: T.multinomial(T.ones(3), 4), match=r"num_samples \(=4\)"),
    bad("multinomial: ints", lambda T, F: T.multinomial(T.ones(3, dtype=T.int64), 1), match="int64"),
    bad("multinomial: 0-d", lambda T, F: T.multinomial(T.tensor(1.0), 1), match="ndim"),
    bad("multinomial: 3-d", lambda T, F: T.multinomial(T.ones(2, 2, 2), 1), match="ndim"),
    bad("multinomial: zeros", lambda T, F: T.multinomial(T.zeros(3), 1), match="a row of zeros"),
    bad("multinomial: zeros, replacement", lambda T, F: T.multinomial(T.zeros(3), 2, True), match="zeros"),
    bad("multinomial: negative", lambda T, F: T.multinomial(T.tensor([-1.0, 2]), 1), match="element < 0"),
    bad("multinomial: NaN", lambda T, F: T.multinomial(T.tensor([float("nan"), 2]), 2, True), match="nan"),
    bad("multinomial: no weights", lambda T, F: T.multinomial(T.ones(3, 0), 2, True), match="multinomial"),
    bad("multinomial: num_samples", lambda T, F: T.multinomial(T.ones(3), 1.5), match="num_samples"),
    bad("normal: std", lambda T, F: T.normal(T.zeros(3), -1.0), match=r"std \(=-1.0\)"),
    bad("normal: stds", lambda T, F: T.normal(0.0, T.tensor([-1.0])), match="std"),
    bad("normal: shapes", lambda T, F: T.normal(T.zeros(3), T.ones(2)), match="normal"),
    bad("normal: ints", lambda T, F: T.normal(T.zeros(3, dtype=T.int64), 1.0), match="int64"),
    bad("normal: no size", lambda T, F: T.normal(0.0, 1.0), match="size"),
    bad("normal: numbers' std", lambda T, F: T.normal(0.0, -1.0, (2,)), match="std"),
    bad("randint: too large", lambda T, F: T.randint(0, 300, (2,), dtype=T.uint8), match=r"high - 1 \(=299\)"),
    bad("randint: too small", lambda T, F: T.randint(-1, 3, (2,), dtype=T.uint8), match=r"low \(=-1\)"),
    bad("randint: bool", lambda T, F: T.randint(0, 3, (2,), dtype=T.bool), match="bool"),
    bad("randint: half", lambda T, F: T.randint(0, 70000, (2,), dtype=T.float16), match="float16"),
    bad("randint: float", lambda T, F: T.randint(0.5, 2, (1,)), match="low"),
    bad("random_: order", lambda T, F: T.empty(2).random_(5, 5), match=r"low \(=5\)"),
    bad("random_: 0", lambda T, F: T.empty(2).random_(0), match="random_"),
    bad("random_: bounds", lambda T, F: T.zeros(2, dtype=T.int8).random_(-200, 3), match=r"low \(=-200\)"),
    bad("random_: a float", lambda T, F: T.empty(2).random_(1.5), match="ints"),
    bad("set_rng_state: floats", lambda T, F: T.set_rng_state(T.zeros(3)), match="uint8"),
    bad("set_rng_state: size", lambda T, F: T.set_rng_state(T.zeros(3, dtype=T.uint8)), match="5056"),
    bad("set_rng_state: a list", lambda T, F: T.set_rng_state(np.zeros(5056, np.uint8)), match="uint8"),
]

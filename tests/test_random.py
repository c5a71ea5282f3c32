"""PyTorch's CPU random streams: every number equal to torch's bit for bit, and what makes a generator a generator."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet import Tensor, random
from scratchnet.kernels.cpu.largest import largest
from scratchnet.nn.init import trunc_normal_

SEEDS = (0, 1, 777, -1, 2**40 + 3, 2**64 - 1)
SIZES = (*range(41), 999, 1000)
BOUNDS = ((-1 / 3, 1 / 5), (-0.05, 0.05), (0.0, 7.0), (-1.0, 1.0), (2.0, 2.0), (-1e-3, 1e3))
RANGES = (
    (0, 2),
    (0, 10),
    (-3, 4),
    (5, 6),
    (0, 2**28 - 1),
    (0, 2**28),
    (-7, 2**28 - 6),
    (0, 2**32),
    (-(2**63), 2**63 - 1),
)
DTYPES = ("float16", "float32", "float64")


def torch_dtype(name: str) -> Any:
    return getattr(torch, name)


def rule_uniform(n: int, dtype: str) -> tuple[Any, Any]:
    return random.uniform(n, dtype=dtype), torch.rand(n, dtype=torch_dtype(dtype))


def rule_uniform_between(n: int, dtype: str) -> tuple[Any, Any]:
    pairs = [
        (random.uniform(n, low, high, dtype), torch.empty(n, dtype=torch_dtype(dtype)).uniform_(low, high))
        for low, high in BOUNDS
    ]
    return np.concatenate([a for a, _ in pairs]), torch.cat([b for _, b in pairs])


def rule_normal(n: int, dtype: str) -> tuple[Any, Any]:
    return random.normal(n, dtype=dtype), torch.randn(n, dtype=torch_dtype(dtype))


def rule_normal_scaled(n: int, dtype: str) -> tuple[Any, Any]:
    ours = random.normal((n, 1), 0.3, 1.7, dtype)
    return ours, torch.empty((n, 1), dtype=torch_dtype(dtype)).normal_(0.3, 1.7)


def rule_normal_pairs(n: int, dtype: str) -> tuple[Any, Any]:
    """Normals one by one, as into memory with gaps: the way of fewer than 16 numbers, for any count."""
    theirs = torch.empty((n, 2), dtype=torch_dtype(dtype))[:, 1].normal_(-0.4, 2.3)
    return random.normal(n, -0.4, 2.3, dtype, blocks=False), theirs


def rule_bernoulli(n: int, dtype: str) -> tuple[Any, Any]:
    p = np.linspace(0, 1, n).astype(dtype)
    return random.bernoulli(p).astype(dtype), torch.bernoulli(torch.from_numpy(p))


def rule_integers(n: int, dtype: str) -> tuple[Any, Any]:
    pairs = [(random.integers(low, high, n), torch.randint(low, high, (n,))) for low, high in RANGES]
    return np.concatenate([a for a, _ in pairs]), torch.cat([b for _, b in pairs])


def rule_permutation(n: int, dtype: str) -> tuple[Any, Any]:
    return random.permutation(n), torch.randperm(n)


def rule_keep(n: int, dtype: str) -> tuple[Any, Any]:
    return random.bernoulli_keep(n, 0.3), torch.empty(n, dtype=torch.bool).bernoulli_(0.3)


def rule_exponential(n: int, dtype: str) -> tuple[Any, Any]:
    return random.exponential(n, 1.5, dtype), torch.empty(n, dtype=torch_dtype(dtype)).exponential_(1.5)


def rule_choices(n: int, dtype: str) -> tuple[Any, Any]:
    """multinomial with replacement."""
    p = np.linspace(0.1, 1, 37).astype(dtype)
    return random.multinomial(p, n + 1, True), torch.multinomial(torch.from_numpy(p), n + 1, True)


def rule_sample(n: int, dtype: str) -> tuple[Any, Any]:
    """multinomial without replacement: half of n weights."""
    p = np.linspace(0.1, 1, n + 1).astype(dtype)
    return random.multinomial(p, n // 2 + 1), torch.multinomial(torch.from_numpy(p), n // 2 + 1)


def rule_range(n: int, dtype: str) -> tuple[Any, Any]:
    """random_() in a floating-point dtype."""
    return random.full_range(n, dtype), torch.empty(n, dtype=torch_dtype(dtype)).random_()


def rule_truncated(n: int, dtype: str) -> tuple[Any, Any]:
    """nn.init.trunc_normal_: normals drawn again where they fall outside."""
    ours, theirs = Tensor(np.empty(n, dtype)), torch.empty(n, dtype=torch_dtype(dtype))
    return trunc_normal_(ours, 0.1, 0.5, -0.6, 0.9).numpy(), torch.nn.init.trunc_normal_(theirs, 0.1, 0.5, -0.6, 0.9)


def rule_words(n: int, dtype: str) -> tuple[Any, Any]:
    """random_() in the integer dtypes and bool."""
    pairs = [
        (random.full_range(n, name), torch.empty(n, dtype=torch_dtype(name)).random_())
        for name in ("uint8", "int8", "int16", "int32", "int64", "bool")
    ]
    return np.concatenate([a.astype(np.int64) for a, _ in pairs]), torch.cat([b.long() for _, b in pairs])


def rule_seed(n: int, dtype: str) -> tuple[Any, Any]:
    ours = np.array([random.random_seed64() for _ in range(3)])
    return ours, torch.stack([torch.empty((), dtype=torch.int64).random_() for _ in range(3)])


FLOAT_RULES = (rule_uniform, rule_uniform_between, rule_normal, rule_normal_scaled, rule_bernoulli, rule_exponential)
FLOAT_RULES += (rule_normal_pairs, rule_choices, rule_sample, rule_range, rule_truncated)
WORD_RULES = (rule_integers, rule_permutation, rule_keep, rule_seed, rule_words)
# Without AVX2 torch takes the C library's log and sine.
SAME_NORMALS = torch is not None and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
CASES = [(rule, dtype) for rule in FLOAT_RULES for dtype in DTYPES] + [(rule, "") for rule in WORD_RULES]


def assert_equal_bits(rule: Callable[..., tuple[Any, Any]], n: int, dtype: str) -> None:
    ours, theirs = rule(n, dtype)
    theirs = theirs.numpy()
    if rule in (rule_normal, rule_normal_scaled, rule_truncated) and not SAME_NORMALS:
        np.testing.assert_allclose(ours, theirs, rtol=1e-2 if dtype == "float16" else 1e-5, atol=1e-5)
        return
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs, err_msg=f"n={n}")


@needs_torch
@pytest.mark.parametrize(("rule", "dtype"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_every_number_is_torchs(rule: Callable[..., tuple[Any, Any]], dtype: str) -> None:
    for seed in SEEDS:
        torch.manual_seed(seed)
        random.manual_seed(seed)
        for n in SIZES:
            assert_equal_bits(rule, n, dtype)
        np.testing.assert_array_equal(random.get_state(), torch.get_rng_state().numpy())


@needs_torch
@pytest.mark.parametrize(("rule", "dtype"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_a_million_numbers_are_torchs(rule: Callable[..., tuple[Any, Any]], dtype: str) -> None:
    several = {rule_uniform_between: 6, rule_integers: 9, rule_words: 6}  # that many times n numbers
    n = 10**6 // several.get(rule, 1) + 9  # an odd number, which leaves a ragged block of normals
    torch.manual_seed(5)
    random.manual_seed(5)
    assert_equal_bits(rule, n, dtype)


@needs_torch
def test_twenty_bounds() -> None:
    bounds = np.random.default_rng(0).normal(size=(20, 2)) * 10.0 ** np.arange(-10, 10)[:, None]
    for low, high in np.sort(bounds, axis=1).tolist():
        for dtype in DTYPES[1:]:
            torch.manual_seed(3)
            random.manual_seed(3)
            theirs = torch.empty(10**5, dtype=torch_dtype(dtype)).uniform_(low, high)
            np.testing.assert_array_equal(
                random.uniform(10**5, low, high, dtype), theirs.numpy(), err_msg=f"{low} {high}"
            )


@needs_torch
def test_twenty_bounds_of_integers() -> None:
    draw = np.random.default_rng(1)
    for exponent in range(3, 63, 3):
        low, high = sorted(int(n) for n in draw.integers(-(2**exponent), 2**exponent, 2))
        torch.manual_seed(3)
        random.manual_seed(3)
        theirs = torch.randint(low, high + 1, (10**5,))
        np.testing.assert_array_equal(random.integers(low, high + 1, 10**5), theirs.numpy(), err_msg=f"{low} {high}")


@needs_torch
def test_twenty_rates_of_exponential_numbers() -> None:
    for rate in 10.0 ** np.arange(-10, 10):
        for dtype in DTYPES[1:]:
            torch.manual_seed(3)
            random.manual_seed(3)
            theirs = torch.empty(50_001, dtype=torch_dtype(dtype)).exponential_(rate)
            np.testing.assert_array_equal(random.exponential(50_001, rate, dtype), theirs.numpy(), err_msg=str(rate))


@needs_torch
@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
def test_twenty_intervals_of_truncated_normals() -> None:
    """Both ways of drawing: normals again and again, and uniform numbers accepted by their density."""
    for low in np.linspace(-3, 2.5, 20):
        torch.manual_seed(4)
        random.manual_seed(4)
        theirs = torch.nn.init.trunc_normal_(torch.empty(50_001), 0.0, 1.0, low, low + 0.6)
        ours = trunc_normal_(Tensor(np.empty(50_001, np.float32)), 0.0, 1.0, low, low + 0.6)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=0 if SAME_NORMALS else 1e-4, err_msg=str(low))


def test_fork_rng_leaves_the_stream_alone() -> None:
    random.manual_seed(5)
    with random.fork_rng():
        first = random.normal(7)
        random.manual_seed(9)
    np.testing.assert_array_equal(random.normal(7), first)
    random.manual_seed(5)
    with pytest.raises(KeyError), random.fork_rng():
        random.uniform(3)
        raise KeyError
    np.testing.assert_array_equal(random.normal(7), first)
    random.manual_seed(5)
    with random.fork_rng(enabled=False):
        np.testing.assert_array_equal(random.normal(7), first)
    assert not np.array_equal(random.normal(7), first)


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_twenty_chances(dtype: str) -> None:
    """Tensor.bernoulli_(p) and dropout, a million numbers each."""
    for p in np.linspace(0, 1, 20).tolist():
        torch.manual_seed(11)
        random.manual_seed(11)
        theirs = torch.empty(50_001, dtype=torch_dtype(dtype)).bernoulli_(p)
        ours = sn.empty(50_001, dtype=getattr(sn, dtype)).bernoulli_(p)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=str(p))
        x = np.linspace(-3, 3, 50_001).astype(dtype)
        theirs = torch.nn.functional.dropout(torch.from_numpy(x), p)
        np.testing.assert_array_equal(sn.nn.functional.dropout(Tensor(x), p).numpy(), theirs.numpy(), err_msg=str(p))


@needs_torch
@pytest.mark.skipif(not SAME_NORMALS, reason="torch computes normals without AVX2 on this CPU")
def test_twenty_means_and_deviations() -> None:
    numbers = np.random.default_rng(2).normal(size=(20, 2)) * 10.0 ** np.arange(-10, 10)[:, None]
    for mean, std in zip(numbers[:, 0].tolist(), np.abs(numbers[:, 1]).tolist(), strict=True):
        for dtype in DTYPES:
            torch.manual_seed(3)
            random.manual_seed(3)
            theirs = torch.empty(50_001, dtype=torch_dtype(dtype)).normal_(mean, std)
            with np.errstate(over="ignore"):  # float16's infinity
                ours = random.normal(50_001, mean, std, dtype)
            np.testing.assert_array_equal(ours, theirs.numpy(), err_msg=f"{mean} {std} {dtype}")


@needs_torch
@pytest.mark.parametrize("replacement", [False, True])
def test_a_million_draws_of_small_multinomials(replacement: bool) -> None:
    """Rows with weights of 0 and equal weights, in each dtype."""
    weights = np.random.default_rng(3).integers(0, 4, (50_000, 30)) + np.eye(30)[0]
    weights[:, :20] += 1
    for dtype in DTYPES:
        torch.manual_seed(8)
        random.manual_seed(8)
        theirs = torch.multinomial(torch.from_numpy(weights.astype(dtype)), 20, replacement)
        np.testing.assert_array_equal(random.multinomial(weights.astype(dtype), 20, replacement), theirs.numpy())


@needs_torch
@pytest.mark.parametrize("levels", [1, 2, 5, 100])
def test_the_largest_of_equal_numbers_are_topks(levels: int) -> None:
    """Lines of every length, ordered ones and NaN among them: each way that the C++ library sorts them."""
    draw = np.random.default_rng(levels)
    for n in (*range(1, 40), 200, 1000, 5000):
        x = draw.integers(0, levels, (4, n)).astype(np.float32)
        x[1].sort()
        x[2] = x[1, ::-1]
        x[3, :: levels + 2] = np.nan
        for k in {1, (n + 63) // 64, n // 2 + 1, n}:
            np.testing.assert_array_equal(
                largest(x, k), torch.from_numpy(x).topk(k).indices.numpy(), err_msg=f"{n} {k}"
            )


MILLION: list[tuple[str, Callable[[Any, Any, Any], Any]]] = [
    ("normal of means", lambda T, F, x: T.normal(x, 2.5)),
    ("normal of deviations", lambda T, F, x: T.normal(1.5, x.abs())),
    ("normal of both", lambda T, F, x: T.normal(x, x.abs())),
    ("bernoulli", lambda T, F, x: T.bernoulli(x.abs() / 7)),
    ("randint_like", lambda T, F, x: T.randint_like(x, 1000)),
    ("uniform_, transposed", lambda T, F, x: x.t().uniform_(-1, 3)),
    ("exponential_, transposed", lambda T, F, x: x.t().exponential_(2.0)),
    ("dropout, transposed", lambda T, F, x: F.dropout(x.t(), 0.3)),
    ("dropout1d", lambda T, F, x: F.dropout1d(x.reshape(1001, 333, 3), 0.3)),
    ("alpha_dropout", lambda T, F, x: F.alpha_dropout(x, 0.3, training=True)),
    ("feature_alpha_dropout", lambda T, F, x: F.feature_alpha_dropout(x.reshape(1001, 333, 3), 0.3, training=True)),
    ("rrelu", lambda T, F, x: F.rrelu(x if x.dtype != T.float16 else x.float(), 0.1, 0.3, training=True)),
]


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "draw"), MILLION, ids=[name for name, _ in MILLION])
def test_a_million_numbers_by_other_names(name: str, draw: Callable[[Any, Any, Any], Any], dtype: str) -> None:
    if name.startswith("normal") and not SAME_NORMALS:
        pytest.skip("torch computes normals without AVX2 on this CPU")
    found = []
    for lib in (sn, torch):
        x = lib.linspace(-6, 6, 1001 * 999).reshape(1001, 999).to(getattr(lib, dtype))
        lib.manual_seed(4)
        found += [draw(lib, lib.nn.functional, x).numpy(), lib.rand(3).tolist()]
    np.testing.assert_array_equal(found[0], found[2])
    assert found[1] == found[3]


@needs_torch
def test_samplers_and_splits_of_a_million() -> None:
    """random_split, shuffling, drawing with and without replacement, by weights: the same positions in each."""
    n, found = 10**6 + 9, []
    for lib, data in ((sn, sn.data), (torch, torch.utils.data)):
        lib.manual_seed(6)
        parts = data.random_split(range(n), [0.2, 0.5, 0.3])
        orders = [part.indices for part in parts]
        orders.append(list(data.RandomSampler(range(n))))
        orders.append(list(data.RandomSampler(range(n), num_samples=n + 5)))
        orders.append(list(data.RandomSampler(range(n), replacement=True)))
        orders.append(list(data.SubsetRandomSampler(range(n))))
        for replacement in (False, True):
            orders.append(list(data.WeightedRandomSampler(range(1, n), n // 2, replacement)))
        found.append([[int(i) for i in order] for order in orders])
    for ours, theirs in zip(*found, strict=True):
        assert ours == theirs


@needs_torch
@pytest.mark.skipif(not SAME_NORMALS, reason="torch computes normals without AVX2 on this CPU")
def test_the_second_normal_of_a_pair_waits_on_the_generator() -> None:
    torch.manual_seed(1)
    random.manual_seed(1)
    for n in (1, 20, 3, 16, 2):
        np.testing.assert_array_equal(random.normal(n), torch.randn(n).numpy())
    torch.manual_seed(1)
    random.manual_seed(1)  # forgets the waiting one
    np.testing.assert_array_equal(random.normal(1), torch.randn(1).numpy())


@needs_torch
def test_states_travel_both_ways() -> None:
    random.manual_seed(9)
    torch.random.set_rng_state(torch.from_numpy(random.get_rng_state().numpy()))
    np.testing.assert_array_equal(random.normal(3), torch.randn(3).numpy())
    random.set_rng_state(Tensor(torch.random.get_rng_state().numpy()))
    np.testing.assert_array_equal(random.normal(2), torch.randn(2).numpy())
    ours, theirs = random.Generator().manual_seed(9), torch.Generator().manual_seed(9)
    for n in (0, 1, 700, 623, 5):
        random.uniform(n, generator=ours)
        random.normal(n % 3, generator=ours)
        torch.rand(n, generator=theirs)
        torch.randn(n % 3, generator=theirs)
        np.testing.assert_array_equal(ours.get_state(), theirs.get_state().numpy())
    other = random.Generator().set_state(theirs.get_state().numpy())
    theirs.set_state(torch.from_numpy(ours.get_state()))
    np.testing.assert_array_equal(random.normal(3, generator=other), torch.randn(3, generator=theirs).numpy())
    assert other.initial_seed() == 9


@needs_torch
@pytest.mark.parametrize("seed", [0, 5, -1, -(2**63), 2**64 - 1, True, 3.0, "17"])
def test_initial_seed(seed: Any) -> None:
    torch.manual_seed(seed)
    assert random.manual_seed(seed) is random.default_generator
    assert random.initial_seed() == torch.initial_seed()
    assert random.Generator().initial_seed() == torch.Generator().initial_seed()


def test_known_numbers() -> None:
    """The first numbers of torch.manual_seed(0): these hold where torch isn't installed."""
    random.manual_seed(0)
    np.testing.assert_array_equal(
        random.uniform(3), np.float32([0.49625658988952637, 0.7682217955589294, 0.08847743272781372])
    )
    assert random.permutation(5, random.Generator().manual_seed(0)).tolist() == [4, 0, 1, 3, 2]


def test_generators_are_independent_and_copy() -> None:
    a, b = random.Generator().manual_seed(2), random.Generator().manual_seed(2)
    first = random.normal(3, generator=a)
    random.uniform(100)
    np.testing.assert_array_equal(first, random.normal(3, generator=b))
    for twin in (copy.deepcopy(a), pickle.loads(pickle.dumps(a)), a.clone_state()):
        state = a.get_state()
        np.testing.assert_array_equal(random.normal(3, generator=twin), random.normal(3, generator=a))
        a.set_state(state)


@needs_torch
def test_the_module_has_torchs_names() -> None:
    for name in (
        "Generator default_generator fork_rng get_rng_state initial_seed manual_seed seed set_rng_state"
    ).split():
        assert hasattr(torch.random, name)
        assert hasattr(random, name)
    assert sn.get_rng_state is random.get_rng_state
    assert isinstance(random.get_rng_state(), Tensor)


def test_seed_is_fresh() -> None:
    assert random.seed() != random.seed()
    assert random.initial_seed() < 2**53


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: random.Generator("xpu"), RuntimeError, r"device \(=xpu\)"),
    (
        lambda: random.Generator().manual_seed(1.5),
        RuntimeError,
        r"manual_seed: seed \(=1.5\) expected a long, but got float",
    ),
    (lambda: random.Generator().manual_seed(2**64), ValueError, r"seed \(=18446744073709551616\) must be in"),
    (lambda: random.manual_seed("a"), ValueError, "invalid literal for int"),
    (lambda: random.uniform(3, 2, 1), RuntimeError, r"uniform_: from \(=2\) expects .* but to is 1"),
    (lambda: random.uniform(3, -3e38, 3e38), RuntimeError, r"uniform_: to \(=3e\+38\) is too far above"),
    (lambda: random.uniform((2, -1)), RuntimeError, r"size \(=\[2, -1\]\) must not be negative"),
    (lambda: random.uniform(3, dtype=np.int64), NotImplementedError, r"dtype \(=int64\)"),
    (lambda: random.normal(3, 0, -1), RuntimeError, r"normal: std \(=-1\) must be at least 0"),
    (lambda: random.normal(3, 0, float("nan")), RuntimeError, r"std \(=nan\)"),
    (lambda: random.permutation(-1), RuntimeError, r"randperm: n \(=-1\) must be non-negative"),
    (lambda: random.integers(5, 5, 2), RuntimeError, r"randint: low \(=5\) must be less than high \(=5\)"),
    (lambda: random.bernoulli_keep(3, 2.0), RuntimeError, r"p \(=2.0\) must be in \[0, 1\]"),
    (lambda: random.bernoulli(np.array([1.5])), RuntimeError, r"must be in \[0, 1\]"),
    (lambda: random.bernoulli(np.array([1])), NotImplementedError, r"bernoulli: dtype \(=int64\)"),
    (lambda: random.set_state(np.zeros(3, np.uint8)), RuntimeError, r"set_state: state \(=3 bytes\)"),
    (lambda: random.set_state(np.zeros(5056, np.uint8)), RuntimeError, "Invalid mt19937 state"),
    (lambda: random.set_state(np.zeros(5056)), TypeError, "must hold bytes"),
    (lambda: random.set_rng_state(np.zeros(5056, np.uint8)), TypeError, "RNG state must be a uint8 tensor"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=[text for _, _, text in ERRORS])
def test_bad_input(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    state = random.get_state()
    with pytest.raises(kind, match=text):
        call()
    np.testing.assert_array_equal(random.get_state(), state)

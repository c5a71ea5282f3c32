"""GPU random numbers: Philox's known answers, the distributions' shapes, streams and their states, dropout."""

import math
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import philox_twin as twin
import pytest
from emulation import cupy, engine

import scratchnet as sn
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

pytestmark = pytest.mark.emulated
F = sn.nn.functional
STREAM = (1234, 8)
N = 40_000


@pytest.fixture(autouse=True)
def stand_in() -> Iterator[None]:
    before = driver.use(cupy)
    sn.manual_seed(0)
    yield
    driver.use(before)


# The vectors of the authors' library Random123, philox4x32 with 10 rounds.
ONES = (1 << 64) - 1
KNOWN = [
    ((0, 0), 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONES, ONES), ONES, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ((0x299F31D0A4093822, 0x0370734413198A2E), 0x85A308D3243F6A88, "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("stream", "counter", "answer"), KNOWN)
@pytest.mark.parametrize("order", engine.ORDERS)
def test_known_answers(stream: tuple[int, int], counter: int, answer: str, order: str) -> None:
    with engine.ordered(order):
        found = cuda.random.words(2, stream, counter).get().view(np.uint32).tolist()
    assert [f"{word:08x}" for word in found] == answer.split()
    assert [f"{word:08x}" for word in twin.words(1, stream, counter)[0].tolist()] == answer.split()


def test_numbers_do_not_depend_on_the_grid_and_begin_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(n: int) -> list[Any]:
        r = cuda.random
        drawn = [r.words(n, STREAM), r.integers(-5, 9, (n,), STREAM), r.keep((n,), 0.4, STREAM)]
        drawn += [r.uniform((n,), -1, 2, kind, STREAM) for kind in ("float16", "float32", "float64")]
        drawn += [r.normal((n,), 1, 2, kind, STREAM) for kind in ("float16", "float32", "float64")]
        return [array.get() for array in (*drawn, r.exponential((n,), 2, "float32", STREAM))]

    whole = draw(3001)
    for short, long in zip(draw(77), whole, strict=True):
        np.testing.assert_array_equal(short, long[:77])
    for name in engine.ORDERS:
        monkeypatch.setattr(launch, "MAX_BLOCKS", 2)
        monkeypatch.setattr(launch, "INT_LIMIT", 0)
        with engine.ordered(name):
            for a, b in zip(draw(3001), whole, strict=True):
                np.testing.assert_array_equal(a, b)


def distance(sample: Any, distribution: Any) -> float:
    """Kolmogorov and Smirnov's, times the root of the count: above 1.95 once in a thousand samples."""
    at = np.sort(distribution(sample.astype(np.float64)))
    steps = np.arange(len(at) + 1) / len(at)
    return float(max((steps[1:] - at).max(), (at - steps[:-1]).max()) * math.sqrt(len(at)))


def normal_distribution(x: Any) -> Any:
    return np.array([0.5 * math.erfc(-(v - 1) / (2 * math.sqrt(2))) for v in x])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_distributions(dtype: str) -> None:
    uniform = cuda.random.uniform((N,), -1, 3, dtype, STREAM).get()
    assert uniform.dtype == dtype
    assert -1 <= uniform.min() < uniform.max() < 3
    assert distance(uniform, lambda x: (x + 1) / 4) < 1.95
    normal = cuda.random.normal((N,), 1, 2, dtype, STREAM).get()
    assert distance(normal, normal_distribution) < 1.95
    pair = np.corrcoef(normal.reshape(-1, 2).T)[0, 1]
    assert abs(pair) * math.sqrt(N / 2) < 3.3
    exponential = cuda.random.exponential((N,), 2, dtype, STREAM).get()
    assert exponential.min() > 0
    assert distance(exponential, lambda x: 1 - np.exp(-2 * x)) < 1.95


def chi_square(counts: Any, expected: Any) -> float:
    """Pearson's, as so many deviations from its mean."""
    found, freedom = ((counts - expected) ** 2 / expected).sum(), len(counts) - 1
    return float((found - freedom) / math.sqrt(2 * freedom))


def test_integers_and_chances() -> None:
    drawn = cuda.random.integers(-30, 70, (N,), STREAM).get()
    assert (drawn.min(), drawn.max()) == (-30, 69)
    assert abs(chi_square(np.bincount(drawn + 30, minlength=100), N / 100)) < 4
    words = cuda.random.words(N, STREAM).get().view(np.uint8)
    assert abs(chi_square(np.bincount(words, minlength=256), words.size / 256)) < 4
    for chance in (0.0, 0.25, 0.9, 1.0):
        kept = cuda.random.keep((N,), chance, STREAM).get()
        assert abs(kept.sum() - N * chance) <= 3.3 * math.sqrt(N * chance * (1 - chance))
    chances = np.linspace(0, 1, 5).repeat(N // 5).astype(np.float32)
    ones = cuda.random.bernoulli(cupy.asarray(chances), STREAM).get().reshape(5, -1).mean(1)
    np.testing.assert_allclose(ones, np.linspace(0, 1, 5), atol=3.3 * 0.5 / math.sqrt(N / 5))
    assert ones[0] == 0
    assert ones[-1] == 1


def test_permutations() -> None:
    orders = [cuda.random.permutation(4, (7, offset)).get() for offset in range(600)]
    assert all(sorted(order.tolist()) == [0, 1, 2, 3] for order in orders)
    numbers = np.unique([order @ [64, 16, 4, 1] for order in orders], return_counts=True)[1]
    assert len(numbers) == 24
    assert abs(chi_square(numbers, 600 / 24)) < 4


def test_multinomial() -> None:
    weights = np.array([[1.0, 0, 3, 6, 0], [5, 5, 0, 0, 0]])
    drawn = cuda.random.multinomial(cupy.asarray(weights), N, True, STREAM).get()
    for row, chosen in zip(weights, drawn, strict=True):
        counts, there = np.bincount(chosen, minlength=5), row > 0
        assert not counts[~there].any()
        assert abs(chi_square(counts[there], N * row[there] / row.sum())) < 4
    firsts = [cuda.random.multinomial(cupy.asarray(weights[0]), 3, False, (9, o)).get() for o in range(500)]
    assert all(sorted(order.tolist()) == [0, 2, 3] for order in firsts)
    counts = np.bincount([order[0] for order in firsts], minlength=5)[[0, 2, 3]]
    assert abs(chi_square(counts, 500 * np.array([0.1, 0.3, 0.6]))) < 4


def test_seeds_and_states() -> None:
    sn.manual_seed(5)
    first, second = sn.rand(6, device="cuda").cpu(), sn.randn(6, device="cuda").cpu()
    state = sn.cuda.get_rng_state()
    assert (state.shape, state.dtype, str(state.device)) == ((16,), sn.uint8, "cpu")
    third = sn.rand(6, device="cuda").cpu()
    sn.cuda.set_rng_state(state)
    assert sn.equal(sn.rand(6, device="cuda").cpu(), third)
    sn.cuda.manual_seed(5)
    assert sn.cuda.initial_seed() == 5
    assert sn.equal(sn.rand(6, device="cuda").cpu(), first)
    assert sn.equal(sn.randn(6, device="cuda").cpu(), second)
    before = sn.cuda.get_rng_state()
    with sn.random.fork_rng():
        sn.manual_seed(77)
        sn.rand(3, device="cuda")
    assert sn.equal(sn.cuda.get_rng_state(), before)


def test_generators() -> None:
    g = sn.Generator(device="cuda").manual_seed(3)
    assert str(g.device) == "cuda:0"
    twin_of_g = sn.Generator("cuda").set_state(g.get_state())
    drawn = sn.rand(5, generator=g, device="cuda").cpu()
    assert sn.equal(sn.rand(5, generator=twin_of_g, device="cuda").cpu(), drawn)
    again = pickle.loads(pickle.dumps(g))
    assert sn.equal(sn.randperm(9, generator=again, device="cuda"), sn.randperm(9, generator=g, device="cuda"))
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        sn.rand(3, generator=g, device="cpu")
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        sn.rand(3, generator=sn.Generator(), device="cuda")
    for drawn_on_the_cpu in (sn.data.RandomSampler(range(3), generator=g), sn.data.DataLoader(sn.ones(3), generator=g)):
        with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
            list(drawn_on_the_cpu)
    with pytest.raises(RuntimeError, match="must have a size of 16 bytes"):
        g.set_state(sn.Generator().get_state())
    with pytest.raises(RuntimeError, match="multiple of 4"):
        g.set_offset(3)


def test_chances_outside_are_told_at_the_next_wait() -> None:
    drawn = sn.bernoulli(sn.tensor([0.5, 1.5], device="cuda"))
    with pytest.raises(RuntimeError, match=r"must be in \[0, 1\]"):
        drawn.cpu()


@pytest.mark.parametrize("dtype", [sn.float16, sn.float32, sn.float64])
def test_dropout_is_one_launch_reproducible_and_keeps_its_mask(dtype: Any) -> None:
    x = sn.randn(31, 7, dtype=dtype).to("cuda").requires_grad_()
    launches, waits = engine.launches, cupy.waits
    sn.manual_seed(9)
    y = F.dropout(x, 0.3)
    assert engine.launches == launches + 1
    y.sum().backward()
    assert cupy.waits == waits
    kept = cuda.random.keep((31, 7), 0.7, (9, 0)).get()
    kind = np.dtype(str(dtype).split(".")[-1])
    wide: Any = np.float64 if kind == np.float64 else np.float32
    scale = kind.type(wide(1) / wide(0.7))
    x_host, gx = x.detach().cpu().numpy(), x.grad.cpu().numpy()
    np.testing.assert_allclose(y.detach().cpu().numpy(), np.where(kept, x_host * scale, x_host * 0), rtol=1e-3)
    np.testing.assert_array_equal(gx, np.where(kept, scale, 0).astype(gx.dtype))
    sn.manual_seed(9)
    assert sn.equal(F.dropout(x, 0.3).cpu(), y.cpu())
    assert not sn.equal(F.dropout(x, 0.3).cpu(), y.cpu())


def test_dropouts_second_derivative() -> None:
    x = sn.randn(50, dtype=sn.float64).to("cuda").requires_grad_()
    gy = sn.randn(50, dtype=sn.float64).to("cuda").requires_grad_()
    y = F.dropout(x, 0.5)
    (gx,) = sn.autograd.grad(y, x, gy, create_graph=True)
    v = sn.randn(50, dtype=sn.float64).to("cuda")
    (ggy,) = sn.autograd.grad(gx, gy, v)
    mask = (y.detach() / x.detach()).cpu().numpy().round()
    assert set(mask.tolist()) == {0, 2}
    np.testing.assert_array_equal(ggy.cpu().numpy(), v.cpu().numpy() * mask)

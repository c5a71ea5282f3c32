"""Each barrier of each kernel removed in turn, and planted faults: some order of the threads must show it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

pytestmark = pytest.mark.emulated

STEMS = sorted(path.stem for path in launch.FOLDER.glob("*.cu"))
BARRIER = re.compile(r"__sync(?:threads|warp)\(\);")
BARRIERS = [(stem, number) for stem in STEMS for number in range(len(BARRIER.findall(launch.source(stem))))]

# Barriers whose absence no order shows, and why.
HIDDEN: dict[tuple[str, int], str] = {}

# What is written instead of what, in which file.
FAULTS = [
    ("activation", "v < V(0) ? V(0) : v", "v > V(0) ? v : V(0)"),
    ("activation", "wide(gy[i]) * (V(1) - v * v)", "wide(gy[i]) * (V(1) - v)"),
    ("columns", "0 <= h && h < H", "0 <= h && h <= H"),
    ("columns", "h + ph - r * dh", "h + ph - r"),
    ("columns", "down % sh != 0 || ", ""),
    ("columns", "oh * sh - ph + r * dh, w = ow * sw", "oh * sw - ph + r * dh, w = ow * sw"),
    ("pool", "v > best", "v >= best"),
    ("pool", " || v != v", ""),
    ("pool", "place = h * W + w", "place = h * H + w"),
    ("pool", "lowest && other >= lane", "lowest && other > lane"),
    ("pool", "if (its_place != place) continue;", ""),
    ("pool", "i / count * size", "i / count * count"),
    ("pool", "larger((h + ph - KH + sh) / sh, I(0))", "larger((h + ph - KH) / sh, I(0))"),
    ("pool", "smaller(top + KH, H + ph)", "smaller(top + KH, H)"),
    ("pool", "((oh + 1) * H + OH - 1) / OH;\n    I left", "((oh + 1) * H) / OH;\n    I left"),
    ("pool", "((h + 1) * OH + H - 1) / H", "(h + 1) * OH / H"),
    ("reduce", "smaller(start + chunk, N * S)", "start + chunk"),
    ("reduce", "half = THREADS / 2", "half = THREADS / 4"),
    ("reduce", "(i / S * K + k) * S + i % S", "(i / S * K + k) * S + i / N"),
]


@pytest.fixture(autouse=True)
def stand_in() -> Iterator[None]:
    before = driver.use(cupy)
    yield
    driver.use(before)


def activation(kernels: Any, rng: np.random.Generator) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    x = np.where(rng.random(600) < 0.1, np.nan, rng.standard_normal(600))
    for name in ("relu", "sigmoid", "tanh"):
        yield getattr(kernels.activation, name), (x,)
        yield getattr(kernels.activation, f"{name}_grad"), (rng.standard_normal(600), x)


def columns(kernels: Any, rng: np.random.Generator) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    for stride, places in (((2, 3), 16), ((1, 2), 35)):
        options: Any = {"stride": stride, "padding": (2, 1), "dilation": (2, 1)}
        yield lambda x, o=options: kernels.columns.im2col(x, (3, 2), **o), (rng.standard_normal((2, 3, 7, 9)),)
        yield (
            lambda x, o=options: kernels.columns.col2im(x, (7, 9), (3, 2), **o),
            (rng.standard_normal((2, 18, places)),),
        )


def pool(kernels: Any, rng: np.random.Generator) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    x = rng.choice([np.nan, 0.0, 1.0, 2.0, 3.0], (3, 3, 7, 9))
    options: Any = {"stride": (2, 1), "padding": (1, 1)}
    rules = [{**options, "count_include_pad": flag, "divisor_override": None} for flag in (False, True)]
    window = {**options, "dilation": (1, 2), "out_size": (4, 7)}
    yield lambda x: kernels.pool.max_pool2d(x, (3, 3), **window)[0], (x,)
    yield lambda x: kernels.pool.max_pool2d(x, (3, 3), **window)[1], (x,)
    y, indices = rng.standard_normal((3, 3, 10, 9)), rng.integers(-1, 40, (3, 3, 10, 9))
    yield lambda y, i: kernels.pool.scatter_planes(y, i, (7, 9)), (y, indices)
    yield kernels.pool.gather_planes, (rng.standard_normal(x.shape), indices)
    for rule in rules:
        yield lambda y, r=rule: kernels.pool.avg_pool2d(y, (3, 3), **r, out_size=(5, 9)), (y[:, :, :8],)
        yield lambda y, r=rule: kernels.pool.avg_pool2d_grad(y, (8, 9), (3, 3), **r), (y[:, :, :5],)
    yield lambda y: kernels.pool.adaptive_avg_pool2d(y, (4, 5)), (y,)
    yield lambda y: kernels.pool.adaptive_avg_pool2d_grad(y, (7, 7)), (y,)


def reduce(kernels: Any, rng: np.random.Generator) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    yield kernels.reduce.channel_sum, (rng.standard_normal((3, 4, 300)),)


SCENARIOS = {"activation": activation, "columns": columns, "pool": pool, "reduce": reduce}


def orders_that_differ(stem: str) -> list[str]:
    """In which orders of the threads a result differs from the CPU's, or a launch fails."""
    found = []
    for order in engine.ORDERS:
        pairs = zip(
            SCENARIOS[stem](cuda, np.random.default_rng(1)), SCENARIOS[stem](cpu, np.random.default_rng(1)), strict=True
        )
        try:
            with engine.ordered(order):
                for (ours, arrays), (theirs, same) in pairs:
                    y = ours(*map(cupy.asarray, arrays)).get()
                    np.testing.assert_allclose(y, theirs(*same), rtol=1e-12, atol=1e-12)
        except (AssertionError, RuntimeError):
            found.append(order)
    return found


def replace_source(monkeypatch: pytest.MonkeyPatch, stem: str, text: str) -> None:
    monkeypatch.setattr(launch, "source", lambda name: text)
    driver.use(cupy)  # forgets what was compiled


@pytest.mark.parametrize("stem", STEMS)
def test_as_it_is_no_order_differs(stem: str) -> None:
    assert orders_that_differ(stem) == []


@pytest.mark.parametrize(("stem", "number"), BARRIERS)
def test_a_missing_barrier_is_caught(stem: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = launch.source(stem)
    barrier = list(BARRIER.finditer(source))[number]
    replace_source(monkeypatch, stem, source[: barrier.start()] + ";" + source[barrier.end() :])
    caught = orders_that_differ(stem)
    assert bool(caught) != ((stem, number) in HIDDEN)


@pytest.mark.parametrize(("stem", "right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(stem: str, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = launch.source(stem)
    assert source.count(right) >= 1, "the fault's place is gone"
    replace_source(monkeypatch, stem, source.replace(right, wrong, 1))
    assert orders_that_differ(stem) != []

"""Faults seen in other small engines, a test each: what they are is the test's name."""

import ast
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import op_checks
import parity
import pytest
from op_table import both, fn
from parity import needs_torch, torch

import scratchnet

F = scratchnet.nn.functional
TESTS = Path(__file__).parent


def numeric_gradient(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, gy: np.ndarray) -> np.ndarray:
    """Central differences of sum(f(x) * gy) in float64."""
    gx = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = 1e-6
        gx[index] = ((f(x + step) - f(x - step)) * gy).sum() / 2e-6
    return gx


def assert_gradient(op: Callable[[Any], Any], x: np.ndarray, rng: np.random.Generator) -> None:
    """The gradient for a random upstream gradient equals the numeric one."""
    leaf = scratchnet.tensor(x, requires_grad=True)
    y = op(leaf)
    gy = rng.standard_normal(y.shape)
    (gx,) = scratchnet.autograd.grad(y, leaf, scratchnet.tensor(gy))
    expected = numeric_gradient(lambda values: op(scratchnet.tensor(values)).numpy(), x, gy)
    np.testing.assert_allclose(gx.numpy(), expected, rtol=1e-6, atol=1e-8)


def test_max_pooling_pads_with_minus_infinity() -> None:
    x = -1.0 - scratchnet.arange(16.0).reshape(1, 1, 4, 4)
    y = F.max_pool2d(x, 3, stride=2, padding=1)
    assert y.tolist() == [[[[-1.0, -2.0], [-5.0, -6.0]]]]
    assert F.max_pool2d(x, 2, stride=3, padding=1, ceil_mode=True).max().item() < 0


@pytest.mark.parametrize("kernel", [(1, 3), (3, 1), (2, 3), (4, 1)])
@pytest.mark.parametrize("padding", [False, True])
def test_average_pool_gradient_of_a_kernel_that_is_not_square(
    kernel: tuple[int, int], padding: bool, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 2, 5, 6))
    pad = (kernel[0] // 2, kernel[1] // 2) if padding else 0
    for include in (True, False):
        options: dict[str, Any] = {"stride": (2, 1), "padding": pad, "count_include_pad": include}
        assert_gradient(lambda v, options=options: F.avg_pool2d(v, kernel, **options), x, rng)


@pytest.mark.parametrize("pool", ["max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"])
def test_a_pooling_gradient_is_checked_by_numbers_not_by_training(pool: str, rng: np.random.Generator) -> None:
    """A net converges even where part of a pooling gradient is lost: every element must be right."""
    x = rng.permutation(2 * 3 * 5 * 7).reshape(2, 3, 5, 7) / 10.0
    options = {"output_size": (2, 3)} if pool.startswith("adaptive") else {"kernel_size": (2, 3), "stride": (1, 2)}
    assert_gradient(lambda v: getattr(F, pool)(v, **options), x, rng)


def test_a_second_derivative_through_the_weight_gradient(rng: np.random.Generator) -> None:
    """d/dw of a function of dL/dw, as a gradient penalty needs it."""
    x, gy = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((2, 4, 3, 5))
    values = rng.standard_normal((4, 3, 3, 2))

    def penalty(w: Any, create_graph: bool) -> Any:
        y = F.conv2d(scratchnet.tensor(x), w, stride=(2, 1), padding=(1, 1), dilation=(1, 2))
        (gw,) = scratchnet.autograd.grad(y**2, w, scratchnet.tensor(gy), create_graph=create_graph)
        return (gw**2).sum()

    w = scratchnet.tensor(values, requires_grad=True)
    (found,) = scratchnet.autograd.grad(penalty(w, True), w)
    for index in ((0, 0, 0, 0), (3, 2, 2, 1), (1, 0, 2, 0)):
        step = np.zeros_like(values)
        step[index] = 1e-5
        high, low = (penalty(scratchnet.tensor(values + s, requires_grad=True), False).item() for s in (step, -step))
        assert math.isclose(found[index].item(), (high - low) / 2e-5, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scratchnet.zeros(2, 3) + scratchnet.zeros(4), ["add", "[2, 3]", "[4]", "dimension 1"]),
        (lambda: scratchnet.zeros(2, 3).expand(5, 4), ["expand", "[2, 3]", "4"]),
        (lambda: scratchnet.zeros(2, 3).sum(4), ["sum", "4", "[-2, 1]"]),
        (lambda: scratchnet.zeros(2, 3) @ scratchnet.zeros(2, 3), ["2x3"]),
        (lambda: F.conv2d(scratchnet.zeros(1, 3, 5, 5), scratchnet.zeros(2, 2, 3, 3)), ["conv2d", "3", "2"]),
        (
            lambda: (scratchnet.zeros(2, 3, requires_grad=True) * 2).backward(scratchnet.zeros(3, 2)),
            ["[3, 2]", "[2, 3]"],
        ),
    ],
)
def test_an_error_says_more_than_shape_mismatch(call: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises((RuntimeError, IndexError)) as caught:
        call()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{caught.value!s} lacks {missing}"


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.conv2d(x, scratchnet.zeros(2, 3, 6, 2)),
        lambda x: F.conv2d(x, scratchnet.zeros(2, 3, 3, 3), dilation=3),
        lambda x: F.max_pool2d(x, (6, 2)),
        lambda x: F.avg_pool2d(x, (2, 5)),
        lambda x: F.unfold(x, (6, 1)),
    ],
    ids=["conv2d", "dilated conv2d", "max_pool2d", "avg_pool2d", "unfold"],
)
def test_a_kernel_larger_than_the_image_raises(call: Callable[[Any], Any]) -> None:
    with pytest.raises(RuntimeError, match=r"(?i)kernel|too small|output"):
        call(scratchnet.zeros(1, 3, 5, 4))


@needs_torch
def test_upstream_gradients_are_random() -> None:
    """With an upstream gradient of ones this transposed product would pass."""

    class Transposed:
        """torch whose mul sends the transposed upstream gradient back."""

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        @staticmethod
        def mul(x: Any, y: Any) -> Any:
            class Op(torch.autograd.Function):  # type: ignore[misc,name-defined]
                @staticmethod
                def forward(ctx: Any, a: Any, b: Any) -> Any:
                    ctx.save_for_backward(a, b)
                    return a * b

                @staticmethod
                def backward(ctx: Any, gy: Any) -> Any:
                    a, b = ctx.saved_tensors
                    return gy.T * b, gy.T * a

            return Op.apply(x, y)

    row = both("mul", [(3, 3), (3, 3)])
    x, y = (torch.from_numpy(a).requires_grad_() for a in row.arrays("float64"))
    blind = torch.autograd.grad(Transposed.mul(x, y).sum(), x)[0]
    assert torch.equal(blind, torch.autograd.grad((x * y).sum(), x)[0])
    with pytest.raises(AssertionError, match="gradient"):
        op_checks.check_gradients(row, "float64", Transposed())


@needs_torch
def test_an_op_is_not_compared_with_itself() -> None:
    """The other side is PyTorch, compiled and not ours, and the table's checks notice when ours is replaced."""
    assert parity.torch.__name__ == "torch"
    assert Path(parity.torch._C.__file__).suffix in (".so", ".pyd")
    assert not isinstance(parity.torch.ones(1), scratchnet.Tensor)
    assert "torch" not in (scratchnet.Tensor.__module__, scratchnet.__name__)

    class Twisted:
        nn = scratchnet.nn

        def __getattr__(self, name: str) -> Any:
            return getattr(scratchnet, name)

        @staticmethod
        def mul(x: Any, y: Any) -> Any:
            return x * y * 1.0001

    row = both("mul", [(2, 3), (2, 3)])
    op_checks.check_forward(row, "float64", scratchnet)
    with pytest.raises(AssertionError):
        op_checks.check_forward(row, "float64", Twisted())
    op_checks.check_gradients(fn("relu", [(4, 5)]), "float64", scratchnet)


def test_the_library_does_not_import_what_it_is_compared_with() -> None:
    code = "import scratchnet, sys; sys.exit(any(map(sys.modules.get, ('torch', 'scipy', 'numba'))))"
    assert subprocess.run([sys.executable, "-c", code], cwd=TESTS.parent, check=False).returncode == 0


def defined_tests(path: Path) -> list[str]:
    """Names that look like tests wherever they stand in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test")]


def collected_tests(path: Path) -> list[str]:
    """The names that pytest would collect: functions at the top, and methods of classes Test... without __init__."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            found.append(node.name)
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inner = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            assert "__init__" not in [part.name for part in inner], f"{path.name}: {node.name} has __init__"
            found += [part.name for part in inner if part.name.startswith("test")]
    return found


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.py")), ids=lambda path: path.name)
def test_every_test_is_collected(path: Path) -> None:
    """No test hides under a wrong name: in a file pytest skips, in a function, in a class of another name, or twice."""
    defined, collected = defined_tests(path), collected_tests(path)
    if not path.name.startswith("test_"):
        assert not defined, f"{path.name} holds tests but isn't named test_*.py"
        return
    assert collected, f"{path.name} defines no test"
    assert sorted(defined) == sorted(collected), f"{path.name}: never collected: {set(defined) - set(collected)}"
    assert len(set(collected)) == len(collected), f"{path.name}: a test's name is taken twice: the first never runs"


def test_a_chain_of_fifty_thousand_ops() -> None:
    """No recursion: forward, backward, and letting go of a graph that was never walked."""
    x = scratchnet.tensor([1.0, 2.0], dtype=scratchnet.float64, requires_grad=True)
    limit = sys.getrecursionlimit()
    for walked in (True, False):
        y = x
        for _ in range(50_000):
            y = y + x
        if walked:
            (gx,) = scratchnet.autograd.grad(y.sum(), x)
            assert gx.tolist() == [50_001.0] * 2
        del y
    assert sys.getrecursionlimit() == limit


def test_a_wide_graph_adds_every_share() -> None:
    x = scratchnet.ones(3, requires_grad=True)
    total: Any = x * 0
    for _ in range(3000):
        total = total + x
    total.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3000.0] * 3

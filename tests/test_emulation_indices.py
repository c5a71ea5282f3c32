"""Indices out of range on a GPU: noted by a kernel, raised at the next wait, at once under CUDA_LAUNCH_BLOCKING=1."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

import scratchnet as sn
import scratchnet.kernels.cuda as cuda
from scratchnet.device import raise_pending
from scratchnet.kernels.cuda import driver, indices

pytestmark = pytest.mark.emulated
F = sn.nn.functional


@pytest.fixture(autouse=True, params=engine.ORDERS)
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    before = driver.use(cupy)
    with engine.ordered(request.param):
        yield request.param
    driver.use(before)


def bad(text: str) -> Callable[[int], Exception]:
    return lambda wrong: IndexError(f"{text} {wrong}")


def up(*numbers: int, dtype: Any = np.int64) -> Any:
    return cupy.asarray(np.array(numbers, dtype))


def test_nothing_is_raised_before_a_wait_and_nothing_twice() -> None:
    waits = cupy.waits
    cuda.indices.check(up(1, 5, -1), 0, 5, bad("first"))
    cuda.indices.check(up(9), 0, 5, bad("second"))
    assert cupy.waits == waits
    with pytest.raises(IndexError, match="first 5"):
        raise_pending()
    raise_pending()
    cuda.indices.check(up(0, 4), 0, 5, bad("fine"))
    raise_pending()
    cuda.indices.check(up(-3), -2, 5, bad("again"))
    with pytest.raises(IndexError, match="again -3"):
        raise_pending()


def test_the_first_of_many_blocks_is_told() -> None:
    size = 3 * indices.ALONE
    index = np.zeros(size, np.int64)
    index[[size - 1, 2 * indices.ALONE, 2 * indices.ALONE + 1]] = 7, 8, 9
    cuda.indices.check(cupy.asarray(index), 0, 5, bad("found"))
    with pytest.raises(IndexError, match="found 8"):
        raise_pending()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_every_integer_dtype_and_what_is_ignored(dtype: str) -> None:
    cuda.indices.check(up(0, 99, 4, dtype=dtype), 0, 5, bad("no"), ignored=99)
    cuda.indices.check(cupy.empty((0, 3), dtype), 0, 0, bad("none"))
    raise_pending()
    cuda.indices.check(up(0, 99, 98, dtype=dtype)[::-1], 0, 5, bad("ignored but"), ignored=99)
    with pytest.raises(IndexError, match="ignored but 98"):
        raise_pending()


def test_blocking_launches_raise_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_LAUNCH_BLOCKING", "1")
    with pytest.raises(IndexError, match="now 6"):
        cuda.indices.check(up(6), 0, 5, bad("now"))
    raise_pending()


def test_an_empty_range_raises_at_the_call() -> None:
    with pytest.raises(IndexError, match="nothing 2"):
        cuda.indices.check(up(2), 0, 0, bad("nothing"))


def test_errors_of_long_ago_are_told_without_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda.indices.check(up(8), 0, 5, bad("forgotten"))
    for _ in range(indices.KEPT):
        indices._notes[driver.generation(), 0].errors.append(bad("later"))
        indices._notes[driver.generation(), 0].checks += 1
    with pytest.raises(IndexError, match=r"an index \(=8\) was out of range, 4096 checks ago"):
        raise_pending()


def test_threads_do_not_mix_up_their_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(deque):  # in which another thread gets in between
        def append(self, error: Any) -> None:
            time.sleep(0.01)
            super().append(error)

    cuda.indices.check(up(1), 0, 5, bad("first"))
    monkeypatch.setattr(indices._notes[driver.generation(), 0], "errors", Slow(maxlen=indices.KEPT))
    checks = [(up(1), bad("right")), (up(6), bad("wrong")), (up(2), bad("right"))]
    threads = [threading.Thread(target=cuda.indices.check, args=(i, 0, 5, error)) for i, error in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(IndexError, match="wrong 6"):
        raise_pending()


def test_another_streams_checks_are_not_forgotten() -> None:
    other = cupy.cuda.Stream(non_blocking=True)
    with other:
        cuda.indices.check(up(1), 0, 5, bad("elsewhere"))
    raise_pending()
    assert indices._notes[driver.generation(), 0].streams == {other.ptr}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x, i: F.embedding(i, x), IndexError, r"embedding: input \(=7\) index out of range in self: 0 ... 3"),
        (lambda x, i: F.cross_entropy(x, i), IndexError, r"cross_entropy: target \(=7\) Target 7 is out of bounds"),
        (lambda x, i: sn.index_select(x, 0, i), IndexError, r"index_select: index \(=7\).*dimension 0 with size 4"),
        (lambda x, i: x[i], IndexError, r"index \(=7\).*out of bounds for dimension 0 with size 4"),
        (lambda x, i: sn.gather(x, 1, i[:, None]), RuntimeError, r"gather: index \(=7\).*dimension 1 with size 4"),
        (lambda x, i: x.scatter_add(0, i[:, None], x), RuntimeError, r"scatter_add: index \(=7\).*dimension 0"),
        (lambda x, i: F.one_hot(i, 4), RuntimeError, r"one_hot: input \(=7\) must be smaller than num_classes \(=4\)"),
    ],
)
@pytest.mark.parametrize("wait", [lambda y: y.cpu(), lambda y: sn.cuda.synchronize(), lambda y: y.sum().item()])
def test_ops_name_op_and_value(call: Any, error: Any, text: str, wait: Any) -> None:
    x = sn.rand(4, 4, device="cuda")
    index = sn.tensor([0, 3, 7, 1], device="cuda")
    y = call(x, index)
    with pytest.raises(error, match=text):
        wait(y)
    assert x.cpu().shape == (4, 4)  # all goes on
    with pytest.raises(error, match=text):
        call(x.cpu(), index.cpu())

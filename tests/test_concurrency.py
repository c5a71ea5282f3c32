"""Two Python threads that train at once, and a forked child that goes on training: the same numbers as alone."""

import os
import threading

import numpy as np
import pytest

import scratchnet as sn
from scratchnet import models, nn, optim


def train(seed: int, steps: int = 3) -> list[np.ndarray]:
    """The weights of LeNet after some steps on random images."""
    rng = np.random.default_rng(seed)
    model = models.create("lenet")
    with sn.no_grad():
        for parameter in model.parameters():
            parameter.copy_(sn.from_numpy(rng.standard_normal(parameter.shape).astype(np.float32) * 0.1))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images = sn.from_numpy(rng.standard_normal((64, 1, 28, 28)).astype(np.float32))
    labels = sn.from_numpy(rng.integers(0, 10, 64))
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return [parameter.detach().numpy().copy() for parameter in model.parameters()]


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_two_threads_train_at_once() -> None:
    alone = [train(seed) for seed in (1, 2)]
    together: dict[int, list[np.ndarray]] = {}
    threads = [threading.Thread(target=lambda seed=seed: together.update({seed: train(seed)})) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert same(together[1], alone[0])
    assert same(together[2], alone[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 and later warn of every such fork
def test_a_forked_child_goes_on_training() -> None:
    before = train(1)
    child = os.fork()
    if child == 0:  # in the child: nothing of pytest may run on
        code = 1
        try:
            code = 0 if all(np.allclose(x, y, atol=1e-6) for x, y in zip(train(1), before, strict=True)) else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_weights_do_not_depend_on_the_number_of_threads() -> None:
    count = sn.get_num_threads()
    try:
        results = []
        for threads in (1, min(2, count)):
            sn.set_num_threads(threads)
            results.append(train(3))
    finally:
        sn.set_num_threads(count)
    assert same(*results)

"""Two Python threads that train at once, and a forked child that goes on training: the same numbers as alone."""

import os
import threading

import numpy as np
import pytest
from devices import two_gpus

import scratchnet as sn
from scratchnet import models, nn, optim


def train(seed: int, steps: int = 3, place: str = "cpu") -> list[np.ndarray]:
    """The weights of LeNet after some steps on random images."""
    rng = np.random.default_rng(seed)
    model = models.create("lenet")
    with sn.no_grad():
        for parameter in model.parameters():
            parameter.copy_(sn.from_numpy(rng.standard_normal(parameter.shape).astype(np.float32) * 0.1))
    model.to(place)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images = sn.from_numpy(rng.standard_normal((64, 1, 28, 28)).astype(np.float32)).to(place)
    labels = sn.from_numpy(rng.integers(0, 10, 64)).to(place)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return [parameter.detach().cpu().numpy().copy() for parameter in model.parameters()]


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def check_two_threads(steps: int, places: tuple[str, str]) -> None:
    alone = [train(number, steps, place) for number, place in enumerate(places)]
    together: dict[int, list[np.ndarray]] = {}

    def run(number: int) -> None:
        together[number] = train(number, steps, places[number])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    for number in range(2):
        assert same(together[number], alone[number])


def test_two_threads_train_at_once() -> None:
    check_two_threads(3, ("cpu", "cpu"))


@pytest.mark.parametrize("other", ["cuda:0", "cuda:1"])
def test_two_threads_train_on_gpus(gpu: str, other: str) -> None:
    if other == "cuda:1":
        two_gpus()
    check_two_threads(2, ("cuda:0", other))


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

"""The fast convolution algorithms have the same bits on one and on two threads."""

from typing import Any

import numpy as np
import pytest

from scratchnet.kernels import threads
from scratchnet.kernels.cpu.conv import algorithm

pytestmark = pytest.mark.algorithms


@pytest.mark.parametrize("name", ["tiled", "winograd"])
def test_the_bits_do_not_depend_on_the_number_of_threads(name: str, rng: np.random.Generator) -> None:
    if threads.limit() < 2:
        pytest.skip("one thread is all there is")
    conv = algorithm(name)
    options: dict[str, Any] = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    before = threads.count()
    try:
        for x_shape, w_shape in (((1, 40, 30, 30), (70, 40, 3, 3)), ((40, 40, 9, 9), (70, 40, 3, 3))):
            x, w, gy = (
                rng.standard_normal(shape).astype(np.float32)
                for shape in (x_shape, w_shape, (x_shape[0], w_shape[0], *x_shape[2:]))
            )
            results = []
            for count in (1, 2):
                threads.set_count(count)
                results.append(
                    (
                        conv.forward(x, w, None, **options),
                        conv.grad_input(gy, w, x_shape, **options),
                        conv.grad_weight(gy, x, w_shape, **options),
                    )
                )
            for a, b in zip(*results, strict=True):
                np.testing.assert_array_equal(a, b)
    finally:
        threads.set_count(before)

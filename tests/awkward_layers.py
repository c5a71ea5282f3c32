"""Right layers that are hard to check: kinks, gaps, saturation, integers beside. The rows are `Right`s."""

from functools import partial
from typing import Any

import numpy as np
from awkward_base import (
    Embedding,
    Formula,
    LabelledCrossEntropy,
    Maximum,
    Sort,
    either_sign,
    fixed,
    scaled,
    uniform,
)
from mutants_base import Right, normal, spaced
from numpy_layers import GELU, BatchNorm2d, CrossEntropy, Dropout, LayerNorm, Linear, ReLU, Residual, Softmax
from numpy_layers_conv import AvgPool2d, Conv2d, ConvTranspose2d, MaxPool2d


def near_ties(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Windows whose numbers are 1e-4 apart."""
    return (1 + 1e-4 * rng.permutation(32).reshape(1, 2, 4, 4),)


def one_flat_channel(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The second channel varies by 1e-3 around 2."""
    x = rng.standard_normal((3, 2, 3, 3))
    x[:, 1] = 2 + 1e-3 * x[:, 1]
    return x, rng.standard_normal(2), rng.standard_normal(2)


def on_the_wave(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Numbers that keep a tenth of a step away from the wave's kinks at whole eighths."""
    return ((rng.integers(-8, 8, 8) + rng.uniform(0.1, 0.9, 8)) / 8,)


def wave_backward(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    return gy * 8 * np.sign(np.mod(8 * x, 2) - 1)


def clamp_backward(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    return gy * ((x >= -1) & (x <= 1))


def choose_backward(gy: np.ndarray, mask: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[Any, ...]:
    return None, gy * mask, gy * ~mask


absolute = partial(Formula, np.abs, lambda gy, x: gy * np.sign(x))
wave = partial(Formula, lambda x: np.abs(np.mod(8 * x, 2) - 1), wave_backward)
clamp = partial(Formula, lambda x: np.clip(x, -1, 1), clamp_backward)
choose = partial(Formula, np.where, choose_backward)
floor = partial(Formula, np.floor, lambda gy, x: np.zeros_like(x))


def torch_maximum(T: Any, x: Any) -> Any:
    return T.max(x, -1).values


def masked(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return rng.random((3, 4)) < 0.5, rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def table_and_numbers(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return rng.standard_normal((5, 3)), rng.integers(0, 5, 7)


KINKS = (
    Right("relu near 0", ReLU, either_sign(1e-4, 1e-3, (3, 4))),
    Right("relu nearer to 0 than a step", ReLU, either_sign(1e-9, 1e-8, (3, 4)), kinks=True),
    Right("relu at 0", ReLU, fixed([0.0, 1.0, -1.0, 0.0, 2.0]), kinks=True),
    Right("absolute value away from 0", absolute, either_sign(0.1, 2, (6,)), lambda T, x: x.abs()),
    Right("absolute value at 0", absolute, fixed([0.0, -1.0, 2.0]), lambda T, x: x.abs(), kinks=True),
    Right("max_pool2d near ties", partial(MaxPool2d, (2, 2), 2), near_ties),
    Right("max_pool2d of ties", partial(MaxPool2d, (2, 2), 2), fixed(np.ones((1, 1, 4, 4))), kinks=True),
    Right("max_pool2d, windows overlap", partial(MaxPool2d, (3, 3), 1, 1), spaced((2, 1, 5, 5))),
    Right("maximum of a row", Maximum, spaced((4, 5)), torch_maximum),
    Right("maximum, two equal", Maximum, fixed([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]]), torch_maximum, kinks=True),
    Right("triangle wave", wave, on_the_wave, lambda T, x: T.abs(T.remainder(8 * x, 2) - 1)),
    Right("clamp inside and outside", clamp, fixed([-3.0, -1.1, -0.5, 0.9, 1.1, 5.0]), lambda T, x: x.clamp(-1, 1)),
    Right("clamp all outside", clamp, uniform(2, 3, (5,)), lambda T, x: x.clamp(-1, 1)),
    Right("clamp at its bounds", clamp, fixed([-1.0, 0.0, 1.0]), lambda T, x: x.clamp(-1, 1), kinks=True),
    Right("floor between steps", floor, lambda rng: (rng.integers(-3, 3, 5) + 0.5,), lambda T, x: T.floor(x) + 0 * x),
    Right("sort", Sort, spaced((3, 5)), lambda T, x: T.sort(x, -1).values),
)

BESIDE = (
    Right("embedding", Embedding, table_and_numbers, lambda T, table, indices: table[indices]),
    Right(
        "cross_entropy with labels",
        LabelledCrossEntropy,
        lambda rng: (rng.standard_normal((4, 5)), rng.integers(0, 5, 4)),
        lambda T, x, labels: T.nn.functional.cross_entropy(x, labels),
    ),
    Right("choice by a mask", choose, masked, lambda T, mask, x, y: T.where(mask, x, y)),
    Right("linear, no rows", Linear, normal((0, 4), (3, 4), (3,))),
    Right("conv2d, no images", partial(Conv2d, padding=1), normal((0, 2, 4, 4), (3, 2, 3, 3), (3,))),
    Right("linear, one number", Linear, normal((1, 1), (1, 1), (1,))),
)

LAYERS = (
    Right("conv2d kernel as large as the image", partial(Conv2d, padding=2), normal((1, 1, 8, 8), (2, 1, 7, 7), (2,))),
    Right("conv2d, last rows never read", partial(Conv2d, stride=4), normal((2, 2, 7, 8), (2, 2, 2, 3), (2,))),
    Right("conv2d, gaps by dilation", partial(Conv2d, dilation=3), normal((2, 1, 8, 8), (2, 1, 2, 2), (2,))),
    Right("conv2d, padding above kernel", partial(Conv2d, padding=3), normal((2, 1, 3, 4), (2, 1, 2, 2), (2,))),
    Right("conv2d, a group per channel", partial(Conv2d, groups=4), normal((2, 4, 4, 4), (4, 1, 3, 3), (4,))),
    Right("conv2d, all at once", partial(Conv2d, 2, 2, 2, 2), normal((2, 4, 4, 4), (4, 2, 2, 3), (4,))),
    Right("conv2d of one pixel", Conv2d, normal((2, 2, 1, 1), (3, 2, 1, 1), (3,))),
    Right("conv2d of 1e4", partial(Conv2d, padding=1), scaled(1e4, (1, 2, 4, 4), (2, 2, 3, 3), (2,))),
    Right("conv_transpose2d, stride below kernel", partial(ConvTranspose2d, 2, 1), normal((2, 2, 3, 3), (2, 2, 3, 3))),
    Right("avg_pool2d, stride above kernel", partial(AvgPool2d, (1, 2), 3), normal((2, 2, 5, 6))),
    Right("batch_norm, a channel nearly constant", BatchNorm2d, one_flat_channel),
    Right("batch_norm of inputs of 1e3", BatchNorm2d, scaled(1e3, (3, 2, 2, 3), (2,), (2,))),
    Right("layer_norm of inputs of 1e-3", LayerNorm, scaled(1e-3, (3, 5), (5,), (5,))),
    Right("layer_norm of two numbers", LayerNorm, normal((3, 2), (2,), (2,))),
    Right("softmax of 1,000", Softmax, lambda rng: (1000 + rng.standard_normal((3, 4)),)),
    Right("softmax nearly certain", Softmax, scaled(12, (3, 4))),
    Right("cross_entropy nearly certain", partial(CrossEntropy, (0, 2, 1)), scaled(30, (3, 4))),
    Right("gelu far out", GELU, either_sign(3, 7, (6,))),
    Right("dropout with a fixed mask", partial(Dropout, np.array([[1.0, 0, 1], [0, 1, 1]]), 0.5), normal((2, 3))),
    Right("residual", Residual, normal((3, 4), (4, 4))),
)

"""What the kernels of optim.cu are run on, the faults planted in them and in tensors.cuh: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from optim_cases import STEPS, Step

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]
SHAPES = [(3, 700), (5,), (2048,), (40, 70)]

FAULTS = [
    ("block >= table.end[group]", "block > table.end[group]"),
    ("block - table.end[group - 1] : block", "block : block"),
    ("smaller(first + PART,", "smaller(first + PART - 1,"),
    ("i = part.first + static_cast<I>(threadIdx.x)", "i = static_cast<I>(threadIdx.x)"),
    ("arrays[k][i] = Rounded<T>::of(states[k - 2])", "arrays[k][0] = Rounded<T>::of(states[k - 2])"),
    ("if (decays) g = fma(p, weight_decay, g)", "if (decays) g = fma(g, weight_decay, p)"),
    ("fma(g, undamped, buffer * momentum)", "fma(g, momentum, buffer * undamped)"),
    ("nesterov ? fma(buffer, momentum, g) : buffer", "nesterov ? buffer : fma(buffer, momentum, g)"),
    ("first ? g :", "!first ? g :"),
    ("p = p * shrink;", ""),
    ("fma(rest1 - V(1), g - average, g)", "fma(rest1 - V(1), g - average, average)"),
    ("fma(rest2 * g, g, square * beta2)", "fma(beta2 * g, g, square * rest2)"),
    ("v >= largest || v != v ? v : largest", "v"),
    ("sqrt(v) / correction + eps", "sqrt(v) / (correction + eps)"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator, stem: str = "optim") -> Iterator[Scenario]:
    for step in STEPS:
        if step.stem == stem:
            lists = step.arrays(rng, "float64", SHAPES)
            yield updated(kernels, step), tuple(array for arrays in lists if arrays is not None for array in arrays)


def updated(kernels: Any, step: Step) -> Callable[..., Any]:
    """(the arrays of all lists, one after the other) -> the same, after the step."""

    def run(*arrays: Any) -> tuple[Any, ...]:
        lists, start = [], 0
        for given in ("p", "g", *step.states):
            lists.append(None if given == "-" else [a.copy() for a in arrays[start : start + len(SHAPES)]])
            start += 0 if given == "-" else len(SHAPES)
        step.run(kernels, lists)
        return tuple(array for part in lists if part is not None for array in part)

    return run

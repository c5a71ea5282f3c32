"""Mistakes that show between calls: gradients that pile up, old values, an upstream gradient that is not used."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CALLS, PLACE, Array, Guess, View, number


class Caller:
    """Pulls the case's slot: flat gradients, and the right ones for the case's values with their tolerance."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.rng = np.random.default_rng([view.case.seed, 77])

    def upstream(self) -> tuple[Array, ...]:
        return tuple(self.rng.uniform(0.5, 1.5, y.shape) * self.rng.choice([-1, 1], y.shape) for y in self.outputs)

    @property
    def outputs(self) -> tuple[Array, ...]:
        return self.view.case.outputs

    def pull(self, values: tuple[Array, ...], upstream: tuple[Array, ...]) -> Array | None:
        typed = tuple(np.asarray(g, dtype=y.dtype) for g, y in zip(upstream, self.outputs, strict=True))
        gradient = self.view.case.subject.pull(values, typed)[self.view.case.slot]
        if gradient is None or np.size(gradient) != self.view.value.size:
            return None
        return np.array(gradient, dtype=np.float64).reshape(-1)

    def right(self, upstream: tuple[Array, ...], jacobian: Array | None = None) -> Array:
        flat = np.concatenate([np.asarray(g, dtype=np.float64).reshape(-1) for g in upstream])
        return flat @ (self.view.N if jacobian is None else jacobian)

    def near(self, one: Array, two: Array, factor: float = 1.0) -> bool:
        """Equal in every column that has no kink."""
        columns = self.view.known.all(axis=0)
        slack = 2 * self.view.tolerance.sum(axis=0) + 1e-6 * np.abs(two)
        return bool((np.abs(one - two) <= factor * slack)[columns].all()) and bool(columns.any())


def accumulated(view: View) -> Iterator[Guess]:
    """The same call again gives the gradient plus the one before."""
    call = Caller(view)
    upstream = call.upstream()
    seen = [call.pull(view.case.values, upstream) for _ in range(4)]
    if any(g is None for g in seen):
        return
    grown = [b - a for a, b in pairwise(seen) if a is not None and b is not None]
    right = call.right(upstream)
    size = float(np.abs(right).max(initial=0.0))
    step = float(np.abs(grown[0]).max(initial=0.0))
    if all(call.near(g, np.zeros_like(g)) for g in grown):
        return
    if all(call.near(g, right) for g in grown) and size:
        yield Guess(
            "accumulated",
            f"the gradient of {view.name} is added to the one of the call before: a buffer is not set to zero",
            f"the same call four times: each gradient is the one before plus the right one (up to {number(size)})",
            CALLS,
        )
    elif all(call.near(g, grown[0]) for g in grown):
        yield Guess(
            "accumulated",
            f"the gradient of {view.name} grows from call to call, and what is added is itself wrong",
            f"the same call four times: every call adds the same, up to {number(step)}; right is up to {number(size)}",
            CALLS,
            complete=False,
        )
    else:
        yield Guess(
            "stale_state",
            f"the gradient of {view.name} differs between identical calls: something is left over from the call before",
            f"the same call twice: the gradients differ by up to {number(step)}",
            CALLS,
            complete=False,
        )


def upstream_use(view: View) -> Iterator[Guess]:
    """The gradient must be linear in the upstream gradient."""
    call = Caller(view)
    one, two = call.upstream(), call.upstream()
    values = view.case.values
    a, b = call.pull(values, one), call.pull(values, two)
    if a is None or b is None:
        return
    scale = float(np.abs(a).max(initial=0.0))
    if not scale:
        return
    if call.near(a, b) and not call.near(call.right(one), call.right(two), 3):
        ones = tuple(np.ones_like(y) for y in call.outputs)
        held = call.near(a, call.right(ones))
        mean = tuple(np.full_like(y, 1 / y.size) for y in call.outputs)
        also = "; it is the right one for an upstream gradient of ones" if held else ""
        also = also or ("; it is the right one for the mean of the outputs" if call.near(a, call.right(mean)) else "")
        yield Guess(
            "upstream_ignored",
            f"the gradient of {view.name} does not use the upstream gradient",
            f"two different upstream gradients give the same gradient (up to {number(scale)}){also}",
            CALLS,
        )
        return
    both = call.pull(values, tuple(x + y for x, y in zip(one, two, strict=True)))
    twice, minus = (call.pull(values, tuple(k * x for x in one)) for k in (2.0, -1.0))
    if both is None or twice is None or minus is None or call.near(both, a + b):
        return
    error = float(np.abs(both - a - b).max())
    if call.near(twice, 2 * a) and not call.near(minus, -a):
        yield Guess(
            "mask",
            f"the gradient of {view.name} is masked by the sign of the upstream gradient, not of the input: "
            "backward is not linear in the upstream gradient",
            "twice the upstream gradient gives twice the gradient, but minus the upstream gradient does not give minus "
            f"the gradient; gradient(a + b) and gradient(a) + gradient(b) differ by up to {number(error)}",
            CALLS,
        )
    else:
        yield Guess(
            "nonlinear",
            f"the gradient of {view.name} is not linear in the upstream gradient, as every gradient must be",
            f"gradient(a + b) and gradient(a) + gradient(b) differ by up to {number(error)}",
            CALLS,
        )


def stale(view: View) -> Iterator[Guess]:
    """At other values the backward must use the other values."""
    call = Caller(view)
    upstream, values = call.upstream(), view.case.values
    moved = tuple(np.asarray(v * call.rng.uniform(0.8, 1.2, v.shape), dtype=v.dtype) for v in values)
    first = call.pull(values, upstream)
    other, back = call.pull(moved, upstream), call.pull(values, upstream)
    if first is None or other is None or back is None:
        return
    here = call.right(upstream)
    unmoved = call.near(other, first)
    if not unmoved and not call.near(other, here):
        return
    there = call.right(upstream, view.case.jacobian(moved))
    if call.near(there, here, 3):
        return
    change = number(float(np.abs(there - here).max()))
    if call.near(other, here):
        behind = not call.near(back, here) and call.near(back, there)
        which = "the call before" if behind else "an earlier call"
        yield Guess(
            "stale_state",
            f"the gradient of {view.name} is computed from the values of {which}: something kept by forward is stale",
            f"at other values the right gradient changes by up to {change}, but backward gives the gradient of "
            "the values before",
            CALLS,
        )
    else:
        yield Guess(
            "stale_state",
            f"the gradient of {view.name} does not depend on the values of this call: stale values, or none are used",
            f"at other values the right gradient changes by up to {change}, the one of backward stays the same",
            PLACE,
            complete=False,
        )

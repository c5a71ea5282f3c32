"""The Jacobians that gradcheck compares: by central differences, and row by row from backward."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.engine import grad
from scratchnet.device import moved, on, to_host
from scratchnet.gradcheck.report import GradcheckError

Array = np.ndarray[Any, Any]


@dataclass
class Measure:
    """A function, its inputs, and the tolerances of one gradcheck. See torch_names.gradcheck."""

    func: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_grad_dtypes: bool

    @cached_property
    def moved(self) -> list[Tensor]:
        """The inputs that require grad: messages number them from 0."""
        return [x for x in self.inputs if isinstance(x, Tensor) and x.requires_grad]

    def values(self) -> list[Array]:
        """func's outputs at the inputs as they are."""
        result = self.func(*self.inputs)
        outputs = result if isinstance(result, (tuple, list)) else (result,)
        return [on_host(out) for out in outputs]

    def slope(self, tensor: Tensor, step: Any, index: Any = ..., where: str = "") -> list[Array]:
        """(func(x + step) - func(x - step)) / 2 eps, one flat array per output; x[index] alone moves."""
        entry = on_host(tensor)[index]
        try:
            put(tensor, index, entry - step)
            below = self.values()
            put(tensor, index, entry + step)
            above = self.values()
        finally:
            put(tensor, index, entry)
        for a, b in zip(below, above, strict=True):
            for what, one, two in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
                if one != two:
                    raise AssertionError(
                        f"Expected `func` to return outputs with the same {what} when inputs are perturbed {where}by "
                        f"{self.eps}, but got: {what}s {one} and {two}."
                    )
        return [
            ((b - a) if b.dtype.kind == "f" else np.subtract(b, a, dtype=np.float64)).ravel() / (2 * self.eps)
            for a, b in zip(below, above, strict=True)
        ]

    def numeric(self, tensor: Tensor) -> list[Array]:
        """Per output the Jacobian (entries of the input, entries of the output)."""
        rows = []
        for index in np.ndindex(tensor.shape):
            rows.append(self.slope(tensor, self.eps, index, f"on index {index} "))
        if not rows:
            return [np.zeros((0, value.size), value.dtype) for value in self.values()]
        return [np.stack(columns) for columns in zip(*rows, strict=True)]

    def backward(self, output: Tensor, upstreams: Callable[[], Iterator[Tensor]]) -> list[Array]:
        """Per input the gradients for each upstream, (entries of the input, upstreams). Run twice: must not differ."""
        first, again = ([self._pull(output, up) for up in upstreams()] for _ in range(2))
        for number, tensor in enumerate(self.moved):
            for found in (rows[number] for rows in first):
                if self.check_grad_dtypes and found is not None and found.dtype != tensor.array.dtype:
                    raise GradcheckError("Gradient has dtype mismatch")
        one, two = (self._columns(rows) for rows in (first, again))
        apart = max((float(np.abs(a - b).max(initial=0.0)) for a, b in zip(one, two, strict=True)), default=0.0)
        if apart > self.nondet_tol:
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                f"gives different values: they differ by {apart:.3g}. "
                f"The tolerance for nondeterminism was {self.nondet_tol}; pass nondet_tol= if that is expected."
            )
        return one

    def _pull(self, output: Tensor, upstream: Tensor) -> list[Array | None]:
        found = grad(output, self.moved, upstream, retain_graph=True, allow_unused=True)
        return [None if g is None else on_host(g) for g in found]

    def _columns(self, rows: list[list[Array | None]]) -> list[Array]:
        columns = []
        for number, tensor in enumerate(self.moved):
            matrix = np.zeros((tensor.array.size, len(rows)), tensor.array.dtype)
            for place, row in enumerate(rows):
                found = row[number]
                if found is not None:
                    if found.shape != tensor.shape:
                        raise GradcheckError("Analytical gradient has incorrect size")
                    matrix[:, place] = found.ravel()
            columns.append(matrix)
        return columns

    def analytic(self, output: Tensor) -> list[Array]:
        """Per input the Jacobian (entries of the input, entries of the output)."""

        def units() -> Iterator[Tensor]:
            for place in range(output.array.size):
                unit = np.zeros(output.shape, output.array.dtype)
                unit.flat[place] = 1
                yield beside(output, unit)

        return self.backward(output, units)

    def close(self, analytic: Array, numeric: Array, atol: float) -> bool:
        """torch.allclose, in the wider of the two types."""
        return bool(np.allclose(analytic, numeric, self.rtol, atol))

    def slow(self, result: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Every entry of every Jacobian."""
        numeric = [self.numeric(tensor) for tensor in self.moved]
        places = [number for number, out in enumerate(result) if out.requires_grad]
        for number, (place, output) in enumerate(zip(places, outputs, strict=True)):
            for which, analytic in enumerate(self.analytic(output)):
                if not self.close(analytic, numeric[which][place], self.atol):
                    raise GradcheckError(mismatch(number, which, numeric[which][place], analytic))

    def fast(self, result: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """v^T J u for random u, v of length 1 with positive entries; atol grows with the sums of both."""
        rng = np.random.default_rng(0)
        us = [unit_vector(rng, tensor) for tensor in self.moved]
        vs = [unit_vector(rng, output) for output in outputs]
        slopes = [self.slope(x, u.reshape(x.shape) * self.eps) for x, u in zip(self.moved, us, strict=True)]
        places = [number for number, out in enumerate(result) if out.requires_grad]
        for number, (place, output, v) in enumerate(zip(places, outputs, vs, strict=True)):
            upstream = beside(output, v.reshape(output.shape))
            pulled = self.backward(output, lambda given=upstream: iter([given.clone()]))  # type: ignore[misc]
            for which, (gradient, u) in enumerate(zip(pulled, us, strict=True)):
                analytic, numeric = gradient[:, 0] @ u, v @ slopes[which][place]
                if not self.close(analytic, numeric, self.atol * float(u.sum()) * float(v.sum())):
                    found = mismatch(number, which, numeric, analytic)
                    raise GradcheckError(found + self._in_full(output, which, place))

    def _in_full(self, output: Tensor, which: int, place: int) -> str:
        """The Jacobians that a fast check did without."""
        numeric, analytic = self.numeric(self.moved[which])[place], self.analytic(output)[which]
        small = self.close(analytic, numeric, self.atol)
        return (
            "\nThe above quantities relating the numerical and analytical jacobians are computed in fast mode: the "
            "Jacobian between two random vectors. Entry by entry:\n\n"
            f"Numerical:\n{numeric}\nAnalytical:\n{analytic}\n\n"
            f"The max per-element difference (slow mode) is: {np.abs(numeric - analytic).max(initial=0.0)}.\n"
            + ("Entry by entry the differences are small: fast_mode=False would have passed.\n" if small else "")
        )


def on_host(tensor: Tensor) -> Array:
    """A copy of the tensor's values."""
    return np.array(to_host(tensor.array))


def beside(tensor: Tensor, values: Array) -> Tensor:
    """The values as a tensor of their own, on the device of another."""
    return Tensor._wrap(moved(values.copy(), tensor.device))


def put(tensor: Tensor, index: Any, values: Any) -> None:
    """Write into the tensor's memory, past the tape."""
    with on(tensor.device):
        tensor.array[index] = moved(np.asarray(values, tensor.array.dtype), tensor.device)


def mismatch(output: int, which: int, numeric: Any, analytic: Any) -> str:
    """The text that begins as torch's does; counts run over the differentiable outputs and inputs."""
    return (
        f"Jacobian mismatch for output {output} with respect to input {which},\n"
        f"numerical:{numeric}\nanalytical:{analytic}\n"
    )


def unit_vector(rng: np.random.Generator, tensor: Tensor) -> Array:
    """Positive numbers, the sum of whose squares is 1."""
    vector = rng.random(tensor.array.size)
    return np.asarray(vector / (np.linalg.norm(vector) or 1.0)).astype(tensor.array.dtype)


def no_derivative(measure: Measure, result: Sequence[Tensor], fast_mode: bool) -> None:
    """No output requires grad: then no floating output may depend on the inputs."""
    rng = np.random.default_rng(0)
    for tensor in measure.moved:
        if fast_mode:
            step = unit_vector(rng, tensor).reshape(tensor.shape) * measure.eps
            slopes, allowed = measure.slope(tensor, step), measure.nondet_tol
        else:
            slopes, allowed = measure.numeric(tensor), 0.0
        for output, slope in zip(result, slopes, strict=True):
            if (output.is_floating_point() or fast_mode) and np.abs(slope).max(initial=0.0) > allowed:
                raise GradcheckError("Numerical gradient for function expected to be zero")

"""L-BFGS."""

from __future__ import annotations

from typing import Any

from scratchnet.autograd.modes import enable_grad, no_grad
from scratchnet.device import array_module, on
from scratchnet.optim.line_search import Point, strong_wolfe
from scratchnet.optim.optimizer import Closure, Optimizer, Params, check_settings, number
from scratchnet.optim.updating import apart
from scratchnet.tensor import Tensor

Array = Any


class LBFGS(Optimizer):
    """Newton's method with the curvature learnt from the last `history_size` steps; up to max_iter of them a `step`.

    Equals torch.optim.LBFGS: `step(closure)` evaluates the closure, which clears the gradients, computes the loss
    and calls backward, up to max_eval times (max_iter * 5 // 4 unless given). `line_search_fn="strong_wolfe"`
    searches the step's length. Raises ValueError for more than one group, RuntimeError for another search.
    Source: Nocedal and Wright (2006), algorithms 7.4 and 7.5.
    """

    def __init__(
        self,
        params: Params,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_settings("LBFGS", lr=(lr, "learning rate"))
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Any]:
        params: list[Any] = self.param_groups[0]["params"]
        return params

    def _gradient(self) -> Array:
        xp = array_module(self._params[0].array)
        parts = [xp.zeros(p.numel(), p.array.dtype) if p.grad is None else p.grad.array.ravel() for p in self._params]
        return xp.concatenate(parts)

    def _move(self, length: float, direction: Array) -> None:
        start = 0
        for param in self._params:
            end = start + param.numel()
            param.array[...] += length * direction[start:end].reshape(param.array.shape)
            param._counter.value += 1
            start = end

    @no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take up to max_iter steps. Returns the loss before the first.

        Raises TypeError without a closure, RuntimeError for parameters on two devices.
        """
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that computes the loss and its gradients")
        if self.param_groups[0]["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        place = self._params[0].device
        for held in (*self._params, *self.state[self._params[0]].values()):
            if isinstance(held, Tensor) and held.device is not place:
                raise apart("LBFGS", place, held)
        with on(place):
            return self._steps(closure)

    def _steps(self, closure: Closure) -> Any:
        group, state = self.param_groups[0], self.state[self._params[0]]
        rate = float(number(group["lr"]))
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = self._run(closure)
        loss, gradient = float(first_loss), self._gradient()
        evaluations = 1
        state["func_evals"] += 1
        if abs(gradient).max() <= group["tolerance_grad"]:
            return first_loss
        for left in range(group["max_iter"] - 1, -1, -1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            before, state["prev_loss"] = loss, loss
            state["d"], state["prev_flat_grad"] = Tensor(direction), Tensor(gradient.copy())
            first = state["n_iter"] == 1
            length = min(1.0, 1.0 / float(abs(gradient).sum())) * rate if first else rate
            state["t"] = length
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                break
            used = 0
            if group["line_search_fn"] is not None:
                here = Point(0.0, loss, gradient, slope)
                found, used = self._search(closure, here, length, direction, group["max_eval"] - evaluations)
                loss, gradient, length = found.loss, found.grad, found.t
                state["t"] = length
                self._move(length, direction)
            else:
                self._move(length, direction)
                if left:
                    loss, gradient, used = float(self._run(closure)), self._gradient(), 1
            evaluations += used
            state["func_evals"] += used
            if (
                not left
                or evaluations >= group["max_eval"]
                or abs(gradient).max() <= group["tolerance_grad"]
                or abs(direction * length).max() <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first_loss

    def _run(self, closure: Closure) -> Any:
        with enable_grad():
            return closure()

    def _search(self, closure: Closure, here: Point, length: float, direction: Array, most: int) -> tuple[Point, int]:
        saved = [param.array.copy() for param in self._params]

        def evaluate(t: float) -> Point:
            self._move(t, direction)
            loss, gradient = float(self._run(closure)), self._gradient()
            for param, values in zip(self._params, saved, strict=True):
                param.array[...] = values
                param._counter.value += 1
            return Point(t, loss, gradient, float(gradient @ direction))

        return strong_wolfe(evaluate, here, length, float(abs(direction).max()), max_evaluations=most)

    def _direction(self, state: dict[str, Any], gradient: Array, history_size: int) -> Array:
        """The gradient times an estimate of the inverse Hessian, downhill; takes the last step into the estimate."""
        if state["n_iter"] == 1:
            state["old_dirs"], state["old_stps"], state["ro"], state["H_diag"] = [], [], [], 1
            return -gradient
        dirs, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y = gradient - state["prev_flat_grad"].array
        s = state["d"].array * float(state["t"])
        ys = float(y @ s)
        if ys > 1e-10:
            if len(dirs) == history_size:
                for history in (dirs, steps, ro):
                    history.pop(0)
            dirs.append(Tensor(y))
            steps.append(Tensor(s))
            ro.append(1.0 / ys)
            state["H_diag"] = ys / float(y @ y)
        q = -gradient
        al = [0.0] * len(dirs)
        for i in range(len(dirs) - 1, -1, -1):
            al[i] = float(steps[i].array @ q) * float(ro[i])
            q = q - al[i] * dirs[i].array
        r = q * float(state["H_diag"])
        for i in range(len(dirs)):
            r = r + (al[i] - float(dirs[i].array @ r) * float(ro[i])) * steps[i].array
        return r

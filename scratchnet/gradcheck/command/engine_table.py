"""Every op of the engine under the checker: first derivatives, and the derivatives of the derivatives."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.engine import grad
from scratchnet.autograd.step_array import NotAnalyticError
from scratchnet.gradcheck.catalogue import Sample, samples
from scratchnet.gradcheck.check import check
from scratchnet.gradcheck.report import Report, SlotResult
from scratchnet.shapes import message

ORDERS = (1, 2)
NAMED = {1: "first order alone", 0: "none: no analytic definition"}


@dataclass(frozen=True)
class Row:
    """One op: its cases, the worst relative error of any, the highest order of derivative checked, seconds, verdict.

    `detail`: for an op that failed, the case and the report; for one whose second derivative was left out, why.
    """

    op: str
    cases: int
    worst: float
    order: int
    seconds: float
    ok: bool
    detail: str = ""


def run(
    names: Sequence[str] = (),
    orders: Sequence[int] = ORDERS,
    on_done: Callable[[Row], None] | None = None,
    *,
    method: str = "central",
    mode: str = "full",
) -> list[Row]:
    """Check the ops named (all of them without names), each of its samples, up to the order that it claims.

    Order 1 holds the gradients against the slopes of the op; order 2 does the same with the function (inputs, gy) ->
    gradients itself. method and mode are `check`'s: by default every entry of every Jacobian is compared. The complex
    step takes order 1 alone, and leaves out what isn't analytic: such a row has order 0 and says why. `on_done` gets
    each row as it is done. ValueError for a name without a sample and for orders other than 1 and 2.
    """
    if not orders or any(order not in ORDERS for order in orders):
        raise ValueError(message("run", "orders", tuple(orders), "must be 1, 2 or both"))
    rows = []
    for op, cases in groupby(sorted(samples(names), key=lambda sample: sample.op), key=lambda sample: sample.op):
        row = check_op(op, list(cases), orders, method, mode)
        rows.append(row)
        if on_done is not None:
            on_done(row)
    return rows


def count(names: Sequence[str] = ()) -> int:
    """How many rows `run` will give."""
    return len({sample.op for sample in samples(names)})


def check_op(
    op: str, cases: Sequence[Sample], orders: Sequence[int] = ORDERS, method: str = "central", mode: str = "full"
) -> Row:
    """One row: these samples of one op."""
    start = time.perf_counter()
    worst, reached, failures, reasons = 0.0, 0, [], []
    for sample in cases:
        for order in sorted(orders):
            if order > sample.orders:
                reasons.append(f"no order {order}: {sample.why}")
                continue
            if order == 2 and method == "complex":
                reasons.append("no order 2: nothing is recorded while numbers are complex")
                continue
            try:
                report = check_sample(sample, order, method, mode)
            except NotAnalyticError as error:
                reasons.append(str(error))
                continue
            except Exception as error:
                failures.append(f"{sample}, order {order}: {type(error).__name__}: {error}")
                continue
            worst, reached = max(worst, *map(_relative, report.slots)), max(reached, order)
            if not report:
                failures.append(f"{sample}, order {order}\n{report}")
    detail = "\n".join(failures) if failures else "; ".join(dict.fromkeys(reasons))
    return Row(op, len(cases), worst, reached, time.perf_counter() - start, not failures, detail)


def _relative(slot: SlotResult) -> float:
    """The relative error at the slot's worst entry; 0 where that entry is no larger than the noise of differences."""
    noise = slot.tolerance.differences + slot.tolerance.rounding + slot.tolerance.absolute
    return slot.relative if max(abs(slot.analytic), abs(slot.numeric)) > noise else 0.0


def check_sample(sample: Sample, order: int, method: str = "central", mode: str = "full") -> Report:
    """The report on one sample's derivatives of one order."""
    inputs, fn = sample.tensors(), sample.fn
    if order == 2:
        fn, inputs = derivative(sample, inputs)
    return check(fn, inputs, method=method, mode=mode, name=str(sample))


def derivative(sample: Sample, inputs: Sequence[Tensor]) -> tuple[Callable[..., Any], tuple[Tensor, ...]]:
    """The function (inputs, gy) -> gradients of the inputs, and where to check it; gy are numbers of [-1, 1)."""

    moved = [i for i, recipe in enumerate(sample.inputs) if recipe.grad]
    outputs = list(differentiable(sample.fn(*inputs)))
    rng = np.random.default_rng(len(outputs))
    gys = [Tensor(rng.uniform(-1, 1, out.shape)).requires_grad_() for out in outputs]

    def gradients(*args: Tensor) -> tuple[Tensor, ...]:
        outputs = differentiable(sample.fn(*args[: len(inputs)]))
        found = grad(list(outputs), [args[i] for i in moved], args[len(inputs) :], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradients, (*inputs, *gys)


def differentiable(result: Any) -> Iterator[Tensor]:
    """The tensors of a result that require grad."""
    if isinstance(result, Tensor):
        if result.requires_grad:
            yield result
    elif isinstance(result, (tuple, list)):
        for item in result:
            yield from differentiable(item)


def format_table(rows: Sequence[Row]) -> str:
    """The rows as text: op, cases, worst error, order, time, verdict; then what failed, and a line with the sums."""
    width = max([len(row.op) for row in rows] + [2])
    lines = [f"{'op':{width}}  cases  worst error  order     time"]
    for row in rows:
        verdict = "" if row.ok else "  WRONG"
        lines.append(
            f"{row.op:{width}}  {row.cases:5d}  {row.worst:11.1e}  {row.order:5d}  {row.seconds:5.2f} s{verdict}"
        )
    lines += [f"\n{row.detail}" for row in rows if not row.ok]
    wrong = sum(not row.ok for row in rows)
    counts = [(sum(row.order == order for row in rows), order) for order in (1, 0)]
    lines.append(
        f"\n{len(rows)} ops, {sum(row.cases for row in rows)} cases, {sum(row.seconds for row in rows):.1f} s: "
        + (f"{wrong} wrong" if wrong else "all right")
        + "".join(f"; {count} to {NAMED[order]}" for count, order in counts if count)
    )
    return "\n".join(lines)

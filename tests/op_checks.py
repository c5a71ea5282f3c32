"""What is checked of a row. `ours` is the engine under test (scratchnet; in the harness's own test a faulty torch)."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from devices import in_every_order, off_cpu, placed, share_memory
from op_table import Bad, Row
from parity import assert_same, assert_sum_of_products, to_numpy, torch


@dataclass
class Outcome:
    """What a call gave: its results as tensors, or the exception it raised."""

    outputs: tuple[Any, ...] = ()
    error: Exception | None = None
    inputs: tuple[Any, ...] = ()


def _flat(result: Any) -> tuple[Any, ...]:
    if isinstance(result, (tuple, list)) and not isinstance(result, getattr(torch, "Size", ())):
        return tuple(tensor for part in result for tensor in _flat(part))
    return (result,)


def call(engine: Any, f: Callable[..., Any], xs: list[Any], seed: int | None = None) -> Outcome:
    """f on one engine. torch's warnings are ignored; ours may give UserWarnings, as torch does, and no others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if engine is torch else "error")
        warnings.simplefilter("ignore", UserWarning)
        try:
            if seed is not None:
                engine.manual_seed(seed)
            outputs = _flat(f(engine, engine.nn.functional, *xs))
            if engine is not torch and off_cpu(engine):
                engine.cuda.synchronize()  # raises what a kernel found wrong
            return Outcome(outputs)
        except Exception as error:
            return Outcome(error=error)


def tensors(engine: Any, row: Row | Bad, arrays: list[np.ndarray], grad: bool = False) -> list[Any]:
    """The arguments as tensors, on the CPU on the arrays' memory; those that take a gradient ask for it."""
    made = [placed(engine, array) for array in arrays]
    for tensor, given, array in zip(made, row.inputs, arrays, strict=True):
        if grad and given.grad and array.dtype.kind == "f":
            tensor.requires_grad_()
    return made


def forward(engine: Any, row: Row, arrays: list[np.ndarray], f: Callable[..., Any] | None = None) -> Outcome:
    """The row's results; its arguments must come out as they went in."""
    before = [array.copy() for array in arrays]

    def run() -> Outcome:
        xs = tensors(engine, row, arrays)
        outcome = call(engine, f or row.f, list(xs), 0 if row.seeded else None)
        unchanged(arrays, xs, before)
        outcome.inputs = tuple(xs)
        return outcome

    return in_every_order(run, lambda outcome: list(outcome.outputs), row.name)


def unchanged(arrays: list[np.ndarray], xs: list[Any], before: list[np.ndarray]) -> None:
    """Neither the arrays nor the tensors made of them were written to."""
    for index, (array, x, old) in enumerate(zip(arrays, xs, before, strict=True)):
        for found in (array, to_numpy(x)):
            assert np.array_equal(found, old, equal_nan=old.dtype.kind == "f"), f"argument {index} was written to"


def _value(output: Any) -> np.ndarray:
    return np.asarray(output) if isinstance(output, (bool, int, float)) else to_numpy(output)


def compare_outcomes(ours: Outcome, theirs: Outcome, what: str) -> None:
    """Equal results, or exceptions of one type."""
    if theirs.error is not None:
        assert ours.error is not None, f"{what}: no exception, torch raises {theirs.error!r}"
        assert type(ours.error) is type(theirs.error), f"{what}: {ours.error!r}, torch raises {theirs.error!r}"
        assert str(ours.error), f"{what}: an exception without a text"
        return
    if ours.error is not None:
        raise AssertionError(f"{what}: raises {ours.error!r}, torch doesn't") from ours.error
    assert len(ours.outputs) == len(theirs.outputs), f"{what}: {len(ours.outputs)} results, torch {len(theirs.outputs)}"
    for index, (a, b) in enumerate(zip(ours.outputs, theirs.outputs, strict=True)):
        if not hasattr(b, "detach"):
            assert type(a) is type(b) or (not hasattr(a, "detach") and isinstance(b, tuple)), (
                f"{what}: {a!r}, not {b!r}"
            )
        assert_same(_value(a), _value(b), f"{what}, result {index}")


def alike(ours: Outcome, theirs: Outcome, what: str) -> None:
    """The same kinds of result: a GPU draws other random numbers than the CPU."""
    assert (ours.error is None) == (theirs.error is None), f"{what}: {ours.error!r}, torch {theirs.error!r}"
    found, wanted = ([(_value(y).shape, _value(y).dtype) for y in o.outputs] for o in (ours, theirs))
    assert found == wanted, f"{what}: {found}, torch has {wanted}"


def _magnitudes(row: Row, arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(np.abs(a), np.float64) if a.dtype.kind == "f" else a for a in arrays]


def _doubles(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(a, np.float64) if a.dtype.kind == "f" else a for a in arrays]


def check_forward(row: Row, dtype: str, ours: Any) -> None:
    """Values, dtype, shape, shared memory, unchanged arguments, and the second spelling's bits."""
    arrays = row.arrays(dtype)
    mine, theirs = forward(ours, row, arrays), forward(torch, row, arrays)
    if row.seeded and off_cpu(ours):
        alike(mine, theirs, row.name)
    elif row.long_sum and dtype == "float32" and theirs.error is None and mine.error is None:
        truth, floor = forward(torch, row, _doubles(arrays)), forward(torch, row, _magnitudes(row, arrays))
        for a, b, t, m in zip(mine.outputs, theirs.outputs, truth.outputs, floor.outputs, strict=True):
            assert_sum_of_products(a, b, t, m, row.name)
    else:
        compare_outcomes(mine, theirs, row.name)
    if row.memory:
        for a, b in zip(mine.outputs, theirs.outputs, strict=True):
            if off_cpu(ours) and str(getattr(a, "device", "")) == "cpu":
                continue  # brought to the CPU, where torch's was already
            shared = [any(share_memory(y, x) for x in o.inputs) for y, o in ((a, mine), (b, theirs))]
            assert shared[0] == shared[1], f"{row.name}: shares memory {shared[0]}, torch's {shared[1]}"
    if row.also is not None:
        again = forward(ours, row, arrays, row.also)
        if again.error is not None:
            raise AssertionError(f"{row.name}: the method raises {again.error!r}") from again.error
        for a, b in zip(again.outputs, mine.outputs, strict=True):
            assert np.array_equal(_value(a), _value(b), equal_nan=_value(a).dtype.kind == "f"), (
                f"{row.name}: the method differs"
            )


def _noise(like: list[Any], seed: int) -> list[np.ndarray]:
    """Random upstream gradients: all ones would be blind to a transposed or misplaced one."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(tuple(y.shape))).astype(_value(y).dtype) for y in like]


def _differentiable(outputs: tuple[Any, ...]) -> list[Any]:
    return [y for y in outputs if hasattr(y, "requires_grad") and y.requires_grad]


def gradients(
    engine: Any, row: Row, arrays: list[np.ndarray], order: int, upstream: list[np.ndarray] | None = None
) -> tuple[list[np.ndarray | None], list[np.ndarray | None], list[bool]]:
    """First and second derivatives, each projected on random numbers, and which results ask for a gradient."""
    return in_every_order(
        lambda: _gradients(engine, row, arrays, order, upstream), lambda found: [*found[0], *found[1]], row.name
    )


def _gradients(
    engine: Any, row: Row, arrays: list[np.ndarray], order: int, upstream: list[np.ndarray] | None = None
) -> tuple[list[np.ndarray | None], list[np.ndarray | None], list[bool]]:
    before = [array.copy() for array in arrays]
    xs = tensors(engine, row, arrays, grad=True)
    outcome = call(engine, row.f, xs, 0 if row.seeded else None)
    if outcome.error is not None:
        raise outcome.error
    leaves = [x for x in xs if x.requires_grad]
    asks = [bool(getattr(y, "requires_grad", False)) for y in outcome.outputs]
    ys = _differentiable(outcome.outputs)
    if not ys or not leaves:
        return [], [], asks
    noise = _noise(ys, 1) if upstream is None else upstream
    gys = [placed(engine, g.copy()).to(y.device).requires_grad_(order > 1) for g, y in zip(noise, ys, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if engine is torch else "error")
        gxs = engine.autograd.grad(ys, leaves, gys, create_graph=order > 1, allow_unused=True)
        first = [None if g is None else to_numpy(g).copy() for g in gxs]
        second: list[np.ndarray | None] = []
        active = [g for g in gxs if g is not None and g.requires_grad]
        if order > 1 and active:
            vs = [placed(engine, v) for v in _noise(active, 2)]
            ggs = engine.autograd.grad(active, [*leaves, *gys], vs, allow_unused=True)
            second = [None if g is None else to_numpy(g).copy() for g in ggs]
    unchanged(arrays, xs, before)
    return first, second, asks


def same_kinds(ours: list[np.ndarray | None], theirs: list[np.ndarray | None], what: str) -> None:
    """Shapes and dtypes: all that can be compared with torch's where other random numbers were drawn."""
    found, wanted = ([None if g is None else (g.shape, g.dtype) for g in gs] for gs in (ours, theirs))
    assert found == wanted, f"{what}: {found}, torch has {wanted}"


def same_gradients(
    ours: list[np.ndarray | None], theirs: list[np.ndarray | None], what: str, none_is_zero: bool = False
) -> int:
    if none_is_zero:  # a second derivative that is zero everywhere may be left out
        count = max(len(ours), len(theirs))
        ours, theirs = ours or [None] * count, theirs or [None] * count
    assert len(ours) == len(theirs), f"{what}: {len(ours)} gradients, torch has {len(theirs)}"
    compared = 0
    for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        here = f"{what} {index}"
        if a is None or b is None:
            if none_is_zero:
                present = b if a is None else a
                assert present is None or not present.any(), (
                    f"{here}: one of ours and torch's is missing, the other is not zero"
                )
            else:
                assert a is b, f"{here}: {'missing' if a is None else 'not missing as in torch'}"
            continue
        assert_same(a, b, here)
        compared += 1
    return compared


def check_gradients(row: Row, dtype: str, ours: Any) -> None:
    """Each first derivative for a random upstream gradient."""
    arrays = row.arrays(dtype)
    theirs, _, torch_asks = gradients(torch, row, arrays, 1)
    mine, _, asks = gradients(ours, row, arrays, 1)
    assert any(g is not None for g in theirs), f"{row.name}: nothing to differentiate in torch: say order=0"
    assert asks == torch_asks, f"{row.name}: results that require grad {asks}, torch's {torch_asks}"
    if row.seeded and off_cpu(ours):
        same_kinds(mine, theirs, f"{row.name}: gradient")
        return
    if row.long_sum and dtype == "float32":
        ys = _differentiable(call(torch, row.f, tensors(torch, row, arrays, grad=True)).outputs)
        upstream = _noise(ys, 1)  # float32 numbers, for the float64 truth too
        truth, _, _ = gradients(torch, row, _doubles(arrays), 1, _doubles(upstream))
        floor, _, _ = gradients(torch, row, _magnitudes(row, arrays), 1, _magnitudes(row, upstream))
        for a, b, t, m in zip(mine, theirs, truth, floor, strict=True):
            assert_sum_of_products(a, b, t, m, f"{row.name}: gradient", 2 if off_cpu(ours) else row.times)
    else:
        same_gradients(mine, theirs, f"{row.name}: gradient")


def check_second_order(row: Row, ours: Any) -> None:
    """In float64: the derivatives of a random projection of the first derivatives, also by the upstream gradient."""
    arrays = row.arrays("float64")
    _, theirs, _ = gradients(torch, row, arrays, 2)
    _, mine, _ = gradients(ours, row, arrays, 2)
    if row.seeded and off_cpu(ours):
        pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None]  # one of zeros may be left out
        same_kinds([a for a, _ in pairs], [b for _, b in pairs], f"{row.name}: second derivative")
        return
    compared = same_gradients(mine, theirs, f"{row.name}: second derivative", none_is_zero=True)
    assert compared or not any(g is not None and g.any() for g in theirs), f"{row.name}: nothing was compared"


def strided(array: np.ndarray) -> np.ndarray:
    """The same values with other strides: axes stored in reverse order, and every second element of a longer row."""
    store = np.empty((*array.shape[::-1][:-1], 2 * array.shape[0]) if array.ndim else (), array.dtype)
    if not array.ndim:
        return array.copy()
    view = store.T[::2]
    view[...] = array
    return view


def check_strided(row: Row, ours: Any) -> None:
    """Strided arguments give torch's results and gradients."""
    arrays = [strided(array) for array in row.arrays("float64")]
    mine, theirs = forward(ours, row, arrays), forward(torch, row, arrays)
    if row.seeded and off_cpu(ours):
        alike(mine, theirs, f"{row.name} (strided)")
        return
    compare_outcomes(mine, theirs, f"{row.name} (strided)")
    if row.order:
        same_gradients(
            gradients(ours, row, arrays, 1)[0], gradients(torch, row, arrays, 1)[0], f"{row.name} (strided): gradient"
        )


def check_zero_size(row: Row, ours: Any) -> None:
    """No elements: torch's result and gradients, or torch's exception type."""
    arrays = row.arrays("float32")
    mine, theirs = forward(ours, row, arrays), forward(torch, row, arrays)
    if row.seeded and off_cpu(ours):
        alike(mine, theirs, f"{row.name} (zero-size)")
        return
    compare_outcomes(mine, theirs, f"{row.name} (zero-size)")
    if theirs.error is None and row.order:
        same_gradients(
            gradients(ours, row, arrays, 1)[0], gradients(torch, row, arrays, 1)[0], f"{row.name} (zero-size)"
        )


def check_threads(row: Row, ours: Any) -> None:
    """One thread and two give the same bits, forward and backward."""
    arrays, found = row.arrays("float32"), []
    before = ours.get_num_threads()
    try:
        for count in (1, 2):
            ours.set_num_threads(count)
            outputs = [_value(y).copy() for y in forward(ours, row, arrays).outputs]
            grads = gradients(ours, row, arrays, 1)[0] if row.order else []
            found.append([*outputs, *(g for g in grads if g is not None)])
    finally:
        ours.set_num_threads(before)
    for a, b in zip(*found, strict=True):
        assert a.tobytes() == b.tobytes(), f"{row.name}: 1 and 2 threads differ"


def check_bad(wrong: Bad, ours: Any) -> str:
    """The exception has torch's type. Returns its text."""
    rng = np.random.default_rng(0)
    arrays = [given.draw(rng, wrong.dtype) for given in wrong.inputs]
    theirs = call(torch, wrong.f, tensors(torch, wrong, arrays, grad=True))
    mine = call(ours, wrong.f, tensors(ours, wrong, arrays, grad=True))
    assert theirs.error is not None, f"{wrong.name}: torch takes this: no bad call"
    compare_outcomes(mine, theirs, wrong.name)
    return str(mine.error)

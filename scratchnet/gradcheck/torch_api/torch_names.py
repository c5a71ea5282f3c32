"""gradcheck and gradgradcheck with torch's signatures and torch's meaning.

`scratchnet.gradcheck.check` sees more (a worst index, a reason); these say what torch.autograd's would have said.
Source: torch/autograd/gradcheck.py, PyTorch 2.13; the idea of fast mode: github.com/pytorch/pytorch/issues/53876.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.engine import grad
from scratchnet.gradcheck.report import GradcheckError
from scratchnet.gradcheck.torch_api import undefined
from scratchnet.gradcheck.torch_api.torch_jacobians import Measure, beside, no_derivative, on_host
from scratchnet.ops.creation import zeros_like
from scratchnet.shapes import message

UNDEFINED = (
    "Backwards compatibility: gradcheck also tries upstream gradients that are missing; pass "
    "check_undefined_grad=False to leave that out"
)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """torch.autograd.gradcheck: whether backward's gradients are the central differences of func(*inputs), step eps.

    Every input that requires grad is moved entry by entry (fast_mode: all at once along a random direction), and
    |analytic - numeric| <= atol + rtol * |numeric| must hold. backward must give the same twice (up to nondet_tol),
    zeros for a zero upstream gradient, and, by default, zeros or None for a missing one.

    True, or GradcheckError (False without raise_exception). ValueError where nothing requires grad, RuntimeError for an
    input of stride 0, AssertionError for outputs whose shape changes when an input moves; a UserWarning for inputs that
    aren't float64. NotImplementedError for check_forward_ad, check_batched_grad: forward-mode and batched derivatives
    aren't in this engine. Integer and bool outputs may stand anywhere among the outputs (torch: integers, at the end).
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    _not_here("gradcheck", check_forward_ad=check_forward_ad, check_batched_grad=check_batched_grad)
    measure = Measure(func, _as_tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes)
    try:
        _check(measure, fast_mode, check_undefined_grad, bool(masked))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """torch.autograd.gradgradcheck: gradcheck of the function (inputs, grad_outputs) -> gradients of the inputs.

    Without grad_outputs random ones of [-1, 1) are taken, non-contiguous with gen_non_contig_grad_outputs. Returns and
    raises as gradcheck does; NotImplementedError for check_fwd_over_rev and check_batched_grad.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    _not_here("gradgradcheck", check_fwd_over_rev=check_fwd_over_rev, check_batched_grad=check_batched_grad)
    given = _as_tuple(inputs)
    if grad_outputs is None:
        outputs = differentiable(func(*given))
        upstream: tuple[Any, ...] = tuple(_random_like(out, gen_non_contig_grad_outputs) for out in outputs)
    else:
        upstream = _as_tuple(grad_outputs)
    count = len(given)
    wanted = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]

    def gradients(*args: Any) -> tuple[Tensor, ...]:
        outputs = differentiable(func(*args[:count]))
        found = grad(outputs, [args[i] for i in wanted], args[count:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradients,
        given + upstream,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
        masked=masked,
    )


def differentiable(result: Any) -> tuple[Tensor, ...]:
    """The outputs that require grad. AttributeError for one that is no tensor, as torch raises."""
    outputs = _as_tuple(result)
    for number, output in enumerate(outputs):
        if not isinstance(output, Tensor):
            rule = "must be a Tensor; a function returns a Tensor or a tuple of Tensors"
            raise AttributeError(message("gradcheck", f"output {number}", type(output).__name__, rule))
    return tuple(output for output in outputs if output.requires_grad)


def _as_tuple(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)


def _not_here(name: str, **asked: bool) -> None:
    for argument, value in asked.items():
        if value:
            what = "batched" if "batched" in argument else "forward-mode"
            rule = f"must be False: {what} derivatives aren't in this engine"
            raise NotImplementedError(message(name, argument, True, rule, "leave the argument out"))


def _check(measure: Measure, fast_mode: bool, check_undefined_grad: bool, masked: bool) -> None:
    _check_inputs(measure.inputs)
    result = measure.func(*measure.inputs)
    outputs = differentiable(result)
    if not outputs:
        no_derivative(measure, _as_tuple(result), fast_mode)
        return
    (measure.fast if fast_mode else measure.slow)(_as_tuple(result), outputs)
    _zero_upstream(outputs, measure, masked)
    if check_undefined_grad:
        _undefined_upstream(measure)


def _check_inputs(inputs: Sequence[Any]) -> None:
    found = False
    for index, tensor in enumerate(inputs):
        if not isinstance(tensor, Tensor) or not tensor.requires_grad:
            continue
        found = True
        if tensor.array.dtype != np.float64:
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=5,
            )
        if any(step == 0 and size > 1 for step, size in zip(tensor.stride(), tensor.shape, strict=True)):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping, so that one entry can move alone; call .contiguous() on the input before passing it."
            )
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have "
            "requires_grad=True; use x.requires_grad_()."
        )


def _zero_upstream(outputs: Sequence[Tensor], measure: Measure, masked: bool) -> None:
    """A gradient is a product with the upstream gradient: zero upstream, zero gradient."""
    zeros = [zeros_like(out) for out in outputs]
    for found in grad(outputs, measure.moved, zeros, allow_unused=True):
        if found is None:
            continue
        if not np.allclose(on_host(found), 0, rtol=0, atol=1e-8 if masked else 0):
            raise GradcheckError("backward not multiplied by grad_output")


def _undefined_upstream(measure: Measure) -> None:
    """All upstream gradients missing, then one after the other with zeros for the rest: the gradients are None or 0."""
    count = len(differentiable(measure.func(*measure.inputs)))
    for missing in (None, *(range(count) if count > 1 else ())):
        outputs = differentiable(measure.func(*measure.inputs))
        upstream = [
            None if missing is None or number == missing else zeros_like(out) for number, out in enumerate(outputs)
        ]
        try:
            found = undefined.gradients(outputs, upstream, measure.moved)
        except RuntimeError as error:
            warnings.warn(UNDEFINED, stacklevel=4)
            raise GradcheckError(
                "Expected backward function to handle undefined output grads: the gradient of an output that nobody "
                "used is None after ctx.set_materialize_grads(False)"
            ) from error
        if any(g is not None and on_host(g).any() for g in found):
            warnings.warn(UNDEFINED, stacklevel=4)
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero"
            )


def _random_like(output: Tensor, spread: bool) -> Tensor:
    """Numbers of [-1, 1) that take no number from the user's random stream."""
    values = np.random.default_rng(output.array.size).uniform(-1, 1, output.shape).astype(output.array.dtype)
    if spread and values.size > 1:
        return Tensor._wrap(beside(output, np.repeat(values, 2, axis=-1)).array[..., ::2]).requires_grad_()
    return beside(output, values).requires_grad_()

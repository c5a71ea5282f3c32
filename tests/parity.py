"""Comparison with PyTorch: the one place where tests import torch. Without it, what is marked `needs_torch` skips."""

from typing import Any

import numpy as np
import pytest

torch: Any
try:
    import torch
except ImportError:  # the extra [parity] isn't installed
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="torch isn't installed: comparisons with PyTorch are skipped")

# torch.testing.assert_close's defaults: relative, absolute
TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def to_numpy(value: Any) -> np.ndarray:
    """The values of a torch tensor, one of ours, or an array, as an ndarray of the same dtype."""
    if hasattr(value, "detach"):
        value = value.detach()
    if torch is not None and isinstance(value, torch.Tensor):
        return value.numpy(force=True)  # torch has tensors of zeros without memory
    return value.cpu().numpy() if hasattr(value, "cpu") else np.asarray(value)


def to_torch(value: Any, requires_grad: bool = False) -> Any:
    """A torch tensor with a copy of the values and the strides' order kept plain."""
    return torch.from_numpy(to_numpy(value).copy()).requires_grad_(requires_grad)


def assert_same(ours: Any, theirs: Any, what: str = "result") -> None:
    """Same dtype, same shape, values within torch.testing.assert_close's defaults (integers: equal; NaN is NaN)."""
    a, b = to_numpy(ours), to_numpy(theirs)
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, torch has {b.dtype}"
    assert a.shape == b.shape, f"{what}: shape {a.shape}, torch has {b.shape}"
    relative, absolute = TOLERANCES.get(a.dtype.name, (0.0, 0.0))
    np.testing.assert_allclose(a, b, rtol=relative, atol=absolute, equal_nan=True, err_msg=what)


def assert_sum_of_products(
    ours32: Any, theirs32: Any, truth64: Any, magnitude: Any, what: str = "result", times: int = 2
) -> None:
    """float32 sums of products: our error against float64 is at most twice torch's, the largest and the RMS alike.

    `magnitude` is the same sum over absolute values, |x| * |w|: eps times it is the floor below which no error counts.
    """
    a, b, truth = to_numpy(ours32), to_numpy(theirs32), to_numpy(truth64)
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, torch has {b.dtype}"
    assert a.shape == b.shape == truth.shape, f"{what}: shape {a.shape}, torch has {b.shape}"
    if not a.size:
        return
    floor = np.finfo(np.float32).eps * to_numpy(magnitude).astype(np.float64)
    error, allowed = np.abs(a - truth), np.abs(b - truth)
    assert np.isfinite(a).all() or not np.isfinite(b).all(), f"{what}: not finite"
    limit = max(times * float(allowed.max()), float(floor.max()))
    assert error.max() <= limit, (
        f"{what}: largest error {error.max():.3g}, torch's {allowed.max():.3g}, limit {limit:.3g}"
    )

    def root_mean_square(values: np.ndarray) -> float:
        return float(np.sqrt(np.mean(values**2)))

    limit = max(times * root_mean_square(allowed), root_mean_square(floor))
    found = root_mean_square(error)
    assert found <= limit, f"{what}: RMS error {found:.3g}, torch's {root_mean_square(allowed):.3g}, limit {limit:.3g}"

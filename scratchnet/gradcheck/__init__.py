"""Is this gradient right, and if not, what is wrong with it? `check` compares, measures, and explains."""

from typing import TYPE_CHECKING, Any

from scratchnet.gradcheck.check import check
from scratchnet.gradcheck.report import Finding, GradcheckError, Property, Report, SlotResult, Source, Tolerance
from scratchnet.gradcheck.torch_api.torch_names import gradcheck, gradgradcheck

__all__ = [
    "Finding",
    "GradcheckError",
    "Property",
    "Report",
    "SlotResult",
    "Source",
    "Tolerance",
    "cases",
    "check",
    "gradcheck",
    "gradgradcheck",
]

if TYPE_CHECKING:
    from scratchnet.gradcheck.pytest_plugin import cases


def __getattr__(name: str) -> Any:
    if name == "cases":  # which needs pytest
        from scratchnet.gradcheck.pytest_plugin import cases

        return cases
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

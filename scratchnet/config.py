"""Threads, and what this installation runs on."""

import platform
import sys

import numpy as np

from scratchnet.kernels import threads


def set_num_threads(n: int) -> None:
    """torch.set_num_threads: how many threads the kernels use, at most the CPUs available. Results don't depend on it.

    Raises TypeError for no int, ValueError out of range.
    """
    threads.set_count(n)


def get_num_threads() -> int:
    """How many threads the kernels use."""
    return threads.count()


def show_config() -> str:
    """Versions, platform and threads, a line each, for a report."""
    from importlib.metadata import version

    lines = {
        "python": sys.version.split()[0],
        "platform": f"{platform.system()} {platform.machine()}",
        "numpy": np.__version__,
        "numba": version("numba"),
        "threads": str(get_num_threads()),
    }
    return "\n".join(f"{name:<10} {value}" for name, value in lines.items())

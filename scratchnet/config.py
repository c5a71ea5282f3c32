"""Threads, and what this installation runs on."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

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
    """Versions, devices, threads, vector width and caches, a line each, for a report.

    Imports Numba and, where it is installed, CuPy, which may be broken: its line then says how to mend it.
    """
    lines = [("python", sys.version.split()[0]), ("platform", f"{platform.system()} {platform.machine()}")]
    lines += [*_cpu_lines(), *_gpu_lines()]
    return "\n".join(f"{name:<14} {value}" for name, value in lines)


def _cpu_lines() -> Iterator[tuple[str, str]]:
    import numba

    yield "numpy", np.__version__
    yield "numba", numba.__version__
    yield "kernel cache", _kernel_cache()
    yield "threads", f"{get_num_threads()} of {threads.limit()}"
    yield "vectors", _vector_width()


def _kernel_cache() -> str:
    """Where compiled CPU kernels are kept."""
    from scratchnet.kernels.cpu import cache

    folder = cache.folder()
    return "off: kernels are compiled in each process" if folder is None else str(folder)


def _vector_width() -> str:
    """The widest vectors of this CPU, for which Numba compiles."""
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    for name, bits in (("avx512f", 512), ("avx2", 256), ("sse2", 128), ("neon", 128)):
        if features.get(name):
            return f"{bits} bits ({name})"
    return "unknown"


def _gpu_lines() -> Iterator[tuple[str, str]]:
    from scratchnet.kernels.cuda import runtime

    try:
        cupy = runtime.library()
    except (AssertionError, RuntimeError) as error:
        yield "cupy", str(error)
        return
    yield "cupy", str(getattr(cupy, "__version__", "unknown"))
    yield "cupy cache", os.environ.get("CUPY_CACHE_DIR", str(Path("~/.cupy/kernel_cache").expanduser()))
    wrong = runtime.trouble()
    if wrong:
        yield "GPU", f"none: {wrong}"
        return
    cuda = cupy.cuda
    driver, built = cuda.runtime.driverGetVersion(), cuda.runtime.runtimeGetVersion()
    yield "CUDA", f"driver {_version(driver)}, runtime {_version(built)}"
    pool = cupy.get_default_memory_pool()
    for index in range(runtime.count()):
        found = cuda.runtime.getDeviceProperties(index)
        with runtime.On(index):
            free, total = cuda.runtime.memGetInfo()
            held, used = pool.total_bytes(), pool.used_bytes()
        name, power = found["name"].decode(errors="replace"), f"{found['major']}.{found['minor']}"
        yield f"cuda:{index}", f"{name} ({power}), {runtime.size(free)} of {runtime.size(total)} free"
        yield f"cuda:{index} pool", f"{runtime.size(held)}, of which {runtime.size(used)} in use"


def _version(number: int) -> str:
    """12090 -> 12.9"""
    return f"{number // 1000}.{number % 1000 // 10}"

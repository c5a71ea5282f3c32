"""What a benchmark ran on."""

import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from scratchnet.bench.engines import ENGINES
from scratchnet.kernels import threads


def about(engines: Sequence[str], count: int) -> dict[str, Any]:
    """The machine, versions of all that is measured, threads and the time."""
    packages = dict.fromkeys(["numpy", "numba", *(ENGINES[name].module for name in engines)])
    return {
        "cpu": _cpu(),
        "cores": threads.available(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
        "threads": count,
        "busy": busy(),
        "date": datetime.now().astimezone().isoformat(sep=" ", timespec="minutes"),
    }


def sentence(found: dict[str, Any]) -> str:
    """The same on a line."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    machine = f"{found['cpu']}, {found['cores']} cores, {found['platform']}"
    return f"{machine}; {versions}; threads: {found['threads']}; {found['date']}"


def warning(found: dict[str, Any]) -> str | None:
    """What to say where other programs are at work."""
    share = found["busy"]
    if share is None or share < 0.1:
        return None
    return f"Other programs keep {share:.0%} of the machine busy: the numbers say little, and PyTorch's suffer most."


def busy(seconds: float = 0.5) -> float | None:
    """The share of all cores' time that is spent while this process sleeps, where the system tells."""
    try:
        before = _ticks()
        time.sleep(seconds)
        used, all_ = (after - b for after, b in zip(_ticks(), before, strict=True))
    except (OSError, ValueError):
        return None
    return round(used / all_, 2) if all_ else None


def _ticks() -> tuple[int, int]:
    """Linux: ticks at work, and all, of all cores since the start."""
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:9]]
    user, nice, system, idle, waiting, *rest = fields
    working = user + nice + system + sum(rest)
    return working, working + idle + waiting


def _cpu() -> str:
    """Its model, which Python doesn't know on Linux."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # it runs from a folder
        return "unknown"

"""`python -m emulation.sanitized ARGUMENT...`: Python with these arguments, its kernels built with g++'s sanitizers.

AddressSanitizer's library must be the first that a process loads, so this starts another one.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def runtime() -> str | None:
    """The path of g++'s libasan, or None where it has none."""
    found = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, timeout=60)
    path = found.stdout.strip()
    return path if Path(path).is_absolute() else None


def environment(library: str) -> dict[str, str]:
    """The variables of such a process."""
    return {
        **os.environ,
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps memory until its end
        "EMULATION_SANITIZE": "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]),
    }


if __name__ == "__main__":
    found = runtime()
    if found is None:
        sys.exit("g++ has no libasan")
    os.execve(sys.executable, [sys.executable, *sys.argv[1:]], environment(found))

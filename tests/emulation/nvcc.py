"""NVIDIA's offline compiler, where it is installed: machine code of kernels without a GPU."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path


def find() -> str | None:
    """The path of nvcc, or None."""
    return shutil.which("nvcc")


@cache
def architectures() -> list[str]:
    """Those that it compiles for, as sm_90."""
    ran = subprocess.run([str(find()), "--list-gpu-code"], capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout.split()


def cubin(code: str, options: Sequence[str], expressions: Sequence[str]) -> bytes:
    """Machine code with the kernels that C++ calls `expressions`. RuntimeError with the compiler's words."""
    kept = f"\nvoid* kept[] = {{{', '.join(f'(void*){expression}' for expression in expressions)}}};\n"
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "kernels.cu", Path(folder) / "kernels.cubin"
        source.write_text(code + kept, encoding="utf-8")
        command = [str(find()), "-cubin", *options, "-o", str(made), str(source)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if ran.returncode:
            raise RuntimeError(f"nvcc refuses the kernels:\n{ran.stderr}")
        return made.read_bytes()

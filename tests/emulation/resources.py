"""`python -m emulation.resources [--arch sm_90] [stem ...]`: registers, local and shared memory of every kernel."""

import argparse
from collections.abc import Callable

import scratchnet.kernels.cuda as cuda
from emulation import cubin, nvcc, nvrtc
from scratchnet.kernels.cuda import launch

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_120")
CUPYS = ("-ftz=true",)  # what CuPy adds to the options: float32's subnormal numbers count as 0
STEMS = sorted(path.stem for path in launch.FOLDER.glob("*.cu"))


def compilers() -> dict[str, Callable[..., bytes]]:
    """Those that are installed: (source, options, expressions) -> machine code. CuPy's own is nvrtc."""
    found: dict[str, Callable[..., bytes]] = {"nvcc": nvcc.cubin} if nvcc.find() else {}
    if library := nvrtc.find():
        found["nvrtc"] = lambda *program: nvrtc.cubin(library, *program)[0]
    return found


def expressions(stem: str) -> list[str]:
    """Every instance that the launch code can ask for."""
    program = getattr(cuda, stem).PROGRAM
    return [name for unit in program.units() for name in program.expressions(*unit).values()]


def taken(stem: str, architecture: str, compiler: str) -> dict[str, cubin.Resources]:
    """Expression of each instance -> what it takes. LookupError where the machine code lacks one."""
    wanted = expressions(stem)
    options = [*getattr(cuda, stem).PROGRAM.options, *CUPYS, f"--gpu-architecture={architecture}"]
    kernels = cubin.kernels(compilers()[compiler](launch.source(stem), options, wanted))
    symbols = cubin.expressions(list(kernels))
    if missing := [name for name in wanted if name not in symbols]:
        raise LookupError(f"{stem}.cu for {architecture}: no symbol of {', '.join(missing)}")
    return {name: kernels[symbols[name]] for name in wanted}


def main() -> None:
    """Print a line for each kernel."""
    parser = argparse.ArgumentParser(description="What the kernels take on a GPU; needs none.")
    parser.add_argument("stems", nargs="*", default=STEMS)
    parser.add_argument("--arch", default="sm_90")
    parser.add_argument("--compiler", choices=compilers(), default=next(iter(compilers()), None))
    options = parser.parse_args()
    print(
        f"{options.compiler}, {options.arch}: registers of a thread, local bytes of a thread, shared bytes of a block"
    )
    for stem in options.stems:
        for name, used in taken(stem, options.arch, options.compiler).items():
            print(f"{stem}.cu  {used.registers:4} {used.local:5} {used.shared:6}  {name}")


if __name__ == "__main__":
    main()

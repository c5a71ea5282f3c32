"""From a .cu file to a launched kernel: templates compiled at first use, positions counted in int or long long."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.errors import compiler_refused, not_compiled

FOLDER = Path(__file__).parent
THREADS = 256  # of a block; a multiple of the warp's 32
MAX_BLOCKS = 1 << 16  # the loops over elements stride on from there
INT_LIMIT = 1 << 30  # from here on positions are long long: half of int's range is left for a stride and a window

OPTIONS = ("--std=c++17",)
INDICES = ("int32", "int64")
FLOATS = (("float16",), ("float32",), ("float64",))
INTEGERS = (("int8",), ("uint8",), ("int16",), ("int32",), ("int64",))
_C_NAMES = {
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "float16": "float16",
    "float32": "float",
    "float64": "double",
}

Types = tuple[str, ...]


def source(stem: str) -> str:
    """The text of <stem>.cu with its includes put in place: CuPy's cache of compiled code doesn't look into them."""
    return _expanded(f"{stem}.cu", set())


def _expanded(name: str, seen: set[str]) -> str:
    seen.add(name)
    lines = [f'#line 1 "{name}"']
    for number, line in enumerate((FOLDER / name).read_text(encoding="utf-8").splitlines(), 1):
        include = re.fullmatch(r'#include "([\w.]+)"', line)
        if not include:
            lines.append(line)
        elif include[1] not in seen:
            lines += [_expanded(include[1], seen), f'#line {number + 1} "{name}"']
    return "\n".join(lines)


class Program:
    """The kernels of one .cu file: template<types..., typename I>, I the integer type of positions.

    `kernels` gives for each name the dtypes that its launch code asks for, one tuple an instance; a name may hold a
    first argument of the template, as `value<silu>`. Those of the same dtypes are compiled together, when the first of
    them is launched, with `options` beside those of all.
    """

    def __init__(self, stem: str, kernels: dict[str, tuple[Types, ...]], options: tuple[str, ...] = ()) -> None:
        self.stem = stem
        self.kernels = kernels
        self.options = (*OPTIONS, *options)

    def launch(
        self, name: str, types: Types, threads: int, *args: Any, bound: int = 0, blocks: tuple[int, ...] = ()
    ) -> None:
        """Run `name` on the current stream with at least `threads` threads in one dimension, or on the grid `blocks`.

        Python ints among the arguments become I. `bound` is the largest position in between, if that is no argument.
        """
        sizes = [arg if isinstance(arg, int) else getattr(arg, "size", 0) for arg in args]
        index = np.dtype(np.int64 if max(*sizes, threads, bound) >= INT_LIMIT else np.int32)
        kernel = _function(driver.generation(), self, name, types, index.name)
        grid = blocks or (min(-(-threads // THREADS), MAX_BLOCKS),)
        kernel(grid, (THREADS,), tuple(index.type(arg) if isinstance(arg, int) else arg for arg in args))

    def expressions(self, types: Types, index: str) -> dict[str, str]:
        """Kernel's name -> the C++ expression of its instance, for all kernels that exist for `types`."""
        arguments = ", ".join(_C_NAMES[name] for name in (*types, index))
        return {
            name: f"{name[:-1]}, {arguments}>" if name.endswith(">") else f"{name}<{arguments}>"
            for name, instances in self.kernels.items()
            if types in instances
        }

    def units(self) -> Iterator[tuple[Types, str]]:
        """Everything that the launch code can ask for: dtypes and index type of each unit of compilation."""
        for types in dict.fromkeys(types for instances in self.kernels.values() for types in instances):
            for index in INDICES:
                yield types, index


@cache
def _module(generation: int, program: Program, types: Types, index: str) -> Any:
    names = list(program.expressions(types, index).values())
    return driver.cupy().RawModule(code=source(program.stem), options=program.options, name_expressions=names)


@cache
def _function(generation: int, program: Program, name: str, types: Types, index: str) -> Any:
    expression = program.expressions(types, index)[name]
    try:
        return _module(generation, program, types, index).get_function(expression)
    except Exception as error:
        if not compiler_refused(error):
            raise
        raise not_compiled(program.stem, expression, program.options, error) from error

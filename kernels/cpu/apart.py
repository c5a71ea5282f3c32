"""Functions that kernels call by name, compiled apart from them.

Numba links what a kernel calls into it, and a parallel kernel is made in four steps, each optimised and translated
with all that it holds: for large functions most of the time. As libraries of their own they are translated once, for
all kernels. A kernel on disk has the libraries with it that it calls.
"""

from collections.abc import Callable
from typing import Any

from numba.core import caching

from scratchnet.kernels.cpu import cache

_libraries: dict[str, Any] = {}  # Numba's, by the name of their function
_from_disk: dict[str, Any] = {}  # what Numba keeps of those that came from there: it doesn't give that twice


def call(dispatcher: Any, context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """The code of a call of Numba's function, which is not linked in."""
    compiled = dispatcher.get_compile_result(signature)
    _libraries[compiled.fndesc.llvm_func_name] = compiled.library
    return context.call_internal(builder, compiled.fndesc, signature, args)


def written(name: str, context: Any, write: Callable[[Any], None]) -> None:
    """Makes the library of the function of that name, which `write` writes into a module, unless it is there."""
    if name not in _libraries:
        library = context.codegen().create_library(name)
        module = library.create_ir_module(name)
        write(module)
        library.enable_object_caching()
        library.add_ir_module(module)
        library.finalize()
        _libraries[name] = library


class _Together(caching.CompileResultCacheImpl):
    """A compiled kernel on disk: what Numba keeps of the libraries that it needs, and of itself."""

    _locator_classes = [cache.Locator]  # noqa: RUF012, Numba's way of naming them

    def reduce(self, cres: Any) -> Any:
        kept = super().reduce(cres)
        return _needed(kept[0], set()), kept

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        needed, kept = payload
        for name, state in needed.items():
            if name not in _libraries:
                _libraries[name] = target_context.codegen().unserialize_library(state)
                _from_disk[name] = state
        return super().rebuild(target_context, kept)


def _needed(state: Any, seen: set[str]) -> dict[str, Any]:
    """Of the libraries that a library's machine code names, each after those that it needs itself."""
    _, _, (machine_code, _) = state
    found: dict[str, Any] = {}
    for name, library in _libraries.items():
        if name not in seen and name.encode() in machine_code:
            seen.add(name)
            other = _from_disk.get(name) or library.serialize_using_object_code()
            found |= _needed(other, seen)
            found[name] = other
    return found


class Cache(caching.FunctionCache):
    """What a kernel's dispatcher looks itself up in."""

    _impl_class = _Together

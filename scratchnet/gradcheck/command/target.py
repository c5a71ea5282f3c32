"""What `scratchnet gradcheck FILE:NAME` checks: the file imported, the name found in it, a layer made of it."""

import ast
import difflib
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import scratchnet
from scratchnet.gradcheck.subjects.tensors import library_of

OURS = Path(scratchnet.__file__).resolve().parent


@dataclass(frozen=True)
class Target:
    """`fn` is what `check` takes; `library` the one whose tensors it takes, None where it takes NumPy arrays."""

    fn: Any
    name: str
    library: ModuleType | None
    trailing: tuple[Any, ...] = ()  # arguments after the inputs
    hint: str = ""  # what to say where its code fails


def load(text: str) -> tuple[Path, ModuleType, list[str]]:
    """The file, module and names of "FILE:NAME" or "FILE:FORWARD,BACKWARD". The file is imported: its code runs.

    Raises ValueError for a file or name that doesn't exist, and for a file that can't be imported.
    """
    file, colon, names = text.rpartition(":")
    if not colon or names.endswith(".py"):
        file, names = text, ""
    path = Path(file)
    if path.suffix != ".py":
        raise ValueError(f"argument TARGET: {text!r} must be FILE.py:NAME, as in layers.py:Conv2d")
    if not path.is_file():
        raise ValueError(f"argument TARGET: there is no file {file}")
    module = _imported(path)
    if not names:
        rule = f"must say what in it to check: {file}:NAME"
        raise ValueError(f"argument TARGET: {file} {rule}; {_offer(module, '')}")
    return path, module, names.split(",")


def make(path: Path, module: ModuleType, names: Sequence[str], arguments: Sequence[str]) -> Target:
    """The layer, function or pair of that name. `arguments`, "3" or "stride=2" each, go to a class's constructor; with
    anything else they follow the inputs.
    """
    found = [_find(path, module, name) for name in names]
    positional, keywords = _parsed(arguments)
    if len(found) > 2 or (len(found) == 2 and not all(map(callable, found))):
        raise ValueError(f"argument TARGET: {','.join(names)} must be one name, or two functions: FORWARD,BACKWARD")
    if len(found) == 2:
        forward = partial(found[0], **keywords) if keywords else found[0]
        return Target((forward, found[1]), names[0], None, positional)
    fn, name = found[0], names[0]
    if isinstance(fn, type) and not _is_function(fn):
        try:
            with blaming(path):
                fn = fn(*positional, **keywords)
        except ValueError as error:
            given = "no --arg was given" if not arguments else f"given --arg {' --arg '.join(arguments)}"
            raise ValueError(f"{name} can't be made ({given}): {error}") from error
        positional, keywords = (), {}
    library, hint = library_of(fn), ""
    if library is not None and not isinstance(fn, type):  # a Module
        fn = fn.double()
    elif library is None and not callable(getattr(fn, "backward", None)):
        if not callable(fn):
            rule = "must be a layer with forward and backward, a Module, an autograd.Function or a function"
            what = "has forward, but no backward" if hasattr(fn, "forward") else f"is of type {type(fn).__name__}"
            raise ValueError(f"argument TARGET: {name} {what}; it {rule}")
        library = _library_used(fn, module)
        if "numpy" in _roots(_names_used(fn), module):
            hint = f"a function of NumPy arrays needs its backward beside it: {path}:{name},BACKWARD"
    if keywords and (library_of(fn) is not None or not inspect.isroutine(fn)):
        rule = "names an argument, which only a class's constructor and a plain function take"
        raise ValueError(f"argument --arg: {next(iter(keywords))}=... {rule}")
    return Target(partial(fn, **keywords) if keywords else fn, name, library, positional, hint)


@contextmanager
def blaming(path: Path, hint: str = "", count: str = "") -> Iterator[None]:
    """An exception of the user's code becomes a ValueError of one sentence that names the line it comes from.

    `hint` follows it; `count`, how many inputs there are, follows where their number may be wrong.
    """
    try:
        yield
    except Exception as error:
        place = _place(error, path)
        if place:
            end = f"; {hint}" if hint else ""
            text = str(error).rstrip(".") if hint else str(error)
            raise ValueError(f"{place}: {type(error).__name__}: {text}{end}") from error
        if isinstance(error, TypeError) and count and "argument" in str(error):
            raise ValueError(f"{error} ({count})") from error
        if isinstance(error, ValueError | TypeError | RuntimeError | NotImplementedError):
            raise ValueError(str(error)) from error
        raise


def _place(error: Exception, path: Path) -> str:
    """FILE:LINE and text of the last line of the user's on the way to the exception; "" if there is none."""
    folder = path.resolve().parent
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and not Path(frame.filename).is_relative_to(OURS)
    ]
    if not own:
        return ""
    file = Path(own[-1].filename)
    shown = path.parent / file.relative_to(folder)
    line = f" (`{own[-1].line}`)" if own[-1].line else ""
    return f"{shown}:{own[-1].lineno}{line}"


def _imported(path: Path) -> ModuleType:
    full = path.resolve()
    top, parts = full.parent, [full.stem]
    while (top / "__init__.py").is_file():  # a file of a package is imported as such: it may import relatively
        top, parts = top.parent, [top.name, *parts]
    sys.path.insert(0, str(top))
    try:
        with blaming(path):
            if len(parts) > 1:
                return import_module(".".join(parts))
            spec = spec_from_file_location(f"checked_{full.stem}", full)
            if spec is None or spec.loader is None:
                raise ValueError("it is no Python file")
            module = module_from_spec(spec)
            sys.modules[spec.name] = module  # where inspect and dataclasses look for it
            spec.loader.exec_module(module)
            return module
    except SystemExit as stop:
        rule = f"it calls sys.exit({stop.code!r}); put what runs under if __name__ == '__main__'"
        raise ValueError(f"argument TARGET: can't import {path}: {rule}") from stop
    except (ValueError, ImportError, SyntaxError) as error:
        raise ValueError(f"argument TARGET: can't import {path}: {error}") from error


def _find(path: Path, module: ModuleType, name: str) -> Any:
    thing: Any = module
    for part in name.split("."):
        if not hasattr(thing, part):
            raise ValueError(f"argument TARGET: {path} has no {name!r}; {_offer(module, name)}")
        thing = getattr(thing, part)
    return thing


def _offer(module: ModuleType, name: str) -> str:
    own = [
        key
        for key, thing in vars(module).items()
        if not key.startswith("_") and callable(thing) and getattr(thing, "__module__", None) == module.__name__
    ]
    near = difflib.get_close_matches(name, own, 3, 0.5) or own
    return f"it has {', '.join(near[:12])}" if near else "it defines no class and no function"


def _parsed(arguments: Sequence[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for text in arguments:
        key, equals, value = text.partition("=")
        if equals and key.isidentifier():
            keywords[key] = _literal(value)
        else:
            positional.append(_literal(text))
    return tuple(positional), keywords


def _literal(text: str) -> Any:
    """A Python literal; a bare word is the string it looks like."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if text.replace("-", "_").isidentifier():
            return text
    raise ValueError(f"argument --arg: {text!r} must be a number, a word, a tuple or another Python literal")


def _is_function(kind: type) -> bool:
    """Whether the class is an autograd.Function, which is checked as it is."""
    return library_of(kind) is not None


def _library_used(fn: Any, module: ModuleType) -> ModuleType:
    """The library whose names a function uses: torch or scratchnet; failing that, the one its file imports."""
    torch = sys.modules.get("torch")
    for names in (_names_used(fn), tuple(vars(module))):
        roots = _roots(names, module)
        if torch is not None and "torch" in roots and "scratchnet" not in roots:
            return torch
        if "scratchnet" in roots:
            break
    return scratchnet


def _names_used(fn: Any) -> tuple[str, ...]:
    code = getattr(inspect.unwrap(fn), "__code__", None)
    return tuple(code.co_names) if code else ()


def _roots(names: Sequence[str], module: ModuleType) -> set[str]:
    """The top-level packages of what these names of the module are."""
    return {_root(vars(module)[name]) for name in names if name in vars(module)}


def _root(thing: Any) -> str:
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return str(name).partition(".")[0]

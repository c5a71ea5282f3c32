"""A pickle reader of our own: containers, numbers and strings, and what `names` builds. It imports and calls nothing.

Pickle is a program for a stack machine. This machine knows the instructions that data needs; a name in a file is a
key of the table `names` and nothing else, so no instruction leads to a Python function.
Source: Python's pickletools, which documents each instruction.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any

_SCALARS = (str, int, float, bool, bytes, type(None))
_DAMAGE = (IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError, struct.error)


class Builder:
    """What a name in a file stands for: `build` makes a value of the arguments that the file gives."""

    __slots__ = ("build", "name", "value")

    def __init__(self, name: str, build: Callable[..., Any] | None = None, value: Any = None) -> None:
        self.name, self.build, self.value = name, build, value


def check_keys(keys: Any) -> None:
    """Raises UnpicklingError for keys whose hash could take forever, or can't be had."""
    for key in keys:
        if not isinstance(key, _SCALARS) and not (isinstance(key, tuple) and all(isinstance(k, _SCALARS) for k in key)):
            raise UnpicklingError(f"a key of type {type(key).__name__} is not allowed")


class Unpickler:
    """Reads one pickle from `data` at `position`, which afterwards is where the pickle ends.

    names: what "module.name" stands for; storage: makes something of a persistent id. Raises UnpicklingError.
    """

    def __init__(
        self, data: Any, names: Mapping[str, Builder], storage: Callable[[Any], Any], position: int = 0
    ) -> None:
        self.data, self.position, self.names, self.storage = memoryview(data), position, names, storage
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # what lay on the stack at each mark
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The value that the pickle describes."""
        try:
            while (code := self.take(1)[0]) != 0x2E:
                step = _STEPS.get(code)
                if step is None:
                    raise UnpicklingError(f"the instruction {bytes([code])!r} is not allowed")
                step(self)
            result = self.stack.pop()
        except UnpicklingError:
            raise
        except _DAMAGE as error:
            raise UnpicklingError(f"the pickle is damaged at byte {self.position}: {error!r}") from error
        _check_finished(result)
        return result

    def take(self, count: int) -> bytes:
        """The next bytes of the pickle."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise UnpicklingError(f"the pickle is cut short: {count} bytes wanted at byte {self.position}")
        part, self.position = self.data[self.position : end].tobytes(), end
        return part

    def number(self, form: str) -> int:
        """The next bytes as a number in struct's `form`."""
        value: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def line(self) -> str:
        """The text up to the next line feed: at most 200 bytes, longer than any name that is allowed."""
        part = self.data[self.position : self.position + 200].tobytes()
        end = part.find(b"\n")
        if end < 0:
            raise UnpicklingError(f"a name at byte {self.position} has no end")
        self.position += end + 1
        return part[:end].decode()

    def items(self) -> list[Any]:
        """What was pushed since the last mark, which goes away."""
        found, self.stack = self.stack, self.outer.pop()
        return found

    def pop(self) -> Any:
        """The top of the stack."""
        return self.stack.pop()


def _push(read: Callable[[Unpickler], Any]) -> Callable[[Unpickler], None]:
    return lambda machine: machine.stack.append(read(machine))


def _sized(form: str, decode: Callable[[bytes], Any]) -> Callable[[Unpickler], None]:
    """Push what follows a length in struct's `form`."""
    return lambda machine: machine.stack.append(decode(machine.take(machine.number(form))))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _integer(data: bytes) -> int:
    if len(data) > 64:
        raise UnpicklingError(f"an integer of {len(data)} bytes is not allowed")
    return int.from_bytes(data, "little", signed=True)


def _mark(machine: Unpickler) -> None:
    machine.outer.append(machine.stack)
    machine.stack = []


def _tuple(count: int) -> Callable[[Unpickler], None]:
    def step(machine: Unpickler) -> None:
        if len(machine.stack) < count:
            raise UnpicklingError("a tuple lacks elements")
        machine.stack[-count:] = [tuple(machine.stack[-count:])]

    return step


def _marked_tuple(machine: Unpickler) -> None:
    values = tuple(machine.items())
    machine.stack.append(values)


def _extend(machine: Unpickler, values: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) is not list:
        raise UnpicklingError(f"elements are added to a {type(target).__name__}, which is no list")
    target.extend(values)


def _set_items(machine: Unpickler, flat: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, dict) or len(flat) % 2:
        raise UnpicklingError(f"keys and values are set in a {type(target).__name__}, which is no dict")
    check_keys(flat[::2])
    target.update(zip(flat[::2], flat[1::2], strict=True))


def _append(machine: Unpickler) -> None:
    value = machine.pop()
    _extend(machine, [value])


def _set_item(machine: Unpickler) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine, [key, value])


def _add_items(machine: Unpickler) -> None:
    values, target = machine.items(), machine.stack[-1]
    if type(target) is not set:
        raise UnpicklingError(f"elements are added to a {type(target).__name__}, which is no set")
    check_keys(values)
    target.update(values)


def _put(index: Callable[[Unpickler], int]) -> Callable[[Unpickler], None]:
    def step(machine: Unpickler) -> None:
        machine.memo[index(machine)] = machine.stack[-1]

    return step


def _get(form: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.stack.append(machine.memo[machine.number(form)])


def _name(machine: Unpickler, module: Any, name: Any) -> None:
    full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else repr((module, name))[:200]
    found = machine.names.get(full)
    if found is None:
        rule = "is not allowed: files may hold tensors, containers, numbers and strings"
        raise UnpicklingError(f"the name {full!r} {rule}")
    machine.stack.append(found if found.value is None else found.value)


def _global(machine: Unpickler) -> None:
    module = machine.line()
    _name(machine, module, machine.line())


def _stack_global(machine: Unpickler) -> None:
    name, module = machine.pop(), machine.pop()
    _name(machine, module, name)


def _reduce(machine: Unpickler) -> None:
    args, builder = machine.pop(), machine.pop()
    if not isinstance(builder, Builder) or builder.build is None or type(args) is not tuple:
        raise UnpicklingError(f"a {type(builder).__name__} is called, which is nothing that builds a value")
    try:
        machine.stack.append(builder.build(*args))
    except UnpicklingError:
        raise
    except _DAMAGE as error:
        raise UnpicklingError(f"{builder.name} is given arguments that don't fit: {error}") from error


def _build(machine: Unpickler) -> None:
    """Attributes: none but the versions that a state dict carries beside its entries."""
    state, target = machine.pop(), machine.stack[-1]
    versions = state.get("_metadata") if type(state) is dict else None
    if type(target) is not OrderedDict or not isinstance(versions, dict) or len(state) != 1:
        raise UnpicklingError(f"attributes of a {type(target).__name__} are set, which is not allowed")
    target._metadata = versions  # type: ignore[attr-defined]


def _persistent(machine: Unpickler) -> None:
    machine.stack.append(machine.storage(machine.pop()))


def _protocol(machine: Unpickler) -> None:
    if machine.number("<B") > 5:
        raise UnpicklingError("the pickle's protocol is newer than 5")


_STEPS: dict[int, Callable[[Unpickler], Any]] = {
    code[0]: step
    for code, step in {
        b"\x80": _protocol,
        b"\x95": lambda machine: machine.take(8),  # a frame: only its size
        b"N": _push(lambda machine: None),
        b"\x88": _push(lambda machine: True),
        b"\x89": _push(lambda machine: False),
        b"K": _push(lambda machine: machine.number("<B")),
        b"M": _push(lambda machine: machine.number("<H")),
        b"J": _push(lambda machine: machine.number("<i")),
        b"\x8a": _sized("<B", _integer),
        b"\x8b": _sized("<i", _integer),
        b"G": _push(lambda machine: machine.number(">d")),
        b"X": _sized("<I", _text),
        b"\x8c": _sized("<B", _text),
        b"\x8d": _sized("<Q", _text),
        b"U": _sized("<B", _text),  # Python 2's str
        b"T": _sized("<i", _text),
        b"C": _sized("<B", bytes),
        b"B": _sized("<I", bytes),
        b"\x8e": _sized("<Q", bytes),
        b"(": _mark,
        b")": _push(lambda machine: ()),
        b"]": _push(lambda machine: []),
        b"}": _push(lambda machine: {}),
        b"\x8f": _push(lambda machine: set()),
        b"t": _marked_tuple,
        b"\x85": _tuple(1),
        b"\x86": _tuple(2),
        b"\x87": _tuple(3),
        b"a": _append,
        b"e": lambda machine: _extend(machine, machine.items()),
        b"s": _set_item,
        b"u": lambda machine: _set_items(machine, machine.items()),
        b"\x90": _add_items,
        b"q": _put(lambda machine: machine.number("<B")),
        b"r": _put(lambda machine: machine.number("<I")),
        b"\x94": _put(lambda machine: len(machine.memo)),
        b"h": _get("<B"),
        b"j": _get("<I"),
        b"c": _global,
        b"\x93": _stack_global,
        b"R": _reduce,
        b"b": _build,
        b"Q": _persistent,
    }.items()
}


class Unfinished:
    """What only the inside of a file may hold, such as a storage: no value to hand out."""


def _check_finished(result: Any) -> None:
    """Raises UnpicklingError where the value still holds a name or a storage instead of what is made of it."""
    pending, met = [result], set()
    while pending:
        value = pending.pop()
        if isinstance(value, (Builder, Unfinished)):
            what = value.name if isinstance(value, Builder) else "a storage"
            raise UnpicklingError(f"{what} is stored as a value: files may hold tensors, containers, numbers, strings")
        if isinstance(value, (dict, list, tuple)) and id(value) not in met:
            met.add(id(value))
            pending.extend(value.values() if isinstance(value, dict) else value)

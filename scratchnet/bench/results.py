"""Results as JSON: written when all is measured, as a whole or not at all."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scratchnet.serialization import atomic

Row = dict[str, Any]


def rounded(value: Any) -> Any:
    """Numbers to five digits, wherever they stand: more are noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def write(path: Path, about: Mapping[str, Any], rows: Mapping[str, Row]) -> None:
    """What was measured on, and the rows by name, a line each."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rounded(row))}" for name, row in rows.items())
    with atomic(path) as file:
        file.write(f'{{"about": {json.dumps(about)},\n"rows": {{\n{lines}\n}}}}\n'.encode())


@contextmanager
def folder(out: Path | None) -> Iterator[Path | None]:
    """Made before anything is measured, so that a wrong name costs no time; a new one goes again where that fails."""
    if out is None:
        yield None
        return
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"argument --out: can't make the folder {out}: {error.strerror}") from error
    try:
        yield out
    except BaseException:
        if new:
            with suppress(OSError):
                out.rmdir()
        raise

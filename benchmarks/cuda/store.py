"""The rows of one part in a JSON file, written anew after each of them, so that a run that was stopped can go on."""

import json
from pathlib import Path

from scratchnet.bench.results import Row, rounded, write

__all__ = ["Row", "Store"]


class Store:
    """DIR/<part>.json: what it was measured on, and the rows by name. A row with an "error" isn't done."""

    def __init__(self, folder: Path, part: str) -> None:
        self.path = folder / f"{part}.json"
        self.about: Row = {}
        self.rows: dict[str, Row] = {}
        if self.path.exists():
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self.about, self.rows = content["about"], content["rows"]

    def describe(self, about: Row) -> None:
        """Note what is measured on. Raises ValueError where the rows of an earlier run were measured on another."""
        other = sorted(name for name in about if self.about and self.about.get(name) != about[name])
        if other:
            was, now = ({name: found.get(name) for name in other} for found in (self.about, about))
            raise ValueError(f"{self.path} was measured with {was}, and this is {now}: choose another --out")
        self.about = about

    def done(self, name: str) -> bool:
        """Whether nothing is left to do for this row."""
        return name in self.rows and "error" not in self.rows[name]

    def add(self, name: str, row: Row) -> None:
        """Keep a row, on the disk too."""
        self.rows[name] = rounded(row)
        write(self.path, self.about, self.rows)

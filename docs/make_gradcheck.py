"""Runs the code of docs/gradcheck.md, and the commands of README.md, and writes what they print under them.

Run: python docs/make_gradcheck.py

A block `python` prints the block `text` that follows it; a block `console` holds a command after `$ ` and what it
prints. Blocks with more words after `python` are not run.
"""

import linecache
import re
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = {ROOT / "docs" / "gradcheck.md": ("python", "console"), ROOT / "README.md": ("console",)}
BLOCK = re.compile(r"```(?P<kind>python|console)\n(?P<code>.*?)```(?P<gap>\n+```text\n(?P<printed>.*?)```)?", re.DOTALL)


def rewritten(page: Path) -> str:
    """The page's text with every output made anew."""
    with chdir(ROOT):
        return "".join(_pieces(page.read_text(encoding="utf-8"), PAGES[page]))


def _pieces(text: str, kinds: tuple[str, ...]) -> Iterator[str]:
    names: dict[str, Any] = {"__name__": "example"}
    end = 0
    for found in BLOCK.finditer(text):
        if found["kind"] not in kinds:
            continue
        yield text[end : found.start()]
        end = found.end()
        if found["kind"] == "console":
            command = found["code"].partition("\n")[0]
            yield f"```console\n{command}\n{_command(command)}```{found['gap'] or ''}"
        else:
            printed = _python(found["code"], names)
            yield f"```python\n{found['code']}```" + (f"\n\n```text\n{printed}```" if found["gap"] else "")
    yield text[end:]


def _python(code: str, names: dict[str, Any]) -> str:
    lines = code.splitlines(keepends=True)
    linecache.cache["example.py"] = (len(code), None, lines, "example.py")  # for reports that quote a line of it
    with redirect_stdout(StringIO()) as printed:
        exec(compile(code, "example.py", "exec"), names)
    return printed.getvalue()


def _command(line: str) -> str:
    from scratchnet.cli import main

    words = line.removeprefix("$ scratchnet ").split()
    with redirect_stdout(StringIO()) as printed:
        main(words)
    return printed.getvalue()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for path in PAGES:
        path.write_text(rewritten(path), encoding="utf-8")

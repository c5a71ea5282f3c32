"""Writes compat.md: which of PyTorch's public names scratchnet has, and which it lacks. Needs torch.

Run: python docs/make_compat.py
"""

import os
from importlib import import_module
from pathlib import Path

import torch

MODULES = {  # torch's module: ours
    "torch": "scratchnet",
    "torch.Tensor": "scratchnet.Tensor",
    "torch.autograd": "scratchnet.autograd",
    "torch.linalg": "scratchnet.linalg",
    "torch.nn": "scratchnet.nn",
    "torch.nn.functional": "scratchnet.nn.functional",
    "torch.nn.init": "scratchnet.nn.init",
    "torch.nn.utils": "scratchnet.nn.utils",
    "torch.optim": "scratchnet.optim",
    "torch.optim.lr_scheduler": "scratchnet.optim.lr_scheduler",
    "torch.utils.data": "scratchnet.data",
}
INTRODUCTION = """# PyTorch's names

Which public names of PyTorch {version} scratchnet has, and which it lacks, module by module. Modules, type variables
and torch's own classes but Tensor, Size and Generator are left out. Written by `docs/make_compat.py`.

"""


def find(path: str) -> object | None:
    """The module or class at a dotted path, None where there is none."""
    head, _, last = path.rpartition(".")
    try:
        return import_module(path)
    except ImportError:
        return getattr(import_module(head), last, None) if head else None


def public_names(place: object) -> list[str]:
    """The functions, classes and values that a module or class shows."""
    listed = getattr(place, "__all__", None) or dir(place)
    found = []
    for name in listed:
        value = getattr(place, name, None)
        noise = type(value).__name__ in ("module", "TypeVar", "NoneType", "_SpecialForm", "_Feature")
        compiler = place is torch and name[0].isupper() and name not in ("Tensor", "Size", "Generator")
        if not name.startswith("_") and not noise and not compiler:
            found.append(name)
    return sorted(set(found))


def main() -> None:
    """Write the page beside this script, under a temporary name first."""
    text = [INTRODUCTION.format(version=torch.__version__.split("+")[0])]
    rows, lists = ["| module | there | lacking |", "|---|---|---|"], []
    for theirs, ours in MODULES.items():
        place = find(ours)
        names = public_names(find(theirs) or torch)
        lacking = [name for name in names if not hasattr(place, name)]
        rows.append(f"| `{theirs}` | {len(names) - len(lacking)} | {len(lacking)} |")
        lists.append(f"## `{theirs}` lacks\n\n{', '.join(f'`{name}`' for name in lacking) or 'nothing'}\n")
    text += ["\n".join(rows), "\n\n", "\n".join(lists)]
    page = Path(__file__).with_name("compat.md")
    draft = page.with_suffix(".tmp")
    draft.write_text("".join(text), encoding="utf-8")
    os.replace(draft, page)


if __name__ == "__main__":
    main()

"""Imports point one way: a file imports from its own layer or from lower ones, never upwards."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = (
    "kernels shapes progress dtypes config random device autograd printing ops conversion exchange tensor cuda "
    "backends linalg nn optim data arrays serialization models vision gradcheck explain compat tensorboard bench "
    "training commands cli __main__"
).split()
# torch's name for what lies in a higher layer: bound by the module's __getattr__ at first use.
UPWARDS = {("scratchnet/autograd/__init__.py", "scratchnet.gradcheck")}
FILES = sorted((ROOT / "scratchnet").rglob("*.py")) + sorted((ROOT / "kernels").rglob("*.py"))


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "kernels" if parts[0] == "kernels" else parts[1].removesuffix(".py")


def imported(tree: ast.AST):
    """Names of our modules that a file imports, `scratchnet.x.y` each, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = layer(path)
    for name in imported(tree):
        parts = name.split(".")
        if own == "kernels":
            assert parts[0] != "scratchnet" or parts[1] == "kernels", (
                f"kernels import nothing of ours, but here is {name}"
            )
        upwards = any(str(path.relative_to(ROOT)) == file and name.startswith(prefix) for file, prefix in UPWARDS)
        if parts[0] == "scratchnet" and own != "__init__" and not upwards:
            found = parts[1] if len(parts) > 1 else "linalg"  # `import scratchnet` itself loads what is below nn
            assert LAYERS.index(found) <= LAYERS.index(own), f"{own} imports {name}, which is above it"
        assert parts[0] != "torch", "the library never imports torch"

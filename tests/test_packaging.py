"""The package as installed: its list of folders, its wheel, what an import loads, and which names must not exist."""

import configparser
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ["numba", "llvmlite", "torch", "matplotlib", "scipy", "PIL", "tqdm", "safetensors", "scratchnet.kernels.cpu"]


def python(*arguments, cwd=ROOT):
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300)


def setup_cfg():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return settings


def test_package_list_equals_the_folders():
    listed = setup_cfg()["options"]["packages"].split()
    inside = [p.parent.relative_to(ROOT).parts for p in (ROOT / "scratchnet").rglob("__init__.py")]
    kernels = [("scratchnet", *p.parent.relative_to(ROOT).parts) for p in (ROOT / "kernels").rglob("__init__.py")]
    assert sorted(listed) == sorted(".".join(parts) for parts in inside + kernels)


def test_every_file_of_data_is_packaged():
    named = setup_cfg()["options.package_data"]
    files = {p.name for p in (ROOT / "scratchnet").rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    files |= {p.name for p in (ROOT / "kernels").rglob("*") if p.suffix in (".cu", ".cuh")}
    patterns = [name.strip() for value in named.values() for name in value.split(",")]
    assert [name for name in files if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in files)] == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the built and installed wheel, and nothing of the checkout."""
    top = tmp_path_factory.mktemp("wheel")
    ignore = shutil.ignore_patterns("__pycache__", ".*", "build", "dist", "*.egg-info", "runs", "venv")
    shutil.copytree(ROOT, top / "source", ignore=ignore)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    built = python("-m", "pip", "wheel", *options, "-w", str(top), str(top / "source"), cwd=top)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = top.glob("*.whl")
    options.remove("--no-build-isolation")
    put = python("-m", "pip", "install", *options, "--target", str(top / "site"), str(wheel), cwd=top)
    assert put.returncode == 0, put.stdout + put.stderr
    return top / "site"


def test_wheel_works_away_from_the_checkout(installed, tmp_path):
    code = f"""
import sys; sys.path.insert(0, {str(installed)!r})
import scratchnet as sn, scratchnet.kernels, scratchnet.vision
from pathlib import Path
for module in (sn, scratchnet.kernels):
    assert Path(module.__file__).is_relative_to({str(installed)!r}), module.__file__
assert len(scratchnet.vision.Digits()) == 1442
assert (Path(sn.__file__).parent / "py.typed").is_file()
y = sn.nn.Conv2d(1, 2, 3)(sn.ones(1, 1, 5, 5)).sum()
y.backward()
print("works")
"""
    ran = python("-P", "-c", code, cwd=tmp_path)
    assert ran.stdout == "works\n", ran.stderr
    assert not (installed / "tests").exists()
    assert not (installed / "kernels").exists()


def test_wheel_says_what_it_is(installed):
    (metadata,) = installed.glob("*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    for line in ("Name: scratchnet", "License: MIT", "Requires-Python: >=3.11", "Provides-Extra: parity"):
        assert line in text
    assert {p.name for p in metadata.parent.rglob("*LICENSE*")} == {"LICENSE", "digits.LICENSE.txt"}


def test_pytest_finds_the_plugin_of_the_wheel(installed, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import numpy as np\n"
        "def test_square(gradcheck):\n"
        "    assert gradcheck((lambda a: a * a, lambda gy, a: 2 * gy * a), np.ones((2, 3)))\n"
    )
    # Nothing is imported at start; the fixture finds the package in the wheel.
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    ran = python("-P", "-c", code, "-q", "-p", "no:cacheprovider", "-W", "error", cwd=tmp_path)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["scratchnet.scratchnet", "scratchnet.tests", "scratchnet.setup"])
def test_the_checkout_adds_no_other_name(name):
    ran = python("-c", f"import {name}")
    assert "ModuleNotFoundError" in ran.stderr


def test_kernels_import_by_their_full_name_only():
    """From the checkout's root the folder `kernels` lies on the path; PyPI has another package of that name."""
    ran = python("-c", "import kernels")
    assert "ImportError" in ran.stderr
    assert "scratchnet.kernels" in ran.stderr
    assert python("-c", "import scratchnet.kernels").returncode == 0


def test_import_is_light():
    code = f"import sys, scratchnet; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = python("-c", code)
    assert ran.stdout == "[]\n", ran.stderr


def test_listing_the_models_loads_no_kernels():
    loaded = f"print([name for name in {HEAVY!r} if name in sys.modules])"
    code = f"import sys; from scratchnet.cli import main; main(['models']); {loaded}"
    ran = python("-c", code)
    assert ran.stdout.endswith("[]\n"), ran.stderr

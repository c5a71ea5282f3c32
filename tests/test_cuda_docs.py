"""The programs of docs/cuda.md, one after the other, on the emulated device; and the files that it names."""

import re
import sys
from pathlib import Path

import pytest
from emulation import cupy

import scratchnet as sn
from scratchnet.kernels.cuda import driver, launch

PAGE = (Path(__file__).parents[1] / "docs" / "cuda.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def emulated(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    before = driver.use(cupy)
    yield
    sn.backends.cuda.matmul.allow_tf32 = sn.backends.cudnn.allow_tf32 = False
    driver.use(before)


@pytest.mark.emulated
@pytest.mark.usefixtures("emulated")
def test_the_programs_run(capsys):
    names = {}
    for program in PROGRAMS:
        exec(compile(program, "docs/cuda.md", "exec"), names)
    assert float(capsys.readouterr().out) == pytest.approx(2.3, abs=0.5)  # ten classes, untrained
    assert names["loss"].device == sn.device("cuda:0")
    assert names["y"].shape == (8, 16, 16, 16)
    assert names["gw"].shape == names["w"].shape


def test_the_map_names_every_file_of_the_backend():
    table = PAGE.partition("| files | what they do |")[2].partition("\n## ")[0]
    named = {name.partition(".")[0] for name in re.findall(r"`([\w.]+)`", table)}
    files = {path.stem for path in launch.FOLDER.iterdir() if path.suffix in (".py", ".cu", ".cuh")}
    assert named == files - {"__init__"}

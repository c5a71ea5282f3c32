"""docs/gradcheck.md: what its code prints is what the page says, and its example is as it tells."""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchnet.gradcheck import check

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "gradcheck.md"


@pytest.fixture
def tools(monkeypatch):
    """The modules docs/make_gradcheck.py and examples/gradcheck_convolution.py."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import gradcheck_convolution
    import make_gradcheck

    yield make_gradcheck, gradcheck_convolution
    del sys.modules["make_gradcheck"], sys.modules["gradcheck_convolution"]


def settled(text):
    """The text without what another machine may print otherwise: times, and the last digits of numbers."""
    text = re.sub(r"\d+\.\d+ s\b", "T s", text)
    text = re.sub(r"\b\d(\.\d+)?e[-+]\d\d\b", "E", text)
    return re.sub(r"-?\d+\.\d{6,}", lambda found: f"{float(found[0]):.6g}", text)


@pytest.mark.parametrize("name", ["docs/gradcheck.md", "README.md"])
def test_the_page_says_what_its_code_prints(tools, name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert settled(tools[0].rewritten(ROOT / name)) == settled(text), "run: python docs/make_gradcheck.py"
    assert "```text\n```" not in text
    assert "the gradient is WRONG" in text


def test_the_code_that_is_not_run_is_python():
    blocks = re.findall(r"```python \w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        ast.parse(block)


def test_the_excerpt_is_in_the_example():
    block = re.search(r"```python excerpt\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    source = (ROOT / "examples" / "gradcheck_convolution.py").read_text(encoding="utf-8")
    assert "".join(f"        {line}\n" for line in block.splitlines()) in source


def test_the_example(tools):
    example = tools[1]
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 7))
    report = check(example.Conv2d(3, 4, stride=2), x)
    assert [slot.ok for slot in report.slots] == [False, True, True]
    assert [finding.pattern for finding in report.findings] == ["overlap"]
    assert "dx[window] = " in report.findings[0].source.text
    clean = np.zeros((7, 7), bool)
    clean[::2, ::2] = True
    assert ((report.slots[0].error < 1e-6) == clean).all()
    assert check(example.MendedConv2d(3, 4, stride=2), x)
    assert check(example.Conv2d(3, 4, stride=3), x)  # no windows overlap


def test_links_lead_somewhere():
    text = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target[1:] in headings if target.startswith("#") else (PAGE.parent / target).exists(), target

"""The pytest plugin: the fixture `gradcheck`, `cases`, and what they do to somebody else's test run."""

import subprocess
import sys
from pathlib import Path

import pytest

from scratchnet.gradcheck import cases

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[1]

LAYERS = """
import numpy as np

class Square:
    def forward(self, x):
        self.x = x
        return x * x
    def backward(self, gy):
        return 2 * gy * self.x

class Wrong(Square):
    def backward(self, gy):
        return gy * self.x

X = np.linspace(-1, 1, 6).reshape(2, 3)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """A test run of its own in another process, as a user's: the plugin is loaded from the checkout."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(layers=LAYERS)

    def start(text, *arguments):
        pytester.makepyfile(test_layers=f"import numpy as np\nfrom layers import Square, Wrong, X\n{text}")
        plugin = ("-p", "scratchnet_pytest", "-p", "no:cacheprovider", "-W", "error")
        return pytester.runpytest_subprocess(*plugin, *arguments, timeout=120)

    return start


def test_a_wrong_layer_fails_with_the_report(run):
    result = run(
        """
def test_square(gradcheck):
    report = gradcheck(Square(), X)
    assert report.ok and [slot.name for slot in report.slots] == ["x"]

def test_wrong(gradcheck):
    gradcheck(Wrong(), X)
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "GradcheckError: Wrong: the gradient is WRONG" in text
    assert "0.5 times the right one" in text
    assert "layers.py:12: return gy * self.x" in text
    assert "raise GradcheckError" not in text  # the traceback ends in the user's test


def test_one_test_of_each_case(run):
    result = run(
        """
from scratchnet.gradcheck import cases

@cases({"square": (Square(), X), "drawn": (Square(), lambda rng: rng.standard_normal((3, 4)))})
def test_layer(gradcheck, case):
    gradcheck(*case)

@cases(("pair", (lambda a: 3 * a, lambda gy: 3 * gy), X), ("wrong", Wrong(), X))
def test_more(gradcheck, case):
    gradcheck(*case)
""",
        "-v",
    )
    result.assert_outcomes(passed=3, failed=1)
    for line in ("test_layer[[]square] PASSED*", "test_layer[[]drawn] PASSED*", "test_more[[]wrong] FAILED*"):
        result.stdout.fnmatch_lines([f"*{line}"])


def test_seeds_are_the_tests_own_and_options_pass_through(run):
    result = run(
        """
import pytest
seen = set()

@pytest.mark.parametrize("round", range(2))
def test_seed(gradcheck, round):
    assert gradcheck.seed not in seen
    seen.add(gradcheck.seed)
    gradcheck(Square(), gradcheck.rng.standard_normal(3), mode="full", seed=5)

def test_same_as_ever(gradcheck):
    assert round(float(gradcheck.rng.standard_normal()), 6) == NUMBER

def test_refusal(gradcheck):
    with pytest.raises(ValueError, match="must be float64"):
        gradcheck(Square(), X.astype(np.float32))
""".replace("NUMBER", str(first_number("test_same_as_ever")))
    )
    result.assert_outcomes(passed=4)


def first_number(name):
    from scratchnet.gradcheck.pytest_plugin import Gradcheck

    return round(float(Gradcheck(name).rng.standard_normal()), 6)


def test_a_users_own_fixture_of_that_name_wins(run):
    result = run(
        """
import pytest, sys

@pytest.fixture
def gradcheck():
    return "mine"

def test_mine(gradcheck):
    assert gradcheck == "mine" and "scratchnet" not in sys.modules
"""
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_itself_loads_nothing():
    code = "import sys, scratchnet_pytest; print([n for n in ('scratchnet', 'numpy', 'numba') if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "[]\n", ran.stderr


def test_the_checker_loads_no_pytest():
    code = "import sys, scratchnet.gradcheck; print('pytest' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "False\n", ran.stderr


@pytest.mark.parametrize(
    ("listed", "error", "text"),
    [
        ((), ValueError, r"cases: cases \(=none\) must be at least one"),
        (({},), ValueError, "must be at least one"),
        ((("a", abs),), TypeError, r"cases: case \(=.*'a'.*\) must be .*layer, inputs"),
        ((abs,), TypeError, "must be"),
        (({"a": abs},), TypeError, "must be"),
        ((("a", abs, 1), ("a", abs, 2)), ValueError, r"cases: name \(='a'\) must be a case's own, but two have it"),
    ],
)
def test_cases_refuses(listed, error, text):
    with pytest.raises(error, match=text):
        cases(*listed)

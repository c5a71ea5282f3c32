"""The example of convolutions: the right one passes, the command that it gives names each wrong one, as a fact."""

import re
from pathlib import Path

import pytest

from scratchnet import cli

FILE = Path(__file__).resolve().parents[1] / "examples" / "wrong_convolutions.py"
SAYS = {
    "Sign": "wrong sign",
    "BatchMean": "mean over the batch",
    "BiasOfFirstImage": "not summed over the batch",
    "Overwritten": "`=` in place of `+=`",
    "Flipped": "180 degrees",
    "HeightWidth": "height and width exchanged",
    "StrideIgnored": "stride 1 where forward has stride 2",
    "DilationIgnored": "dilation 1 where forward has dilation 2",
    "PaddingShifted": "shifted by 1",
    "BorderLost": "border",
    "NotConnected": "not connected",
    "UpstreamIgnored": "upstream",
    "Accumulated": "adds its gradient to what earlier calls left",
    "FirstInputKept": "what an earlier call left behind",
}


def run(name, capsys):
    more = ["--arg", "dilation=2"] if name == "DilationIgnored" else []
    code = cli.main(
        ["gradcheck", f"{FILE}:{name}", "--arg", "3", "--arg", "4", "--arg", "stride=2", *more, "--input", "2,3,7,6"]
    )
    return code, " ".join(capsys.readouterr().out.split())


def test_the_right_one(capsys):
    code, text = run("Conv2d", capsys)
    assert not code, text


def test_all_classes_are_listed_here():
    assert re.findall(r"^class (\w+)\(Conv2d\)", FILE.read_text(), re.MULTILINE) == list(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_each_bug_is_named(name, capsys):
    code, text = run(name, capsys)
    assert code == 1
    assert SAYS[name] in text, text
    assert "consistent with" not in text, text
    assert "look at" in text

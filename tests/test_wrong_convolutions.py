"""The example of convolutions: the right one passes, the command that it gives names each wrong one, as a fact."""

import re
from pathlib import Path

import pytest

from scratchnet import cli

FILE = Path(__file__).resolve().parents[1] / "examples" / "wrong_convolutions.py"
SAYS = {  # what it says, and the line that it shows
    "Sign": ("wrong sign", "return -gy.sum("),
    "BatchMean": ("mean over the batch", "/ len(gy)"),
    "BiasOfFirstImage": ("not summed over the batch", "return gy[0].sum("),
    "Overwritten": ("`=` in place of `+=`", "dx[self.window(i, j, gy.shape[2:])] = np.einsum"),
    "Flipped": ("180 degrees", "self.W[:, :, 2 - i, 2 - j]"),
    "HeightWidth": ("height and width exchanged", "self.W[:, :, j, i]"),
    "StrideIgnored": ("stride 1 where forward has stride 2", "self.x[:, :, i : i + OH, j : j + OW]"),
    "DilationIgnored": (
        "dilation 1 where forward has dilation 2",
        'dW[:, :, i, j] = np.einsum("nkhw,nchw->kc", gy, seen)',
    ),
    "PaddingShifted": ("shifted by 1", "return dx[:, :, :H, :W]"),
    "BorderLost": ("border", "dx[:, :, 0] = 0"),
    "NotConnected": ("not connected", "return np.zeros(self.shape)"),
    "UpstreamIgnored": ("upstream", "np.ones_like(gy)"),
    "Accumulated": ("adds its gradient to what earlier calls left", 'getattr(self, "total", 0) + super()'),
    "FirstInputKept": ("what an earlier call left behind", "return super().weight_gradient(gy)"),
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
    said, line = SAYS[name]
    assert said in text, text
    assert line in text.partition("look at")[2], text
    assert "consistent with" not in text, text

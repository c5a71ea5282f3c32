"""Which line of a user's backward a finding shows."""

from pathlib import Path

import numpy as np
import pytest

from scratchnet.gradcheck.subjects.locate import argument_names, attribute_lines, lines_of


class Layer:
    def forward(self, x, w):
        return x @ w

    def named(self, gy):
        gx = gy @ self.w.T
        gx[0] = 0  # last write
        return gx, self.x.T @ gy

    def sliced(self, gy):
        gx = np.zeros(3)
        gx += gy  # written
        return gx[1:-1]  # cut

    def handed_on(self, gy):
        return self.inner(gy)

    def inner(self, gy):
        return 3 * gy  # inside

    def finished(self, gy):
        gx = gy * 2  # written
        return self.cut(gx)

    def cut(self, gx):
        return gx[1:]  # cut

    def kept(self, gy):
        self.dw = self.inner(gy)
        self.params = {"b": gy.sum(0)}  # dict
        self.total += gy  # summed
        return self.total


@pytest.mark.parametrize(
    ("method", "position", "texts"),
    [
        ("named", 0, ["# last write"]),
        ("named", 1, ["return gx, self.x.T @ gy"]),
        ("named", None, ["def named"]),
        ("sliced", 0, ["# written", "# cut"]),
        ("handed_on", 0, ["# inside"]),
        ("finished", 0, ["# written", "# cut"]),
        ("kept", 0, ["# summed"]),
    ],
)
def test_lines(method, position, texts):
    found = lines_of(getattr(Layer(), method), position)
    assert len(found) == len(texts)
    for source, text in zip(found, texts, strict=True):
        assert text in source.text
        assert source.file == __file__
        assert text in Path(__file__).read_text().splitlines()[source.line - 1]


def test_attributes():
    (followed,) = attribute_lines(Layer().kept, "dw")
    assert "# inside" in followed.text
    (named,) = attribute_lines(Layer().kept, "b")
    assert "# dict" in named.text


def test_without_source():
    assert lines_of(np.add, 0) == ()
    assert lines_of(eval("lambda gy: gy"), 0) == ()


def test_argument_names():
    assert argument_names(Layer().forward, 2) == ["x", "w"]
    assert argument_names(Layer().forward, 3) == ["x", "w", "input 2"]
    assert argument_names(lambda *all: all, 1) == ["input 0"]

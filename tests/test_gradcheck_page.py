"""The report as a page: well-formed, self-contained, escaped, and a heat map that shows the errors where they are."""

import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from scratchnet.gradcheck import Finding, Property, Report, SlotResult, Source, Tolerance, check
from scratchnet.gradcheck.html import heat_map, page

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Checks that tags close in order; gathers text, and the class and title of each cell."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.cells, self.addresses = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for key, value in attributes if key in ("src", "href")]
        if tag == "rect" and "title" not in self.open:
            self.cells.append([dict(attributes).get("class", ""), ""])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] == "title" and "rect" in self.open:
            self.cells[-1][1] += data
        elif not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def titled(self):
        return {title: kind for kind, title in self.cells if title.startswith(("[", "the only"))}


def slot(error, worst, **changes):
    """A wrong input with this error."""
    facts = {
        "name": "x",
        "kind": "input",
        "shape": error.shape,
        "ok": False,
        "worst_index": worst,
        "output_index": (0,),
        "numeric": 1.0,
        "analytic": 1.5,
        "tolerance": Tolerance(1e-6, 2e-9, 3e-10, 1e-12),
        "bad": 3,
        "checked": 40,
        "error": error,
    }
    return SlotResult(**{**facts, **changes})


def read(*slots, **changes):
    facts = {"name": "Layer", "method": "central", "mode": "full Jacobian", "slots": slots, "evaluations": 7}
    return Reader(page.render(Report(**{**facts, **changes})))


class Square:
    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, gy):
        return gy * self.x


def test_a_wrong_layer():
    report = check(Square(), np.linspace(1, 2, 6).reshape(2, 3))
    text = page.render(report)
    found = Reader(text)
    told = " ".join(" ".join(found.text).split())
    assert "the gradient is wrong" in told
    assert "0.5 times the right one" in told
    assert "return gy * self.x" in told
    assert "def backward(self, gy):" in told  # the line's neighbours
    assert re.search(r'class="here">\d+ +return gy \* self\.x', text)
    assert [title.partition(";")[0] for title in sorted(found.titled)] == [
        *("[0, 0]: error 1", "[0, 1]: error 1.2", "[0, 2]: error 1.4"),
        *("[1, 0]: error 1.6", "[1, 1]: error 1.8", "[1, 2]: error 2"),
    ]
    assert found.addresses == []
    assert "http" not in text
    assert "prefers-color-scheme: dark" in text


def test_a_right_layer_has_no_map():
    report = check((lambda a: 3 * a, lambda gy: 3 * gy), np.ones((2, 3)), name="triple")
    found = Reader(page.render(report))
    told = " ".join(" ".join(found.text).split())
    assert "triple ✓ the gradient is right" in told
    assert found.titled == {}
    assert "0 of 2 directions" in told


def test_noise_has_no_relative_error():
    quiet = slot(np.zeros(2), (0,), ok=True, numeric=1e-12, analytic=-2e-12)
    assert "both are 0" in read(quiet).text
    assert "3.3e-01" in read(slot(np.zeros(2), (0,), ok=True)).text


def test_colours_are_logarithmic_and_zero_and_unknown_are_apart():
    error = np.array([[0.0, np.nan, 1e-9], [1e-3, 1.0, np.inf]])
    found = read(slot(error, (1, 1))).titled
    assert found == {
        "[0, 0]: exactly right": "z",
        "[0, 1]: not measured": "n",
        "[0, 2]: error 1e-09": "e0",
        "[1, 0]: error 0.001": "e6",
        "[1, 1]: error 1; the worst entry": "e8 worst",
        "[1, 2]: error inf": "e8",
    }


@pytest.mark.parametrize("shape", [(), (1,), (5,), (30,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (2, 1, 2, 3, 2)])
def test_each_entry_has_a_cell(shape):
    error = np.random.default_rng(0).uniform(0.1, 1, shape)
    worst = tuple(n - 1 for n in shape)
    found = read(slot(error, worst)).titled
    assert len(found) == error.size
    for index in np.ndindex(shape):
        where = f"[{', '.join(map(str, index))}]" if shape else "the only entry"
        end = "; the worst entry" if index == worst else ""
        assert f"{where}: error {error[index]:.3g}{end}" in found
    assert sum("worst" in kind for kind in found.values()) == 1


def test_large_maps_show_the_largest_error_of_each_block():
    error = np.zeros((100, 60))
    error[99, 59] = 0.5
    found = read(slot(error, (99, 59)))
    assert "Each cell stands for 3 x 2 entries" in " ".join(found.text)
    assert len(found.titled) == 34 * 30
    assert found.titled["[99, 58 to 59]: error 0.5; the worst entry"] == "e8 worst"
    assert found.titled["[0 to 2, 0 to 1]: exactly right"] == "z"


def test_of_many_maps_the_worst_are_drawn():
    error = np.full((20, 10, 2, 2), 1e-12)
    error[::2, 3] = 0.1
    found = read(slot(error, (19, 9, 1, 1)))
    assert "48 of 200 maps are drawn" in " ".join(found.text)
    assert len(found.titled) == 48 * 4
    assert "[18, 3, 0, 0]: error 0.1" in found.titled
    assert "[19, 9, 1, 1]: error 1e-12; the worst entry" in found.titled


def test_long_vectors_and_empty_tensors():
    error = np.zeros(100_000)
    error[99_999] = 2
    found = read(slot(error, (99_999,)))
    assert "Each cell stands for 87 entries" in " ".join(found.text)
    assert len(found.titled) == 1150 <= heat_map.ROOM
    assert found.titled["[99963 to 99999]: error 2; the worst entry"] == "e8 worst"
    assert read(slot(np.zeros((0, 3)), None)).titled == {}


def test_all_right_and_all_unknown():
    assert set(read(slot(np.zeros((2, 2)), None)).titled.values()) == {"z"}
    assert set(read(slot(np.full((2, 2), np.nan), None)).titled.values()) == {"n"}


def test_everything_is_escaped():
    bad = "<script>alert('&')</script>"
    finding = Finding("factor", bad, bad, False, bad, Source(bad, 3, bad))
    text = page.render(
        Report(
            bad,
            "central",
            bad,
            (slot(np.ones(2), (0,), name=bad, problem=""), slot(np.ones(2), (0,), name=bad, problem=bad)),
            (Property(bad, False, bad),),
            (finding,),
            notes=(bad,),
        )
    )
    assert bad not in text
    assert text.count("&lt;script&gt;") >= 10
    assert text.count("<script>") == 1
    Reader(text)


def test_findings_of_no_slot_stand_beside_the_properties():
    finding = Finding("stale_state", "a call keeps `self.x` for the next", "seen twice", False, "elsewhere")
    found = read(properties=(Property("the same gradient when run twice", False, "differs"),), findings=(finding,))
    told = " ".join(" ".join(found.text).split())
    assert "✗ broken the same gradient when run twice: differs" in told
    assert "Perhaps: a call keeps self.x for the next" in told


def test_a_source_that_has_changed_is_quoted_as_it_was(tmp_path):
    file = tmp_path / "layer.py"
    file.write_text("one\ntwo\nthree\n")
    for text, expected in (("two", "1  one"), ("other", "2  other")):
        finding = Finding("sign", "wrong sign", "all", True, "x", Source(str(file), 2, text))
        told = "|".join(read(slot(np.ones(2), (0,)), findings=(finding,)).text)
        assert expected in told
    assert "three" not in told


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    report = Report("Layer", "central", "full Jacobian", (slot(np.ones(2), (0,)),))
    page.write(report, tmp_path / "report.html")
    before = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert before == page.render(report)

    def fails(*arguments):
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no room"):
        page.write(report, tmp_path / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]

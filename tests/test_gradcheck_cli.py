"""`scratchnet gradcheck`: what can be named, how inputs and arguments are written, what it prints, its errors."""

import re
import sys

import numpy as np
import pytest
from parity import needs_torch

from scratchnet.cli import main

LAYERS = """
import numpy as np
import scratchnet as sn
from scratchnet import nn

print_at_import = print("imported")

class Linear:
    def __init__(self, n, m=4):
        self.W, self.b = np.random.standard_normal((n, m)), np.zeros(m)
        self.running_mean = np.zeros(m)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, gy):
        self.dW, self.db = self.x.T @ gy, gy.sum(axis=0)
        return gy @ self.W.T

class Transposed(Linear):
    def backward(self, gy):
        super().backward(gy)
        return gy @ self.W  # square: no shape gives it away

class OddNames(Linear):
    def backward(self, gy):
        self.slope = self.x.T @ gy
        return gy @ self.W.T

class Single(Linear):
    def __init__(self):
        self.W, self.b = np.ones((3, 4), np.float32), np.zeros(4, np.float32)

class Net(nn.Module):
    def __init__(self, channels, *, stride=1, mode="tanh"):
        super().__init__()
        self.conv, self.mode = nn.Conv2d(channels, 2, 3, stride=stride), mode
    def forward(self, x):
        return getattr(self.conv(x), self.mode)()

class Cube(sn.autograd.Function):
    @staticmethod
    def forward(ctx, x, power):
        ctx.save_for_backward(x)
        ctx.power = power
        return x**power
    @staticmethod
    def backward(ctx, gy):
        (x,) = ctx.saved_tensors
        return ctx.power * gy * x ** (ctx.power - 1), None

made = Net(3)

def soft(x, dim=0):
    return sn.softmax(x, dim)

def rows(index, w):
    return w[index]

def total(x):
    return x.sum()

def product(x, w):
    return x @ w

def product_backward(gy, x, w):
    return gy @ w.T, x.T @ gy

class Quiet:
    def forward(self, x):
        return 2 * x

class Fails(Quiet):
    def backward(self, gy):
        raise KeyError("dW")

class Random(Quiet):
    def forward(self, x):
        return x + np.random.standard_normal()
    def backward(self, gy):
        return gy

class Log(Random):
    def forward(self, x):
        self.x = x
        return np.log(x)
    def backward(self, gy):
        return gy / self.x

class Broken:
    def __init__(self):
        self.missing.attribute

def only_numpy(x):
    return np.tanh(x)

value = 3
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """(exit code, stdout, stderr) of `scratchnet gradcheck` in a folder with layers.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers.py").write_text(LAYERS, encoding="utf-8")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit('bye')\n", encoding="utf-8")
    (tmp_path / "unclosed.py").write_text("x = (1,\n", encoding="utf-8")
    (tmp_path / "lacks.py").write_text("import numpy\nimport no_such_module\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("text", encoding="utf-8")
    path = list(sys.path)

    def start(*arguments):
        try:
            code = main(["gradcheck", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield start
    sys.path[:] = path
    for name in [name for name in sys.modules if name.startswith(("checked_", "mine"))]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("arguments", "slots"),
    [
        ("layers.py:Linear --arg 3 --input 2,3", ["input x (2 x 3)", "parameter W (3 x 4)", "parameter b (4)"]),
        ("layers.py:Linear --arg 3 --arg m=5 --input 2,3", ["input x", "parameter W (3 x 5)", "parameter b (5)"]),
        ("layers.py:OddNames --arg 3 --param W=slope --input 2,3", ["input x (2 x 3)", "parameter W (3 x 4)"]),
        ("layers.py:Net --arg 3 --input 1,3,4,4", ["input x", "conv.weight (2 x 3 x 3 x 3)", "conv.bias (2)"]),
        ("layers.py:Net --arg 3 --arg stride=2 --arg mode=sigmoid --input 1,3,5,5", ["input x (1 x 3 x 5 x 5)"]),
        ("layers.py:made --input 1,3,3,3", ["input x (1 x 3 x 3 x 3)", "parameter conv.weight"]),
        ("layers.py:Cube --arg 3 --input 2,3", ["input x (2 x 3)"]),
        ("layers.py:soft --arg dim=1 --input 2,3", ["input x (2 x 3)"]),
        ("layers.py:soft --arg 1 --input 2,3 --mode full --method five_point", ["input x (2 x 3): 36 entries"]),
        ("layers.py:soft --input 2,3 --method complex", ["input x (2 x 3)"]),
        ("layers.py:total --input scalar", ["input x (scalar)"]),
        ("layers.py:rows --input 4:int5 5,2", ["input w (5 x 2)"]),
        ("layers.py:product --input 2,3 --input 3,4", ["input x (2 x 3)", "input w (3 x 4)"]),
        ("layers.py:product,product_backward --input 2,3 3,4", ["input x (2 x 3)", "input w (3 x 4)"]),
        ("layers.py:Log --input 2,3:positive", ["input x (2 x 3)"]),
        ("layers.py:Single --input 2,3 --allow-float32", ["input x (2 x 3)", "parameter W (3 x 4)"]),
    ],
)
def test_right_ones(run, arguments, slots):
    code, text, errors = run(*arguments.split())
    assert (code, errors) == (0, ""), text
    assert "the gradient is right" in text
    for slot in slots:
        assert re.search(rf"^  ok     .*{re.escape(slot)}", text, re.MULTILINE), text


def test_a_wrong_one_is_explained_on_a_few_lines(run):
    code, text, errors = run("layers.py:Transposed", "--arg", 4, "--arg", 4, "--input", "2,4")
    assert (code, errors) == (1, "")
    assert "Transposed: the gradient is WRONG" in text
    assert re.search(r"WRONG  input x \(2 x 4\): \d+ of 64 wrong; worst at \(\d, \d\) of output \(\d, \d\)", text)
    assert "transposed" in text.lower()
    assert "look at layers.py:22: return gy @ self.W  # square" in text  # a path as the user wrote it
    assert re.search(r"ok     parameter W \(4 x 4\)", text)
    assert len(text.splitlines()) <= 13


def test_arrays_without_a_gradient_are_named(run):
    _, text, _ = run("layers.py:OddNames", "--arg", 3, "--input", "2,3")
    assert "note: not checked: W, b, running_mean (no gradient named dW, d_W, gW, ...; name it with --param" in text
    _, text, _ = run("layers.py:Linear", "--arg", 3, "--input", "2,3")
    assert "note: not checked: running_mean (" in text


def test_the_seed_decides_all_numbers(run):
    def numbers(*arguments):
        text = run("layers.py:Linear", "--arg", 3, "--input", "2,3", *arguments)[1]
        return re.findall("relative error .*", text)

    assert numbers() == numbers("--seed", 0)
    assert numbers("--seed", 1) != numbers()


def test_a_file_of_a_package_imports_its_neighbours(run, tmp_path):
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    for folder in ("mine", "mine/deep"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "mine" / "base.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "mine" / "deep" / "own.py").write_text("from ..base import twice\n")
    assert run("mine/deep/own.py:twice", "--input", "2,3")[0] == 0
    (tmp_path / "beside.py").write_text("from layers import total\n")
    assert run("beside.py:total", "--input", "2,3")[0] == 0
    sys.modules.pop("layers", None)


def test_places_are_named_from_where_the_user_stands(run, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "helper.py").write_text("def fail(x):\n    raise IndexError('gone')\n")
    (tmp_path / "sub" / "own.py").write_text("from helper import fail\n\ndef f(x):\n    return fail(x)\n")
    code, _, errors = run("sub/own.py:f", "--input", 3)
    assert (code, errors) == (
        2,
        "scratchnet gradcheck: sub/helper.py:2 (`raise IndexError('gone')`): IndexError: gone\n",
    )
    sys.modules.pop("helper", None)


def test_html(run, tmp_path):
    arguments = ["layers.py:Transposed", "--arg", 4, "--input", "2,4", "--html", "report.html"]
    code, text, _ = run(*arguments)
    assert code == 1
    assert text.endswith("the same as a page, with the error drawn on the tensor: report.html\n")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "return gy @ self.W" in page
    code, _, errors = run(*arguments[:-1], "nowhere/report.html")
    assert code == 2
    assert "nowhere" in errors
    assert errors.count("\n") == 1


def test_the_engines_own_ops(run):
    code, text, errors = run("--op", "relu", "sigmoid", "--op", "tanh")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["relu", "sigmoid", "tanh"]
    assert "3 ops" in text
    assert "Traceback" not in errors


def test_a_wrong_op_gives_exit_code_1(run, monkeypatch):
    from scratchnet.gradcheck.command import engine_table

    row = engine_table.Row("relu", 1, 0.5, 1, 0.1, False, "relu: the gradient is WRONG")
    monkeypatch.setattr(engine_table, "run", lambda names, on_done: [row])
    code, text, _ = run("--op", "relu")
    assert code == 1
    assert "relu: the gradient is WRONG" in text


@needs_torch
def test_torch_layers(run, tmp_path):
    (tmp_path / "theirs.py").write_text(
        "import torch\nfrom torch import nn\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(1, 2, 3)\n    def forward(self, x):\n        return self.conv(x).tanh()\n\n"
        "class Half(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return 2 * x\n"
        "    @staticmethod\n    def backward(ctx, gy):\n        return gy\n\n"
        "def sine(x):\n    return x.sin() @ torch.ones(3, 2, dtype=x.dtype)\n"
    )
    assert run("theirs.py:Net", "--input", "1,1,4,4")[0] == 0
    assert run("theirs.py:sine", "--input", "2,3")[0] == 0
    code, text, _ = run("theirs.py:Half", "--input", "2,3")
    assert code == 1
    assert "0.5 times the right one" in text
    assert "look at theirs.py:17: return gy" in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("nowhere.py:Linear --input 2,3", "argument TARGET: there is no file nowhere.py"),
        ("notes.txt:Linear --input 2,3", "argument TARGET: 'notes.txt:Linear' must be FILE.py:NAME, as in layers.py"),
        ("Linear --input 2,3", "argument TARGET: 'Linear' must be FILE.py:NAME"),
        ("layers.py --input 2,3", "layers.py must say what in it to check: layers.py:NAME; it has Linear, Transposed"),
        ("layers.py:Linar --input 2,3", "layers.py has no 'Linar'; it has Linear"),
        ("layers.py:value --input 2,3", "value is of type int; it must be a layer with forward and backward"),
        ("layers.py:Quiet --input 2,3", "Quiet has forward, but no backward; it must be a layer"),
        ("layers.py:a,b,c --input 2,3", "layers.py has no 'a'"),
        ("layers.py:soft,value --input 2,3", "soft,value must be one name, or two functions: FORWARD,BACKWARD"),
        ("exits.py:Linear --input 2,3", r"can't import exits.py: it calls sys.exit\('bye'\); put what runs under if"),
        ("unclosed.py:Linear --input 2,3", "can't import unclosed.py: '\\(' was never closed"),
        (
            "lacks.py:Linear --input 2,3",
            r"can't import lacks.py: lacks.py:2 \(`import no_such_module`\): ModuleNotFound",
        ),
        ("layers.py:Linear --input 2,3", r"Linear can't be made \(no --arg was given\): .*missing 1 required.* 'n'"),
        (
            "layers.py:Net --arg 3 --arg strid=2 --input 1,3,4,4",
            r"Net can't be made \(given --arg 3 --arg strid=2\): .*'strid'",
        ),
        (
            "layers.py:Broken --input 2,3",
            r"Broken can't be made .*: layers.py:\d+ .*AttributeError: .*no attribute 'missing'",
        ),
        ("layers.py:Linear --arg 3;4 --input 2,3", "argument --arg: '3;4' must be a number, a word, a tuple"),
        ("layers.py:Linear --arg __import__('os') --input 2,3", "argument --arg: .* must be a number, a word"),
        (
            "layers.py:Cube --arg power=3 --input 2,3",
            r"argument --arg: power=... names an argument, which only a class",
        ),
        ("layers.py:made --arg stride=3 --input 1,3,4,4", "argument --arg: stride=... names an argument"),
        ("layers.py:Linear --arg 3 --input 2x3", r"argument --input: '2x3' must be a shape such as 2,3,8,8"),
        ("layers.py:Linear --arg 3 --input 2,-3", "argument --input: '2,-3' must be a shape"),
        ("layers.py:Linear --arg 3 --input 2,3:float", "argument --input: '2,3:float' must be a shape"),
        ("layers.py:Linear --arg 3 --input 2,3:int0", "argument --input: '2,3:int0' must be a shape"),
        ("layers.py:Linear --arg 3 --input 99999,99999", "'99999,99999' has more than 2\\*\\*27 numbers"),
        ("layers.py:Linear --arg 3", "argument --input: give the shape of each input, as in --input 2,3,8,8"),
        ("layers.py:Linear --arg 3 --input 2,5", r"layers.py:\d+ \(`return x @ self.W \+ self.b`\): ValueError: .*5"),
        ("layers.py:Linear --arg 3 --input 2,3 2,3", r"forward\(\) takes 2 positional.*\(2 --input were given\)"),
        (
            "layers.py:Linear --arg 3 --input 2,3 --param W",
            "argument --param: 'W' must be NAME=GRADIENT, two attributes",
        ),
        ("layers.py:Linear --arg 3 --input 2,3 --param V=dV", "check: params .='V'. must name a floating NumPy array"),
        ("layers.py:Linear --arg 3 --input 2,3 --method exact", "argument --method: invalid choice: 'exact'"),
        ("layers.py:Linear --arg 3 --input 2,3 --rtol 0", "argument --rtol: must be a number above 0, not '0'"),
        ("layers.py:Linear --arg 3 --input 2,3 --op relu", "argument --op: chooses among the engine's ops"),
        ("layers.py:Fails --input 2,3", r"layers.py:\d+ \(`raise KeyError\(.dW.\)`\): KeyError: 'dW'"),
        ("layers.py:Random --input 2,3", "check: Random's output 0 .* must be the same each time"),
        ("layers.py:Log --input 2,3", "check: Log's output 0 at .* must be finite"),
        ("layers.py:Single --input 2,3", r"check: W \(=float32\) must be float64"),
        ("layers.py:only_numpy --input 2,3", "layers.py:.*needs its backward beside it: layers.py:only_numpy,BACKWARD"),
        ("layers.py:rows --input 4:int5 5:int2", "check: inputs .=nothing to differentiate. must have"),
        ("--op no_such_op", "no op is called 'no_such_op'"),
        ("--input 2,3", "argument --input: needs a TARGET to check, as in layers.py:Conv2d"),
        ("--allow-float32", "argument --allow-float32: needs a TARGET"),
        ("--html report.html", "argument --html: needs a TARGET"),
    ],
)
def test_errors_are_one_line_and_exit_2(run, tmp_path, arguments, text):
    before = sorted(tmp_path.iterdir())
    code, _, errors = run(*arguments.split())
    assert code == 2, errors
    assert errors.count("\n") == 1
    assert re.match(rf"scratchnet gradcheck: .*{text}", errors), errors
    assert sorted(p for p in tmp_path.iterdir() if p.name != "__pycache__") == before


def test_shapes():
    from scratchnet.gradcheck.command.input_shapes import inputs

    plain, integers, positive, scalar, empty = inputs(["2,3", "50:int3", "4,4:positive", "scalar", "0,3"], None, 0)
    assert (plain.shape, plain.dtype) == ((2, 3), np.float64)
    assert (integers.min(), integers.max(), integers.dtype.kind) == (0, 2, "i")
    assert 0.5 <= positive.min() < positive.max() <= 1.5
    assert (scalar.shape, empty.shape) == ((), (0, 3))
    again = inputs(["2,3"], None, 0)[0]
    assert np.array_equal(plain, again)
    assert not np.array_equal(plain, inputs(["2,3"], None, 1)[0])

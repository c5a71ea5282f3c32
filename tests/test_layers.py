"""Layers, beside torch's: printing, outputs, gradients and state for each constructor argument; refusals."""

import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, torch

import scratchnet as sn
from scratchnet import nn

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
IMAGE = (2, 4, 7, 8)
ROWS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("Conv2d", (4, 6, 3), {}, IMAGE),
    ("Conv2d", (4, 6, 3), {}, IMAGE[1:]),
    ("Conv2d", (4, 6, (3, 2), (2, 1), (1, 0)), {"bias": False}, IMAGE),
    ("Conv2d", (4, 6), {"kernel_size": 3, "dilation": 2, "groups": 2, "padding": 2}, IMAGE),
    ("Conv2d", (4, 6, (3, 4)), {"padding": "same"}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": "valid", "stride": 2}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "reflect"}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "replicate"}, IMAGE),
    ("Conv2d", (4, 6, 4), {"padding": "same", "padding_mode": "circular", "dilation": (1, 2)}, IMAGE),
    ("ConvTranspose2d", (4, 6, 3), {}, IMAGE),
    ("ConvTranspose2d", (4, 6, 3, 2, 1, 1), {"groups": 2, "bias": False}, IMAGE),
    ("ConvTranspose2d", (4, 6, (2, 3)), {"dilation": 2, "padding": (0, 1)}, IMAGE),
    ("Linear", (8, 5), {}, IMAGE),
    ("Linear", (8, 5), {"bias": False}, (8,)),
    ("Identity", (5,), {"anything": 3}, (3,)),
    ("Flatten", (), {}, IMAGE),
    ("Flatten", (0, 2), {}, IMAGE),
    ("Unflatten", (1, (2, -1)), {}, IMAGE),
    ("Unflatten", (-1, [2, 4]), {}, IMAGE),
    ("MaxPool2d", (3,), {}, IMAGE),
    ("MaxPool2d", ((2, 3),), {"stride": (2, 1), "padding": 1, "ceil_mode": True}, IMAGE),
    ("MaxPool2d", (2,), {"stride": 1, "dilation": 2}, IMAGE),
    ("AvgPool2d", (3,), {}, IMAGE),
    ("AvgPool2d", ((2, 3), 2, 1), {"count_include_pad": False, "ceil_mode": True}, IMAGE),
    ("AvgPool2d", (2,), {"divisor_override": 3}, IMAGE),
    ("AdaptiveAvgPool2d", ((3, None),), {}, IMAGE),
    ("AdaptiveAvgPool2d", (1,), {}, IMAGE),
    ("Unfold", ((2, 3),), {"stride": 2, "padding": 1, "dilation": (2, 1)}, IMAGE),
    ("Fold", ((4, 5), 2), {"padding": 1, "stride": (1, 2)}, (2, 12, 15)),
    ("BatchNorm2d", (4,), {}, IMAGE),
    ("BatchNorm2d", (4,), {"affine": False, "momentum": None, "eps": 1e-2}, IMAGE),
    ("BatchNorm2d", (4,), {"track_running_stats": False, "bias": False}, IMAGE),
    ("BatchNorm1d", (4,), {"momentum": 0.3}, (5, 4)),
    ("BatchNorm1d", (4,), {}, (5, 4, 3)),
    ("ReLU", (), {}, IMAGE),
    ("ReLU", (True,), {}, IMAGE),
    ("Sigmoid", (), {}, IMAGE),
    ("Tanh", (), {}, IMAGE),
    ("Softmax", (1,), {}, IMAGE),
    ("LogSoftmax", (-1,), {}, IMAGE),
    ("Dropout", (0.3,), {}, IMAGE),
    ("Dropout", (), {"inplace": True}, IMAGE),
    ("Dropout2d", (0.4,), {}, IMAGE),
    ("ZeroPad2d", (2,), {}, IMAGE),
    ("ConstantPad2d", ((1, 0, -1, 2), 3.5), {}, IMAGE),
    ("ReflectionPad2d", ((1, 2, 3, 0),), {}, IMAGE),
    ("ReplicationPad2d", (2,), {}, IMAGE),
    ("CircularPad2d", ((1, 2, 0, 3),), {}, IMAGE),
]
LABELS = [f"{name}{number}" for number, (name, *_) in enumerate(ROWS)]


def made(lib: Any, row: int) -> Any:
    name, args, settings, _ = ROWS[row]
    lib.manual_seed(row)
    return getattr(lib.nn, name)(*args, **settings)


def run(lib: Any, row: int, train: bool) -> dict[str, Any]:
    """Two passes through a float64 layer: outputs, gradients and state by name."""
    layer = made(lib, row).double().train(train)
    rng = np.random.default_rng(row)
    found: dict[str, Any] = {}
    for turn in range(2):
        x = lib.tensor(rng.standard_normal(ROWS[row][3])).requires_grad_()
        y = layer(x * 1.0)
        (y * lib.tensor(rng.standard_normal(tuple(y.shape)))).sum().backward()
        found[f"output {turn}"], found[f"gradient {turn}"] = y, x.grad
    found.update({f"gradient of {name}": p.grad for name, p in layer.named_parameters()})
    found.update(layer.state_dict())
    return found


@needs_torch
@pytest.mark.parametrize("row", range(len(ROWS)), ids=LABELS)
def test_prints_as_torch(row: int) -> None:
    assert repr(made(sn, row)) == repr(made(torch, row))


@needs_torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("row", range(len(ROWS)), ids=LABELS)
def test_outputs_and_gradients(row: int, train: bool) -> None:
    ours, theirs = run(sn, row, train), run(torch, row, train)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert_same(ours[name], value, name)


@needs_torch
@pytest.mark.parametrize("size", [(13, 15), (14, 16), (2, 6, 14, 15)])
def test_transposed_convolution_to_a_size(size: tuple[int, ...]) -> None:
    outputs = []
    for lib in (sn, torch):
        lib.manual_seed(0)
        layer = lib.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1).double()
        outputs.append(layer(lib.ones(2, 4, 7, 8, dtype=lib.float64), output_size=size))
    assert tuple(outputs[0].shape) == (2, 6, *size[-2:])
    assert_same(*outputs)


@needs_torch
def test_max_pool_returns_indices() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    ours = nn.MaxPool2d(2, return_indices=True)(sn.tensor(x))
    theirs = torch.nn.MaxPool2d(2, return_indices=True)(torch.tensor(x))
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b)


LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("CrossEntropyLoss", {}),
    ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0], "ignore_index": 1, "label_smoothing": 0.1}),
    ("CrossEntropyLoss", {"reduction": "none"}),
    ("NLLLoss", {"reduction": "sum"}),
    ("NLLLoss", {"weight": [0.5, 1.0, 2.0], "ignore_index": 2}),
    ("MSELoss", {}),
    ("MSELoss", {"reduction": "none"}),
]


@needs_torch
@pytest.mark.parametrize(("name", "settings"), LOSSES)
def test_losses(name: str, settings: dict[str, Any]) -> None:
    rng, found = np.random.default_rng(0), []
    x, classes, numbers = rng.standard_normal((5, 3)), rng.integers(0, 3, 5), rng.standard_normal((5, 3))
    for lib in (sn, torch):
        known = {key: lib.tensor(value).double() if key == "weight" else value for key, value in settings.items()}
        layer = getattr(lib.nn, name)(**known)
        logits = lib.tensor(x).requires_grad_()
        loss = layer(logits, lib.tensor(numbers if name == "MSELoss" else classes))
        loss.sum().backward()
        found.append((loss, logits.grad, repr(layer), list(layer.state_dict())))
    assert_same(found[0][0], found[1][0])
    assert_same(found[0][1], found[1][1], "gradient")
    assert found[0][2:] == found[1][2:]


@pytest.mark.parametrize("lib", BOTH)
@pytest.mark.parametrize(
    ("settings", "reduction"),
    [({"reduce": False}, "none"), ({"size_average": False}, "sum"), ({"size_average": True, "reduce": True}, "mean")],
)
def test_old_names_of_reductions(lib: Any, settings: dict[str, Any], reduction: str) -> None:
    with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
        assert lib.nn.MSELoss(**settings).reduction == reduction


@pytest.mark.parametrize("lib", BOTH)
def test_batch_norm_counts_and_loads_old_state(lib: Any) -> None:
    layer = lib.nn.BatchNorm2d(3)
    layer(lib.ones(2, 3, 2, 2))
    layer(lib.zeros(2, 3, 2, 2))
    assert layer.num_batches_tracked.item() == 2
    assert layer.running_mean.tolist() == pytest.approx([0.09] * 3)
    old = {key: value for key, value in layer.state_dict().items() if key != "num_batches_tracked"}
    fresh = lib.nn.BatchNorm2d(3)
    fresh.load_state_dict(dict(old))
    assert fresh.num_batches_tracked.item() == 0
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0.0] * 3
    assert layer.num_batches_tracked.item() == 0
    assert layer.half().num_batches_tracked.dtype == lib.int64


@pytest.mark.parametrize("lib", BOTH)
def test_what_layers_refuse(lib: Any) -> None:
    n = lib.nn
    image = lib.ones(1, 4, 5, 5)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: n.Conv2d(3, 6, 3, groups=2), ValueError, "in_channels .*must be divisible by groups"),
        (lambda: n.Conv2d(4, 5, 3, groups=2), ValueError, "out_channels .*must be divisible by groups"),
        (lambda: n.Conv2d(4, 4, 3, groups=0), ValueError, "groups .*must be a positive integer"),
        (lambda: n.Conv2d(4, 4, 3, padding="odd"), ValueError, "'odd'"),
        (lambda: n.Conv2d(4, 4, 3, 2, padding="same"), ValueError, "padding='same' is not supported for strided"),
        (lambda: n.Conv2d(4, 4, 3, padding_mode="odd"), ValueError, "padding_mode must be one of"),
        (lambda: n.Conv2d(-1, 4, 3), RuntimeError, "Trying to create tensor with negative dimension -1"),
        (lambda: n.ConvTranspose2d(4, 4, 3, padding_mode="reflect"), ValueError, 'Only "zeros" padding mode'),
        (lambda: n.ConvTranspose2d(4, 4, 3)(image, [9, 9]), ValueError, "valid sizes range from .*7, 7.* to .*7, 7"),
        (lambda: n.ConvTranspose2d(4, 4, 3)(image, [7]), ValueError, "output_size must have 2 or 4 elements"),
        (lambda: n.Dropout(1.5), ValueError, "dropout probability has to be between 0 and 1"),
        (lambda: n.Dropout2d(-0.1), ValueError, "dropout probability has to be between 0 and 1"),
        (lambda: n.BatchNorm2d(4)(lib.ones(2, 4)), ValueError, "expected 4D input .got 2D input."),
        (lambda: n.BatchNorm1d(4)(image), ValueError, "expected 2D or 3D input .got 4D input."),
        (lambda: n.Unflatten(1, 4), TypeError, "unflattened_size must be a tuple of ints"),
        (
            lambda: n.Unflatten(1, (3, 2))(image),
            RuntimeError,
            "don't multiply up to the size of dim 1 .4. in the input",
        ),
        (lambda: n.Linear(-1, 2), RuntimeError, "Trying to create tensor with negative dimension -1"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=text):
            call()


def test_our_texts_name_argument_value_and_cure() -> None:
    text = "Conv2d: in_channels (=3) must be divisible by groups (=2); use groups=1"
    with pytest.raises(ValueError, match=re.escape(text)):
        nn.Conv2d(3, 6, 3, groups=2)
    with pytest.raises(ValueError, match=re.escape("Conv2d: padding (='same') padding='same' is not supported")):
        nn.Conv2d(3, 6, 3, 2, padding="same")


def test_devices_and_dtypes_of_layers() -> None:
    assert nn.Linear(2, 3, dtype=sn.float64, device="cpu").weight.dtype is sn.float64
    assert nn.Conv2d(2, 3, 1, dtype=sn.float16).weight.dtype is sn.float16
    assert nn.BatchNorm2d(3, dtype=sn.float64).running_var.dtype is sn.float64
    with pytest.raises(RuntimeError, match="device"):
        nn.Linear(2, 3, device="cuda")

"""Layers, beside torch's: printing, outputs, gradients and state for each constructor argument; refusals."""

import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import nn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
LINE, IMAGE, VOLUME = (2, 4, 9), (2, 4, 7, 8), (2, 4, 3, 5, 4)
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
    ("Conv1d", (4, 6, 3, 2), {"padding": 1, "groups": 2}, LINE),
    ("Conv1d", (4, 6, 3), {"padding": "same", "padding_mode": "circular", "dilation": 2}, LINE),
    ("Conv1d", (4, 6, 3), {"bias": False}, LINE[1:]),
    ("Conv3d", (4, 6, (2, 3, 2)), {}, VOLUME),
    ("Conv3d", (4, 6, 3, (1, 2, 1)), {"padding": (1, 0, 2), "padding_mode": "replicate"}, VOLUME),
    ("ConvTranspose1d", (4, 6, 3, 2, 1, 1), {}, LINE),
    ("ConvTranspose3d", (4, 6, 2), {"stride": 2, "output_padding": (1, 0, 1), "groups": 2}, VOLUME),
    ("MaxPool1d", (3,), {"padding": 1, "ceil_mode": True}, LINE),
    ("MaxPool3d", ((2, 3, 2),), {"stride": 1}, VOLUME),
    ("AvgPool1d", (3, 2, 1), {"count_include_pad": False}, LINE),
    ("AvgPool3d", (2,), {"divisor_override": 3, "padding": 1}, VOLUME),
    ("LPPool1d", (2, 3), {}, LINE),
    ("LPPool2d", (2, (2, 3)), {"stride": 2, "ceil_mode": True}, IMAGE),
    ("LPPool3d", (2, 2), {}, VOLUME),
    ("AdaptiveAvgPool1d", (3,), {}, LINE),
    ("AdaptiveAvgPool3d", ((2, None, 3),), {}, VOLUME),
    ("AdaptiveMaxPool1d", (3,), {}, LINE),
    ("AdaptiveMaxPool2d", ((3, None),), {}, IMAGE),
    ("AdaptiveMaxPool3d", (2,), {}, VOLUME),
    *[(f"{kind}Pad1d", ((2, 1),), {}, LINE) for kind in ("Zero", "Reflection", "Replication", "Circular")],
    *[(f"{kind}Pad3d", (1,), {}, VOLUME) for kind in ("Zero", "Reflection", "Replication", "Circular")],
    ("ConstantPad1d", (2, 1.5), {}, LINE),
    ("ConstantPad3d", ((1, 0, 2, 0, 0, 1), -1), {}, VOLUME),
    ("Upsample", (), {"scale_factor": 2}, IMAGE),
    ("Upsample", ((5, 9),), {"mode": "bicubic", "align_corners": True}, IMAGE),
    ("Upsample", (), {"scale_factor": (0.5, 2, 1.5), "mode": "trilinear"}, VOLUME),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, IMAGE),
    ("UpsamplingBilinear2d", ((4, 9),), {}, IMAGE),
    *[
        (name, (), {}, IMAGE)
        for name in """ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU SiLU Mish GELU Softplus Softsign LogSigmoid Tanhshrink
        GLU Hardtanh Hardsigmoid Hardswish Softshrink Hardshrink Softmax2d Dropout3d AlphaDropout
        FeatureAlphaDropout""".split()
    ],
    *[(name, (True,), {}, IMAGE) for name in ("ReLU6", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish")],
    *[(name, (0.3, True), {}, IMAGE) for name in ("ELU", "CELU", "LeakyReLU")],
    ("PReLU", (4, 0.1), {}, IMAGE),
    ("RReLU", (0.1, 0.2), {"inplace": True}, IMAGE),
    ("Softplus", (2, 1), {}, IMAGE),
    ("GELU", ("tanh",), {}, IMAGE),
    ("GLU", (1,), {}, IMAGE),
    ("Hardtanh", (-0.5, 2), {"inplace": True}, IMAGE),
    ("Softshrink", (0.3,), {}, IMAGE),
    ("Hardshrink", (0.3,), {}, IMAGE),
    ("Threshold", (0.1, 2), {}, IMAGE),
    ("Threshold", (0.1, 2, True), {}, IMAGE),
    ("Softmin", (1,), {}, IMAGE),
    ("Softmax2d", (), {}, IMAGE[1:]),
    ("Dropout1d", (0.3,), {}, IMAGE[1:]),
    ("Dropout1d", (), {"inplace": True}, IMAGE[2:]),
    ("Dropout3d", (0.3,), {}, (2, 4, 3, 2, 2)),
    ("AlphaDropout", (0.3,), {"inplace": True}, IMAGE),
    ("BatchNorm3d", (4,), {}, (2, 4, 3, 2, 2)),
    ("LayerNorm", (8,), {}, IMAGE),
    ("LayerNorm", ([7, 8],), {"bias": False, "eps": 0.1}, IMAGE),
    ("LayerNorm", ((7, 8),), {"elementwise_affine": False}, IMAGE),
    ("GroupNorm", (2, 4), {}, IMAGE),
    ("GroupNorm", (4, 4), {"affine": False}, IMAGE),
    ("GroupNorm", (1, 4), {"bias": False, "eps": 0.1}, IMAGE),
    ("RMSNorm", (8,), {}, IMAGE),
    ("RMSNorm", ((7, 8),), {"eps": 0.1, "elementwise_affine": False}, IMAGE),
    ("LocalResponseNorm", (3,), {}, IMAGE),
    ("LocalResponseNorm", (2, 0.5), {"beta": 0.4, "k": 2.0}, IMAGE),
    ("InstanceNorm2d", (4,), {}, IMAGE),
    ("InstanceNorm2d", (4,), {}, IMAGE[1:]),
    ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, IMAGE),
    ("InstanceNorm2d", (4,), {"affine": True, "bias": False, "momentum": 0.3, "eps": 0.1}, IMAGE),
    ("InstanceNorm1d", (4,), {"track_running_stats": True}, (2, 4, 5)),
    ("InstanceNorm1d", (4,), {"affine": True}, (4, 5)),
    ("InstanceNorm3d", (4,), {"affine": True}, (2, 4, 3, 2, 2)),
    ("PixelShuffle", (2,), {}, IMAGE),
    ("PixelUnshuffle", (2,), {}, (2, 4, 6, 8)),
    ("ChannelShuffle", (2,), {}, IMAGE),
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
def test_outputs_and_gradients(row: int, train: bool, device: str) -> None:
    ours, theirs = run(sn, row, train), run(torch, row, train)
    assert list(ours) == list(theirs)
    own_stream = device != "cpu" and train and ("Dropout" in ROWS[row][0] or ROWS[row][0] == "RReLU")
    for name, value in theirs.items():
        if own_stream:  # a GPU draws other numbers than the CPU
            assert (to_numpy(ours[name]).shape, to_numpy(ours[name]).dtype) == (value.shape, to_numpy(value).dtype)
        else:
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


@needs_torch
@pytest.mark.parametrize(("axes", "size"), [(1, (19,)), (1, (2, 6, 20)), (3, (9, 10, 8)), (3, (2, 6, 10, 9, 8))])
def test_transposed_convolution_of_rows_and_volumes_to_a_size(axes: int, size: tuple[int, ...]) -> None:
    outputs = []
    for lib in (sn, torch):
        lib.manual_seed(0)
        layer = getattr(lib.nn, f"ConvTranspose{axes}d")(4, 6, 3, stride=2, padding=1).double()
        x = lib.ones(2, 4, *{1: (10,), 3: (5, 5, 4)}[axes], dtype=lib.float64)
        outputs.append(layer(x, output_size=size))
    assert tuple(outputs[0].shape) == (2, 6, *size[-axes:])
    assert_same(*outputs)


@needs_torch
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unpooling_layers(axes: int) -> None:
    x, found = np.random.default_rng(0).standard_normal((2, 3, *(8,) * axes)), []
    for lib in (sn, torch):
        pool = getattr(lib.nn, f"MaxPool{axes}d")(2, stride=2, return_indices=True)
        unpool = getattr(lib.nn, f"MaxUnpool{axes}d")(2, stride=2)
        leaf = lib.tensor(x).requires_grad_()
        y, indices = pool(leaf)
        full = unpool(y, indices, output_size=x.shape)
        (full * lib.tensor(x)).sum().backward()
        adaptive = getattr(lib.nn, f"AdaptiveMaxPool{axes}d")(3, return_indices=True)(leaf)
        found.append([full, unpool(y, indices), leaf.grad, *adaptive, repr(unpool)])
    assert found[0].pop() == found[1].pop()
    for ours, theirs in zip(*found, strict=True):
        assert_same(ours, theirs)


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
        (lambda: n.ConvTranspose3d(4, 4, 3, padding_mode="reflect"), ValueError, 'Only "zeros" padding mode'),
        (lambda: n.ConvTranspose1d(4, 4, 3)(lib.ones(1, 4, 5), [9]), ValueError, "valid sizes range from .*7.* to .*7"),
        (lambda: n.Conv3d(4, 4, 3, 2, padding="same"), ValueError, "padding='same' is not supported for strided"),
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
        (lambda: n.BatchNorm3d(4)(image), ValueError, "expected 5D input .got 4D input."),
        (lambda: n.InstanceNorm2d(4)(lib.ones(2, 4)), ValueError, "expected 3D or 4D input .got 2D input."),
        (lambda: n.InstanceNorm2d(3, affine=True)(image), ValueError, "to match num_features .3."),
        (lambda: n.GroupNorm(3, 4), ValueError, "must be divisible by num_groups .3."),
        (lambda: n.Softmax2d()(lib.ones(2, 4)), ValueError, "expected input to be 3D or 4D"),
        (lambda: n.Hardtanh(2.0, 1.0), AssertionError, "max_val"),
        (lambda: n.Embedding(3, 2, padding_idx=3), AssertionError, "Padding_idx must be within"),
        (lambda: n.Embedding.from_pretrained(lib.ones(3)), AssertionError, "expected to be 2-dimensional"),
        (lambda: n.Bilinear(0, 2, 3), ValueError, "in1_features must be > 0"),
        (lambda: n.TripletMarginLoss(0), ValueError, "margin to be greater than 0"),
        (lambda: n.MultiMarginLoss(3), ValueError, "only p == 1 and p == 2"),
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
    if sn.cuda.is_available():
        assert nn.Linear(2, 3, device="cuda").weight.device == sn.device("cuda", sn.cuda.current_device())
        return
    # AssertionError without CuPy, as torch raises where it is built without CUDA.
    with pytest.raises((AssertionError, RuntimeError), match=r"No CUDA GPUs are available|CUDA enabled"):
        nn.Linear(2, 3, device="cuda")

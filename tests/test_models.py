"""The nine nets: names, shapes and sizes as in torch; one training step's loss and every gradient equal torch's."""

import numpy as np
import pytest
from parity import to_numpy

import scratchnet as sn
from scratchnet import models
from scratchnet.nn import functional as F

torch = pytest.importorskip("torch", reason="torch isn't installed: comparisons with PyTorch are skipped")
from scratchnet.bench.torch_nets import TWINS  # noqa: E402  (the twins are torch's modules)

pytestmark = pytest.mark.usefixtures("device")


def skip_large(name, device):
    """The nets of 96 pixels and more take the emulator a minute each, and more."""
    if device == "emulated" and models.info(name).input_shape[-1] > 32:
        pytest.skip("too many products for a GPU that is emulated")


def input_batch(name, batch=2, seed=7):
    """float64 numbers that float32 holds exactly."""
    return np.random.default_rng(seed).random((batch, *models.info(name).input_shape), np.float32).astype(np.float64)


def evaluate_dropout(model, kind):
    """Only dropout leaves training mode: its masks are compared elsewhere, on its own."""
    model.train()
    for layer in model.modules():
        if isinstance(layer, kind):
            layer.eval()


def ours(name, state, x, labels, dtype):
    """Loss and gradients by parameter name, as NumPy arrays (None where a parameter is not used)."""
    model = models.create(name).to(dtype)
    model.load_state_dict({key: sn.tensor(value.numpy().astype(dtype.numpy)) for key, value in state.items()})
    evaluate_dropout(model, sn.nn.Dropout)
    loss = F.cross_entropy(model(sn.tensor(x.astype(dtype.numpy))), sn.tensor(labels))
    loss.backward()
    grads = {key: None if p.grad is None else to_numpy(p.grad) for key, p in model.named_parameters()}
    return loss.item(), grads


def theirs(twin, state, x, labels, dtype):
    twin.to(dtype)
    twin.load_state_dict({key: value.to(dtype) for key, value in state.items()})
    twin.zero_grad()
    evaluate_dropout(twin, torch.nn.Dropout)
    loss = torch.nn.functional.cross_entropy(twin(torch.tensor(x).to(dtype)), torch.tensor(labels))
    loss.backward()
    grads = {key: None if p.grad is None else p.grad.numpy().copy() for key, p in twin.named_parameters()}
    return loss.item(), grads


def test_registry_holds_the_nine_nets():
    assert models.names() == tuple(TWINS)


@pytest.mark.parametrize("name", TWINS)
def test_parameters_have_torchs_names_shapes_and_order(name, device):
    skip_large(name, device)
    model, twin = models.create(name), TWINS[name]()
    found = [(key, tuple(p.shape)) for key, p in model.named_parameters()]
    assert found == [(key, tuple(p.shape)) for key, p in twin.named_parameters()]
    assert sum(p.numel() for p in model.parameters()) == models.info(name).parameters


@pytest.mark.parametrize("name", TWINS)
def test_one_training_step_equals_torch(name, device):
    """Loss and every gradient: float64 to nine digits of the largest entry, float32 as torch's own error allows."""
    skip_large(name, device)
    torch.manual_seed(3)
    twin = TWINS[name]()
    for layer in twin.modules():  # He's weights: torch's defaults leave the deep nets gradients of 1e-9
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)) and name not in ("lenet", "cifar_cnn"):
            torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    state = {key: value.detach().clone() for key, value in twin.state_dict().items()}
    x, labels = input_batch(name), np.array([3, 8])
    true_loss, true_grads = theirs(twin, state, x, labels, torch.float64)
    loss, grads = ours(name, state, x, labels, sn.float64)
    assert loss == pytest.approx(true_loss, rel=1e-9)
    assert list(grads) == list(true_grads)
    for key, want in true_grads.items():
        if want is None:
            assert grads[key] is None, key
        else:
            np.testing.assert_allclose(grads[key], want, rtol=1e-7, atol=1e-9 * np.abs(want).max(), err_msg=key)
    torch_loss, torch_grads = theirs(twin, state, x, labels, torch.float32)
    loss, grads = ours(name, state, x, labels, sn.float32)
    assert loss == pytest.approx(torch_loss, rel=1e-5)
    spread = rounding_spread(twin, state, x, labels, true_grads)
    for key, want in true_grads.items():
        if want is not None:
            assert_as_exact_as_torch(key, grads[key], torch_grads[key], want, spread[key])


def rounding_spread(twin, state, x, labels, true_grads, draws=4):
    """How far the exact gradients move when the weights move by a float32 rounding: the largest change, and RMS.

    Where two pixels of a pool, or a ReLU's input and 0, are closer than a rounding, which of them wins is a toss in any
    float32 computation, torch's included, and the gradients of all layers below move with it.
    """
    rng = np.random.default_rng(0)
    largest = dict.fromkeys(true_grads, 0.0)
    square = dict(largest)
    for _ in range(draws):
        moved = {
            key: value.double() * torch.from_numpy(1 + np.finfo(np.float32).eps * rng.standard_normal(value.shape))
            for key, value in state.items()
        }
        _, grads = theirs(twin, moved, x, labels, torch.float64)
        for key, want in true_grads.items():
            if want is not None:
                change = np.abs(grads[key] - want)
                largest[key] = max(largest[key], change.max())
                square[key] = max(square[key], np.sqrt((change**2).mean()))
    return {key: (largest[key], square[key]) for key in true_grads}


def assert_as_exact_as_torch(key, got, reference, true, spread):
    """Largest error and root mean square at most twice torch's own, or twice what one rounding of the weights does."""
    assert got.dtype == reference.dtype == np.float32, key
    error, allowed = np.abs(got - true), np.abs(reference - true)
    floor = 4 * np.finfo(np.float32).eps * np.abs(true).max()
    assert error.max() <= 2 * max(allowed.max(), spread[0]) + floor, key
    rms = [np.sqrt((e**2).mean()) for e in (error, allowed)]
    assert rms[0] <= 2 * max(rms[1], spread[1]) + floor, key


@pytest.mark.parametrize("name", ["lenet", "cifar_cnn", "nin"])
def test_num_classes(name, device):
    skip_large(name, device)
    x = sn.tensor(input_batch(name, 1).astype(np.float32))
    assert models.create(name, num_classes=3).eval()(x).shape == (1, 3)


@pytest.mark.parametrize("name", TWINS)
def test_initial_weights_are_torchs_bit_for_bit(name, device):
    """The same seed draws the same weights; twenty seeds, also for AlexNet's 46 million."""
    skip_large(name, device)
    for seed in range(20):
        torch.manual_seed(seed)
        sn.manual_seed(seed)
        want, got = TWINS[name]().state_dict(), models.create(name).state_dict()
        assert list(got) == list(want)
        for key in want:
            assert np.array_equal(to_numpy(got[key]), want[key].numpy()), f"seed {seed}: {key}"


def test_errors():
    with pytest.raises(ValueError, match=r"models: name \(='lenett'\) must be one of lenet, mnist_cnn"):
        models.create("lenett")
    with pytest.raises(ValueError, match=r"num_classes \(=0\) must be at least 1"):
        models.create("lenet", num_classes=0)

"""The nine nets: names, shapes and sizes as in torch; one training step's loss and every gradient equal torch's."""

import numpy as np
import pytest
import torch
from torch_models import TWINS

import scratchnet as sn
from scratchnet import models
from scratchnet.nn import functional as F


def input_batch(name, batch=2):
    return np.random.default_rng(7).random((batch, *models.info(name).input_shape))


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
    grads = {key: None if p.grad is None else p.grad.numpy() for key, p in model.named_parameters()}
    return loss.item(), grads


def theirs(twin, state, x, labels, dtype):
    twin.to(dtype)
    twin.load_state_dict({key: value.to(dtype) for key, value in state.items()})
    twin.zero_grad()
    evaluate_dropout(twin, torch.nn.Dropout)
    loss = torch.nn.functional.cross_entropy(twin(torch.tensor(x).to(dtype)), torch.tensor(labels))
    loss.backward()
    return loss.item(), {key: None if p.grad is None else p.grad.numpy() for key, p in twin.named_parameters()}


def test_registry_holds_the_nine_nets():
    assert models.names() == tuple(TWINS)


@pytest.mark.parametrize("name", TWINS)
def test_parameters_have_torchs_names_shapes_and_order(name):
    model, twin = models.create(name), TWINS[name]()
    found = [(key, tuple(p.shape)) for key, p in model.named_parameters()]
    assert found == [(key, tuple(p.shape)) for key, p in twin.named_parameters()]
    assert sum(p.numel() for p in model.parameters()) == models.info(name).parameters


@pytest.mark.parametrize("name", TWINS)
def test_one_training_step_equals_torch(name):
    """float64 by assert_close; float32 by its error against float64, at most twice torch's own."""
    torch.manual_seed(3)
    twin = TWINS[name]()
    state = {key: value.detach().clone() for key, value in twin.state_dict().items()}
    x, labels = input_batch(name), np.array([3, 8])
    true_loss, true_grads = theirs(twin, state, x, labels, torch.float64)
    loss, grads = ours(name, state, x, labels, sn.float64)
    assert loss == pytest.approx(true_loss, rel=1e-7)
    assert list(grads) == list(true_grads)
    for key, want in true_grads.items():
        if want is None:
            assert grads[key] is None, key
        else:
            torch.testing.assert_close(
                torch.from_numpy(grads[key]), torch.from_numpy(want), msg=lambda m, k=key: f"{k}: {m}"
            )
    true_grads = {key: None if want is None else want.copy() for key, want in true_grads.items()}
    torch_loss, torch_grads = theirs(twin, state, x, labels, torch.float32)
    loss, grads = ours(name, state, x, labels, sn.float32)
    assert loss == pytest.approx(torch_loss, rel=1e-5)
    for key, want in true_grads.items():
        if want is not None:
            assert_at_most_twice_torchs_error(key, grads[key], torch_grads[key], want)


def assert_at_most_twice_torchs_error(key, got, reference, true):
    """Largest error and root mean square, above a floor of a few roundings of the gradient's own size."""
    assert got.dtype == reference.dtype == np.float32, key
    error, allowed = np.abs(got - true), np.abs(reference - true)
    floor = 4 * np.finfo(np.float32).eps * np.abs(true).max()
    assert error.max() <= 2 * allowed.max() + floor, key
    assert np.sqrt((error**2).mean()) <= 2 * np.sqrt((allowed**2).mean()) + floor, key


@pytest.mark.parametrize("name", ["lenet", "cifar_cnn", "nin"])
def test_num_classes(name):
    x = sn.tensor(input_batch(name, 1).astype(np.float32))
    assert models.create(name, num_classes=3).eval()(x).shape == (1, 3)


def test_lenet_starts_from_torchs_weights():
    torch.manual_seed(11)
    twin = TWINS["lenet"]()
    sn.manual_seed(11)
    for (key, got), want in zip(models.create("lenet").named_parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(got.detach().numpy(), want.detach().numpy(), err_msg=key)


def test_errors():
    with pytest.raises(ValueError, match=r"models: name \(='lenett'\) must be one of lenet, mnist_cnn"):
        models.create("lenett")
    with pytest.raises(ValueError, match=r"num_classes \(=0\) must be at least 1"):
        models.create("lenet", num_classes=0)

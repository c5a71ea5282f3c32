"""The nine nets: names, shapes and sizes as in torch; one training step's loss and every gradient equal torch's."""

import numpy as np
import pytest

import scratchnet as sn
from scratchnet import models
from scratchnet.nn import functional as F

torch = pytest.importorskip("torch", reason="torch isn't installed: comparisons with PyTorch are skipped")
from torch_models import TWINS  # noqa: E402  (the twins are torch's modules)


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
    grads = {key: None if p.grad is None else p.grad.numpy() for key, p in model.named_parameters()}
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
def test_parameters_have_torchs_names_shapes_and_order(name):
    model, twin = models.create(name), TWINS[name]()
    found = [(key, tuple(p.shape)) for key, p in model.named_parameters()]
    assert found == [(key, tuple(p.shape)) for key, p in twin.named_parameters()]
    assert sum(p.numel() for p in model.parameters()) == models.info(name).parameters


@pytest.mark.parametrize("name", TWINS)
def test_one_training_step_equals_torch(name):
    """float64 by assert_close; float32 by its error against float64, at most twice torch's own.

    A value within rounding of a ReLU's or a maximum's kink may fall to its other side in float32, in torch as here, and
    then a gradient moves by thousands of roundings. So float32 is judged at the first of six inputs where none does.
    """
    torch.manual_seed(3)
    twin = TWINS[name]()
    state = {key: value.detach().clone() for key, value in twin.state_dict().items()}
    labels = np.array([3, 8])
    for attempt in range(6):
        x = input_batch(name, seed=attempt)
        true_loss, true_grads = theirs(twin, state, x, labels, torch.float64)
        if attempt == 0:
            loss, grads = ours(name, state, x, labels, sn.float64)
            assert loss == pytest.approx(true_loss, rel=1e-7)
            assert list(grads) == list(true_grads)
            for key, want in true_grads.items():
                torch.testing.assert_close(tensor(grads[key]), tensor(want), msg=lambda m, k=key: f"{k}: {m}")
        torch_loss, torch_grads = theirs(twin, state, x, labels, torch.float32)
        loss, grads = ours(name, state, x, labels, sn.float32)
        assert loss == pytest.approx(torch_loss, rel=1e-5)
        faults = [key for key, want in true_grads.items() if not as_good_as_torch(grads[key], torch_grads[key], want)]
        if not faults:
            return
    pytest.fail(f"float32 gradients further from float64 than twice torch's: {faults}")


def tensor(array):
    """For assert_close, which takes no None: a parameter that no layer uses has no gradient."""
    return torch.tensor([]) if array is None else torch.from_numpy(array)


def as_good_as_torch(got, reference, true):
    """Largest error and root mean square at most twice torch's, above a floor of a few roundings."""
    if true is None:
        return got is None
    assert got.dtype == reference.dtype == np.float32
    error, allowed = np.abs(got - true), np.abs(reference - true)
    floor = 4 * np.finfo(np.float32).eps * np.abs(true).max()
    largest = error.max() <= 2 * allowed.max() + floor
    return largest and np.sqrt((error**2).mean()) <= 2 * np.sqrt((allowed**2).mean()) + floor


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

"""Tensors beside NumPy, torch and plain Python: shared memory, conversions, copies; and torch's printing of them."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch
from programs import refuse, same_program

import scratchnet as sn


def test_numpy_shares_memory_both_ways() -> None:
    array = np.arange(6.0).reshape(2, 3)
    x = sn.from_numpy(array)
    x[0, 0] = 9.0
    array[1, 2] = -1.0
    assert array[0, 0] == 9.0
    assert x[1, 2].item() == -1.0
    assert x.numpy().base is not None
    assert np.shares_memory(x.numpy(), array)
    assert not np.shares_memory(sn.tensor(array).numpy(), array)
    assert np.shares_memory(sn.as_tensor(array).numpy(), array)
    assert np.asarray(x).dtype == np.float64
    assert np.asarray(x, dtype=np.float32).dtype == np.float32


@needs_torch
def test_dlpack_both_ways_without_copies() -> None:
    theirs = torch.arange(4.0)
    ours = sn.from_dlpack(theirs)
    ours[0] = 7.0
    assert theirs[0].item() == 7.0
    back = torch.from_dlpack(ours)
    back[1] = 8.0
    assert ours.tolist() == [7.0, 8.0, 2.0, 3.0]
    assert np.from_dlpack(ours).tolist() == [7.0, 8.0, 2.0, 3.0]
    with pytest.raises(RuntimeError, match="requires_grad|require gradient"):
        np.from_dlpack(sn.ones(2, requires_grad=True))


@needs_torch
@pytest.mark.parametrize(
    ("program", "phrase"),
    [
        (lambda T: T.from_numpy(np.arange(3)[::-1]), "negative strides"),
        (lambda T: T.from_numpy([1, 2]), "expected np.ndarray"),
        (lambda T: T.from_numpy(np.array(["a"])), "supported"),
        (lambda T: T.tensor([[1, 2], [3]]), "equal lengths"),
        (lambda T: T.tensor(["a"]), "numbers"),
        (lambda T: T.ones(2) + "a", "unsupported operand"),
        (lambda T: [10, 20][T.tensor(1.0)], "integer tensors"),
        (lambda T: copy.deepcopy(T.ones(2, requires_grad=True) * 2), "created explicitly by the user"),
    ],
)
def test_refusals(program: Any, phrase: str) -> None:
    refuse(program, phrase)


@same_program
def test_numbers_and_operators(T: Any) -> Any:
    x = T.tensor([1.0, 2.0, 4.0])
    n = T.tensor(3)
    results = [2 + x, 2 - x, 2 / x, 2**x, x**2, -x, +x, abs(-x), x @ x, np.float32(2.0) * x, x > 1, x <= 1, x == 2]
    results += [~(x > 1), (x > 1) & (x < 3), (x > 1) | (x < 3), (x > 1) ^ (x > 3), n + 1, n / 2, n * 0.5]
    plain = [float(x[0]), int(n), bool(n), n.item(), x.tolist(), len(x), [v.item() for v in x], 2.0 in x]
    plain += [[10, 20, 30, 40][n], x.shape == (3,), x.dim(), x.numel(), x.size(0), x.stride(), x.is_contiguous()]
    plain += [x.element_size(), f"{n:03d}"]
    return results, [repr(p) for p in plain], x.is_floating_point(), x.t().shape == (3,)


@same_program
def test_new_and_casts(T: Any) -> Any:
    x = T.tensor([1.5, -2.5])
    made = [x.new_zeros(2), x.new_ones((2, 1)), x.new_full((2,), 3), x.new_tensor([1, 2]), x.new_empty(0)]
    cast = [x.double(), x.half(), x.int(), x.long(), x.short(), x.char(), x.abs().byte(), x.bool(), x.to(T.float64)]
    return made, cast, x.to(T.zeros(1, dtype=T.int32)), x.type_as(T.zeros(1, dtype=T.int64)), x.to(T.float32) is x


@same_program
def test_copies(T: Any) -> Any:
    x = T.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    thawed = pickle.loads(pickle.dumps(T.arange(3))) if T is sn else T.arange(3)
    twin.data[0] = 5.0
    return twin, twin.grad, twin.requires_grad, x, thawed


@needs_torch
@pytest.mark.parametrize(
    "make",
    [
        lambda T: T.ones(2, requires_grad=True),
        lambda T: T.ones(2, requires_grad=True) + 1,
        lambda T: T.ones(2, 2, requires_grad=True).double().sum(),
        lambda T: T.nn.Parameter(T.zeros(2, 3)),
        lambda T: T.arange(5, dtype=T.int32),
        lambda T: T.nn.functional.relu(T.ones(1, requires_grad=True)),
        lambda T: T.nn.functional.linear(T.ones(1, 2), T.ones(2, 2, requires_grad=True), T.ones(2)),
        lambda T: T.nn.functional.conv2d(T.ones(1, 1, 2, 2), T.ones(1, 1, 2, 2, requires_grad=True)),
        lambda T: T.ones(3, requires_grad=True).view(3, 1).mean(),
        lambda T: T.ones(3, requires_grad=True).exp().log().sqrt().tanh().sigmoid().abs(),
    ],
)
def test_prints_as_torch_does(make: Any) -> None:
    assert repr(make(sn)) == repr(make(torch)).replace("torch.", "scratchnet.")


NAMED = [
    *(lambda T, x: x.sum(), lambda T, x: x.sum(0), lambda T, x: x.mean(), lambda T, x: x.mean([0, 1])),
    *(lambda T, x: x.var(), lambda T, x: x.max(), lambda T, x: x.max(0)[0], lambda T, x: x.min(1)[0]),
    *(lambda T, x: x.squeeze(), lambda T, x: x.squeeze(0), lambda T, x: x.squeeze((0, 1))),
    *(lambda T, x: x.unsqueeze(0), lambda T, x: x.exp(), lambda T, x: x.log(), lambda T, x: x.sqrt()),
    *(lambda T, x: x.t(), lambda T, x: x.T, lambda T, x: x.mT, lambda T, x: x.transpose(0, 1), lambda T, x: x.view(6)),
    *(lambda T, x: x.permute(1, 0), lambda T, x: x.reshape(6), lambda T, x: x.t().reshape(6)),
    *(lambda T, x: x.expand(2, 2, 3), lambda T, x: x.clone(), lambda T, x: x.t().contiguous(), lambda T, x: x[0]),
    *(lambda T, x: x[0:1], lambda T, x: x[:, 0], lambda T, x: x[None], lambda T, x: x[...], lambda T, x: x[..., 0]),
    *(lambda T, x: x[[0, 1]], lambda T, x: x[x > 0], lambda T, x: x.narrow(0, 0, 1), lambda T, x: x.split(1)[0]),
    *(lambda T, x: x.split([1, 1])[0], lambda T, x: x.chunk(2)[0], lambda T, x: x.unbind(0)[0], lambda T, x: x**2),
    *(
        lambda T, x: T.cat([x, x]),
        lambda T, x: T.stack([x, x]),
        lambda T, x: x**x,
        lambda T, x: 2**x,
        lambda T, x: 2 - x,
    ),
    *(lambda T, x: x.clamp(0, 1), lambda T, x: T.where(x > 0, x, x), lambda T, x: x / 2, lambda T, x: x - 1),
    *(lambda T, x: -x, lambda T, x: x.abs(), lambda T, x: x.sign(), lambda T, x: T.div(x, 2, rounding_mode="floor")),
    *(
        lambda T, x: x.double(),
        lambda T, x: x @ x.t(),
        lambda T, x: x[None].bmm(x.t()[None]),
        lambda T, x: x.softmax(1),
    ),
    *(lambda T, x: T.maximum(x, x), lambda T, x: x.log_softmax(1), lambda T, x: (x * 1).add_(1)),
]


@needs_torch
@pytest.mark.parametrize("program", NAMED)
def test_nodes_have_torchs_names(program: Any) -> None:
    names = [program(T, T.ones(2, 3, requires_grad=True)).grad_fn.name() for T in (sn, torch)]
    assert names[0] == names[1]


def test_cuda_is_refused_in_one_sentence() -> None:
    with pytest.raises((RuntimeError, AssertionError), match=r"No CUDA GPUs are available|CUDA enabled"):
        sn.ones(2).to("cuda")
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda, .* device type at start of device string: tpu"):
        sn.ones(2, device="tpu")

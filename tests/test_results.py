"""What ops with several results return: a tuple with names that prints as torch's."""

import copy
import pickle
from typing import Any

import pytest
from parity import needs_torch, torch

import scratchnet

CALLS: dict[str, Any] = {
    "max": lambda T, x: T.max(x, 1),
    "min": lambda T, x: x.min(0),
    "median": lambda T, x: T.median(x, 1),
    "sort": lambda T, x: x.sort(),
    "topk": lambda T, x: T.topk(x, 2),
    "aminmax": lambda T, x: T.aminmax(x, dim=0),
}


@needs_torch
@pytest.mark.parametrize("name", CALLS)
def test_repr_is_torchs(name):
    values = [[1.5, -2.0, 3.0], [0.0, 7.25, 4.0]]
    ours = CALLS[name](scratchnet, scratchnet.tensor(values))
    theirs = CALLS[name](torch, torch.tensor(values))
    assert repr(ours) == repr(theirs).replace("torch.return_types", "scratchnet.return_types")
    assert type(ours).__name__ == type(theirs).__name__
    assert isinstance(ours, tuple)
    assert isinstance(ours, getattr(scratchnet.return_types, name))


def test_made_from_one_sequence():
    pair = scratchnet.tensor([1.0]), scratchnet.tensor([0])
    made = scratchnet.return_types.max(pair)
    assert made.values is pair[0]
    assert made.indices is pair[1]
    with pytest.raises(TypeError, match="length 2"):
        scratchnet.return_types.max([pair[0]])


def test_kept_by_pickle_and_copy():
    made = scratchnet.tensor([[3.0, 1.0]]).sort()
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert type(again) is type(made)
        assert again.values.tolist() == [[1.0, 3.0]]
        assert again.indices.tolist() == [[1, 0]]

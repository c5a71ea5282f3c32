"""Layers that take more than one tensor, or indices, beside torch's: losses, distances, Embedding, Bilinear."""

from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, torch

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")

R = np.random.default_rng(0)
X, Y, Z = R.standard_normal((3, 4, 3))
P, Q = R.uniform(0.1, 0.9, (2, 4, 3))
PAIR, UNIT, SIGN = (X, Y), (P, Q), np.array([1.0, -1.0, -1.0, 1.0])
CLASSES = np.array([0, 2, 1, 2])
LAYERS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]] = [
    *[(name, (), {}, PAIR) for name in ("L1Loss", "SmoothL1Loss", "HuberLoss", "SoftMarginLoss")],
    ("L1Loss", (), {"reduction": "sum"}, PAIR),
    ("SmoothL1Loss", (), {"reduction": "none", "beta": 0.5}, PAIR),
    ("HuberLoss", ("none", 0.5), {}, PAIR),
    ("BCELoss", (), {}, UNIT),
    ("BCELoss", (), {"weight": P, "reduction": "sum"}, UNIT),
    ("BCEWithLogitsLoss", (), {}, (X, Q)),
    ("BCEWithLogitsLoss", (P,), {"pos_weight": Q[0], "reduction": "none"}, (X, Q)),
    ("KLDivLoss", (), {"reduction": "batchmean"}, UNIT),
    ("KLDivLoss", (), {"reduction": "sum", "log_target": True}, PAIR),
    ("PoissonNLLLoss", (), {}, (X, Q)),
    ("PoissonNLLLoss", (False, True), {"eps": 1e-3, "reduction": "sum"}, (P, Q * 4)),
    ("GaussianNLLLoss", (), {}, (X, Y, P)),
    ("GaussianNLLLoss", (), {"full": True, "eps": 0.5, "reduction": "none"}, (X, Y, P)),
    ("MarginRankingLoss", (0.4,), {}, (X[:, 0], Y[:, 0], SIGN)),
    ("CosineEmbeddingLoss", (0.1,), {"reduction": "none"}, (X, Y, SIGN)),
    ("HingeEmbeddingLoss", (0.6,), {"reduction": "sum"}, (X[:, 0], SIGN)),
    ("TripletMarginLoss", (), {}, (X, Y, Z)),
    ("TripletMarginLoss", (0.5, 1.0, 1e-4, True), {"reduction": "none"}, (X, Y, Z)),
    ("MultiMarginLoss", (), {}, (X, CLASSES)),
    ("MultiMarginLoss", (2, 0.5), {"weight": P[0], "reduction": "none"}, (X, CLASSES)),
    ("CosineSimilarity", (), {}, PAIR),
    ("CosineSimilarity", (0, 0.1), {}, PAIR),
    ("PairwiseDistance", (), {}, PAIR),
    ("PairwiseDistance", (1.0, 1e-3, True), {}, PAIR),
    ("Bilinear", (3, 3, 5), {}, PAIR),
    ("Bilinear", (3, 3, 5), {"bias": False}, PAIR),
    ("Embedding", (4, 5), {}, (CLASSES,)),
    ("Embedding", (4, 5), {"padding_idx": -2, "scale_grad_by_freq": True}, (CLASSES,)),
    ("Embedding", (3, 5, 0), {}, (CLASSES.reshape(2, 2),)),
]
COMPOSED = ("MultiMarginLoss",)  # their nodes are those of the operations they are made of
CASES = [pytest.param(*case, id=f"{case[0]}{number}") for number, case in enumerate(LAYERS)]


def run(
    lib: Any, name: str, args: tuple[Any, ...], settings: dict[str, Any], inputs: tuple[Any, ...]
) -> dict[str, Any]:
    def known(value: Any) -> Any:
        return lib.tensor(value) if isinstance(value, np.ndarray) else value

    lib.manual_seed(1)
    layer = getattr(lib.nn, name)(*map(known, args), **{key: known(value) for key, value in settings.items()})
    text = repr(layer)
    found: dict[str, Any] = {f"first {key}": value.clone() for key, value in layer.state_dict().items()}
    layer = layer.double()
    xs = [known(value) for value in inputs]
    asking = [
        x.requires_grad_()
        for x in xs[: 1 if name in ("SoftMarginLoss", "HingeEmbeddingLoss") else None]
        if x.is_floating_point() and (x is xs[0] or x.shape != SIGN.shape)
    ]
    y = layer(*xs)
    weights = np.random.default_rng(2).standard_normal(tuple(y.shape))
    (y * lib.tensor(weights)).sum().backward()
    found |= {"text": text, "state": list(layer.state_dict()), "output": y}
    found |= {f"gradient {i}": x.grad for i, x in enumerate(asking)}
    return found | {f"gradient of {key}": p.grad for key, p in layer.named_parameters()}


@needs_torch
@pytest.mark.parametrize(("name", "args", "settings", "inputs"), CASES)
def test_as_torch(name: str, args: tuple[Any, ...], settings: dict[str, Any], inputs: tuple[Any, ...]) -> None:
    ours, theirs = (run(lib, name, args, settings, inputs) for lib in (sn, torch))
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        if isinstance(value, (str, list)):
            assert ours[key] == value
        else:
            assert_same(ours[key], value, key)
    if name not in COMPOSED:
        assert ours["output"].grad_fn.name() == theirs["output"].grad_fn.name()


@needs_torch
def test_embedding_from_a_table() -> None:
    for freeze in (True, False):
        layers = [lib.nn.Embedding.from_pretrained(lib.tensor(X), freeze, padding_idx=1) for lib in (sn, torch)]
        assert layers[0].weight.requires_grad == layers[1].weight.requires_grad == (not freeze)
        assert repr(layers[0]) == repr(layers[1])
        assert_same(layers[0](sn.tensor(CLASSES)), layers[1](torch.tensor(CLASSES)))


def test_what_embedding_lacks_says_so() -> None:
    for settings in ({"max_norm": 1.0}, {"sparse": True}):
        with pytest.raises(NotImplementedError, match=next(iter(settings))):
            sn.nn.Embedding(3, 2, **settings)(sn.tensor([0]))

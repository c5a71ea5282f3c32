"""`scratchnet warmup`: whatever the nets need is compiled into the cache."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scratchnet import models, nn, optim
from scratchnet.autograd.modes import no_grad
from scratchnet.nn import functional as F
from scratchnet.tensor import Tensor

# Each kernel is compiled for small work and for large, and which kernels a layer takes also depends on the batch.
SMALL_IMAGE, SMALL_BATCHES, LARGE_BATCHES = 32, (1, 2, 8, 16, 64, 256), (1, 2, 16)


def prepare(clear: bool) -> Path:
    """The cache's folder, emptied if so asked. Raises ValueError where there is none."""
    from scratchnet.kernels.cpu import cache

    if clear:
        cache.clear()
    folder = cache.folder()
    if folder is None:
        chosen = cache.base()
        reason = "it is off" if chosen is None else f"{chosen} can't be written to"
        raise ValueError(f"no cache to compile into: {reason}; name a folder in SCRATCHNET_CACHE_DIR")
    return folder


def count(names: tuple[str, ...]) -> int:
    """How many things `run` yields."""
    return sum(len(_batches(name)) for name in names)


def run(names: tuple[str, ...]) -> Iterator[str]:
    """Train and use each net for a moment; says what was done after each of its batches."""
    for name in names:
        for batch in _batches(name):
            _use(name, batch)
            yield f"{name}, batch {batch}"


def _batches(name: str) -> tuple[int, ...]:
    return SMALL_BATCHES if models.info(name).input_shape[-1] <= SMALL_IMAGE else LARGE_BATCHES


def _use(name: str, batch: int) -> None:
    model = models.create(name)
    images = Tensor(np.zeros((batch, *models.info(name).input_shape), np.float32))
    labels = Tensor(np.zeros(batch, np.int64))
    for optimizer in _optimizers(model):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    model.eval()
    with no_grad():
        F.softmax(model(images), dim=1).argmax(1)


def _optimizers(model: nn.Module) -> list[optim.Optimizer]:
    """Those of `scratchnet train`, and the plain one."""
    return [
        optim.SGD(model.parameters(), lr=0.01),
        optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        optim.Adam(model.parameters(), lr=0.001),
    ]

"""The same small CNN from the same seed in PyTorch, in scratchnet, and in PyTorch without oneDNN: losses, step by step.

Convolution, batch norm, dropout, a shuffled loader, SGD with momentum. No engine's float32 sums round like another's,
so the losses part slowly; how far PyTorch parts from itself, when oneDNN is switched off, says how far that is. Prints
the three columns, then the largest relative difference up to each step: ours from torch, torch from itself.

Needs the extra [parity]. Run: python examples/same_losses.py [STEPS]
"""

import sys
from typing import Any

import numpy as np
import torch

import scratchnet


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The embedded digits as float32 (N, 1, 8, 8) in 0..1, and their classes."""
    data = scratchnet.vision.Digits(train=True)
    return data.data[:, None].astype(np.float32) / 16, data.targets


def losses(T: Any, data: Any, optim: Any, steps: int) -> list[float]:
    """Train with the library T; every random number comes from its own generator, seeded alike."""
    nn = T.nn
    T.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten()),
        *(nn.Dropout(0.25), nn.Linear(32 * 4 * 4, 10)),
    )
    images, labels = digits()
    pairs = data.TensorDataset(T.from_numpy(images), T.from_numpy(labels))
    loader = data.DataLoader(pairs, batch_size=64, shuffle=True)
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    found: list[float] = []
    while len(found) < steps:
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if len(found) == steps:
                break
    return found


def main() -> None:
    """Print the three columns, the differences, and whether ours stays within three times torch's own."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    theirs = losses(torch, torch.utils.data, torch.optim, steps)
    ours = losses(scratchnet, scratchnet.data, scratchnet.optim, steps)
    with torch.backends.mkldnn.flags(enabled=False):
        plain = losses(torch, torch.utils.data, torch.optim, steps)
    print("step       torch  scratchnet   no oneDNN  ours - torch  torch - torch")
    apart = np.maximum.accumulate(np.abs(np.subtract(ours, theirs)) / theirs)
    own = np.maximum.accumulate(np.abs(np.subtract(plain, theirs)) / theirs)
    for step in range(steps):
        if step % 10 == 9 or step == 0:
            row = (
                f"{theirs[step]:10.6f}  {ours[step]:10.6f}  {plain[step]:10.6f}  {apart[step]:12.1e}  {own[step]:13.1e}"
            )
            print(f"{step + 1:4}  {row}")
    within = bool((apart <= np.maximum(3 * own, 1e-6)).all())
    print(
        f"loss {theirs[0]:.3f} -> {theirs[-1]:.3f}; within three times torch's own difference at every step: {within}"
    )


if __name__ == "__main__":
    main()

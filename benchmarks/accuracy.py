"""A run of `scratchnet train` beside PyTorch's: the same net, seed, batches and optimizer; accuracies epoch by epoch.

Reads the run's options from its weights.npz and its accuracies from metrics.jsonl, trains the torch twin of the net
with them, prints both columns, and writes torch.jsonl and accuracy-beside-torch.png into the run's folder.

Needs the extras [train,parity]. Run: python -m benchmarks.accuracy RUN [--root FOLDER]
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from scratchnet import models, vision
from scratchnet.bench.torch_nets import TWINS
from scratchnet.serialization import atomic, load_metadata
from scratchnet.training import plot_accuracy, prepare

Row = dict[str, float]


def initialise(model: torch.nn.Module, weights: str) -> None:
    """As `scratchnet.training.initialise`, by torch's own functions."""
    for layer in model.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            if weights == "xavier":
                torch.nn.init.xavier_uniform_(layer.weight)
            else:
                torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")


def loader(data: vision.ImageSet, shape: tuple[int, int, int], batch_size: int, shuffle: bool) -> DataLoader[Any]:
    """Torch's loader and torch's shuffling over the same images."""

    def collate(samples: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = zip(*samples, strict=True)
        return torch.tensor(prepare(np.stack(images), data.white, shape)), torch.tensor(labels, dtype=torch.int64)

    return DataLoader(data, batch_size=batch_size, shuffle=shuffle, collate_fn=collate)  # type: ignore[arg-type]


def test(model: torch.nn.Module, batches: DataLoader[Any]) -> float:
    """Share of right answers."""
    model.eval()
    with torch.no_grad():
        right = sum(int((model(images).argmax(1) == labels).sum()) for images, labels in batches)
    return right / len(batches.dataset)  # type: ignore[arg-type]


def train(name: str, data: str, root: str | None, options: dict[str, Any]) -> list[Row]:
    """One row an epoch: loss, training accuracy, test accuracy, seconds."""
    train_data, test_data = vision.load(data, root)
    torch.manual_seed(options["seed"])
    model = TWINS[name]()
    initialise(model, options["weights"])
    shape, size = models.info(name).input_shape, options["batch_size"]
    train_batches, test_batches = loader(train_data, shape, size, True), loader(test_data, shape, size, False)
    optimizer: torch.optim.Optimizer
    if options["optimizer"] == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=options["lr"])
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=options["lr"], momentum=options["momentum"])
    schedule: torch.optim.lr_scheduler.LRScheduler
    if options["schedule"] == "cosine":
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options["epochs"])
    else:
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    rows: list[Row] = []
    for _ in range(options["epochs"]):
        start, total, right = time.perf_counter(), 0.0, 0
        model.train()
        for images, labels in train_batches:
            optimizer.zero_grad()
            outputs = model(images)
            loss = F.cross_entropy(outputs, labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            right += int((outputs.argmax(1) == labels).sum())
        schedule.step()
        row = {"loss": total / len(train_data), "accuracy": right / len(train_data)}
        rows.append(row | {"test_accuracy": test(model, test_batches), "seconds": time.perf_counter() - start})
        print(f"torch: epoch {len(rows)}, test accuracy {rows[-1]['test_accuracy']:.2%}", file=sys.stderr)
    return rows


def main() -> None:
    """Print the table and write the two files."""
    parser = argparse.ArgumentParser(description="a run of `scratchnet train` beside torch's")
    parser.add_argument("run", type=Path, help="folder that `scratchnet train` wrote")
    parser.add_argument("--root", help="folder of MNIST's IDX files, as the run had it")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="torch's threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    about = load_metadata(arguments.run / "weights.npz")
    ours: list[Row] = [json.loads(line) for line in (arguments.run / "metrics.jsonl").read_text().splitlines()]
    theirs = train(about["model"], about["data"], arguments.root, about["options"])
    with atomic(arguments.run / "torch.jsonl") as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in theirs)
    print("epoch   loss: scratchnet   torch   test accuracy: scratchnet   torch")
    for epoch, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        accuracies = f"{a['test_accuracy']:25.2%} {b['test_accuracy']:7.2%}"
        print(f"{epoch:>5}   {a['loss']:16.4f} {b['loss']:7.4f}   {accuracies}")
    title = f"{about['model']} on {about['data']}, seed {about['options']['seed']}"
    curves = {name: [row["test_accuracy"] for row in rows] for name, rows in (("scratchnet", ours), ("torch", theirs))}
    plot_accuracy(arguments.run / "accuracy-beside-torch.png", f"{title}, test part", curves)


if __name__ == "__main__":
    main()

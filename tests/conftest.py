"""What every test starts from: seeded random numbers, here and in torch."""

import numpy as np
import pytest
from parity import torch

from scratchnet import random

if torch is not None:
    torch.set_num_threads(1)  # the tests' tensors are small; two pools would only fight


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for all that is skipped."""
    if torch is None:
        terminalreporter.write_line("torch isn't installed: the comparisons with PyTorch were skipped")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random numbers for a test whether it runs alone or after others."""
    np.random.seed(0)
    random.manual_seed(0)
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    """NumPy's generator, seeded."""
    return np.random.default_rng(0)

"""What every test starts from: seeded random numbers, here and in torch."""

from collections.abc import Iterator

import devices
import numpy as np
import pytest
from parity import torch

from scratchnet import random

if torch is not None:
    torch.set_num_threads(1)  # the tests' tensors are small; two pools would only fight


def pytest_addoption(parser: pytest.Parser) -> None:
    """The device of the tests that can run on several."""
    parser.addoption("--device", choices=devices.NAMES, help="where tests with the fixture `device` compute")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All tests run in two processes where pytest-xdist is installed, unless `-n` or `--pdb` ask for something else."""
    option = config.option
    all_tests = config.args_source is pytest.Config.ArgsSource.TESTPATHS and option.markexpr.startswith("not ")
    asked = getattr(option, "numprocesses", 0) is not None or option.usepdb or hasattr(config, "workerinput")
    if all_tests and not asked:
        option.numprocesses, option.dist = 2, "worksteal"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each device of this run for a test that takes `device`. The CPU alone leaves the test's name as it is.

    For one that takes `gpu`: the emulated devices, and real ones where there are some.
    """
    if "gpu" in metafunc.fixturenames:
        metafunc.parametrize("gpu", devices.gpus(metafunc.config), indirect=True)
    if "device" in metafunc.fixturenames and (names := devices.wanted(metafunc.config)) != ["cpu"]:
        marks = {"cpu": (), "cuda": pytest.mark.cuda, "emulated": pytest.mark.emulated}
        metafunc.parametrize("device", [pytest.param(name, marks=marks[name]) for name in names], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where torch takes scratchnet's place in a test, it computes on the CPU: no other device is tried."""
    kept, left_out = [], []
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        wasted = torch is not None and params.get("lib") is torch and params.get("device", "cpu") != "cpu"
        (left_out if wasted else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for all that is skipped, and what the op table did off the CPU."""
    if torch is None:
        terminalreporter.write_line("torch isn't installed: the comparisons with PyTorch were skipped")
    for line in devices.op_table_lines(terminalreporter.stats):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random numbers for a test whether it runs alone or after others."""
    np.random.seed(0)
    random.manual_seed(0)
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture
def device(request: pytest.FixtureRequest, seeded: None) -> Iterator[str]:
    """The device on which the test's tensors are made."""
    name = getattr(request, "param", "cpu")
    with devices.computing_on(name):
        yield name


@pytest.fixture
def gpu(request: pytest.FixtureRequest, seeded: None) -> Iterator[str]:
    """GPUs, emulated or real, without being the default device."""
    with devices.provided(request.param):
        yield request.param


@pytest.fixture
def rng() -> np.random.Generator:
    """NumPy's generator, seeded."""
    return np.random.default_rng(0)

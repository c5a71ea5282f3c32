"""The two engines behind one face. scratchnet has torch's names, so that almost all of a benchmark is the same code."""

import platform
import sys
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scratchnet.bench.engine import TorchLike
from scratchnet.bench.timing import Work

NO_KERNELS = ("Memcpy", "Memset", "Context Sync", "Stream Sync", "Stream Wait", "Event Sync")  # the profiler's words
TESTS = Path(__file__).parents[2] / "tests"


class CudaEngine(TorchLike):
    """`on_gpu`: whether `place` is a real GPU."""

    on_gpu: bool
    most = 50

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """Versions, and the device's name."""

    def missing(self) -> str | None:
        """Why nothing can be computed here, in a sentence; None where all is well."""
        if self.on_gpu and not self.module.cuda.is_available():
            return f"{self.module.__name__} finds no GPU"
        return None

    def allow_tf32(self, allowed: bool) -> None:
        """Both of torch's switches, which have no say on the CPU."""
        if self.place == "cuda":
            self.module.backends.cudnn.allow_tf32 = allowed
            self.module.backends.cuda.matmul.allow_tf32 = allowed

    def wait(self) -> None:
        """Until the GPU has done all of its work."""
        if self.on_gpu:
            self.module.cuda.synchronize()

    def release(self) -> None:
        """Give the memory of what is no longer used back to the GPU."""
        super().release()
        if self.on_gpu:
            self.module.cuda.empty_cache()

    def timed(self, run: Work, count: int, between: Work | None = None) -> list[float]:
        """By events on a GPU. One that is busy with `between` lets the next launches queue up, so that the kernel is
        timed and not Python; if that writes much memory, the caches hold nothing of use.
        """
        if not self.on_gpu:
            return super().timed(run, count)
        event = self.module.cuda.Event
        pairs = [(event(enable_timing=True), event(enable_timing=True)) for _ in range(count)]
        for start, end in pairs:
            if between is not None:
                between()
            start.record()
            run()
            end.record()
        self.wait()
        return [start.elapsed_time(end) for start, end in pairs]

    def peak_memory(self, run: Callable[[], Any]) -> int | None:
        """The most bytes in use during run()."""
        if not self.on_gpu:
            return None
        self.wait()
        self.module.cuda.reset_peak_memory_stats()
        run()
        self.wait()
        return int(self.module.cuda.max_memory_allocated())

    def launches(self, run: Callable[[], Any]) -> int | None:
        """How many kernels run() launches. It loads torch's profiler, which hears of every library's launches."""
        if not self.on_gpu:
            return None
        from torch.profiler import ProfilerActivity, profile

        with profile(activities=[ProfilerActivity.CUDA]) as recorded:
            run()
            self.wait()
        names = [event.name for event in recorded.events() if "CUDA" in str(event.device_type)]
        return sum(not name.startswith(NO_KERNELS) for name in names) or None  # 0: the profiler heard nothing


class Torch(CudaEngine):
    """torch; where scratchnet runs on the emulated device, on the CPU.

    Its algorithms are its own choice: backends.cudnn.benchmark stays False, as it is by default.
    """

    def __init__(self, device: str) -> None:
        import torch

        self.module = torch
        self.on_gpu = device == "cuda"
        self.place = "cuda" if self.on_gpu else "cpu"
        if device == "emulated":
            torch.set_num_threads(1)  # the sizes are small: waking threads would take longer than the work

    def about(self) -> dict[str, Any]:
        found = {"torch": self.module.__version__}
        if self.on_gpu:
            cuda = {"torch's CUDA": self.module.version.cuda, "torch's cuDNN": self.module.backends.cudnn.version()}
            found |= cuda | {"device": self.module.cuda.get_device_name(0)}
        return found

    def create(self, name: str) -> Any:
        from scratchnet.bench.torch_nets import TWINS

        return TWINS[name]()


class Scratchnet(CudaEngine):
    """scratchnet; "emulated" puts the tests' stand-in for CuPy in place, which runs the CUDA kernels on the CPU."""

    def __init__(self, device: str) -> None:
        import scratchnet

        self.module = scratchnet
        self.on_gpu = device == "cuda"
        self.place = "cpu" if device == "cpu" else "cuda"
        self._emulator: Any = None
        if device == "emulated":
            sys.path.insert(0, str(TESTS))
            from emulation import cupy, engine

            from scratchnet.kernels.cuda import driver

            driver.use(cupy)
            self._emulator = engine

    def about(self) -> dict[str, Any]:
        found = {"python": platform.python_version()}
        found |= {name: version(name) for name in ("numpy", "numba")}
        if self.on_gpu:
            from scratchnet.kernels.cuda import driver

            found["cupy"] = driver.cupy().__version__
        return found

    def create(self, name: str) -> Any:
        return self.module.models.create(name)

    def algorithm(self, name: str) -> AbstractContextManager[Any]:
        return self.module.conv_algorithm(name)

    def launches(self, run: Callable[[], Any]) -> int | None:
        if self._emulator is None:
            return super().launches(run)
        before = self._emulator.launches
        run()
        return int(self._emulator.launches - before)


ENGINES: dict[str, Callable[[str], CudaEngine]] = {"scratchnet": Scratchnet, "torch": Torch}

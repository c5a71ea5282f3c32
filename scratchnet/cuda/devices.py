"""Which GPUs there are, which one is current, and what they are."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any

from scratchnet.device import device as Device
from scratchnet.device import raise_pending, resolve
from scratchnet.kernels.cuda import runtime
from scratchnet.shapes import message
from scratchnet.tensor import Tensor


def is_available() -> bool:
    """torch.cuda.is_available: whether CuPy is installed and finds a GPU. Never raises."""
    return runtime.count() > 0


def device_count() -> int:
    """torch.cuda.device_count: how many GPUs there are, 0 without CuPy."""
    return runtime.count()


def init() -> None:
    """torch.cuda.init: import CuPy and look for a GPU now. Raises AssertionError or RuntimeError as any use would."""
    runtime.check("init", None)


def is_initialized() -> bool:
    """torch.cuda.is_initialized: whether the GPU library has been loaded."""
    return runtime.is_loaded()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """torch.cuda.is_bf16_supported: False, since the engine has no bfloat16 tensors."""
    return False


def is_tf32_supported() -> bool:
    """torch.cuda.is_tf32_supported: whether the current GPU's tensor cores take TF32: compute capability 8 or more."""
    return is_available() and get_device_capability()[0] >= 8


def device_index(op: str, device: Any = None) -> int:
    """The number of a GPU given as a number, a text or a device object; None or "cuda": the current one.

    Raises ValueError for a device of another kind, RuntimeError for a GPU that isn't there, as torch does.
    """
    if isinstance(device, str):
        device = Device(device)
    if isinstance(device, Device):
        if device.type != "cuda":
            raise ValueError(message(op, "device", device, f"Expected a cuda device, but got: {device}", "use 'cuda'"))
        device = device.index
    elif device is not None and not hasattr(device, "__index__"):
        rule = f"must be a device, an int or a text, not {type(device).__name__}"
        raise TypeError(message(op, "device", repr(device), rule, "use 'cuda:0'"))
    index = None if device is None else int(device)
    if index is not None and index < 0:
        raise RuntimeError(message(op, "device", index, "Device index must not be negative", "use 0"))
    return runtime.check(op, index)


def current_device() -> int:
    """torch.cuda.current_device: the number of this thread's current GPU."""
    return runtime.check("current_device", None)


def set_device(device: Any) -> None:
    """torch.cuda.set_device: this thread's current GPU from now on. A negative number changes nothing."""
    if not _is_negative(device):
        runtime.set_current(device_index("set_device", device))


def _is_negative(device: Any) -> bool:
    return isinstance(device, int) and device < 0


class device:
    """torch.cuda.device: inside the `with` statement the GPU is this thread's current one.

    A negative number changes nothing.
    """

    def __init__(self, device: Any) -> None:
        self.idx = -1 if device is None or _is_negative(device) else device_index("device", device)
        self._before = -1

    def __enter__(self) -> "device":
        if self.idx >= 0:
            self._before = runtime.current()
            runtime.set_current(self.idx)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.idx >= 0:
            runtime.set_current(self._before)


class device_of(device):
    """torch.cuda.device_of: inside the `with` statement the GPU that holds a tensor is current, if one does."""

    def __init__(self, obj: Tensor) -> None:
        super().__init__(obj.device if obj.is_cuda else -1)


@dataclass(frozen=True)
class DeviceProperties:
    """What a GPU is: torch's names, sizes in bytes."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int
    max_threads_per_multi_processor: int
    regs_per_multiprocessor: int
    shared_memory_per_block: int
    L2_cache_size: int
    is_integrated: int
    is_multi_gpu_board: int


_CUDA_NAMES = {  # in cudaDeviceProp, where it has others
    "total_memory": "totalGlobalMem",
    "multi_processor_count": "multiProcessorCount",
    "warp_size": "warpSize",
    "max_threads_per_multi_processor": "maxThreadsPerMultiProcessor",
    "regs_per_multiprocessor": "regsPerMultiprocessor",
    "shared_memory_per_block": "sharedMemPerBlock",
    "L2_cache_size": "l2CacheSize",
    "is_integrated": "integrated",
    "is_multi_gpu_board": "isMultiGpuBoard",
}


def get_device_properties(device: Any = None) -> DeviceProperties:
    """torch.cuda.get_device_properties of a GPU, the current one unless given. Raises as any use of it would."""
    index = device_index("get_device_properties", device)
    found = runtime.library().cuda.runtime.getDeviceProperties(index)
    values = {name: found.get(_CUDA_NAMES.get(name, name), 0) for name in DeviceProperties.__dataclass_fields__}
    values["name"] = found["name"].decode(errors="replace")
    return DeviceProperties(**values)


def get_device_name(device: Any = None) -> str:
    """torch.cuda.get_device_name: such as "NVIDIA H100 80GB HBM3"."""
    return get_device_properties(device).name


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """torch.cuda.get_device_capability: the major and minor number of what its instructions can do, such as (9, 0)."""
    found = get_device_properties(device)
    return found.major, found.minor


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """torch.cuda.can_device_access_peer: whether a GPU reads another's memory directly."""
    one, other = device_index("can_device_access_peer", device), device_index("can_device_access_peer", peer_device)
    return bool(runtime.library().cuda.runtime.deviceCanAccessPeer(one, other))


def synchronize(device: Any = None) -> None:
    """torch.cuda.synchronize: wait until a GPU, the current one unless given, has done all that was asked of it.

    Raises IndexError where a kernel met an index out of range.
    """
    with runtime.On(device_index("synchronize", device)):
        runtime.library().cuda.runtime.deviceSynchronize()
    raise_pending()


def as_device(index: int) -> Device:
    """The device object of a GPU's number."""
    return resolve("cuda", Device("cuda", index))

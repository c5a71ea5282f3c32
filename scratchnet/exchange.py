"""Memory shared with other libraries, without a copy: DLPack both ways, and the CUDA array interface."""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.device import device as Device
from scratchnet.device import module_on, on, resolve
from scratchnet.ops import from_data
from scratchnet.shapes import message

_CUDA = (2, 13)  # DLPack's numbers for memory of a GPU, and for such that the CPU reads too


def dlpack(self: Tensor, **options: Any) -> Any:
    """A capsule on the tensor's memory. On a GPU the stream asked for waits for the current one's work.

    Raises RuntimeError for a tensor that requires grad, AssertionError for a stream on the CPU, as torch does.
    """
    if self.requires_grad:
        raise RuntimeError("__dlpack__: Can't export tensors that require gradient, use tensor.detach()")
    if self.is_cpu and options.get("stream", -1) in (None, -1):
        options.pop("stream", None)
    elif self.is_cpu:
        raise AssertionError(message("__dlpack__", "stream", options["stream"], "stream should be None on cpu."))
    with on(self.device):
        return self.array.__dlpack__(**options)


def dlpack_device(self: Tensor) -> Any:
    """(1, 0) for the CPU, (2, number) for a GPU."""
    return self.array.__dlpack_device__()


def from_dlpack(source: Any) -> Tensor:
    """torch.from_dlpack: a tensor on the memory of what has `__dlpack__`, a GPU's on the current stream.

    Raises ValueError for negative strides, AssertionError for a GPU's memory without CuPy.
    """
    if isinstance(source, Tensor):
        return source.detach()
    kind, index = source.__dlpack_device__()
    if kind not in _CUDA:
        return from_data.from_numpy(np.from_dlpack(source))
    place = resolve("from_dlpack", Device("cuda", int(index)))
    with on(place):
        return from_data.on_memory("from_dlpack", module_on(place).from_dlpack(source))


def cuda_array_interface(self: Tensor) -> dict[str, Any]:
    """The memory of a tensor on a GPU for CuPy, Numba and others: its address, shape, strides, type and stream.

    Raises AttributeError on the CPU, RuntimeError for a tensor that requires grad.
    """
    if not self.is_cuda:
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: scratchnet.{self.type_name} If CUDA data is "
            "required use tensor.cuda() to copy tensor to device memory."
        )
    if self.requires_grad:
        raise RuntimeError(
            "Can't get __cuda_array_interface__ on Variable that requires grad. If gradients aren't required, use "
            "var.detach() to get Variable that doesn't require grad."
        )
    with on(self.device):
        told: dict[str, Any] = self.array.__cuda_array_interface__
    return told

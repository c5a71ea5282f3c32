"""torch.backends: switches of the GPU code. TF32 is off in products and in convolutions (torch has it on in these)."""

from scratchnet.backends import cuda, cudnn
from scratchnet.backends.cuda import get_float32_matmul_precision, set_float32_matmul_precision

__all__ = ["cuda", "cudnn", "get_float32_matmul_precision", "set_float32_matmul_precision"]

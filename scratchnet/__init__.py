"""scratchnet: convolutional networks from first principles, with PyTorch's API and PyTorch's numbers."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any


class _KernelsInCheckout:
    """In a checkout the folder of `scratchnet.kernels` lies beside this one: found for that name alone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        folder = Path(__file__).resolve().parents[1] / "kernels"
        if name != "scratchnet.kernels" or not (folder / "__init__.py").is_file():
            return None
        return spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])


sys.meta_path.append(_KernelsInCheckout())  # last: an installed package is found before it

from scratchnet import autograd, data, dtypes, nn, optim, random
from scratchnet.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from scratchnet.autograd.core import Tensor
from scratchnet.config import get_num_threads, set_num_threads, show_config
from scratchnet.conversion import from_dlpack
from scratchnet.device import device
from scratchnet.dtypes import (
    bool_,
    double,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from scratchnet.dtypes import float_ as float
from scratchnet.dtypes import int_ as int
from scratchnet.ops.activation import log_softmax, logsumexp, relu, sigmoid, softmax, tanh
from scratchnet.ops.compare import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    clamp,
    eq,
    ge,
    gt,
    le,
    lt,
    maximum,
    minimum,
    ne,
    where,
)
from scratchnet.ops.conv import conv2d, conv_algorithm, conv_transpose2d
from scratchnet.ops.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from scratchnet.ops.elementwise import abs, add, div, exp, log, mul, neg, pow, sign, sqrt, sub
from scratchnet.ops.join import broadcast_tensors, cat, chunk, split, stack, unbind
from scratchnet.ops.matmul import bmm, matmul, mm
from scratchnet.ops.promotion import result_type
from scratchnet.ops.reduce import argmax, argmin, max, mean, min, sum, var
from scratchnet.ops.shape import (
    broadcast_to,
    clone,
    flatten,
    narrow,
    permute,
    reshape,
    squeeze,
    t,
    transpose,
    unsqueeze,
)
from scratchnet.printing import set_printoptions
from scratchnet.random import Generator, default_generator, initial_seed, manual_seed, seed
from scratchnet.shapes import Size

bool = bool_
multiply, divide, subtract, negative, absolute, concat, concatenate = mul, div, sub, neg, abs, cat, cat
__version__ = "0.1.0"


def is_tensor(obj: Any) -> Any:
    """torch.is_tensor: whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)

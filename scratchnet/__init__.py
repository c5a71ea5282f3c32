"""scratchnet: convolutional networks from first principles, with PyTorch's API and PyTorch's numbers."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from math import e, inf, nan, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any


class _KernelsInCheckout:
    """In a checkout the folder of `scratchnet.kernels` lies beside this one: found for that name alone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        folder = Path(__file__).resolve().parents[1] / "kernels"
        if name != "scratchnet.kernels" or not (folder / "__init__.py").is_file():
            return None
        return spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])


sys.meta_path.append(_KernelsInCheckout())  # last: an installed package is found before it
import_module("scratchnet.tensor")  # binds Tensor's methods; first, since the name becomes the function `tensor` below

from scratchnet import autograd, dtypes, linalg, random
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
from scratchnet.device import device, get_default_device, set_default_device
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
from scratchnet.exchange import from_dlpack
from scratchnet.ops import results as return_types
from scratchnet.ops.activation import log_softmax, logsumexp, relu, sigmoid, softmax, tanh
from scratchnet.ops.activation_inplace import celu_, relu_, rrelu_, selu_, threshold_
from scratchnet.ops.addmm import addbmm, addmm, addmv, baddbmm, outer, tensordot
from scratchnet.ops.arrange import diag, flip, meshgrid, nonzero, repeat_interleave, roll, tile, tril, triu
from scratchnet.ops.compare import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    clamp,
    clamp_max,
    clamp_min,
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
from scratchnet.ops.conv import conv1d, conv2d, conv3d, conv_algorithm
from scratchnet.ops.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from scratchnet.ops.counting import all, any, bincount, count_nonzero
from scratchnet.ops.creation import (
    arange,
    empty,
    empty_like,
    empty_strided,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from scratchnet.ops.distance import cosine_similarity, pairwise_distance
from scratchnet.ops.drawing import rand, rand_like, randint, randn, randn_like, randperm
from scratchnet.ops.einsum import einsum
from scratchnet.ops.elementwise import abs, add, div, mul, neg, positive, pow, sign, sub
from scratchnet.ops.extremes import amax, amin, aminmax, argmax, argmin, max, min
from scratchnet.ops.from_data import as_tensor, from_numpy, tensor
from scratchnet.ops.functions import erf, exp, exp2, expm1, log, log1p, log2, log10, reciprocal, rsqrt, sqrt, square
from scratchnet.ops.gather import gather, index_select, masked_select, take_along_dim
from scratchnet.ops.join import broadcast_tensors, cat, chunk, hstack, split, stack, tensor_split, unbind, vstack
from scratchnet.ops.layer_norm import rms_norm
from scratchnet.ops.logic import (
    allclose,
    equal,
    isclose,
    isfinite,
    isinf,
    isnan,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    nan_to_num,
)
from scratchnet.ops.lookup import bilinear
from scratchnet.ops.matmul import bmm, dot, matmul, mm, mv
from scratchnet.ops.norms import norm
from scratchnet.ops.order import argsort, median, sort, topk, unique
from scratchnet.ops.permute import permute, t, transpose
from scratchnet.ops.pool import max_pool1d, max_pool1d_with_indices, max_pool2d, max_pool3d
from scratchnet.ops.pool_average import adaptive_avg_pool1d, avg_pool1d
from scratchnet.ops.promotion import result_type
from scratchnet.ops.random import bernoulli, multinomial, normal, randint_like
from scratchnet.ops.rectifiers import hardshrink, prelu, rrelu, threshold
from scratchnet.ops.reduce import mean, prod, std, std_mean, sum, var, var_mean
from scratchnet.ops.rounding import ceil, floor, floor_divide, fmod, remainder, round, trunc
from scratchnet.ops.scan import cumprod, cumsum
from scratchnet.ops.scatter import index_add, index_fill, index_put, scatter, scatter_add
from scratchnet.ops.shape import (
    broadcast_to,
    clone,
    flatten,
    narrow,
    reshape,
    squeeze,
    unsqueeze,
)
from scratchnet.ops.shuffle import channel_shuffle, pixel_shuffle, pixel_unshuffle
from scratchnet.ops.smooth import celu, selu
from scratchnet.ops.ternary import addcdiv, addcmul, lerp, masked_fill
from scratchnet.ops.toplevel import (
    adaptive_max_pool1d,
    affine_grid_generator,
    alpha_dropout,
    alpha_dropout_,
    batch_norm,
    binary_cross_entropy_with_logits,
    constant_pad_nd,
    cosine_embedding_loss,
    dropout,
    dropout_,
    embedding,
    feature_alpha_dropout,
    feature_alpha_dropout_,
    feature_dropout,
    feature_dropout_,
    grid_sampler,
    group_norm,
    hinge_embedding_loss,
    instance_norm,
    kl_div,
    layer_norm,
    margin_ranking_loss,
    poisson_nll_loss,
    triplet_margin_loss,
)
from scratchnet.ops.trigonometry import atan2, cos, sin, tan
from scratchnet.ops.views import as_strided, diagonal, movedim, ravel, select, unflatten
from scratchnet.printing import set_printoptions
from scratchnet.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from scratchnet.shapes import Size

if TYPE_CHECKING:
    from scratchnet import arrays, backends, cuda, data, models, nn, optim, vision
    from scratchnet.backends import get_float32_matmul_precision, set_float32_matmul_precision
    from scratchnet.serialization import load, save

bool = bool_
multiply, divide, subtract, negative, absolute, concat, concatenate = mul, div, sub, neg, abs, cat, cat
true_divide, greater, greater_equal, less, less_equal, not_equal = div, gt, ge, lt, le, ne
swapaxes, swapdims, moveaxis, row_stack, ger = transpose, transpose, movedim, vstack, outer
clip, fix, arctan2, native_channel_shuffle = clamp, trunc, atan2, channel_shuffle
__version__ = "0.1.0"


def is_tensor(obj: Any) -> Any:
    """torch.is_tensor: whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def __getattr__(name: str) -> Any:
    """The larger parts are imported at first use: `import scratchnet` stays quick."""
    if name in ("arrays", "backends", "cuda", "data", "models", "nn", "optim", "vision"):
        return import_module(f"scratchnet.{name}")
    if name in ("load", "save"):
        return getattr(import_module("scratchnet.serialization"), name)
    if name in ("get_float32_matmul_precision", "set_float32_matmul_precision"):
        return getattr(import_module("scratchnet.backends"), name)
    raise AttributeError(f"module 'scratchnet' has no attribute {name!r}")

"""torch.nn.utils: gradient clipping, parameters as a vector, fusing, parametrizations."""

from scratchnet.nn.utils import parametrizations, parametrize
from scratchnet.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from scratchnet.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from scratchnet.nn.utils.fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from scratchnet.nn.utils.skipping import skip_init

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "skip_init",
    "vector_to_parameters",
]

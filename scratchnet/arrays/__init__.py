"""Convolution, pooling and the rest on plain arrays: arrays in, arrays out, no Tensor, no tape.

The names are those of torch.nn.functional and torch.nn.grad; the gradient of any other function `f` is `f_grad`. The
arrays are NumPy's, of one dtype among float16 (computed in float32, rounded once), float32 and float64, with any
strides; they are never changed and never converted. `out=` takes the result and is returned.

A result without `out=` is the caller's own. A large one lies in pooled memory, so `flags.owndata` is False; the memory
goes back to the pool only when the array and all its views are gone.
"""

from scratchnet.arrays.conv import (
    conv1d,
    conv1d_input,
    conv1d_weight,
    conv2d,
    conv2d_input,
    conv2d_weight,
    conv3d,
    conv3d_input,
    conv3d_weight,
    conv_transpose2d,
)
from scratchnet.arrays.layers import (
    bias_grad,
    linear,
    linear_input,
    linear_weight,
    log_softmax,
    log_softmax_grad,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    softmax_grad,
    tanh,
    tanh_grad,
)
from scratchnet.arrays.loss import cross_entropy, cross_entropy_grad
from scratchnet.arrays.norm import batch_norm, batch_norm_eval, batch_norm_grad
from scratchnet.arrays.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
    fold,
    max_pool2d,
    max_pool2d_grad,
    unfold,
)

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_eval",
    "batch_norm_grad",
    "bias_grad",
    "conv1d",
    "conv1d_input",
    "conv1d_weight",
    "conv2d",
    "conv2d_input",
    "conv2d_weight",
    "conv3d",
    "conv3d_input",
    "conv3d_weight",
    "conv_transpose2d",
    "cross_entropy",
    "cross_entropy_grad",
    "fold",
    "linear",
    "linear_input",
    "linear_weight",
    "log_softmax",
    "log_softmax_grad",
    "max_pool2d",
    "max_pool2d_grad",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_grad",
    "tanh",
    "tanh_grad",
    "unfold",
]

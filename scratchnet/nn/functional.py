"""torch.nn.functional's names: each is the op of scratchnet.ops that does it."""

from scratchnet.ops.activation import functional_log_softmax as log_softmax
from scratchnet.ops.activation import functional_softmax as softmax
from scratchnet.ops.activation import relu, sigmoid, tanh
from scratchnet.ops.columns import fold, unfold
from scratchnet.ops.conv import conv2d, conv_transpose2d
from scratchnet.ops.dropout import dropout, dropout2d
from scratchnet.ops.linear import linear
from scratchnet.ops.loss import cross_entropy, mse_loss, nll_loss
from scratchnet.ops.norm import batch_norm
from scratchnet.ops.pad import pad
from scratchnet.ops.pool import adaptive_avg_pool2d, avg_pool2d, max_pool2d, max_pool2d_with_indices

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "fold",
    "linear",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_with_indices",
    "mse_loss",
    "nll_loss",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "unfold",
]

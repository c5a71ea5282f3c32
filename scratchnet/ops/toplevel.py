"""Functions of torch itself whose arguments differ from those of their namesakes in torch.nn.functional.

What each computes, checks and raises is told at its namesake. `reduction` is a number: 0 none, 1 mean, 2 sum.
"""

from collections.abc import Sequence

from scratchnet.autograd.core import Tensor
from scratchnet.ops import distance, likelihood
from scratchnet.ops import dropout as dropouts
from scratchnet.ops import layer_norm as layer_norms
from scratchnet.ops import norm as norms
from scratchnet.ops.checks import check_integer, check_tensor
from scratchnet.ops.grid import affine_grid, grid_sample
from scratchnet.ops.lookup import embedding as look_up
from scratchnet.ops.loss_reduction import averaged
from scratchnet.ops.pad import pad as padded
from scratchnet.ops.pool_more import adaptive_max_pool1d_with_indices
from scratchnet.shapes import message

REDUCTIONS = {1: "mean", 2: "sum"}
MODES, BORDERS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _reduction(op: str, reduction: int) -> str:
    return REDUCTIONS.get(check_integer(op, "reduction", reduction), "none")


def adaptive_max_pool1d(input: Tensor, output_size: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """torch.adaptive_max_pool1d: (N, C, L) -> the values and their positions, (N, C, output_size) both."""
    return adaptive_max_pool1d_with_indices(input, output_size)


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """torch.batch_norm: nn.functional.batch_norm with weight and bias first; cudnn_enabled has no effect."""
    return norms.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """torch.instance_norm: nn.functional.instance_norm with weight and bias first; cudnn_enabled has no effect."""
    return layer_norms.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """torch.layer_norm: nn.functional.layer_norm; cudnn_enable has no effect."""
    return layer_norms.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """torch.group_norm: nn.functional.group_norm; cudnn_enabled has no effect."""
    return layer_norms.group_norm(input, num_groups, weight, bias, eps)


def _probability(op: str, input: Tensor, p: float) -> None:
    """The check of the functions here, whose exception is another than their namesakes'."""
    check_tensor(op, "input", input)
    if not 0.0 <= p <= 1.0:
        rule = f"dropout probability has to be between 0 and 1, but got {p}"
        raise RuntimeError(message(op, "p", p, rule, "use p=0.5"))


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.dropout: nn.functional.dropout. RuntimeError for p outside [0, 1]."""
    _probability("dropout", input, p)
    return dropouts.dropout(input, p, train)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.dropout_: nn.functional.dropout in place. RuntimeError for p outside [0, 1]."""
    _probability("dropout_", input, p)
    return dropouts.dropout(input, p, train, inplace=True)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.alpha_dropout: nn.functional.alpha_dropout. RuntimeError for p outside [0, 1]."""
    _probability("alpha_dropout", input, p)
    return dropouts.alpha_dropout(input, p, train)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.alpha_dropout_: nn.functional.alpha_dropout in place. RuntimeError for p outside [0, 1]."""
    _probability("alpha_dropout_", input, p)
    return dropouts.alpha_dropout(input, p, train, inplace=True)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.feature_dropout: nn.functional.dropout2d of (N, C, *). RuntimeError for p outside [0, 1]."""
    _probability("feature_dropout", input, p)
    return dropouts.by_channel("feature_dropout", input, p, train, inplace=False)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.feature_dropout_: nn.functional.dropout2d of (N, C, *) in place. RuntimeError for p outside [0, 1]."""
    _probability("feature_dropout_", input, p)
    return dropouts.by_channel("feature_dropout_", input, p, train, inplace=True)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.feature_alpha_dropout: nn.functional.feature_alpha_dropout. RuntimeError for p outside [0, 1]."""
    _probability("feature_alpha_dropout", input, p)
    return dropouts.feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """torch.feature_alpha_dropout_: nn.functional.feature_alpha_dropout in place. RuntimeError for p outside [0, 1]."""
    _probability("feature_alpha_dropout_", input, p)
    return dropouts.feature_alpha_dropout(input, p, train, inplace=True)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """torch.embedding: weight[indices], (V, D) and (*) -> (*, D); padding_idx below 0 is none."""
    check_tensor("embedding", "weight", weight)
    row = None if padding_idx < 0 else padding_idx
    return look_up(indices, weight, row, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 1,
) -> Tensor:
    """torch.binary_cross_entropy_with_logits: its namesake with pos_weight before a number as reduction."""
    op = "binary_cross_entropy_with_logits"
    check_tensor(op, "input", input)
    name = _reduction(op, reduction)
    return likelihood.binary_cross_entropy_with_logits(input, target, weight, reduction=name, pos_weight=pos_weight)


def kl_div(input: Tensor, target: Tensor, reduction: int = 1, *, log_target: bool = False) -> Tensor:
    """torch.kl_div: target (log target - input), reduced; the mean is over all elements, without a warning."""
    check_tensor("kl_div", "input", input)
    losses = likelihood.kl_div(input, target, reduction="none", log_target=log_target)
    return averaged(losses, _reduction("kl_div", reduction))


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """torch.poisson_nll_loss: its namesake with a number as reduction."""
    check_tensor("poisson_nll_loss", "input", input)
    name = _reduction("poisson_nll_loss", reduction)
    return likelihood.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=name)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """torch.cosine_embedding_loss: its namesake with a number as reduction."""
    check_tensor("cosine_embedding_loss", "input1", input1)
    name = _reduction("cosine_embedding_loss", reduction)
    return distance.cosine_embedding_loss(input1, input2, target, margin, reduction=name)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 1) -> Tensor:
    """torch.hinge_embedding_loss: its namesake with a number as reduction."""
    check_tensor("hinge_embedding_loss", "input", input)
    name = _reduction("hinge_embedding_loss", reduction)
    return distance.hinge_embedding_loss(input, target, margin, reduction=name)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """torch.margin_ranking_loss: its namesake with a number as reduction."""
    check_tensor("margin_ranking_loss", "input1", input1)
    name = _reduction("margin_ranking_loss", reduction)
    return distance.margin_ranking_loss(input1, input2, target, margin, reduction=name)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 1,
) -> Tensor:
    """torch.triplet_margin_loss: its namesake with a number as reduction."""
    check_tensor("triplet_margin_loss", "anchor", anchor)
    name = _reduction("triplet_margin_loss", reduction)
    return distance.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=name)


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """torch.constant_pad_nd: nn.functional.pad with mode="constant"."""
    check_tensor("constant_pad_nd", "input", input)
    return padded(input, pad, "constant", value)


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """torch.affine_grid_generator: nn.functional.affine_grid."""
    return affine_grid(theta, size, align_corners)


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """torch.grid_sampler: nn.functional.grid_sample; modes 0 bilinear, 1 nearest, 2 bicubic, padding 0 zeros,
    1 border, 2 reflection. Raises ValueError for others."""
    op = "grid_sampler"
    check_tensor(op, "input", input)
    for argument, value in (("interpolation_mode", interpolation_mode), ("padding_mode", padding_mode)):
        if check_integer(op, argument, value) not in (0, 1, 2):
            raise ValueError(message(op, argument, value, "must be 0, 1 or 2", "use 0"))
    return grid_sample(input, grid, MODES[interpolation_mode], BORDERS[padding_mode], align_corners)

"""Samples of losses and distances: reductions, weights, targets of classes and of chances."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, chances, fixed, op, positive, values, within

REDUCTIONS = ("mean", "sum", "none")
X, CLASSES = (3, 4), values([2, 0, 3])
SIGNS = values([[1, -1, 1, -1], [-1, -1, 1, 1], [1, 1, -1, -1]])
WEIGHTS = fixed(positive((4,)))
NEAR = (within(X, -0.3, 0.3), within(X, -0.3, 0.3))
FAR = (within(X, 0.5, 3), within(X, -3, -0.6))


def weighted(name: str, **options: Any) -> Any:
    """A loss of classes with a weight for each class."""
    return lambda x, t, w: getattr(sn.nn.functional, name)(x, t, weight=w, **options)


SAMPLES: list[Sample] = [
    *[op("cross_entropy", X, CLASSES, reduction=how) for how in REDUCTIONS],
    case(
        "cross_entropy",
        "weights, smoothing",
        weighted("cross_entropy", label_smoothing=0.1),
        X,
        CLASSES,
        fixed(positive((4,))),
    ),
    op("cross_entropy", (2, 3, 2), values([[0, 2], [1, 1]]), ignore_index=2),
    op("cross_entropy", X, chances(X), label_smoothing=0.2),
    *[op("nll_loss", X, CLASSES, reduction=how) for how in REDUCTIONS],
    case("nll_loss", "weights", weighted("nll_loss", ignore_index=0), X, CLASSES, WEIGHTS),
    op("nll_loss", (2, 3, 2), values([[0, 2], [1, 1]])),
    *[op("mse_loss", X, X, reduction=how) for how in REDUCTIONS],
    *[op("l1_loss", X, X, reduction=how) for how in REDUCTIONS],
    *[op(name, *NEAR, label="near") for name in ("smooth_l1_loss", "huber_loss")],
    *[op(name, *FAR, label="far") for name in ("smooth_l1_loss", "huber_loss")],
    op("smooth_l1_loss", *FAR, beta=0.5, reduction="none"),
    op("huber_loss", *NEAR, delta=2.0, reduction="sum"),
    op("kl_div", X, positive(X), reduction="batchmean"),
    op("kl_div", X, X, reduction="none", log_target=True),
    op("poisson_nll_loss", X, within(X, 1.5, 4), full=True),
    op("poisson_nll_loss", positive(X), positive(X), log_input=False, reduction="none"),
    op("gaussian_nll_loss", X, X, positive(X)),
    op("gaussian_nll_loss", X, X, positive((3, 1)), full=True, reduction="none"),
    op("soft_margin_loss", X, fixed(values(SIGNS.values * 1.0))),
    *[op("binary_cross_entropy", chances(X), chances(X), reduction=how) for how in REDUCTIONS],
    case(
        "binary_cross_entropy",
        "weight",
        lambda x, t, w: sn.nn.functional.binary_cross_entropy(x, t, w),
        *(chances(X), chances(X), fixed(positive((4,)))),
    ),
    *[op("binary_cross_entropy_with_logits", X, chances(X), reduction=how) for how in REDUCTIONS],
    case(
        "binary_cross_entropy_with_logits",
        "weight, pos_weight",
        lambda x, t, w, p: sn.nn.functional.binary_cross_entropy_with_logits(x, t, w, pos_weight=p),
        *(X, chances(X), fixed(positive((3, 1))), fixed(positive((4,)))),
    ),
    op("hinge_embedding_loss", within(X, -2, 0.8), SIGNS),
    op("hinge_embedding_loss", within(X, 1.2, 2), SIGNS, reduction="none"),
    op("margin_ranking_loss", X, X, SIGNS, margin=0.1),
    op("margin_ranking_loss", (3, 1), (1, 4), SIGNS, reduction="none"),
    op("cosine_embedding_loss", X, X, values([1, -1, 1])),
    op("cosine_embedding_loss", X, X, values([-1, -1, -1]), margin=-0.9, reduction="none"),
    *[op("triplet_margin_loss", X, X, X, margin=3.0, p=p, swap=swap) for p in (2, 3.0) for swap in (False, True)],
    op("triplet_margin_loss", X, X, X, margin=2.0, reduction="none"),
    *[op("multi_margin_loss", X, CLASSES, p=p, reduction=how) for p, how in ((1, "mean"), (2, "sum"), (2, "none"))],
    case("multi_margin_loss", "weights", weighted("multi_margin_loss", margin=0.7), X, CLASSES, WEIGHTS),
    *[op("pairwise_distance", X, X, p=p) for p in (2.0, 1.0, 3.0)],
    op("pairwise_distance", (2, 1, 3), (2, 3), keepdim=True),
    op("cosine_similarity", X, X),
    op("cosine_similarity", (2, 1, 3), (2, 3), dim=-1),
]

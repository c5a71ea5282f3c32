"""Rows of batch_norm, the running statistics among the results."""

from typing import Any

from op_table import Bad, Row, bad, const, pos, row

C = 3


def norm(
    label: str, x: tuple[int, ...], training: bool = True, affine: str = "wb", running: bool = True, **kwargs: Any
) -> Row:
    """batch_norm of x, then the running mean and variance."""

    def f(T: Any, F: Any, x: Any, mean: Any, var: Any, *rest: Any) -> Any:
        given = dict(zip([name for key, name in (("w", "weight"), ("b", "bias")) if key in affine], rest, strict=True))
        mean, var = mean.clone(), var.clone()
        stats = (mean, var) if running else (None, None)
        return F.batch_norm(x, *stats, **given, training=training, **kwargs), mean, var

    options = {
        "long_sum": True,
        "memory": False,
        "order": 1 if affine == "b" else 2,
    }  # torch's second derivative of a bias alone raises
    return row(f"batch_norm: {label}", f, x, const((C,)), const(pos((C,))), *[(C,)] * len(affine), **options)


ROWS = [
    norm("training", (4, C, 5, 2)),
    norm("training, rank 2", (4, C)),
    norm("training, rank 3", (4, C, 5)),
    norm("training, rank 5", (2, C, 5, 2, 2)),
    norm("training, no weight or bias", (4, C, 5, 2), affine=""),
    norm("training, weight only", (4, C, 5, 2), affine="w"),
    norm("training, bias only", (4, C, 5, 2), affine="b"),
    norm("training, no running statistics", (4, C, 5, 2), running=False),
    norm("training, momentum, eps", (4, C, 5, 2), momentum=0.37, eps=0.01),
    norm("training, momentum 0", (4, C, 5, 2), momentum=0),
    norm("training, momentum 1", (4, C, 5, 2), momentum=1.0),
    norm("evaluation", (4, C, 5, 2), training=False),
    norm("evaluation, rank 2", (4, C), training=False),
    norm("evaluation, no weight or bias", (4, C, 5, 2), training=False, affine=""),
    norm("evaluation, weight only, one value", (1, C, 1, 1), training=False, affine="w"),
    norm("evaluation, bias only", (4, C, 5, 2), training=False, affine="b", eps=0.1),
]


def wrong(label: str, match: str, *shapes: Any, x: Any = (2, C, 4, 4), training: bool = True, **kwargs: Any) -> Bad:
    """A batch_norm that raises; shapes: running_mean, running_var, weight, bias (None for none)."""

    def f(T: Any, F: Any, x: Any) -> Any:
        return F.batch_norm(x, *(None if s is None else T.ones(s) for s in shapes), training=training, **kwargs)

    return bad(f"batch_norm: {label}", f, x, match=match)


BAD = [
    wrong("one value", "Expected more than 1 value per channel when training", (3,), (3,), x=(1, 3)),
    wrong("one pixel", "Expected more than 1 value per channel when training", (3,), (3,), x=(1, 3, 1, 1)),
    wrong("no statistics", "running_mean must be defined in evaluation mode", None, None, training=False),
    wrong("no mean", "must either both be None or neither", None, (3,)),
    wrong("no var", "must either both be None or neither", (3,), None),
    wrong("mean's size", "running_mean.shape .*should contain 3 elements not 4", (4,), (3,)),
    wrong("var's size", "running_var.shape .*should contain 3 elements not 4", (3,), (4,)),
    wrong("weight's size", "weight.shape .*should contain 3 elements not 4", (3,), (3,), (4,)),
    wrong("bias's size", "bias.shape .*should contain 3 elements not 4", (3,), (3,), (3,), (4,)),
    wrong("rank 1", "should contain 0 elements not 3", (3,), (3,), x=(3,)),
    wrong("rank 0", "tuple index out of range", (3,), (3,), x=()),
    wrong("eps", "eps must be positive during training", (3,), (3,), eps=-1.0),
    wrong("eps in evaluation", "eps must be non-negative", (3,), (3,), eps=-1.0, training=False),
    wrong("momentum", "momentum .*must be float", (3,), (3,), momentum=None),
    bad(
        "batch_norm: input's dtype",
        lambda T, F, x: F.batch_norm(x.double(), T.ones(3), T.ones(3), training=True),
        (2, 3, 5),
        match="mixed dtype",
    ),
    bad(
        "batch_norm: weight's dtype",
        lambda T, F, x: F.batch_norm(x, None, None, T.ones(3).double(), training=True),
        (2, 3, 5),
        match="mixed dtype",
    ),
    bad(
        "batch_norm: integers",
        lambda T, F, x: F.batch_norm(x.long(), None, None, training=True),
        (2, 3, 5),
        match="floating-point",
    ),
    bad(
        "batch_norm: statistics with gradient",
        lambda T, F, x: F.batch_norm(x, T.zeros(3).requires_grad_(), T.ones(3), training=True),
        (2, 3, 5),
        match="not differentiable with respect to argument 'running_mean'",
    ),
]

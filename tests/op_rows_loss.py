"""Rows of cross_entropy, nll_loss and mse_loss."""

from typing import Any

import numpy as np
from op_table import Row, bad, const, fn, ints, pos, row, vals

T5 = ints((4,), 0, 5)
BYTES = vals(np.array([1, 3], np.uint8), kind="own")
REDUCTIONS = ("mean", "sum", "none")


def targeted(
    name: str, label: str, x: Any, target: Any, weight: Any = None, order: int = 2, strided: bool = True, **kwargs: Any
) -> Row:
    """The loss of x and class indices; a weight takes no gradient."""

    def f(T: Any, F: Any, x: Any, t: Any, w: Any = None) -> Any:
        return getattr(F, name)(x, t, weight=w, **kwargs)

    inputs = [x, target] if weight is None else [x, target, const(weight)]
    return row(f"{name}: {label}", f, *inputs, covers=(f"F.{name}",), zero=(0,), order=order, strided=strided)


def probabilities(label: str, x: Any, weight: Any = None, **kwargs: Any) -> Row:
    """cross_entropy with class probabilities."""

    def f(T: Any, F: Any, x: Any, t: Any, w: Any = None) -> Any:
        return F.cross_entropy(x, t, weight=w, **kwargs)

    return row(f"cross_entropy, probabilities: {label}", f, *([x, pos(x)] if weight is None else [x, pos(x), weight]))


ROWS = [
    *[targeted(name, f"{r}", (4, 5), T5, reduction=r) for name in ("cross_entropy", "nll_loss") for r in REDUCTIONS],
    *[
        targeted(name, f"weights, {r}", (4, 5), T5, pos((5,)), reduction=r)
        for name in ("cross_entropy", "nll_loss")
        for r in REDUCTIONS
    ],
    *[
        targeted(name, f"ignored, {r}", (4, 5), vals([1, 2, -100, 1], kind="own"), pos((5,)), reduction=r)
        for name in ("cross_entropy", "nll_loss")
        for r in REDUCTIONS
    ],
    *[
        targeted(name, "ignore_index a class", (4, 5), vals([1, 2, 0, 1], kind="own"), ignore_index=1)
        for name in ("cross_entropy", "nll_loss")
    ],
    *[
        targeted(name, f"all ignored, {r}", (2, 5), vals([-1, -1], kind="own"), ignore_index=-1, reduction=r)
        for name in ("cross_entropy", "nll_loss")
        for r in REDUCTIONS
    ],
    *[
        targeted(
            name,
            f"images, {r}",
            (4, 5, 3, 2),
            ints((4, 3, 2), 0, 5),
            pos((5,)),
            strided=name == "cross_entropy",
            reduction=r,
        )
        for name in ("cross_entropy", "nll_loss")
        for r in REDUCTIONS
    ],
    *[
        targeted(name, f"rank 3, {r}", (4, 5, 3), ints((4, 3), 0, 5), reduction=r)
        for name in ("cross_entropy", "nll_loss")
        for r in ("mean", "none")
    ],
    *[
        targeted(name, "rank 5", (4, 5, 3, 2, 2), ints((4, 3, 2, 2), 0, 5), reduction="none")
        for name in ("cross_entropy", "nll_loss")
    ],
    *[
        targeted(name, f"one sample, {r}", (5,), ints((), 0, 5), reduction=r)
        for name in ("cross_entropy", "nll_loss")
        for r in REDUCTIONS
    ],
    *[
        targeted(name, "one sample in a list", (5,), ints((1,), 0, 5), order=0)  # torch's backward raises
        for name in ("cross_entropy", "nll_loss")
    ],
    *[targeted(name, "bytes", (2, 5), BYTES) for name in ("cross_entropy", "nll_loss")],
    *[targeted("cross_entropy", f"smoothing, {r}", (4, 5), T5, reduction=r, label_smoothing=0.1) for r in REDUCTIONS],
    *[
        targeted(
            "cross_entropy",
            f"smoothing, weights, ignored, {r}",
            (4, 5),
            vals([1, 2, -100, 1], kind="own"),
            pos((5,)),
            reduction=r,
            label_smoothing=0.3,
        )
        for r in REDUCTIONS
    ],
    targeted("cross_entropy", "smoothing, images", (4, 5, 3, 2), ints((4, 3, 2), 0, 5), pos((5,)), label_smoothing=0.3),
    targeted("cross_entropy", "smoothing 1", (4, 5), T5, label_smoothing=1.0),
    targeted("cross_entropy", "large logits", vals([[1e4, -1e4, 0.0], [80.0, 90.0, 100.0]]), vals([1, 0], kind="own")),
    targeted("cross_entropy", "size_average", (4, 5), T5, size_average=False),
    targeted("cross_entropy", "reduce", (4, 5), T5, reduce=False),
    *[probabilities(r, (4, 5), reduction=r) for r in REDUCTIONS],
    *[
        probabilities(f"weights, smoothing, {r}", (4, 5, 2, 3), (5,), reduction=r, label_smoothing=0.2)
        for r in REDUCTIONS
    ],
    probabilities("one sample", (5,)),
    *[fn("mse_loss", [(3, 4), (3, 4)], reduction=r) for r in REDUCTIONS],
    fn("mse_loss", [(3, 4), (4,)]),
    fn("mse_loss", [(3, 4), (3, 1)], reduction="none"),
    fn("mse_loss", [(), ()]),
    *[
        row(
            f"mse_loss: weight, {r}",
            lambda T, F, x, y, w, r=r: F.mse_loss(x, y, reduction=r, weight=w),
            (3, 4),
            (3, 4),
            pos((3, 4)),
        )
        for r in REDUCTIONS
    ],
    row("mse_loss: dtypes", lambda T, F, x, y: F.mse_loss(x, y.double()), (3, 4), (3, 4)),
    row("mse_loss: size_average", lambda T, F, x, y: F.mse_loss(x, y, False), (3, 4), (3, 4)),
]


def wrong(name: str, label: str, match: str, x: Any, target: Any, w: Any = None, **kwargs: Any) -> Any:
    """A loss that raises."""

    def f(T: Any, F: Any, x: Any, t: Any, *w: Any) -> Any:
        return getattr(F, name)(x, t, *(v.detach() for v in w), **kwargs)

    return bad(f"{name}: {label}", f, *([x, target] if w is None else [x, target, w]), match=match)


def own(*values: int) -> Any:
    """Class indices."""
    return vals(list(values), kind="own")


BAD = [
    *[
        found
        for name in ("cross_entropy", "nll_loss")
        for found in (
            wrong(
                name, "class too large", r"Target 5 is out of bounds\. It must be in 0 \.\.\. 4", (3, 5), own(0, 1, 5)
            ),
            wrong(name, "class negative", "Target -1 is out of bounds", (3, 5), own(0, 1, -1)),
            wrong(name, "no classes", "Target 0 is out of bounds", (3, 0), own(0, 0, 0)),
            wrong(name, "image's class", "Target 9 is out of bounds", (1, 5, 2), vals([[1, 9]], kind="own")),
            wrong(
                name, "batch", r"Expected input batch_size \(3\) to match target batch_size \(2\)", (3, 5), own(0, 1)
            ),
            wrong(name, "target 0-d", r"match target batch_size \(0\)", (3, 5), ints((), 0, 5)),
            wrong(name, "two for one sample", "1D target must have size 1", (5,), own(1, 2)),
            wrong(name, "column of targets", "multi-target not supported", (3, 5), ints((3, 1), 0, 5)),
            wrong(name, "image's size", r"Expected target size \[3, 2\], got \[3, 3\]", (3, 5, 2), ints((3, 3), 0, 5)),
            wrong(name, "images' size", "size mismatch", (3, 5, 2, 2), ints((3, 2, 3), 0, 5)),
            wrong(name, "images' rank", "spatial targets", (3, 5, 2, 2), ints((3, 2), 0, 5)),
            wrong(name, "float targets", "expected target dtype to be Long or Byte", (3, 5), (3,)),
            bad(
                f"{name}: int32 targets",
                lambda T, F, x, t, n=name: getattr(F, n)(x, t.int()),
                (4, 5),
                T5,
                match="Long or Byte",
            ),
            bad(
                f"{name}: integers",
                lambda T, F, x, t, n=name: getattr(F, n)(x.long(), t),
                (4, 5),
                T5,
                match="floating-point",
            ),
            wrong(name, "weight's size", "defined either for all 5 classes or no classes", (4, 5), T5, (4,)),
            bad(
                f"{name}: weight's dtype",
                lambda T, F, x, t, w, n=name: getattr(F, n)(x, t, w.detach().double()),
                (4, 5),
                T5,
                (5,),
                match="weight.dtype",
            ),
            bad(
                f"{name}: weight's gradient",
                lambda T, F, x, t, w, n=name: getattr(F, n)(x, t, w),
                (4, 5),
                T5,
                (5,),
                match="cannot have requires_grad",
            ),
            wrong(name, "reduction", "foo is not a valid value for reduction", (4, 5), T5, reduction="foo"),
            bad(f"{name}: no tensor", lambda T, F, x, n=name: getattr(F, n)(x, 3), (4, 5), match="must be Tensor"),
        )
    ],
    wrong("cross_entropy", "smoothing", "label_smoothing must be between 0.0 and 1.0", (4, 5), T5, label_smoothing=1.5),
    wrong(
        "cross_entropy", "integer probabilities", "Expected floating point type for target", (3, 5), ints((3, 5), 0, 2)
    ),
    wrong("cross_entropy", "ignored probabilities", "ignore_index is not supported", (3, 5), (3, 5), ignore_index=1),
    wrong("cross_entropy", "probabilities' shape", "multi-target not supported", (3, 5), (3, 4)),
    wrong("cross_entropy", "probabilities' weight", "all 5 classes or no classes", (3, 5), (3, 5), (4,)),
    wrong("cross_entropy", "0-d", "Expected floating point type", (), ints((), 0, 1)),
    wrong("nll_loss", "0-d", "Expected 1 or more dimensions", (), ints((), 0, 1)),
    bad("mse_loss: shapes", lambda T, F, x, y: F.mse_loss(x, y), (3, 5), (4,), match="must match"),
    bad("mse_loss: integers", lambda T, F, x: F.mse_loss(x.long(), x.long()), (3,), match="floating-point"),
    bad(
        "mse_loss: reduction",
        lambda T, F, x, y: F.mse_loss(x, y, reduction="foo"),
        (3,),
        (3,),
        match="foo is not a valid value",
    ),
    bad(
        "mse_loss: weight",
        lambda T, F, x, y, w: F.mse_loss(x, y, weight=w),
        (3,),
        (3,),
        (2,),
        match="must have the same size",
    ),
]

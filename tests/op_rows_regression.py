"""Rows of the losses of two tensors of one shape."""

from typing import Any

from op_table import bad, between, const, fn, ints, pos, row, vals

REDUCTIONS = ("mean", "sum", "none")
UNIT = between((3, 4), 0.05, 0.95)
X = vals([[1.0, -1.0, 0.5, 0.0, 2.0, -0.5, 0.25, -3.0]])
ZERO = const(vals([[0.0] * 8]))
FAR = vals([[0.0, 20.0, -20.0, 100.0, -100.0, 800.0, -800.0, float("inf"), float("nan")]])
HALF = const(vals([[0.3, 0.3, 0.3, 0.3, 0.3, 0.0, 1.0, 0.5, 0.5]]))
PAIRS: list[tuple[str, dict[str, Any]]] = [
    ("l1_loss", {}),
    ("smooth_l1_loss", {}),
    ("smooth_l1_loss", {"beta": 0.5}),
    ("smooth_l1_loss", {"beta": 0.0}),
    ("huber_loss", {}),
    ("huber_loss", {"delta": 0.5}),
    ("kl_div", {}),
    ("kl_div", {"log_target": True}),
    ("poisson_nll_loss", {}),
    ("poisson_nll_loss", {"full": True}),
]

ROWS = [
    *[
        fn(name, [(3, 4), pos((3, 4))], reduction=r, **options)
        for name, options in PAIRS
        for r in (*REDUCTIONS, *(["batchmean"] if name == "kl_div" else []))
    ],
    *[
        fn(name, [x, pos(y)], reduction="none", **options)
        for name, options in PAIRS
        if options in ({}, {"full": True})
        for x, y in (((), ()), ((3, 4), (4,)), ((3, 1), (3, 4)))
    ],
    *[
        fn(name, [X, ZERO], reduction="none", label=f"F.{name}: kinks {options}", **options)
        for name, options in PAIRS
        if name in ("l1_loss", "smooth_l1_loss", "huber_loss")
    ],
    *[
        row(
            f"{name}: weight, {r}",
            lambda T, F, x, y, w, n=name, r=r: getattr(F, n)(x, y, reduction=r, weight=w),
            (3, 4),
            (3, 4),
            pos((3, 4)),
        )
        for name in ("l1_loss", "huber_loss")
        for r in REDUCTIONS
    ],
    *[
        row(
            f"{name}: dtypes",
            lambda T, F, x, y, n=name: getattr(F, n)(x, y.double()),
            (3, 4),
            pos((3, 4)),
            order=0 if name == "huber_loss" else 2,  # torch's backward raises
        )
        for name in ("l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss")
    ],
    *[fn("soft_margin_loss", [(3, 4), const((3, 4))], reduction=r) for r in REDUCTIONS],
    fn("soft_margin_loss", [(3, 4), const((4,))]),
    fn("kl_div", [(2, 3), const(vals([[0.0, 1.0, 0.5], [0.0, 0.2, 0.3]]))], reduction="sum", label="kl_div: zeros"),
    fn("poisson_nll_loss", [pos((3, 4)), pos((3, 4))], log_input=False),
    fn("poisson_nll_loss", [(3, 4), ints((3, 4), 0, 5)], full=True, label="poisson_nll_loss: counts"),
    *[fn("binary_cross_entropy", [UNIT, UNIT], reduction=r) for r in REDUCTIONS],
    fn("binary_cross_entropy", [vals([0.0, 1.0, 0.0, 1.0]), const(vals([0.0, 0.0, 1.0, 1.0]))], order=1, label="ends"),
    *[
        row(
            f"binary_cross_entropy: weight {w}, {r}",
            lambda T, F, x, t, w, r=r: F.binary_cross_entropy(x, t, w, reduction=r),
            UNIT,
            UNIT,
            const(pos(w)),
        )
        for w in ((3, 4), (4,), (3, 1))
        for r in REDUCTIONS
    ],
    *[fn("binary_cross_entropy_with_logits", [(3, 4), UNIT], reduction=r) for r in REDUCTIONS],
    fn("binary_cross_entropy_with_logits", [FAR, HALF], reduction="none", order=1, label="with_logits: far out"),
    *[
        row(
            f"binary_cross_entropy_with_logits: weight {w}, pos_weight {p}, {r}",
            lambda T, F, x, t, w, p, r=r: F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p, reduction=r),
            (3, 4),
            UNIT,
            const(pos(w)),
            const(pos(p)),
        )
        for w, p in (((3, 4), (4,)), ((4,), (3, 4)), ((), (3, 1)))
        for r in REDUCTIONS
    ],
    row(
        "binary_cross_entropy_with_logits: far out, pos_weight",
        lambda T, F, x, t, p: F.binary_cross_entropy_with_logits(x, t, pos_weight=p, reduction="none"),
        vals([[0.0, 20.0, -20.0, 100.0, -100.0, 800.0, -800.0]]),
        vals([[0.3, 0.3, 0.3, 0.3, 0.3, 0.0, 1.0]]),
        const(pos((7,))),
    ),
    row(
        "binary_cross_entropy_with_logits: dtypes",
        lambda T, F, x, t: F.binary_cross_entropy_with_logits(x, t.double()),
        (3, 4),
        UNIT,
    ),
    *[
        row(
            f"gaussian_nll_loss: var {v}, {r}, {full}",
            lambda T, F, x, y, v, r=r, full=full: F.gaussian_nll_loss(x, y, v, reduction=r, full=full),
            (3, 4),
            (3, 4),
            pos(v),
        )
        for v in ((3, 4), (3,), (3, 1), (1, 4))
        for r in REDUCTIONS
        for full in (False, True)
    ],
    fn("gaussian_nll_loss", [(3, 4), (3, 4)], var=0.7),
    fn("gaussian_nll_loss", [(2,), (2,), vals([0.0, 0.4])], eps=0.5, label="gaussian_nll_loss: held var"),
    row("smooth_l1_loss: size_average", lambda T, F, x, y: F.smooth_l1_loss(x, y, False), (3, 4), (3, 4)),
]

ALL = ("l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss", "soft_margin_loss")
BAD = [
    *[
        bad(f"{name}: shapes", lambda T, F, x, y, n=name: getattr(F, n)(x, y), (3, 5), const((4,)), match="must match")
        for name in ALL
    ],
    *[
        bad(
            f"{name}: reduction",
            lambda T, F, x, y, n=name: getattr(F, n)(x, y, reduction="foo"),
            between((3,), 0.1, 0.9),
            const(between((3,), 0.1, 0.9)),
            match="foo is not a valid value",
        )
        for name in (*ALL, "binary_cross_entropy", "binary_cross_entropy_with_logits")
    ],
    *[
        bad(
            f"{name}: no tensor", lambda T, F, x, n=name: getattr(F, n)(x, 1.0), (3,), match="must be Tensor, not float"
        )
        for name in ("kl_div", "poisson_nll_loss", "soft_margin_loss")
    ],
    *[
        bad(
            f"{name}: integers",
            lambda T, F, x, n=name: getattr(F, n)(x, x),
            ints((3,), 0, 2),
            match="float|output dtype",
        )
        for name in (*ALL[:4], "soft_margin_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits")
    ],
    *[
        bad(
            f"{name}: weight",
            lambda T, F, x, y, w, n=name: getattr(F, n)(x, y, weight=w),
            (3,),
            (3,),
            (2,),
            match="same",
        )
        for name in ("l1_loss", "huber_loss")
    ],
    *[
        bad(f"{name}: shapes", lambda T, F, x, y, n=name: getattr(F, n)(x, y), (3, 1), (3, 4), match="input")
        for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits")
    ],
    bad("kl_div: integer target", lambda T, F, x, y: F.kl_div(x, y), (3,), ints((3,), 0, 2), match="Integral inputs"),
    bad(
        "smooth_l1_loss: beta", lambda T, F, x, y: F.smooth_l1_loss(x, y, beta=-1), (3,), (3,), match="negative values"
    ),
    bad("huber_loss: delta", lambda T, F, x, y: F.huber_loss(x, y, delta=0), (3,), (3,), match="non-positive values"),
    bad(
        "soft_margin_loss: target", lambda T, F, x, y: F.soft_margin_loss(x, y), (3,), (3,), match="not differentiable"
    ),
    bad("binary_cross_entropy: x", lambda T, F, x: F.binary_cross_entropy(x + 4, x), UNIT, match="between 0 and 1"),
    bad(
        "binary_cross_entropy: t",
        lambda T, F, x: F.binary_cross_entropy(x, x + 4),
        UNIT,
        match="target .*between 0 and",
    ),
    bad("binary_cross_entropy: dtypes", lambda T, F, x: F.binary_cross_entropy(x, x.double()), UNIT, match="dtype"),
    bad("binary_cross_entropy: weight", lambda T, F, x, w: F.binary_cross_entropy(x, x, w), UNIT, (3,), match="match"),
    bad(
        "with_logits: integer target",
        lambda T, F, x, t: F.binary_cross_entropy_with_logits(x, t),
        (3,),
        ints((3,), 0, 2),
        match="can't be cast",
    ),
    *[
        bad(
            f"with_logits: {name}",
            lambda T, F, x, w, n=name: F.binary_cross_entropy_with_logits(x, x.detach(), **{n: w}),
            (3, 4),
            const((3,)),
            match="must match",
        )
        for name in ("weight", "pos_weight")
    ],
    *[
        bad(
            f"gaussian_nll_loss: {label}", lambda T, F, x, v, k=k: F.gaussian_nll_loss(x, x, v, **k), (3, 4), v, match=m
        )
        for label, v, k, m in (
            ("var", vals([[-1.0]]), {}, "negative entry"),
            ("var's size", pos((3, 2)), {}, "incorrect size"),
            ("reduction", pos((3, 4)), {"reduction": "foo"}, "foo is not"),
            ("integers", ints((3, 4), 1, 5), {}, "can't be cast"),
        )
    ],
    bad("gaussian_nll_loss: float var", lambda T, F, x: F.gaussian_nll_loss(x, x, -1.0), (3,), match="negative entry"),
]

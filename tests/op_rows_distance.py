"""Rows of the distances and of the margin losses."""

from op_table import bad, const, fn, ints, mask, pos, row, vals

REDUCTIONS = ("mean", "sum", "none")
INF = float("inf")
SIGNS = const(vals([[1.0, -1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0], [1.0, 1.0, -1.0, -1.0]]))
PM = vals([1, -1, 1, -1], kind="own")
ZERO_ROW = vals([[0.0, 0.0, 0.0], [3.0, 0.0, -4.0]])

ROWS = [
    *[fn("normalize", [(3, 4)], p=p, dim=dim) for p in (2.0, 1.0, 3.0, INF) for dim in (1, 0)],
    *[fn("normalize", [(2, 3, 4)], dim=dim) for dim in (1, -1)],
    fn("normalize", [(4,)], dim=0),
    fn("normalize", [ZERO_ROW], order=1, label="normalize: zeros"),
    fn("normalize", [(3, 4)], eps=2.0),
    *[fn("pairwise_distance", [(3, 4), (3, 4)], p=p, order=2 if p else 0) for p in (2.0, 1.0, 3.0, 1.5, 0, INF)],
    fn("pairwise_distance", [(3, 4), (3, 4)], keepdim=True),
    *[fn("pairwise_distance", [x, y]) for x, y in (((4,), (4,)), ((2, 3, 4), (4,)), ((3, 1), (3, 4)))],
    fn("pairwise_distance", [ints((3, 4), 0, 5), ints((3, 4), 0, 5)], order=0, label="pairwise_distance: integers"),
    row("pairwise_distance: dtypes", lambda T, F, x, y: F.pairwise_distance(x, y.double()), (3, 4), (3, 4)),
    *[fn("cosine_similarity", [(3, 4), (3, 4)], dim=dim) for dim in (0, 1, -1)],
    *[
        fn("cosine_similarity", [x, y], dim=-1)
        for x, y in (((4,), (4,)), ((), ()), ((2, 3, 4), (4,)), ((3, 1), (3, 4)))
    ],
    fn("cosine_similarity", [ZERO_ROW, (2, 3)], order=1, label="cosine_similarity: zeros"),
    fn("cosine_similarity", [(3, 4), (3, 4)], eps=3.0),
    row("cosine_similarity: dtypes", lambda T, F, x, y: F.cosine_similarity(x, y.double()), (3, 4), (3, 4)),
    *[fn("margin_ranking_loss", [(3, 4), (3, 4), SIGNS], margin=m, reduction=r) for m in (0, 0.5) for r in REDUCTIONS],
    fn("margin_ranking_loss", [(3, 4), (1, 4), (3, 1)]),
    *[fn("hinge_embedding_loss", [(3, 4), SIGNS], margin=m, reduction=r) for m in (1.0, 0.2) for r in REDUCTIONS],
    fn("hinge_embedding_loss", [(3, 4), const((4,))], label="hinge_embedding_loss: neither 1 nor -1"),
    fn("hinge_embedding_loss", [vals([0.5, 1.0, 2.0]), const(vals([-1.0, -1.0, -1.0]))], label="hinge: kink"),
    *[
        fn("triplet_margin_loss", [(3, 4)] * 3, p=p, swap=swap, reduction=r)
        for p in (2, 1, 3.0)
        for swap in (False, True)
        for r in REDUCTIONS
    ],
    fn("triplet_margin_loss", [(4,)] * 3, margin=0.3, eps=0.1),
    *[fn("cosine_embedding_loss", [(4, 3), (4, 3), PM], margin=m, reduction=r) for m in (0, 0.4) for r in REDUCTIONS],
    fn("cosine_embedding_loss", [(3,), (3,), vals(1, kind="own")]),
    *[
        fn(
            "multi_margin_loss", [(3, 5), ints((3,), 0, 5)], p=p, margin=m, reduction=r, order=1, zero=()
        )  # torch's losses of no rows are whatever lies in memory
        for p, m in ((1, 1.0), (2, 0.5))
        for r in REDUCTIONS
    ],
    fn("multi_margin_loss", [(5,), ints((), 0, 5)], order=1, zero=()),
    *[
        row(
            f"multi_margin_loss: weight, {r}",
            lambda T, F, x, t, w, r=r: F.multi_margin_loss(x, t, weight=w, reduction=r),
            (3, 5),
            ints((3,), 0, 5),
            const(pos((5,))),
            order=1,
            zero=(),
        )
        for r in REDUCTIONS
    ],
]

BAD = [
    bad("normalize: dim", lambda T, F, x: F.normalize(x, dim=2), (2, 3), match="Dimension out of range"),
    bad("normalize: integers", lambda T, F, x: F.normalize(x), ints((2, 3), 0, 5), match="floating-point"),
    bad("pairwise_distance: shapes", lambda T, F, x, y: F.pairwise_distance(x, y), (2, 3), (2, 4), match="must match"),
    bad("pairwise_distance: no tensor", lambda T, F, x: F.pairwise_distance(x, 1.0), (2, 3), match="must be Tensor"),
    bad("pairwise_distance: bool", lambda T, F, x: F.pairwise_distance(x, x), mask((2, 3)), match="bool"),
    bad("cosine_similarity: shapes", lambda T, F, x, y: F.cosine_similarity(x, y), (2, 3), (2, 4), match="must match"),
    bad("cosine_similarity: dim", lambda T, F, x: F.cosine_similarity(x, x, dim=2), (2, 3), match="Dimension out of"),
    bad("cosine_similarity: no tensor", lambda T, F, x: F.cosine_similarity(x, 1.0), (2, 3), match="must be Tensor"),
    bad("cosine_similarity: integers", lambda T, F, x: F.cosine_similarity(x, x), ints((2, 3), 0, 5), match="floating"),
    bad(
        "margin_ranking_loss: ranks", lambda T, F, x, y: F.margin_ranking_loss(x, x, y), (2, 3), (3,), match="same dim"
    ),
    bad(
        "margin_ranking_loss: shapes", lambda T, F, x, y: F.margin_ranking_loss(x, x, y), (2, 3), (2, 2), match="match"
    ),
    bad("hinge_embedding_loss: shapes", lambda T, F, x, y: F.hinge_embedding_loss(x, y), (2, 3), (2,), match="match"),
    bad("hinge: no tensor", lambda T, F, x: F.hinge_embedding_loss(x, 1.0), (2, 3), match="must be Tensor"),
    bad(
        "triplet_margin_loss: ranks", lambda T, F, x, y: F.triplet_margin_loss(x, x, y), (2, 3), (3,), match="same num"
    ),
    bad(
        "triplet_margin_loss: margin", lambda T, F, x: F.triplet_margin_loss(x, x, x, 0), (2, 3), match="greater than 0"
    ),
    bad(
        "cosine_embedding_loss: target", lambda T, F, x: F.cosine_embedding_loss(x, x, x), (2, 3), match="multi-target"
    ),
    bad(
        "cosine_embedding_loss: rank", lambda T, F, x, y: F.cosine_embedding_loss(x, x, y), (1, 2, 3), (2,), match="2D"
    ),
    bad(
        "cosine_embedding_loss: size", lambda T, F, x, y: F.cosine_embedding_loss(x, x, y), (2, 3), (3,), match="match"
    ),
    *[
        bad(f"{name}: reduction", lambda T, F, x, n=name: getattr(F, n)(x, x, x, reduction="foo"), (2, 3), match="foo")
        for name in ("margin_ranking_loss", "triplet_margin_loss", "cosine_embedding_loss")
    ],
    bad(
        "multi_margin_loss: p",
        lambda T, F, x, t: F.multi_margin_loss(x, t, p=3),
        (2, 3),
        ints((2,), 0, 3),
        match="p ==",
    ),
    bad(
        "multi_margin_loss: class",
        lambda T, F, x, t: F.multi_margin_loss(x, t),
        (2, 3),
        ints((2,), 5, 6),
        match="range",
    ),
    bad(
        "multi_margin_loss: size",
        lambda T, F, x, t: F.multi_margin_loss(x, t),
        (2, 3),
        ints((3,), 0, 3),
        match="target",
    ),
    bad("multi_margin_loss: dtype", lambda T, F, x: F.multi_margin_loss(x, x[:, 0]), (2, 3), match="Long"),
]

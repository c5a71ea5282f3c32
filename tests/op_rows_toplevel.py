"""Rows of the functions that torch itself shows with other arguments than torch.nn.functional's."""

from typing import Any

from op_table import Bad, bad, between, const, ints, pos, row, unit, vals

X, C = (4, 3, 5, 6), (3,)
SIGNS = vals([1, -1, -1, 1], kind="own")
NONE, MEAN, SUM = 0, 1, 2
WIDE = {"long_sum": True}


def moved(name: str, use: bool) -> Any:
    """torch.batch_norm or instance_norm, and the running statistics that it leaves."""

    def f(T: Any, F: Any, x: Any, w: Any, b: Any, mean: Any, var: Any) -> Any:
        mean, var = mean * 1, var * 1
        return getattr(T, name)(x, w, b, mean, var, use, 0.2, 1e-4, False), mean, var

    return f


STATS = (pos(C), C, const(C), const(pos(C)))
DROPS = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
ROWS = [
    row("T.max_pool1d", lambda T, F, x: T.max_pool1d(x, 3, 2, 1, 1, True), (4, 3, 9)),
    row("T.max_pool1d_with_indices", lambda T, F, x: T.max_pool1d_with_indices(x, 3, 2), (4, 3, 9)),
    row("T.max_pool2d", lambda T, F, x: T.max_pool2d(x, (2, 3), 2, (1, 0)), X),
    row("T.max_pool3d", lambda T, F, x: T.max_pool3d(x, 2, ceil_mode=True), (2, 3, 5, 4, 7)),
    row("T.avg_pool1d", lambda T, F, x: T.avg_pool1d(x, 3, 2, 1, False, False), (4, 3, 9)),
    row("T.adaptive_avg_pool1d", lambda T, F, x: T.adaptive_avg_pool1d(x, 4), (4, 3, 9)),
    row("T.adaptive_max_pool1d", lambda T, F, x: T.adaptive_max_pool1d(x, (4,)), (4, 3, 9)),
    *[
        row(f"T.{name}: {use}", moved(name, use), X, *STATS, zero=(), **WIDE)
        for name in ("batch_norm", "instance_norm")
        for use in (True, False)
    ],
    row("T.layer_norm: cudnn_enable", lambda T, F, x, w: T.layer_norm(x, (6,), w, None, 1e-4, False), X, (6,), **WIDE),
    row("T.group_norm: cudnn_enabled", lambda T, F, x, w: T.group_norm(x, 3, w, None, 1e-4, False), X, C, zero=()),
    *[
        row(
            f"T.{name}: {train}",
            lambda T, F, x, name=name, train=train: getattr(T, name)(x, 0.4, train),
            X,
            seeded=True,
        )
        for name in DROPS
        for train in (True, False)
    ],
    *[
        row(
            f"T.{name}",
            lambda T, F, x, name=name: getattr(T, name)(x * 1, 0.4, True),
            X,
            seeded=True,
            strided=False,
        )
        for name in (f"{drop}_" for drop in DROPS)
    ],
    row("T.embedding", lambda T, F, w, i: T.embedding(w, i, 2), (5, 3), ints((2, 4), 0, 5), zero=(-1,)),
    row(  # torch's second derivative leaves the frequency out
        "T.embedding: frequency",
        lambda T, F, w, i: T.embedding(w, i, -1, True),
        *((5, 3), ints((9,), 0, 5)),
        order=1,
        zero=(-1,),
    ),
    row("T.embedding: plain", lambda T, F, w, i: T.embedding(w, i), (5, 3), ints((4,), 0, 5), zero=(-1,)),
    *[
        found
        for r in (NONE, MEAN, SUM)
        for found in (
            row(
                f"T.binary_cross_entropy_with_logits {r}",
                lambda T, F, x, t, w, p, r=r: T.binary_cross_entropy_with_logits(x, t, w, p, r),
                *((3, 4), const(between((3, 4), 0, 1)), const(pos((4,))), const(pos((4,)))),
            ),
            row(f"T.kl_div {r}", lambda T, F, x, t, r=r: T.kl_div(x, t, r), (3, 4), pos((3, 4))),
            row(
                f"T.kl_div {r} log",
                lambda T, F, x, t, r=r: T.kl_div(x, t, reduction=r, log_target=True),
                (3, 4),
                (3, 4),
            ),
            row(
                f"T.poisson_nll_loss {r}",
                lambda T, F, x, t, r=r: T.poisson_nll_loss(x, t, False, True, 1e-6, r),
                *(pos((3, 4)), const(pos((3, 4)))),
            ),
            row(
                f"T.cosine_embedding_loss {r}",
                lambda T, F, x, y, t, r=r: T.cosine_embedding_loss(x, y, t, 0.1, r),
                *((4, 3), (4, 3), const(SIGNS)),
                zero=(),
            ),
            row(
                f"T.hinge_embedding_loss {r}",
                lambda T, F, x, t, r=r: T.hinge_embedding_loss(x, t, 0.7, r),
                *((4,), const(SIGNS)),
            ),
            row(
                f"T.margin_ranking_loss {r}",
                lambda T, F, x, y, t, r=r: T.margin_ranking_loss(x, y, t, 0.3, r),
                *((4,), (4,), const(SIGNS)),
            ),
            row(
                f"T.triplet_margin_loss {r}",
                lambda T, F, x, y, z, r=r: T.triplet_margin_loss(x, y, z, 0.5, 2, 1e-6, True, r),
                *((4, 3), (4, 3), (4, 3)),
            ),
        )
    ],
    row("T.constant_pad_nd", lambda T, F, x: T.constant_pad_nd(x, (1, 2, -1, 0), 3.5), X),
    row("T.constant_pad_nd: zeros", lambda T, F, x: T.constant_pad_nd(x, [1, 2]), X),
    row("T.affine_grid_generator", lambda T, F, t: T.affine_grid_generator(t, (2, 1, 3, 4), False), (2, 2, 3), zero=()),
    *[
        row(f"T.grid_sampler {m} {p}", lambda T, F, x, g, m=m, p=p: T.grid_sampler(x, g, m, p, p == 1), *given, **WIDE)
        for m, p in ((0, 0), (0, 1), (1, 2))
        for given in (((2, 3, 4, 5), const(unit((2, 3, 4, 2)))),)
    ],
    row("T.native_channel_shuffle", lambda T, F, x: T.native_channel_shuffle(x, 3), const((2, 6, 4)), order=0),
]


def wrong(name: str, match: str, *args: Any) -> Bad:
    """A call with an (4, 3, 5, 6) input that raises."""
    return bad(f"{name}{args}", lambda T, F, x: getattr(T, name)(x, *args), X, match=match)


BAD = [
    *[wrong(f"{name}{end}", "between 0 and 1", p, True) for name in DROPS for end in ("", "_") for p in (-0.1, 1.5)],
    wrong("kl_div", "target"),
    bad("T.kl_div: reduction", lambda T, F, x: T.kl_div(x, x, "mean"), X, match="reduction"),
    wrong("batch_norm", "missing"),
    bad(
        "T.batch_norm: no tensor", lambda T, F: T.batch_norm([1.0], *[None] * 4, True, 0.1, 1e-5, False), match="Tensor"
    ),
    bad("T.adaptive_max_pool1d: two", lambda T, F, x: T.adaptive_max_pool1d(x, (3, 3)), (4, 3, 9), match="one int"),
]

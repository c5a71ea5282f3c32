"""Samples of sums, products, extremes, norms, scans and sorting."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, op, positive

INF = float("inf")
DIMS: tuple[dict[str, Any], ...] = ({}, {"dim": 1}, {"dim": (0, -1), "keepdim": True})
ROWS: tuple[dict[str, Any], ...] = ({}, {"dim": 1, "keepdim": True})
CORRECTIONS: tuple[dict[str, Any], ...] = ({}, {"correction": 0}, {"correction": 2})
NORMS: tuple[Any, ...] = (2, 1, 3, 0.5, INF, -INF)


def matrix_norm(order: Any) -> Any:
    """linalg.matrix_norm of an order."""
    return lambda x: sn.linalg.matrix_norm(x, order)


def values_of(name: str, **kwargs: Any) -> Any:
    """The values of a function that returns values and indices."""
    return lambda x: getattr(sn, name)(x, **kwargs)[0]


SAMPLES: list[Sample] = [
    *[op(name, (2, 3, 4), **how) for name in ("sum", "mean", "amax", "amin") for how in DIMS],
    op("sum", ()),
    op("mean", (1, 3), dim=0),
    *[op("logsumexp", (2, 3, 4), dim=dim) for dim in (0, (1, 2))],
    op("logsumexp", (3, 4), dim=-1, keepdim=True),
    *[
        op(name, (2, 3, 4), **how, **more)
        for name in ("var", "std", "var_mean", "std_mean")
        for how, more in zip(DIMS, CORRECTIONS, strict=True)
    ],
    op("prod", (2, 3)),
    op("prod", (2, 3), dim=1),
    op("prod", (2, 3), dim=0, keepdim=True),
    *[op(name, (3, 4), **how) for name in ("max", "min", "median") for how in ROWS],
    *[op(name, (3, 4), (4,)) for name in ("max", "min")],
    op("aminmax", (3, 4)),
    op("aminmax", (3, 4), dim=0, keepdim=True),
    op("cumsum", (3, 4), dim=0),
    op("cumsum", (2, 3, 2), dim=-2),
    op("cumprod", (3, 4), dim=1),
    op("cumprod", (2, 3, 2), dim=1),
    op("sort", (3, 4)),
    op("sort", (3, 4), dim=0, descending=True),
    op("sort", (3, 4), dim=0, stable=True),
    op("topk", (3, 5), k=2),
    op("topk", (3, 5), k=3, dim=0, largest=False),
    case("sort", "values alone", values_of("sort", dim=-1), (6,)),
    op("norm", (3, 4)),
    *[op("norm", (3, 4), p=p, dim=1) for p in (2, 1, 3, INF)],
    *[case("vector_norm", f"order {p}", lambda x, p=p: sn.linalg.vector_norm(x, p, dim=0), (3, 4)) for p in NORMS],
    case("vector_norm", "of all", lambda x: sn.linalg.vector_norm(x), (2, 3, 2)),
    *[
        case("matrix_norm", f"order {p}", lambda x, p=p: sn.linalg.matrix_norm(x, p), (2, 3, 4))
        for p in ("fro", 1, INF)
    ],
    case("linalg.norm", "order 2 of rows", lambda x: sn.linalg.norm(x, 2, dim=1), (3, 4)),
    op("sum_to_size", (2, 3, 4), args=(3, 1)),
    op("softmax", (2, 3, 4), dim=1),
    op("softmax", (5,), dim=0),
    op("log_softmax", (2, 3, 4), dim=1),
    op("log_softmax", (3, 4), dim=-1),
    op("softmin", (2, 3), dim=1),
    case("softmax", "torch's function", lambda x: sn.softmax(x, 0), (3, 4)),
    case("log_softmax", "torch's function", lambda x: sn.log_softmax(x, 0), (3, 4)),
    case("sum", "after log", lambda x: sn.sum(x.log()), positive((2, 3))),
]

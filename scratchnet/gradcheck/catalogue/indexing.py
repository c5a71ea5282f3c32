"""Samples of gathering and scattering by index, by mask and by assignment."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, coins, values, whole

ROWS = values([2, 0, 2])
SPREAD = values([[0, 2, 1], [2, 0, 0]])
APART = values([[0, 1, 2, 3], [3, 2, 0, 1]])


def put(x: Any, value: Any, *indices: Any, accumulate: bool = False) -> Any:
    """index_put."""
    return sn.index_put(x, indices, value, accumulate)


def assigned(x: Any, key: Any, value: Any) -> Any:
    """A copy of x after copy[key] = value."""
    y = x.clone()
    y[key] = value
    return y


SAMPLES: list[Sample] = [
    case("index_select", "a row twice", lambda x, i: sn.index_select(x, 0, i), (3, 4), ROWS),
    case("index_select", "columns", lambda x, i: sn.index_select(x, -1, i), (2, 4), whole((5,), 4)),
    case("gather", "rows", lambda x, i: sn.gather(x, 0, i), (3, 4), SPREAD),
    case("gather", "columns, an index twice", lambda x, i: sn.gather(x, 1, i), (3, 4), SPREAD),
    case("take_along_dim", "columns", lambda x, i: sn.take_along_dim(x, i, 1), (2, 4), SPREAD),
    case("take_along_dim", "flat", lambda x, i: sn.take_along_dim(x, i), (2, 4), values([5, 5, 0])),
    case("masked_select", "a mask that broadcasts", lambda x, m: sn.masked_select(x, m), (3, 4), coins((4,))),
    case("scatter", "a tensor", lambda x, i, s: sn.scatter(x, 1, i, s), (2, 4), APART, (2, 4)),
    case("scatter", "a number", lambda x, i: sn.scatter(x, 0, i, 0.5), (3, 4), SPREAD),
    case("scatter_add", "an index twice", lambda x, i, s: sn.scatter_add(x, 1, i, s), (2, 4), SPREAD, (2, 3)),
    case("scatter_add", "rows", lambda x, i, s: sn.scatter_add(x, 0, i, s), (3, 4), SPREAD, (2, 3)),
    case("index_add", "a row twice", lambda x, i, s: sn.index_add(x, 0, i, s, alpha=-2), (3, 4), ROWS, (3, 4)),
    case("index_add", "columns", lambda x, i, s: sn.index_add(x, 1, i, s), (2, 4), ROWS, (2, 3)),
    case("index_fill", "a number", lambda x, i: sn.index_fill(x, 0, i, 0.5), (3, 4), ROWS),
    case("index_fill", "a tensor", lambda x, i, v: sn.index_fill(x, 1, i, v), (2, 4), ROWS, ()),
    case("index_put", "rows", lambda x, i, v: put(x, v, i), (4, 3), values([3, 0]), (2, 3)),
    case("index_put", "added up", lambda x, i, v: put(x, v, i, accumulate=True), (4, 3), ROWS, (3,)),
    case("index_put", "two indices", lambda x, i, j, v: put(x, v, i, j), (3, 4), values([0, 2]), values([1, 3]), (2,)),
    case("setitem", "slices", lambda x, v: assigned(x, (slice(1, None), slice(None, None, 2)), v), (3, 4), (2,)),
    case("setitem", "a mask", lambda x, v, m: assigned(x, m, v), (3, 4), (), coins((3, 4))),
    case("embedding", "an index twice", lambda w, i: sn.nn.functional.embedding(i, w), (4, 3), SPREAD),
    # The row of padding_idx is left without its gradient on purpose, so it isn't among the indices.
    case("embedding", "padding", lambda w, i: sn.nn.functional.embedding(i, w, padding_idx=3), (4, 3), SPREAD),
]

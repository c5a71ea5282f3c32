"""Samples of sums of products: matrices, vectors, einsum, linear layers."""

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, op

SAMPLES: list[Sample] = [
    op("mm", (2, 3), (3, 4)),
    op("mv", (2, 3), (3,)),
    op("dot", (4,), (4,)),
    op("outer", (2,), (3,)),
    op("bmm", (2, 2, 3), (2, 3, 2)),
    op("matmul", (2, 3), (3, 4)),
    op("matmul", (3,), (3, 2)),
    op("matmul", (3,), (2, 3, 2)),
    op("matmul", (2, 1, 2, 3), (3, 3, 2)),
    op("addmm", (2, 4), (2, 3), (3, 4), beta=0.5, alpha=-2),
    op("addmm", (4,), (2, 3), (3, 4)),
    op("addmv", (2,), (2, 3), (3,), beta=2, alpha=0.5),
    op("addbmm", (2, 2), (3, 2, 3), (3, 3, 2), alpha=0.5),
    op("baddbmm", (2, 2, 2), (2, 2, 3), (2, 3, 2), beta=0.5),
    case("tensordot", "two axes", lambda x, y: sn.tensordot(x, y, 2), (2, 3, 2), (3, 2, 2)),
    case("tensordot", "named axes", lambda x, y: sn.tensordot(x, y, dims=([0], [1])), (3, 2), (2, 3)),
    case("einsum", "batched product", lambda x, y: sn.einsum("bij,bjk->bik", x, y), (2, 2, 3), (2, 3, 2)),
    case("einsum", "diagonal and trace", lambda x, y: sn.einsum("ii,j->j", x, y), (3, 3), (2,)),
    case("einsum", "three tensors", lambda x, y, z: sn.einsum("i,ij,j->", x, y, z), (2,), (2, 3), (3,)),
    case("einsum", "ellipsis", lambda x, y: sn.einsum("...i,...i->...", x, y), (2, 3), (3,)),
    op("linear", (2, 3), (4, 3), (4,)),
    op("linear", (2, 2, 3), (2, 3)),
    op("linear", (3,), (4, 3), (4,)),
    op("bilinear", (2, 3), (2, 2), (2, 3, 2), (2,)),
]

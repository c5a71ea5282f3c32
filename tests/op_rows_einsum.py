"""einsum: the equations of its own parser, checked against torch's."""

from typing import Any

from op_table import Bad, Row, bad, row


def equation(text: str, *shapes: tuple[int, ...], **options: Any) -> Row:
    """einsum(text, tensors of these shapes)."""
    return row(f"einsum: {text} {shapes}", lambda T, F, *xs: T.einsum(text, *xs), *shapes, **options)


M, N = (3, 4), (4, 5)
ROWS: list[Row] = [
    equation("ij,jk->ik", M, N, half=True, ints="int64"),
    equation("ij,jk", M, N),
    equation("ij,jk->ki", M, N),
    equation("ij,jk->ijk", M, N),
    equation("ij,jk->", M, N),
    equation("ij,jk->j", M, N),
    equation("ij->ji", M, ints="int64 bool"),
    equation("ba", M),
    equation("ij->ij", M),
    equation("ij->", M),
    equation("ij->j", M),
    equation("ii->i", (3, 3)),
    equation("ii", (3, 3)),
    equation("iij->ji", (3, 3, 2)),
    equation("iij->j", (3, 3, 2)),
    equation("ijiji->ij", (2, 3, 2, 3, 2)),
    equation("ii,ij->i", (3, 3), (3, 2)),
    equation("i,j->ij", (3,), (4,)),
    equation("i,i", (4,), (4,)),
    equation("i,i->i", (4,), (4,)),
    equation("ij,j", M, (4,)),
    equation("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    equation("bij,bkj->bki", (2, 3, 4), (2, 5, 4)),
    equation("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
    equation("...ij,...jk", (2, 1, 3, 4), (6, 4, 5)),
    equation("...j,j", (2, 3, 4), (4,)),
    equation("a...b,b->a", (2, 3, 4), (4,)),
    equation("...,...", M, (4,)),
    equation("...->", (2, 3, 4)),
    equation("...ij->...ji", (2, 3, 4)),
    equation("i...->...", (2, 3, 4)),
    equation("ij...->ij", M),
    equation("ij->ij...", M),
    equation("ij,...->ij", M, ()),
    equation("Ab,bC->AC", M, N),
    equation("Zb,ba", M, N),
    equation(" i j , j k -> i k ", M, N),
    equation("ij,jk->ik", (3, 1), (4, 5), zero=()),
    equation("ij,jk->ik", (3, 4), (1, 5), zero=()),
    equation("ijk,jl,kl->il", (2, 3, 4), (3, 5), (4, 5)),
    equation("bn,anm,bm->ba", (2, 5), (3, 5, 4), (2, 4)),
    equation("ij,jk,kl->il", M, N, (5, 2)),
    equation("i,j,k->kji", (2,), (3,), (4,)),
    equation("", ()),
    equation(",", (), ()),
    equation("ij,jk->ik", (20, 500), (500, 10), long_sum=True),
    equation("nchw,kc->nkhw", (2, 3, 4, 5), (6, 3)),
    row("einsum: a list", lambda T, F, x, y: T.einsum("ij,jk", [x, y]), M, N),
    row("einsum: labels", lambda T, F, x, y: T.einsum(x, [0, 1], y, [1, 2], [0, 2]), M, N),
    row("einsum: labels, implicit", lambda T, F, x, y: T.einsum(x, [30, 1], y, [1, 2]), M, N),
    row("einsum: labels, ellipsis", lambda T, F, x, y: T.einsum(x, [..., 1], y, [1], [...]), (2, 3, 4), (4,)),
    row("einsum: the same twice", lambda T, F, x: T.einsum("ij,kj->ik", x, x), M),
    row("einsum: promoted", lambda T, F, x: T.einsum("i,j->ij", x.float(), x.double()), (3,), dtypes=("float32",)),
]


def wrong(name: str, text: Any, *shapes: tuple[int, ...], match: str = "einsum: equation") -> Bad:
    return bad(f"einsum: {name}", lambda T, F, *xs: T.einsum(text, *xs), *shapes, match=match)


BAD: list[Bad] = [
    wrong("sizes", "ij,kj", M, N, match="subscript j with size 5 for operand 1"),
    wrong("unknown output", "ij,jk->q", M, N, match="output subscript q"),
    wrong("few subscripts", "i", M, match="1 subscripts for operand 0"),
    wrong("many subscripts", "ij", (3,)),
    wrong("output twice", "ij,jk->ii", M, N, match="more than once"),
    wrong("a dot", "i.j", M, match="at index 1"),
    wrong("two dots", "..", M),
    wrong("two ellipses", "......", M),
    wrong("two arrows", "ij->i->j", M, match="at index 5"),
    wrong("few operands", "ij,jk->ik", M, match="fewer operands"),
    wrong("a trailing comma", "ij,", M, match="fewer operands"),
    wrong("many operands", "ij", M, N, match="more operands"),
    wrong("a digit", "i1", M, match="at index 1"),
    wrong("half an arrow", "ij-ik", M, match="at index 2"),
    wrong("diagonal sizes", "ii", M, match="repeats subscript i"),
    wrong("ellipsis sizes", "...i,...i", (2, 3), (4, 3)),
    wrong("no operand", "ij", match="einsum"),
    wrong("a number", 1, M, match=r"einsum: equation \(=1\)"),
    bad("einsum: no tensor", lambda T, F: T.einsum("i", [1.0]), match=r"einsum: operands\[0\]"),
    bad("einsum: label", lambda T, F, x: T.einsum(x, [0, 52]), M, match=r"einsum: label \(=52\)"),
    bad("einsum: dtypes", lambda T, F, x, y: T.einsum("ij,jk", x, y.double()), M, N, match="einsum: other"),
    bad("einsum: bool", lambda T, F, x: T.einsum("ij,jk", x > 0, x > 0), (3, 3), match="einsum: input"),
]

"""Rows of unfold and fold."""

from typing import Any

from op_table import bad, fn

ROWS = [
    fn("unfold", [(2, 3, 6, 5)], 3),
    fn("unfold", [(2, 3, 6, 5)], (2, 3), dilation=(1, 2), padding=(1, 2), stride=(2, 1)),
    fn("unfold", [(3, 6, 5)], 2, stride=2),
    fn("fold", [(2, 27, 12)], (6, 5), 3),
    fn("fold", [(2, 12, 9)], output_size=(6, 5), kernel_size=(2, 2), stride=2, padding=(0, 1)),
    fn("fold", [(12, 20)], (6, 5), (2, 2), dilation=2, padding=(0, 1), zero=(0,)),
]


def unfold(match: str, *shape: int, **kwargs: Any) -> Any:
    """An unfold that raises."""
    return bad(f"unfold {shape} {kwargs}", lambda T, F, x: F.unfold(x, **kwargs), shape, match=match)


def fold(match: str, *shape: int, **kwargs: Any) -> Any:
    """A fold that raises."""
    return bad(f"fold {shape} {kwargs}", lambda T, F, x: F.fold(x, **kwargs), shape, match=match)


BAD = [
    unfold("Dimension out of range", 8, 8, kernel_size=3),
    unfold("Expected 3D or 4D", 1, 2, 3, 8, 8, kernel_size=3),
    unfold("Expected 3D or 4D", 2, 0, 8, 8, kernel_size=3),
    unfold("sliding blocks", 2, 3, 8, 8, kernel_size=9),
    unfold("kernel size should be greater", 2, 3, 8, 8, kernel_size=0),
    unfold("stride should be greater", 2, 3, 8, 8, kernel_size=3, stride=0),
    unfold("dilation should be greater", 2, 3, 8, 8, kernel_size=3, dilation=0),
    unfold("padding should be non-negative", 2, 3, 8, 8, kernel_size=3, padding=-1),
    unfold("tuple of two ints", 2, 3, 8, 8, kernel_size=(3, 3, 3)),
    unfold("tuple of ints", 2, 3, 8, 8, kernel_size=2.5),
    bad("unfold: integers", lambda T, F, x: F.unfold(x.long(), 3), (2, 3, 8, 8), match="floating-point"),
    fold("product of kernel_size.*use 18 rows", 2, 26, 36, output_size=8, kernel_size=3),
    fold(r"sliding blocks 6 \* 6 = 36", 2, 27, 35, output_size=8, kernel_size=3),
    fold("sliding blocks", 2, 27, 36, output_size=2, kernel_size=3),
    fold("Expected 2D or 3D", 2, 27, 36, 1, output_size=8, kernel_size=3),
    fold("Expected 2D or 3D", 36, output_size=8, kernel_size=3),
    fold("stride should be greater", 2, 27, 36, output_size=8, kernel_size=3, stride=0),
    fold("padding should be non-negative", 2, 27, 36, output_size=8, kernel_size=3, padding=-1),
    fold("tuple of two ints", 2, 27, 36, output_size=(8, 8, 8), kernel_size=3),
]

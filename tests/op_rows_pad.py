"""Rows of pad in its four modes."""

from typing import Any

from op_table import Bad, Row, bad, fn, row


def padded(shape: tuple[int, ...], widths: tuple[int, ...], **kwargs: Any) -> Row:
    """F.pad of a shape."""
    return fn("pad", [shape], widths, label=f"F.pad {shape} {widths} {kwargs}", **kwargs)


COPIES = ("reflect", "replicate", "circular")

ROWS = [
    padded((2, 3, 4), (1, 2)),
    padded((2, 3, 4), (1, 2, 0, 3, 2, 1), value=1.5),
    padded((2, 3, 4), (-1, 2, 1, -2), value=-1.0),
    padded((2, 3, 4), (-3, -1)),
    padded((2, 3, 4), (-4, 3)),
    padded((2, 3, 4), ()),
    padded((2, 3, 4), (0, 0)),
    padded((), ()),
    row(
        "pad: integers", lambda T, F, x: F.pad(x, (1, 1), value=1.5), (2, 3), dtypes=("int64", "bool", "uint8"), order=0
    ),
    row("pad: value None", lambda T, F, x: F.pad(x, [1, 1], "constant", None), (2, 3)),
    *[padded((2, 3, 5, 4), (1, 2, 3, 2), mode=mode) for mode in COPIES],
    *[padded((3, 5, 4), (2, 1, 1, 3), mode=mode) for mode in COPIES],
    *[padded((2, 3, 4), (3, 2), mode=mode) for mode in COPIES],
    *[padded((3, 4), (3, 2), mode=mode) for mode in COPIES],
    *[padded((2, 3, 5, 4, 3), (1, 2, 1, 2, 3, 1), mode=mode) for mode in COPIES],
    *[padded((2, 5, 4, 3), (1, 2, 1, 2, 3, 1), mode=mode) for mode in COPIES],
    *[padded((2, 3, 5, 4), (-1, 2, 3, -2), mode=mode) for mode in COPIES],
    *[padded((2, 3, 5, 4), (-2, -2, 1, 1), mode=mode) for mode in COPIES],
    padded((2, 3, 5, 4), (9, 7, 8, 6), mode="replicate"),
    padded((2, 3, 5, 4), (-5, 3, 0, 1), mode="replicate"),
    padded((2, 3, 5, 4), (4, 4, 5, 5), mode="circular"),
    padded((2, 3, 5, 4), (1, 0, 0, 0), mode="reflect", value=0),
]


def wrong(match: str, shape: tuple[int, ...], widths: Any, **kwargs: Any) -> Bad:
    """A pad that raises."""
    return bad(f"pad {shape} {widths} {kwargs}", lambda T, F, x: F.pad(x, widths, **kwargs), shape, match=match)


BAD = [
    wrong("divisible by 2", (2, 3), (1, 2, 3)),
    wrong("two times the input dimension", (2, 3), (1, 2, 3, 1, 1, 1)),
    wrong("two times the input dimension", (), (1, 1)),
    wrong("length must be non-negative", (2, 3), (-2, -2)),
    wrong("length must be non-negative", (2, 3), (-4, 5)),
    wrong("length must be non-negative", (2, 3), (4, -5)),
    wrong("tuple of ints", (2, 3), 1),
    wrong("tuple of ints", (2, 3), (1.5, 1)),
    wrong("Unrecognised padding mode", (2, 3), (1, 1), mode="mirror"),
    wrong("doesn't take in value argument", (2, 3), (1, 1), mode="reflect", value=1),
    wrong("less than the corresponding input dimension.*use at most 2", (2, 3), (3, 1), mode="reflect"),
    wrong("wrapping around more than once.*use at most 3", (2, 3), (4, 1), mode="circular"),
    wrong("crops more than there is", (2, 3, 4, 4), (-2, -3, 1, 1), mode="circular"),
    *[wrong("Padding size 2 is not supported for 1D", (3,), (1, 1), mode=mode) for mode in COPIES],
    *[wrong("Padding size 2 is not supported for 4D", (2, 3, 4, 4), (1, 1), mode=mode) for mode in COPIES],
    *[wrong("non-zero dimensions", (2, 3, 0, 4), (1, 1, 1, 1), mode=mode) for mode in ("reflect", "replicate")],
    *[wrong("non-zero dimensions", (2, 0, 4, 4), (1, 1, 1, 1), mode=mode) for mode in ("reflect", "replicate")],
    wrong("wrapping around", (2, 3, 0, 4), (1, 1, 1, 1), mode="circular"),
    bad("pad: no tensor", lambda T, F: F.pad([1.0], (1, 1)), match="must be Tensor"),
]

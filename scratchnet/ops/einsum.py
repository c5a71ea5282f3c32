"""einsum: sums of products by their indices, parsed here and contracted pair by pair as batched matrix products."""

import math
from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.matmul import Bmm, check_product
from scratchnet.ops.views import diagonal, movedim
from scratchnet.shapes import message

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DOTS = -1  # the ellipsis among labels; its dimensions take the labels from len(LETTERS) on
Labels = list[int]


def einsum(*args: Any) -> Tensor:
    """torch.einsum(equation, *operands), or (operand, labels, operand, labels, .., [output labels]) with labels 0..51.

    "ij,jk->ik" is a matrix product, "ii->i" a diagonal (a view), "...ij->...ji" a transpose; without "->" the result
    has the labels that occur once, in the order A-Z, a-z, after the ellipsis. Length 1 broadcasts.
    Contracts from left to right. Raises RuntimeError for an equation or sizes that don't fit.
    """
    if len(args) < 2:
        raise ValueError("einsum: an equation and at least one operand, or an operand and its labels are needed")
    if isinstance(args[0], Tensor):
        terms, output, operands, text = _from_lists(args)
    else:
        given = args[1] if len(args) == 2 and isinstance(args[1], (tuple, list)) else args[1:]
        operands, text = list(given), args[0]
        if not isinstance(text, str):
            raise TypeError(message("einsum", "equation", repr(text), f"must be str, not {type(text).__name__}"))
        for i, x in enumerate(operands):
            check_tensor("einsum", f"operands[{i}]", x)
        terms, output = _parse(text)
    if len(terms) != len(operands):
        rule = f"has {len(terms)} terms for {len(operands)} operands: "
        rule += f"{'fewer' if len(terms) > len(operands) else 'more'} operands were provided than specified"
        raise RuntimeError(message("einsum", "equation", text, rule))
    dots = _fill_dots(text, terms, operands)
    output = _output(text, terms, output, dots)
    _check_sizes(text, terms, operands)
    return _contract(terms, output, operands)


def _from_lists(args: Sequence[Any]) -> tuple[list[Labels], Labels | None, list[Tensor], str]:
    operands, lists = list(args[0::2]), list(args[1::2])
    last = operands.pop() if len(args) % 2 else None
    for i, x in enumerate(operands):
        check_tensor("einsum", f"operands[{i}]", x)
    if not all(isinstance(labels, (tuple, list)) for labels in (*lists, last or [])):
        raise RuntimeError("einsum: labels: expected an equation, or a list of labels after each operand")

    def number(label: Any) -> int:
        if label is Ellipsis:
            return DOTS
        if not 0 <= int(label) < len(LETTERS):
            raise ValueError(message("einsum", "label", label, "is not within the valid range [0, 52)"))
        return int(label)

    terms = [[number(label) for label in labels] for labels in lists]
    return terms, (None if last is None else [number(label) for label in last]), operands, str(lists)


def _parse(equation: str) -> tuple[list[Labels], Labels | None]:
    """The labels of each term and, after "->", of the result."""
    left, arrow, right = equation.partition("->")
    terms: list[Labels] = [[]]
    parts = [(left, terms)] + ([(right, None)] if arrow else [])
    output: Labels | None = [] if arrow else None
    start = 0
    for part, into in parts:
        i = 0
        while i < len(part):
            here = terms[-1] if into is not None else output
            place = f"at index {start + i}"
            character = part[i]
            i += 1
            if character == " " or here is None:
                continue
            if character == "," and into is not None:
                terms.append([])
            elif character == ".":
                if part[i : i + 2] != "..":
                    raise RuntimeError(message("einsum", "equation", equation, f"has a '.' {place} of no ellipsis"))
                if DOTS in here:
                    raise RuntimeError(message("einsum", "equation", equation, f"has a second ellipsis {place}"))
                here.append(DOTS)
                i += 2
            elif character in LETTERS:
                here.append(LETTERS.index(character))
            else:
                rule = f"has an invalid subscript {place}: subscripts must be in [a-zA-Z]"
                raise RuntimeError(message("einsum", "equation", equation, rule))
        start += len(part) + 2
    return terms, output


def _fill_dots(equation: str, terms: list[Labels], operands: list[Tensor]) -> int:
    """Each ellipsis replaced by labels of its own, aligned on the right. Returns how many there are."""
    counts = []
    for i, (term, x) in enumerate(zip(terms, operands, strict=True)):
        spare = x.ndim - len(term) + (DOTS in term)
        if spare < 0 or (spare and DOTS not in term):
            rule = f"has {len(term) - (DOTS in term)} subscripts for operand {i}, which has {x.ndim} dimensions"
            raise RuntimeError(message("einsum", "equation", equation, rule))
        counts.append(spare if DOTS in term else 0)
    dots = max(counts, default=0)
    for term, count in zip(terms, counts, strict=True):
        if DOTS in term:
            at = term.index(DOTS)
            term[at : at + 1] = range(len(LETTERS) + dots - count, len(LETTERS) + dots)
    return dots


def _name(label: int) -> str:
    return LETTERS[label] if label < len(LETTERS) else "..."


def _output(equation: str, terms: list[Labels], output: Labels | None, dots: int) -> Labels:
    """The result's labels, checked; without "->" those that occur once."""
    ellipsis = list(range(len(LETTERS), len(LETTERS) + dots))
    seen = [label for term in terms for label in term]
    if output is None:
        return ellipsis + sorted(label for label in set(seen) if label < len(LETTERS) and seen.count(label) == 1)
    filled = [label for found in output for label in (ellipsis if found == DOTS else [found])]
    for label in filled:
        if filled.count(label) > 1:
            rule = f"has output subscript {_name(label)} more than once: it appears more than once in the output"
            raise RuntimeError(message("einsum", "equation", equation, rule))
        if label not in seen:
            rule = f"has output subscript {_name(label)} that does not appear for any input operand"
            raise RuntimeError(message("einsum", "equation", equation, rule))
    return filled


def _check_sizes(equation: str, terms: list[Labels], operands: list[Tensor]) -> None:
    """Raise RuntimeError where a label has two lengths: within an operand any, between operands other than 1."""
    sizes: dict[int, int] = {}
    for i, (term, x) in enumerate(zip(terms, operands, strict=True)):
        own: dict[int, int] = {}
        for label, size in zip(term, x.array.shape, strict=True):
            name = _name(label)
            if own.setdefault(label, size) != size:
                rule = f"repeats subscript {name} for operand {i}, but the sizes don't match, {size} != {own[label]}"
                raise RuntimeError(message("einsum", "equation", equation, rule))
            if size != 1 and sizes.setdefault(label, size) != size:
                rule = f"has subscript {name} with size {size} for operand {i}, which does not broadcast with "
                rule += f"previously seen size {sizes[label]}"
                raise RuntimeError(message("einsum", "equation", equation, rule))


def _contract(terms: list[Labels], output: Labels, operands: list[Tensor]) -> Tensor:
    """The operands with the same dimensions (the output's, then those summed), multiplied and summed pair by pair."""
    order = output + [k for k in dict.fromkeys(label for term in terms for label in term) if k not in output]
    last = {label: i for i, term in enumerate(terms) for label in term}
    aligned = [_align(x, list(term), order) for x, term in zip(operands, terms, strict=True)]

    def done_at(step: int) -> list[int]:
        return [axis for axis, label in enumerate(order) if label not in output and last[label] == step]

    result, *rest = aligned
    if not rest:
        return result.sum(done_at(0)) if done_at(0) else result
    if done_at(0):
        result = result.sum(done_at(0), keepdim=True)
    for step, x in enumerate(rest, 1):
        summed = done_at(step)
        result = _pair(result, x, summed) if summed else result * x
    return result.view(result.shape[: len(output)]) if len(order) > len(output) else result


def _align(x: Tensor, term: Labels, order: Labels) -> Tensor:
    """The diagonals of repeated labels, the dimensions in the common order, length 1 where a label is missing."""
    for label in order:
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            x = movedim(diagonal(x, 0, first, second), -1, first)
            del term[second]
    x = x.permute([term.index(label) for label in order if label in term])
    for axis, label in enumerate(order):
        if label not in term:
            x = x.unsqueeze(axis)
    return x


def _pair(a: Tensor, b: Tensor, summed: list[int]) -> Tensor:
    """The sum of a * b over dimensions, kept with length 1, as a batched matrix product."""
    for axis in summed:
        m, n = a.array.shape[axis], b.array.shape[axis]
        if m != n:
            a, b = (a, b.sum(axis, keepdim=True)) if m == 1 else (a.sum(axis, keepdim=True), b)
    shapes = a.array.shape, b.array.shape
    both: list[int] = []
    left: list[int] = []
    right: list[int] = []
    for axis in range(a.ndim):
        if axis not in summed:
            wide = [shape[axis] != 1 for shape in shapes]
            (both if all(wide) else left if wide[0] else right).append(axis)

    def flat(x: Tensor, *groups: list[int]) -> Tensor:
        sizes = [math.prod([x.array.shape[d] for d in group]) for group in groups]
        unused = [d for d in range(x.ndim) if not any(d in group for group in groups)]
        return x.permute([d for group in groups for d in group] + unused).reshape(sizes)

    x, y = flat(a, both, left, summed), flat(b, both, summed, right)
    check_product("einsum", x, y)
    product: Tensor = Bmm.apply(x, y)
    places = [*both, *left, *summed, *right]
    length = {axis: shapes[0 if axis in left else 1][axis] for axis in places} | dict.fromkeys(summed, 1)
    return product.view([length[axis] for axis in places]).permute([places.index(axis) for axis in range(a.ndim)])

"""An error drawn on its tensor: small maps of H x W cells, coloured by the error's logarithm, as SVG text."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
COLOURS = 9
DECADES = 12  # shown below the largest error, at most
SIDE = 48  # cells of a map along a side, at most
MAPS = 48  # maps, at most
LINE, ROOM = 24, 48 * 24  # a vector's cells in a line, and in all, at most
CELL = 6, 22  # pixels of a cell: smallest and largest
TARGET, VECTOR = 132, 320  # pixels that the longer side of a map, of a vector's map, should have


@dataclass(frozen=True)
class Scale:
    """Colours for the logarithms from `low` to `high`."""

    low: float
    high: float

    def colour(self, error: float) -> str:
        """The class of a cell: z for exactly 0, n where nothing was measured, e0 to e8 from small to large."""
        if np.isnan(error):
            return "n"
        if error == 0:
            return "z"
        share = (np.log10(error) - self.low) / (self.high - self.low) if np.isfinite(error) else 1.0
        return f"e{int(np.clip(share * COLOURS, 0, COLOURS - 1))}"

    def edges(self) -> list[float]:
        """The errors at which colours change, from the smallest to the largest."""
        return [float(10.0**power) for power in np.linspace(self.low, self.high, COLOURS + 1)]


NONE = Scale(-1.0, 0.0)  # where all errors are 0 or unknown, it doesn't matter


def scale(error: Array) -> Scale | None:
    """Colours for these errors; None where all are 0 or unknown."""
    seen = error[np.isfinite(error) & (error > 0)]
    if not seen.size:
        return NONE if np.isinf(error).any() else None
    high = float(np.log10(seen.max()))
    low = max(float(np.log10(seen.min())), high - DECADES)
    return Scale(min(low, high - 1), high)


def draw(error: Array, worst: tuple[int, ...] | None, allowed: float) -> str:
    """The maps of a tensor of any number of dimensions, with legend and notes. The last two dimensions are a map's.

    `allowed`: what is marked on the legend, the tolerance at `worst`.
    """
    colours = scale(error)
    if error.ndim < 2:
        parts, notes = _vector(error, worst, colours)
    else:
        parts, notes = _planes(error, worst, colours)
    told = "".join(f'<p class="soft">{note}</p>' for note in notes)
    return f"{''.join(parts)}{told}{_legend(colours, error, allowed)}"


def _vector(error: Array, worst: tuple[int, ...] | None, colours: Scale | None) -> tuple[list[str], list[str]]:
    """One map: the entries in rows; of a long vector each cell stands for some entries in a row."""
    flat = error.reshape(-1)
    step = max(-(-flat.size // ROOM), 1)
    cells = []
    width = min(-(-flat.size // step), LINE)
    for number, start in enumerate(range(0, flat.size, step)):
        end = min(start + step, flat.size)
        here = worst is not None and (worst == () or start <= worst[0] < end)
        title = "the only entry" if error.ndim == 0 else f"[{_span(start, end)}]"
        cells.append(_cell(number % width, number // width, flat[start:end], title, here, colours))
    notes = [f"Each cell stands for {step} entries and shows the largest error among them."] if step > 1 else []
    return ['<div class="maps">', _map(cells, width, -(-len(cells) // max(width, 1)), "", VECTOR), "</div>"], notes


def _planes(error: Array, worst: tuple[int, ...] | None, colours: Scale | None) -> tuple[list[str], list[str]]:
    """One map for each index of the dimensions before the last two, in rows that share all but the last of them."""
    lead, (H, W) = error.shape[:-2], error.shape[-2:]
    maps = error.reshape(-1, H, W)
    shown = _shown(maps, worst, lead)
    block = -(-H // SIDE), -(-W // SIDE)
    notes = []
    if len(shown) < len(maps):
        notes.append(f"{len(shown)} of {len(maps)} maps are drawn: those with the largest errors.")
    if max(block) > 1:
        notes.append(f"Each cell stands for {block[0]} x {block[1]} entries and shows the largest error among them.")
    grid = len(shown) == len(maps) and len(lead) > 1 and lead[-1] > 1  # else one after the other
    parts: list[str] = []
    row: tuple[int, ...] | None = None
    for number in shown:
        index = tuple(int(i) for i in np.unravel_index(number, lead)) if lead else ()
        if row is None or (grid and index[:-1] != row):
            row = index[:-1]
            parts.append('</div><div class="maps">' if parts else '<div class="maps">')
        inside = worst[-2:] if worst is not None and worst[:-2] == index else None
        cells = list(_blocks(maps[number], index, block, inside, colours))
        label = f"[{', '.join(map(str, (*index, ':', ':')))}]" if index else ""
        parts.append(_map(cells, -(-W // block[1]), -(-H // block[0]), label))
    return [*parts, "</div>" if parts else ""], notes


def _shown(maps: Array, worst: tuple[int, ...] | None, lead: tuple[int, ...]) -> list[int]:
    """The maps to draw: all of them, or the worst ones in their order."""
    if len(maps) <= MAPS:
        return list(range(len(maps)))
    largest = np.nan_to_num(maps.reshape(len(maps), -1), nan=-1.0, posinf=np.inf).max(axis=1, initial=-1.0)
    if worst is not None:
        largest[np.ravel_multi_index(worst[:-2], lead)] = np.inf
    return sorted(int(i) for i in np.argsort(-largest, kind="stable")[:MAPS])


def _blocks(
    values: Array,
    index: tuple[int, ...],
    block: tuple[int, int],
    worst: tuple[int, ...] | None,
    colours: Scale | None,
) -> Iterator[str]:
    H, W = values.shape
    for y in range(0, H, block[0]):
        for x in range(0, W, block[1]):
            down, right = min(y + block[0], H), min(x + block[1], W)
            here = worst is not None and y <= worst[0] < down and x <= worst[1] < right
            title = f"[{', '.join([*map(str, index), _span(y, down), _span(x, right)])}]"
            yield _cell(x // block[1], y // block[0], values[y:down, x:right], title, here, colours)


def _map(cells: list[str], W: int, H: int, label: str, target: int = TARGET) -> str:
    """An SVG of W x H cells, the framed one last, so that its frame lies on top."""
    cell = int(np.clip(target / max(H, W, 1), *CELL))
    wide, high = W + 0.2, H + 0.2  # room for the frame
    size = f'viewBox="-.1 -.1 {wide:g} {high:g}" width="{wide * cell:.0f}" height="{high * cell:.0f}"'
    name = f'role="img" aria-label="error of {label or "the tensor"}"'
    caption = f"<figcaption>{label}</figcaption>" if label else ""
    drawn = "".join(sorted(cells, key=lambda text: " worst" in text))
    return f"<figure><svg {size} {name}>{drawn}</svg>{caption}</figure>"


def _cell(x: int, y: int, errors: Array, where: str, worst: bool, colours: Scale | None) -> str:
    known = errors[~np.isnan(errors)]
    error = float(known.max()) if known.size else np.nan
    what = "not measured" if np.isnan(error) else "exactly right" if error == 0 else f"error {error:.3g}"
    kind = (colours or NONE).colour(error) + (" worst" if worst else "")
    title = escape(f"{where}: {what}{'; the worst entry' if worst else ''}")
    return f'<rect class="{kind}" x="{x}" y="{y}" width="1" height="1"><title>{title}</title></rect>'


def _span(start: int, end: int) -> str:
    return str(start) if end - start == 1 else f"{start} to {end - 1}"


def _legend(colours: Scale | None, error: Array, allowed: float) -> str:
    swatch = '<svg width="14" height="14" viewBox="0 0 1 1"><rect class="{}" width="1" height="1"/></svg>'
    items = []
    if colours is not None:
        items.append(f"<span>error {_bar(colours, allowed)}</span>")
        if colours.low < np.log10(max(allowed, 1e-300)) < colours.high:
            items.append(f"<span>▲ {allowed:.0e}, allowed at the worst entry</span>")
    if (error == 0).any():
        items.append(f"<span>{swatch.format('z')}exactly 0</span>")
    if np.isnan(error).any():
        items.append(f"<span>{swatch.format('n')}not measured, or a kink</span>")
    frame = swatch.format("z worst").replace("0 0 1 1", "-.1 -.1 1.2 1.2")
    items.append(f"<span>{frame}the worst entry: furthest outside its tolerance</span>")
    return f'<div class="legend">{"".join(items)}</div>'


def _bar(colours: Scale, allowed: float) -> str:
    """All colours in a row between the errors they begin and end with, and a mark at `allowed`."""
    edges = colours.edges()
    boxes = "".join(
        f'<rect class="e{i}" x="{i}" width="1" height="1"><title>{edges[i]:.1e} to {edges[i + 1]:.1e}</title></rect>'
        for i in range(COLOURS)
    )
    at = COLOURS * (np.log10(max(allowed, 1e-300)) - colours.low) / (colours.high - colours.low)
    mark = f'<path d="M{at:.2f} 1.02l.3 .5h-.6z"/>' if 0 < at < COLOURS else ""
    size = f'width="{COLOURS * 16}" height="16" viewBox="0 0 {COLOURS} 1"'
    return f"{edges[0]:.0e} <svg {size}>{boxes}{mark}</svg> {edges[-1]:.0e}"

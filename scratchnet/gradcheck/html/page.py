"""A report as a page: one HTML file that needs nothing else, in light and dark, with the errors drawn as heat maps."""

import linecache
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from scratchnet.gradcheck.html import heat_map
from scratchnet.gradcheck.html.page_style import SCRIPT, STYLE
from scratchnet.gradcheck.report import Finding, Property, Report, SlotResult, Source
from scratchnet.serialization import atomic

AROUND = 2  # lines of the source before and after the one to look at

# Anchors the pattern that marks what wasn't measured; a page has it once.
HATCH = (
    '<svg class="hidden" aria-hidden="true"><defs><pattern id="hatch" width=".34" height=".34" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width=".34" height=".34" '
    'style="fill:var(--card);stroke:none"/><rect width=".15" height=".34" style="fill:var(--hatch);stroke:none"/>'
    "</pattern></defs></svg>"
)


def write(report: Report, path: str | Path) -> None:
    """Write the page to `path`, whole or not at all. Raises OSError where that can't be done."""
    text = render(report).encode("utf-8")
    with atomic(path) as file:
        file.write(text)


def render(report: Report) -> str:
    """The page's text."""
    title = f"{report.name}: the gradient is {'right' if report.ok else 'wrong'}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{HATCH}<main>",
            *_body(report),
            f"</main><script>{SCRIPT}</script></body></html>\n",
        ]
    )


def _body(report: Report) -> Iterator[str]:
    unit = "step" if report.method == "complex" else "differences"
    yield f"<h1>{escape(report.name)} {_badge(report.ok, 'the gradient is right', 'the gradient is wrong')}</h1>"
    yield (
        f'<p class="soft">{escape(report.method.replace("_", "-"))} {unit}, {escape(report.mode)}; '
        f" {report.evaluations:,} evaluations in {report.seconds:.2f} s</p>"
    )
    yield from _overview(report)
    for slot in report.slots:
        if not slot.ok:
            yield from _wrong_slot(slot, [found for found in report.findings if found.slot == slot.name])
    yield from _properties(report)
    yield from (f'<p class="soft">Note: {escape(note)}</p>' for note in report.notes)


def _overview(report: Report) -> Iterator[str]:
    yield '<div class="card wide"><table><tr><th></th><th></th><th class="number">wrong</th>'
    yield '<th class="number">relative error</th></tr>'
    for slot in report.slots:
        share = "" if slot.problem else f"{slot.bad:,} of {_compared(slot)}"
        error = "" if slot.problem else "both are 0" if slot.both_zero else f"{slot.relative:.1e}"
        yield (
            f"<tr><td>{_badge(slot.ok)}</td><td>{escape(slot.kind)} <strong>{escape(slot.name)}</strong>"
            f'<br><span class="label name">{_shape(slot)}</span></td>'
            f'<td class="number share">{share}</td><td class="number">{error}</td></tr>'
        )
    yield "</table></div>"


def _compared(slot: SlotResult) -> str:
    if slot.worst_index is None and slot.error is None:
        return f"{slot.checked} directions"
    kinks = f", {slot.kinks:,} at kinks" if slot.kinks else ""
    return f"{slot.checked:,}{kinks}"


def _shape(slot: SlotResult) -> str:
    return " x ".join(map(str, slot.shape)) or "scalar"


def _wrong_slot(slot: SlotResult, findings: list[Finding]) -> Iterator[str]:
    yield f'<section class="card"><h2>{escape(slot.kind)} {escape(slot.name)}'
    yield f'<span class="soft"> ({_shape(slot)})</span> {_badge(False)}</h2>'
    if slot.problem:
        yield f"<p>{escape(slot.problem)}</p>"
    for finding in findings:
        yield from _finding(finding)
    if not slot.problem:
        yield from _worst(slot)
    if slot.error is not None and slot.error.size and not slot.problem:
        yield f'<h3>Where: |analytic - numeric| on {escape(slot.name)}</h3><div class="heat">'
        if slot.output_index is not None:
            yield '<p class="soft">Of each entry the largest error that any output sees.</p>'
        yield heat_map.draw(slot.error, slot.worst_index, slot.tolerance.total)
        yield '<p class="readout soft">Point at a cell for its index and its error.</p></div>'
    yield "</section>"


def _finding(finding: Finding) -> Iterator[str]:
    sentence = f"{'' if finding.certain else 'perhaps: '}{finding.sentence}"
    yield f'<div class="finding{"" if finding.certain else " perhaps"}"><p>{_prose(sentence)}</p>'
    yield f'<p class="soft">Evidence: {_prose(finding.evidence, capital=False)}</p>'
    if finding.source is not None:
        yield f"<p>Look at <code>{escape(finding.source.file)}:{finding.source.line}</code></p>"
        yield f"<pre>{_quoted(finding.source)}</pre>"
    yield "</div>"


def _prose(text: str, capital: bool = True) -> str:
    """Text with a capital first, and what stands between backticks as code."""
    parts = (text[:1].upper() + text[1:] if capital else text).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    return "".join(f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(parts))


def _quoted(source: Source) -> str:
    """The line among its neighbours; alone where the file has changed since or isn't there."""
    lines = linecache.getlines(source.file)
    if not 0 < source.line <= len(lines) or lines[source.line - 1].strip() != source.text.strip():
        return f'<span class="here">{source.line}  {escape(source.text.strip())}</span>'
    first, last = max(source.line - AROUND, 1), min(source.line + AROUND, len(lines))
    while last > source.line and not lines[last - 1].strip():
        last -= 1
    width = len(str(last))
    shown = textwrap.dedent("".join(lines[first - 1 : last])).splitlines()
    return "".join(
        f'<span class="{"here" if number == source.line else "near"}">{number:>{width}}  {escape(line)}</span>'
        for number, line in enumerate(shown, first)
    )


def _worst(slot: SlotResult) -> Iterator[str]:
    place = f"entry {list(slot.worst_index)}" if slot.worst_index is not None else "a random direction"
    seen = f", seen from output {list(slot.output_index)}" if slot.output_index is not None else ""
    part = slot.tolerance
    times = f", {slot.absolute / part.total:.2g} times what is allowed" if part.total else ""
    rows = (
        ("analytic", f"{slot.analytic:.10g}", "what backward gives"),
        ("numeric", f"{slot.numeric:.10g}", "what differences of forward give"),
        ("error", f"{slot.absolute:.3g}", f"relative {slot.relative:.2g}{times}"),
        ("allowed", f"{part.total:.2g}", "the sum of the next four"),
        ("+ relative", f"{part.relative:.2g}", "rtol times the numeric value"),
        ("+ differences", f"{part.differences:.2g}", "steps of different length disagree by so much"),
        ("+ rounding", f"{part.rounding:.2g}", "forward's own rounding, divided by the step"),
        ("+ absolute", f"{part.absolute:.2g}", "atol"),
    )
    yield f'<h3>The worst: {escape(place + seen)}</h3><div class="wide"><table class="facts">'
    for name, value, meaning in rows:
        yield f'<tr><td class="name">{name}</td><td class="number">{value}</td>'
        yield f'<td class="soft">{escape(meaning)}</td></tr>'
    yield "</table></div>"


def _properties(report: Report) -> Iterator[str]:
    if not report.properties:
        return
    named = {slot.name for slot in report.slots if not slot.ok}
    yield '<section class="card"><h2>Also tried</h2><ul>'
    yield from (f"<li>{_property(held)}</li>" for held in report.properties)
    yield "</ul>"
    for finding in report.findings:
        if finding.slot not in named:
            yield from _finding(finding)
    yield "</section>"


def _property(held: Property) -> str:
    detail = f": {escape(held.detail)}" if held.detail else ""
    return f"{_badge(held.ok, 'holds', 'broken')} {escape(held.name)}{detail}"


def _badge(ok: bool, right: str = "right", wrong: str = "wrong") -> str:
    return f'<span class="badge {"right" if ok else "wrong"}">{"✓ " + right if ok else "✗ " + wrong}</span>'

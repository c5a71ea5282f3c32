"""The parts' results as one Markdown page."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.cuda.layers import DIRECTIONS, Shape
from benchmarks.cuda.nets import GOALS
from benchmarks.cuda.store import Row, Store

PAGE = "cuda.md"


def write(folder: Path) -> Path:
    """Make the page from the results in the folder. Raises ValueError where there are none."""
    parts = {part: Store(folder, part) for part in ("suite", "nets", "compile", "layers")}
    measured = {part: store for part, store in parts.items() if store.rows}
    if not measured:
        raise ValueError(f"{folder} holds no results: run another --part first")
    lines = ["# scratchnet beside PyTorch on a GPU", ""]
    for about in {str(store.about): store.about for store in measured.values()}.values():
        lines += ["; ".join(f"{name} {value}" for name, value in about.items()) + ".", ""]
    for part, store in measured.items():
        done = {name: row for name, row in store.rows.items() if "error" not in row}
        lines += SECTIONS[part](done)
        lines += [f"- {name}: {row['error']}" for name, row in store.rows.items() if "error" in row] + [""]
    page = folder / PAGE
    page.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")
    return page


def _table(heading: str, rows: Iterable[str]) -> list[str]:
    return [heading, "|---" * (heading.count("|") - 1) + "|", *rows, ""]


def _suite(rows: dict[str, Row]) -> list[str]:
    passed, failed = sum(row["passed"] for row in rows.values()), sum(len(row["failed"]) for row in rows.values())
    reasons: dict[str, int] = {}
    for row in rows.values():
        for reason, count in row["skipped"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    lines = ["## The test suite", "", f"{passed:,} passed, {failed:,} failed, {sum(reasons.values()):,} skipped.", ""]
    also = sum(len(row.get("failed_on_cpu_too", ())) for row in rows.values())
    if also:
        lines += [f"{also:,} more fail on the CPU too, as tests do beside another version of PyTorch.", ""]
    lines += [f"- {count:,} skipped: {reason}" for reason, count in sorted(reasons.items())]
    return lines + [f"- failed: {name}: {message}" for row in rows.values() for name, message in row["failed"].items()]


def _nets(rows: dict[str, Row]) -> list[str]:
    lines = [
        "## Nets",
        "",
        "Milliseconds, medians; the ratio's range over the rounds.",
        "",
    ]
    for tf32 in (False, True):
        cells = [_net(row) for row in rows.values() if row.get("tf32") is tf32]
        heading = "| net, batch | step | torch | ratio | goal | inference | torch | ratio | losses differ by |"
        lines += [f"### {_precision(tf32)}", "", *_table(heading, cells)]
    heading = "| net, batch | kernels launched in a step | torch | MiB at most in use | torch |"
    return lines + _table(heading, [_resources(row) for row in rows.values() if "launches" in row])


def _net(row: Row) -> str:
    cells = [
        f"{row['net']}, {row['batch']}",
        *_timed(row["training"]),
        f"{GOALS[row['net']]}",
        *_timed(row["inference"]),
    ]
    cells.append(f"{row['losses']['difference']:.1e}")
    return f"| {' | '.join(cells)} |"


def _timed(found: Row) -> list[str]:
    low, high = found["range"]
    ratio = f"{found['ratio']:.2f} ({low:.2f} to {high:.2f})"
    return [f"{found['ours_ms']:.3g}", f"{found['torch_ms']:.3g}", ratio]


def _compile(rows: dict[str, Row]) -> list[str]:
    cells = []
    for row in rows.values():
        first = " | ".join(f"{row['first_s'][engine]:.1f}" for engine in ("scratchnet", "torch"))
        name = f"{row['net']}, {row['batch']} | {_precision(row['tf32'])}"
        cells.append(f"| {name} | {' | '.join(_timed(row['training']))} | {first} |")
    heading = "| net, batch | | step, ms | torch.compile, ms | ratio | first step, s | torch.compile, s |"
    return ["## torch.compile", "", *_table(heading, cells)]


def _layers(rows: dict[str, Row]) -> list[str]:
    lines = ["## Convolution layers", ""]
    for tf32 in (False, True):
        chosen = [row for row in rows.values() if row["tf32"] is tf32]
        ceilings = next((row for row in chosen if "flops" in row), None)
        lines += [f"### {_precision(tf32)}", ""]
        if ceilings:
            flops, bandwidth = ceilings["flops"] / 1e12, ceilings["bandwidth"] / 1e9
            lines += [f"The card's ceilings, measured: {flops:.1f} TFLOP/s, {bandwidth:,.0f} GB/s.", ""]
        cells = [_layer(row, direction, ceilings) for row in chosen if "shape" in row for direction in DIRECTIONS]
        lines += _table(
            "| layer | | ms | torch | ratio | TFLOP/s | GB/s | of the ceiling | by algorithm, ms | differs by |", cells
        )
    return lines


def _layer(row: Row, direction: str, ceilings: Row | None) -> str:
    shape, found = Shape(*row["shape"]), row[direction]
    ours = found["ours_ms"]["auto"]
    cells = [row["layer"], direction, f"{ours:.3g}", f"{found['torch_ms']:.3g}", f"{found['ratio']:.2f}"]
    cells += [f"{shape.flops() / ours / 1e9:.3g}", f"{shape.bytes() / ours / 1e6:.3g}"]
    if ceilings:  # the milliseconds that no kernel can go below
        least = 1e3 * max(shape.flops() / ceilings["flops"], shape.bytes() / ceilings["bandwidth"])
        cells.append(f"{least / ours:.0%}")
    else:
        cells.append("-")
    cells.append(", ".join(f"{name} {ms:.3g}" for name, ms in found["ours_ms"].items() if name != "auto"))
    cells.append(f"{max(found['difference'].values()):.1e}")
    return f"| {' | '.join(cells)} |"


def _precision(tf32: bool) -> str:
    return "TF32 on both sides" if tf32 else "float32, no TF32 on either side"


def _resources(row: Row) -> str:
    cells = [f"{row['net']}, {row['batch']}"]
    cells += ["-" if count is None else str(count) for count in row["launches"].values()]
    cells += ["-" if used is None else f"{used / 2**20:.0f}" for used in row["bytes"].values()]
    return f"| {' | '.join(cells)} |"


SECTIONS = {"suite": _suite, "nets": _nets, "compile": _compile, "layers": _layers}

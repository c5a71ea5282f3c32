"""The test suite on the device, in groups of tests: each group a pytest process, a few of them at a time."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cuda.peers import ROOT
from benchmarks.cuda.store import Row, Store

GROUP = 500  # tests at most
GROUP_S = 300  # seconds at most
SMALL = ("tests/test_lazy.py", "tests/test_swa.py")
MARKS = {"cuda": "cuda", "emulated": "emulated", "cpu": "not emulated and not sanitizer"}


def collect(device: str, files: tuple[str, ...]) -> dict[str, list[str]]:
    """The tests of the device by group: those of a file, cut where they are many. Raises RuntimeError where none is."""
    command = [*_pytest(device), "--collect-only", *files]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=GROUP_S)
    by_file: dict[str, list[str]] = {}
    for line in ran.stdout.splitlines():
        if line.startswith("ERROR "):  # the file can't be imported: it is run all the same, for the words
            file = line.split()[1]
            by_file[file] = [file]
        elif "::" in line:
            by_file.setdefault(line.partition("::")[0], []).append(line)
    if not by_file:
        raise RuntimeError(f"pytest can't collect the tests of {device}:\n{(ran.stdout + ran.stderr)[-2000:]}")
    return {name: tests for file, names in by_file.items() for name, tests in _groups(file, names)}


def _groups(file: str, tests: list[str]) -> Iterator[tuple[str, list[str]]]:
    count = -(-len(tests) // GROUP)
    for number in range(count):
        yield (f"{file} {number + 1}/{count}" if count > 1 else file), tests[number::count]


def _pytest(device: str) -> list[str]:
    options = ["-q", "-p", "no:cacheprovider", "--device", device, "-m", MARKS[device]]
    return [sys.executable, "-m", "pytest", *options]


def run(store: Store, device: str, small: bool, jobs: int, until: float) -> int:
    """Run what isn't done until that time of the clock. How many groups are left, stopped or with failing tests."""
    groups = collect(device, SMALL if small else ("tests",))
    left = {name: tests for name, tests in groups.items() if not store.done(name)}
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(_run_group, device, tests, until): name for name, tests in left.items()}
        for ended in as_completed(running):
            row = ended.result()
            store.add(running[ended], row)
            print(f"{running[ended]}: {row.get('error') or _brief(row)}", flush=True)
    rows = [store.rows[name] for name in groups]
    undone = sum("error" in row for row in rows)
    if undone:
        print(f"{undone} groups of tests didn't come to their end: run the command again to go on")
    return undone + sum(bool(row.get("failed")) for row in rows)


def _run_group(device: str, tests: list[str], until: float) -> Row:
    """What came of the tests. Those that fail on the CPU too, as with another version of torch, are told apart."""
    row = _ran(device, tests, until)
    twins = {name: twin for name in row.get("failed", ()) if (twin := on_cpu(name, device)) != name}
    if twins:
        there = _ran("cpu", list(twins.values()), until).get("failed", {})
        row["failed_on_cpu_too"] = [name for name, twin in twins.items() if twin in there]
        row["failed"] = {name: text for name, text in row["failed"].items() if twins.get(name) not in there}
    return row


def on_cpu(name: str, device: str) -> str:
    """The name of the same test where the CPU is the only device: test_x[cuda-relu] is test_x[relu] there."""
    test, _, case = name.partition("[")
    parts = case.removesuffix("]").split("-")
    if device not in parts:
        return name
    parts.remove(device)
    return f"{test}[{'-'.join(parts)}]" if parts else test


def _ran(device: str, tests: list[str], until: float) -> Row:
    seconds = min(GROUP_S, until - time.monotonic())
    if seconds <= 0:
        return {"error": "time was up before it began"}
    with TemporaryDirectory() as folder:
        names, report = Path(folder) / "tests", Path(folder) / "report.xml"
        names.write_text("\n".join(tests), encoding="utf-8")
        command = [*_pytest(device), "--tb=short", f"--junitxml={report}", f"@{names}"]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        try:
            ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, env=environment)
        except subprocess.TimeoutExpired:
            return {"error": f"stopped after {seconds:.0f} s", "tests": len(tests)}
        if not report.exists():  # the process died
            return {"error": f"exit code {ran.returncode}: {(ran.stdout + ran.stderr)[-400:]}", "tests": len(tests)}
        return _counted(ElementTree.parse(report).getroot())


def _counted(report: ElementTree.Element) -> Row:
    """How many tests passed, what was skipped and why, what failed and how, from pytest's report."""
    row: Row = {"passed": 0, "skipped": {}, "failed": {}, "seconds": 0.0}
    for case in report.iter("testcase"):
        row["seconds"] += float(case.get("time", 0))
        problem = next((child for child in case if child.tag in ("failure", "error")), None)
        skipped = case.find("skipped")
        if problem is not None:
            name = f"{str(case.get('classname')).replace('.', '/')}.py::{case.get('name')}"
            row["failed"][name] = (problem.get("message") or "")[:300]
        elif skipped is not None:
            reason = (skipped.get("message") or "")[:100]
            row["skipped"][reason] = row["skipped"].get(reason, 0) + 1
        else:
            row["passed"] += 1
    return row


def _brief(row: Row) -> str:
    brief = f"{row['passed']} passed, {sum(row['skipped'].values())} skipped, {len(row['failed'])} failed"
    also = len(row.get("failed_on_cpu_too", ()))
    return f"{brief}, {also} more on the CPU too" if also else brief

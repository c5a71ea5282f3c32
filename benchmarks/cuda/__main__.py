"""The command line of benchmarks.cuda."""

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.cuda import layers, nets, suite, tables
from benchmarks.cuda.peers import Pair, WorkerError, measure_rows
from benchmarks.cuda.store import Store

GRACE_S = 40  # for what is under way when the time is up
PARTS = {
    "nets": (nets.plan, nets.measure),
    "layers": (layers.plan, layers.measure),
    "compile": (nets.plan_compiled, nets.measure_compiled),
}


def main() -> int:
    """Run one part. 0: all is done; 1: something failed or is left to do; 2: nothing can be done here."""
    arguments = _parser().parse_args()
    if arguments.device == "emulated" and not arguments.small:
        print("benchmarks.cuda: --device emulated runs the kernels on the CPU, for tests: add --small", file=sys.stderr)
        return 2
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        if arguments.part == "tables":
            print(tables.write(arguments.out))
            return 0
        return min(1, _run(arguments))
    except (WorkerError, ValueError, RuntimeError, OSError) as error:
        print(f"benchmarks.cuda: {error}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    store, until = Store(arguments.out, arguments.part), time.monotonic() + arguments.seconds
    with open(arguments.out / "log.txt", "ab") as log:
        pair = Pair(arguments.device, log, until + GRACE_S)
        try:
            if arguments.part == "suite":
                store.describe(pair.about())
                pair.end()
                return suite.run(store, arguments.device, arguments.small, arguments.jobs, until)
            plan, measure = PARTS[arguments.part]
            rows = plan(arguments.small)
            return measure_rows(store, pair, rows, lambda row: measure(pair, row, arguments.small), until)
        finally:
            pair.end()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cuda",
        description="scratchnet on a GPU beside PyTorch on the same GPU. A part that was stopped can go on.",
    )
    parser.add_argument("--part", required=True, choices=("suite", *PARTS, "tables"), help="tables: a page of the rest")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the results, one JSON a part")
    parser.add_argument("--device", choices=("cuda", "cpu", "emulated"), default="cuda", help="for tests: not cuda")
    parser.add_argument("--small", action="store_true", help="few and small cases, each run once: for tests")
    parser.add_argument(
        "--seconds", type=float, default=420, metavar="N", help="begin nothing after these (default: 420)"
    )
    jobs = max(1, min(12, (os.cpu_count() or 1) - 1))
    parser.add_argument("--jobs", type=int, default=jobs, metavar="N", help="processes of the suite at a time")
    return parser


if __name__ == "__main__":
    sys.exit(main())

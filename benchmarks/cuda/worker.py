"""One engine in a process of its own: takes requests as JSON, a line each, on stdin, and answers each with a line.

Started by peers.py as: python -m benchmarks.cuda.worker scratchnet|torch DEVICE
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.cuda.ceilings import Ceilings
from benchmarks.cuda.engines import ENGINES, Engine
from benchmarks.cuda.layers import Layer
from benchmarks.cuda.nets import Net

SUBJECTS: dict[str, Callable[..., Any]] = {"net": Net, "layer": Layer, "ceilings": Ceilings}


class Worker:
    """Holds what is being measured between two requests."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.subject: Any = None

    def make(self, subject: str, tf32: bool = False, **arguments: Any) -> None:
        """Build a net, a layer ..., after giving up the one before."""
        self.subject = None
        self.engine.release()
        self.engine.allow_tf32(tf32)
        self.subject = SUBJECTS[subject](self.engine, **arguments)

    def call(self, method: str, **arguments: Any) -> Any:
        """The result of a method of what was built last."""
        return getattr(self.subject, method)(**arguments)

    def about(self) -> dict[str, Any]:
        """Versions and device's name. Raises RuntimeError where there is no device."""
        missing = self.engine.missing()
        if missing:
            raise RuntimeError(missing)
        return self.engine.about()


def main() -> None:
    """Answer until stdin ends. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(ENGINES[sys.argv[1]](sys.argv[2]))
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"result": getattr(worker, name)(**arguments)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

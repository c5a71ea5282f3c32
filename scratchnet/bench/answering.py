"""The worker's side of a benchmark: requests as JSON, a line each, on stdin; each is answered with a line."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from scratchnet.bench.engine import Engine


class Worker:
    """Holds what is being measured between two requests. Its methods are the requests."""

    def __init__(self, engine: Engine, subjects: Mapping[str, Callable[..., Any]]) -> None:
        self.engine = engine
        self.subjects = subjects
        self.subject: Any = None

    def make(self, subject: str, **arguments: Any) -> None:
        """Build a net, a layer ..., after giving up the one before."""
        self.subject = None
        self.engine.release()
        self.subject = self.subjects[subject](self.engine, **arguments)

    def call(self, method: str, **arguments: Any) -> Any:
        """The result of a method of what was built last."""
        return getattr(self.subject, method)(**arguments)


def serve(build: Callable[[], Worker]) -> None:
    """Answer until stdin ends. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = build()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"result": getattr(worker, name)(**arguments)}
        except Exception as error:
            traceback.print_exc()
            first, _, _ = str(error).strip().partition("\n")  # compilers say much
            answer = {"error": f"{type(error).__name__}: {first}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

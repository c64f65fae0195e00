"""A worker process: tasks come as lines of JSON on standard input, steps and answers go as lines on standard output.

It lives from task to task, so that models and compiled code are loaded once. It ends at once when standard input does:
its parent is gone, and all that it writes appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from twinbrush.base.errors import TwinbrushError
from twinbrush.base.memory import forget
from twinbrush.base.progress import Progress, Step

Perform = Callable[[Mapping[str, Any], Progress], dict[str, Any]]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_STEP_SECONDS = 0.1  # steps of one stage are told no oftener


class Service:
    """The lines between a worker and its parent."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._answers = os.fdopen(os.dup(1), "w", encoding="ascii", buffering=1)
        os.dup2(2, 1)  # what libraries print is no answer
        self._tasks: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self._number, self._cancelled = 0, -1  # of the task under way; of the one to be given up
        self._stage, self._told = "", 0.0

    def run(self) -> None:
        """Carry out tasks until standard input ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._say({"ready": os.getpid()})
        while True:
            self._number, task = self._tasks.get()
            self._say(self._answer(task))
            del task
            forget()

    def _answer(self, task: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"done": self._perform(task, self._progress)}
        except TwinbrushError as error:
            return {"refused": {
                "kind": type(error).__name__, "problem": error.problem, "remedy": error.remedy,
                "boxes": getattr(error, "boxes", None)}}
        except KeyboardInterrupt:
            return {"cancelled": {}}
        except Exception as error:
            from twinbrush.app.terminal import report_crash

            return {"crashed": {"text": report_crash(error)}}

    def _progress(self, step: Step) -> None:
        """Tell the parent; the place where a task that was cancelled ends."""
        if self._cancelled == self._number:
            raise KeyboardInterrupt
        now = time.monotonic()
        if step.stage != self._stage or now - self._told >= _STEP_SECONDS or step.overall == 1:
            self._stage, self._told = step.stage, now
            self._say({"step": [step.stage, step.done, step.total, step.note, step.overall]})

    def _listen(self) -> None:
        for line in sys.stdin.buffer:
            try:
                message = json.loads(line)
            except ValueError:  # the last words of a parent that was killed
                break
            if "task" in message:
                self._tasks.put((message["number"], message["task"]))
            elif "cancel" in message:
                self._cancelled = message["cancel"]
        os._exit(0)

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._answers.write(json.dumps(message) + "\n")
        except OSError:
            os._exit(0)


def serve(perform: Perform) -> None:
    """Be a worker that carries out tasks with `perform`, until standard input ends."""
    for variable in THREADS:  # before any library reads them: the same bytes as the command line makes
        os.environ[variable] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    Service(perform).run()


if __name__ == "__main__":
    from twinbrush.app.batch import work

    serve(work.perform)

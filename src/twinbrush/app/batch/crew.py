"""A worker process seen from its parent: started when it is needed, asked, cancelled, replaced when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal

from twinbrush.base.beside import CORES_VARIABLE
from twinbrush.base.files import output_error
from twinbrush.base.progress import Step, ignore

COMMAND = (sys.executable, "-P", "-m", "twinbrush.app.batch.worker")
GRACE_SECONDS = 8.0  # a task that is cancelled ends at its next step; after these its process is killed
TRIES = 3  # of a task whose process died at it
# of one process: then another takes its place, for cholespy's solvers keep 0.8 MB of every figure for ever
MOST_TASKS = 100
State = Literal["done", "refused", "crashed", "cancelled", "died"]


@dataclass(frozen=True)
class Outcome:
    """How a task ended. answer: what the worker said of it: of a refusal kind, problem and remedy; of a crash text."""

    state: State
    answer: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def why(self) -> str:
        """Why there is no result, in a line for people."""
        if self.state == "refused":
            return f"{self.answer['problem']} {self.answer['remedy']}"
        texts = {
            "died": f"its process ended {TRIES} times without a word (is there enough memory?). Try --preset fast, or "
                    "fewer --workers.",
            "cancelled": "cancelled."}
        return texts.get(self.state, " ".join(str(self.answer.get("text", "")).split()))


class Worker:
    """One worker process. All methods but `cancel` and `close` belong to one thread.

    log: where what its libraries print goes (None: nowhere). cores: how many it may use, where it shares them with
    others (None: as many as a command does).
    """

    def __init__(
        self, command: Sequence[str] = COMMAND, log: Path | None = None, *, cores: int | None = None
    ) -> None:
        self._command, self._log = tuple(command), log
        self._environment = dict(os.environ) | ({} if cores is None else {CORES_VARIABLE: str(cores)})
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._cancelled = self._closed = False
        self._number = 0  # of the task under way
        self._tasks = 0  # that the process was given

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        process = self._process
        return None if process is None else process.pid

    def perform(self, task: Mapping[str, Any], on_step: Callable[[Step], None] = ignore) -> Outcome:
        """Carry out a task in the process; a process that dies is replaced and the task begun again, TRIES times.
        Raises OutputError for a log that cannot be written."""
        self._cancelled = False
        self._number += 1
        for _ in range(TRIES):
            outcome = self._once(task, on_step)
            if self._cancelled or self._closed:
                return outcome if outcome.state == "done" else Outcome("cancelled")
            if outcome.state != "died":
                return outcome
        return Outcome("died")

    def cancel(self) -> None:
        """End the task that is under way, from another thread: at its next step, or by a kill."""
        self._cancelled = True
        process = self._process
        if process is not None:  # else it is being started, and told when it has its task
            self._give_up(process)

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        self._send(process, {"cancel": self._number})
        killer = threading.Timer(GRACE_SECONDS, self._kill_cancelled, (process,))
        killer.daemon = True
        killer.start()

    def close(self) -> None:
        """End the process at once."""
        self._closed = True
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _once(self, task: Mapping[str, Any], on_step: Callable[[Step], None]) -> Outcome:
        process = self._running()
        if process is None or not self._send(process, {"task": dict(task), "number": self._number}):
            return self._lost()
        if self._cancelled:
            self._give_up(process)
        assert process.stdout is not None
        for line in process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # the last words of a process that was killed
                break
            if "step" in message:
                on_step(Step(*message["step"]))
            for state in ("done", "refused", "crashed", "cancelled"):
                if state in message:
                    return Outcome(state, message[state])
        return self._lost()

    def _running(self) -> subprocess.Popen[bytes] | None:
        """The process, started if there is none; None when no more is to be started."""
        with self._lock:
            if self._process is not None and self._tasks >= MOST_TASKS:
                old, self._process = self._process, None
                _end(old)
            if self._process is None and not self._closed:
                self._tasks = 0
                errors = self._opened_log()
                try:
                    self._process = subprocess.Popen(
                        self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                        env=self._environment, start_new_session=True)  # Ctrl-C in the terminal is for the parent
                finally:
                    if not isinstance(errors, int):
                        errors.close()
            self._tasks += 1
            return self._process

    def _opened_log(self) -> int | BufferedWriter:
        if self._log is None:
            return subprocess.DEVNULL
        try:
            return self._log.open("ab")
        except OSError as error:
            raise output_error(self._log, error) from error

    def _lost(self) -> Outcome:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)
        return Outcome("died")

    def _kill_cancelled(self, process: subprocess.Popen[bytes]) -> None:
        if self._cancelled and process is self._process:
            process.kill()

    @staticmethod
    def _send(process: subprocess.Popen[bytes], message: dict[str, Any]) -> bool:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()

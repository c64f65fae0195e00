"""What people see: a progress bar with stage and remaining time; plain lines when output is no terminal."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from twinbrush.base.errors import OutputError
from twinbrush.base.files import output_error
from twinbrush.base.printable import printable
from twinbrush.base.progress import Step

if TYPE_CHECKING:
    from twinbrush.road.pipeline import Result

class Display:
    """Shows Steps; use as a context manager so that the bar is taken down whatever happens."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.plain = not self.console.is_terminal
        self.stage = ""
        self.started = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=self.console, transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("starting", total=1.0)

    def __enter__(self) -> Display:
        if self.plain:
            remark("twinbrush: starting")
        else:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_down()

    def progress(self, step: Step) -> None:
        """The callback for the pipeline."""
        if step.stage != self.stage:
            self.stage = step.stage
            if self.plain:
                elapsed = time.monotonic() - self.started
                note = f" ({step.note})" if step.note else ""
                remark(f"twinbrush: [{elapsed:5.1f} s] {step.stage}{note}")
        # a run tells how much of it is done; of a single stage only that stage's own share is known
        share = step.done / step.total if step.total else 1.0
        done = share if step.overall is None else step.overall
        self.bar.update(self.task, completed=done, description=f"{step.stage} {step.note}".strip())

    def _take_down(self) -> None:
        if not self.plain:
            self.bar.stop()

    def say(self, text: str) -> None:
        """The command's answer, on standard output."""
        self._take_down()
        tell(text)

    def results(self, result: Result) -> None:
        """What was made, where, and what to be careful about."""
        self._take_down()
        for warning in result.warnings:
            remark(f"twinbrush: note: {printable(warning)}")
        tell(result.summary())


def tell(text: str) -> None:
    """Print the answer on standard output. Raises OutputError when that is closed or its disk is full."""
    try:
        print(printable(text), flush=True)
    except OSError as error:
        _silence(1)
        reason = "was closed" if isinstance(error, BrokenPipeError) else f"cannot be written ({error.strerror})"
        raise OutputError(f"standard output {reason}.", "Send it somewhere else.") from error


def remark(text: str) -> None:
    """Print a line on standard error; where that is closed or its disk is full, nothing: no run is lost for it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _silence(2)


def _silence(number: int) -> None:
    """Standard output (1) or error (2) goes nowhere, or Python tries, and complains, once more when it ends."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)


def take_any_text() -> None:
    """Standard output and error print what their encoding lacks as escapes (PYTHONIOENCODING=ascii, LANG=C...).

    A stream that is closed (2>&-) becomes the null device: the next file opened would take its number, and get what
    libraries print."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _silence(number)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def ended_by_signals() -> Generator[None, None, None]:
    """Inside, SIGTERM and SIGHUP (a closed terminal) end the program like Ctrl-C: finished stages are kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(name) for name in names}
    for name in names:
        if before[name] != signal.SIG_IGN:  # nohup
            signal.signal(name, _interrupt)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def report_crash(error: BaseException) -> str:
    """Keep an unexpected failure's traceback in a file and say where; where none can be written, tell all of it."""
    text = "".join(traceback.format_exception(error))
    told = f"twinbrush: an unexpected failure, a fault of ours: {type(error).__name__}: {printable(str(error))}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="twinbrush-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            log.write(text)
    except OSError as reason:
        no_log = output_error("its log", reason).problem
        return f"{told}\n{no_log} Please report it with these lines:\n{printable(text).rstrip()}"
    return f"{told}\nThe details are in {Path(log.name)}: please report it with that file."

"""What a command costs: processor time, time, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """cpu, wall: seconds of the whole process. peak: largest resident set, GB. status: its exit code."""

    cpu: float
    wall: float
    peak: float
    status: int


def cost_of(arguments: Sequence[str], *, quiet: bool = True) -> Cost:
    """Returns what a process costs from start to end.

    arguments: program and words. quiet: what it prints is lost, not its complaints.
    """
    sink = subprocess.DEVNULL if quiet else None
    start = time.perf_counter()
    child = subprocess.Popen(list(arguments), stdout=sink)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    unit = 1e9 if sys.platform == "darwin" else 1e6  # bytes there, kilobytes elsewhere
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, child.returncode)


def twinbrush(*words: str) -> tuple[str, ...]:
    """Returns the program and words of a twinbrush command in this Python."""
    return (sys.executable, "-m", "twinbrush", *words)

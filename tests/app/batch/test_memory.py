"""One worker of the real engine does one job after the other: its memory does not grow.

    pytest -m long -s -n 0 tests/app/batch/test_memory.py        # TWINBRUSH_JOBS=200 is the default
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinbrush.app.batch.crew import Worker
from twinbrush.app.batch.work import save_config
from twinbrush.config import FAST

JOBS = int(os.environ.get("TWINBRUSH_JOBS", "200"))
GROWTH_MB = 40.0  # of the median over the second half against that over the second quarter: noise of the allocator
pytestmark = [
    pytest.mark.long, pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")]


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the worker is gone")


def test_two_hundred_jobs(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    """A mesh with a few hundred triangles, tiny pictures: all stages, 200 times in one process."""
    config = replace(
        FAST, cache=False, stylize=replace(FAST.stylize, method="guided"), views=replace(FAST.views, size=128, views=4),
        reconstruct=replace(FAST.reconstruct, texture_size=256),
        export=replace(FAST.export, still_size=128, turntable=False))
    save_config(tmp_path / "options.npz", config)
    worker, resident, seconds = Worker(log=tmp_path / "log"), list[float](), list[float]()
    try:
        for number in range(JOBS):
            began = time.monotonic()
            outcome = worker.perform({
                "kind": "stylize", "photo": str(inputs[0]), "style": str(inputs[1]), "lend": {},
                "out": str(tmp_path / f"out{number % 3}"), "config": str(tmp_path / "options.npz")})
            assert outcome.state == "done", outcome.why
            assert worker.pid is not None
            resident.append(resident_mb(worker.pid))
            seconds.append(time.monotonic() - began)
    finally:
        worker.close()
    early, late = (float(np.median(part)) for part in (
        resident[JOBS // 4:JOBS // 2], resident[JOBS // 2:]))
    print(f"{JOBS} jobs of {np.median(seconds):.1f} s: resident {resident[0]:.0f} MB after the first, {early:.0f} in "
          f"the second quarter, {late:.0f} in the second half, {max(resident):.0f} at most")
    assert late - early < GROWTH_MB

"""One worker process seen from its parent: cancelled at any moment, its log not writable, its parent gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinbrush.app.batch import crew
from twinbrush.app.batch.crew import Worker
from twinbrush.base.errors import OutputError
from twinbrush.base.image import save_png

STUB = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))


def slow_task(folder: Path) -> dict[str, Any]:
    """It takes the stub ten seconds."""
    style = save_png(folder / "slow.png", np.full((80, 80, 3), 0.5, np.float32))
    return {"kind": "stylize", "photo": "", "style": str(style), "out": str(folder / "out"), "lend": {}}


def test_cancelled_while_its_process_is_being_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, started = Worker(STUB), subprocess.Popen

    def starts(*given: Any, **named: Any) -> Any:
        worker.cancel()  # from another thread, at this moment
        return started(*given, **named)

    monkeypatch.setattr(crew.subprocess, "Popen", starts)
    began = time.monotonic()
    try:
        assert worker.perform(slow_task(tmp_path)).state == "cancelled"
        assert time.monotonic() - began < 7
    finally:
        worker.close()


@pytest.mark.skipif(os.name == "nt", reason="POSIX folders")
def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="in the way"):
        Worker(STUB, tmp_path).perform(slow_task(tmp_path))


@pytest.mark.parametrize("last", [b"", b'{"task": {"kind"'])
def test_a_worker_ends_with_its_parent_whatever_its_last_word_was(last: bytes) -> None:
    with subprocess.Popen(STUB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as it:
        assert it.stdout is not None
        assert b"ready" in it.stdout.readline()
        try:
            out, errors = it.communicate(last, timeout=5)
        except subprocess.TimeoutExpired:
            it.kill()
            raise
        assert (it.returncode, out, errors) == (0, b"", b"")


def test_a_process_is_replaced_after_so_many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """if True:
        import os
        from twinbrush.app.batch.worker import serve
        serve(lambda task, progress: {"by": os.getpid()})"""
    monkeypatch.setattr(crew, "MOST_TASKS", 2)
    worker = Worker((sys.executable, "-c", code))
    try:
        by = [worker.perform({}).answer["by"] for _ in range(5)]
    finally:
        worker.close()
    assert by[0] == by[1] != by[2] == by[3] != by[4]


def test_a_worker_lets_nothing_lie_that_a_task_has_left() -> None:
    """Python frees what refers to itself late, and never soon in a process with as many objects as torch brings: a
    figure's arrays would lie there for several tasks."""
    code = """if True:
        import gc, weakref
        from twinbrush.app.batch.worker import serve

        class Lying: pass
        left = []

        def perform(task, progress):
            alive = sum(one() is not None for one in left)
            lying = Lying()
            lying.itself = lying
            left.append(weakref.ref(lying))
            return {"alive": alive}

        gc.disable()
        serve(perform)"""
    worker = Worker((sys.executable, "-c", code))
    try:
        assert [worker.perform({}).answer["alive"] for _ in range(3)] == [0, 0, 0]
    finally:
        worker.close()

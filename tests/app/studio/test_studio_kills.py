"""The studio killed (-9) at random moments while it works: the next one finds every job and ends it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name == "nt", reason="POSIX signals")]
KILLS = int(os.environ.get("TWINBRUSH_KILLS", "50"))
SEED = int(os.environ.get("TWINBRUSH_FUZZ_SEED", "4004"))
CODE = """
import sys, pathlib
sys.path.insert(0, {tests!r})
from studios import STUB
from twinbrush.app.studio import serve
serve.COMMAND = STUB
serve.serve(pathlib.Path({folder!r}), 0, browse=False, say=lambda text: print(text, flush=True))
"""


def _start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    code = CODE.format(tests=str(Path(__file__).parent), folder=str(folder))
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, running.stdout.readline().split()[2]


def _ended(running: subprocess.Popen[str]) -> int:
    with running:
        return running.wait(20)


def _ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"content-type": "application/json"})
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_killed_again_and_again(tmp_path: Path) -> None:
    rng, ordered = random.Random(SEED), set[str]()
    for _ in range(KILLS):
        running, address = _start(tmp_path / "studio")
        order = {"photo": "demo-astronaut", "style": "demo-oil", "presets": ["fast", "default"]}
        ordered.add(_ask(address, "api/jobs", order)["id"])
        time.sleep(rng.uniform(0, 1.5))
        running.send_signal(signal.SIGKILL)
        _ended(running)
    running, address = _start(tmp_path / "studio")
    end = time.monotonic() + 600
    while any(job["state"] in ("queued", "running") for job in _ask(address, "api/jobs")["jobs"]):
        assert time.monotonic() < end
        time.sleep(0.5)
    jobs = {job["id"]: job for job in _ask(address, "api/jobs")["jobs"]}
    assert jobs.keys() == ordered
    assert {(job["state"], job["made"], len(job["files"])) for job in jobs.values()} == {("done", "default", 7)}
    stray = [path for path in (tmp_path / "studio").rglob("*.part")]
    assert len(stray) <= 1  # of the very last kill, swept when that file is written again
    running.send_signal(signal.SIGINT)
    assert _ended(running) == 0
    print(f"{KILLS} kills, {len(jobs)} jobs, all of them done")

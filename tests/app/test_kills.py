"""Killed at any moment (SIGKILL, no warning): the next run gives the right bytes, and nothing stray is left."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twinbrush.road.run import CACHE

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name == "nt", reason="POSIX signals")]
KILLS = int(os.environ.get("TWINBRUSH_KILLS", "30"))
SEED = int(os.environ.get("TWINBRUSH_FUZZ_SEED", "4004"))
SMALL = ["--preset", "fast", "--method", "guided", "--size", "128", "--views", "4", "--texture-size", "256",
         "--still-size", "128"]  # fmt: skip
STAGES = {"front.npz", "style.npz", "align.npz", "shape.npz", "paint.npz", "run.npz"}


def _start(inputs: tuple[Path, Path], out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "twinbrush", "stylize", *map(str, inputs), "-o", str(out), *SMALL]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _hashes(out: Path) -> dict[str, str]:
    files = [p for p in out.iterdir() if p.is_file() and p.name != "manifest.json"]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_thirty_kills(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    began = time.monotonic()
    assert _start(inputs, tmp_path / "whole").wait() == 0
    whole, seconds = _hashes(tmp_path / "whole"), time.monotonic() - began
    rng, finished = random.Random(SEED), 0
    for number in range(KILLS):
        out = tmp_path / f"killed{number % 5}"  # five folders: old results, kept stages and leftovers meet
        running = _start(inputs, out)
        time.sleep(rng.uniform(0, seconds))
        running.send_signal(signal.SIGKILL)
        finished += running.wait() == 0
    for folder in sorted(tmp_path.glob("killed*")):
        assert _start(inputs, folder).wait() == 0
        assert _hashes(folder) == whole
        assert {p.name for p in (folder / CACHE).iterdir()} <= STAGES
        assert {p.name for p in folder.iterdir()} == {*whole, "manifest.json", CACHE}
    print(f"{KILLS} kills, {finished} of them too late; one whole run took {seconds:.0f} s")

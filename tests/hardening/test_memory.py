"""One worker of the real engine does one job after the other: its memory, open files and threads do not grow, its
process being replaced as often as crew.py says.

    pytest -m long -s -n 0 tests/hardening/test_memory.py        # TWINBRUSH_JOBS=200 is the default
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from figures import SMALL
from twinbrush.app import demo
from twinbrush.app.batch.crew import Worker
from twinbrush.app.batch.work import OF_PHOTO, save_config
from twinbrush.base.image import load_image, resize, save_png
from twinbrush.config import FAST, Config
from twinbrush.road.run import CACHE

JOBS = int(os.environ.get("TWINBRUSH_JOBS", "200"))
ROUND = 20  # jobs after which the same pictures come again: three photos and a mesh, five styles
ALONE = 7  # every so many jobs nothing is lent, so the photo is sculpted anew
REST_SECONDS = 0.5  # after its answer it frees what the job has left
GROWTH = 1.05  # of the median of the last round against that of the second one
pytestmark = [
    pytest.mark.long, pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")]


@dataclass(frozen=True)
class Held:
    """What a process holds after a job: resident_mb, its open files, its threads."""

    resident_mb: float
    files: int
    threads: int

    @staticmethod
    def by(pid: int) -> Held:
        folder = Path(f"/proc/{pid}")
        told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        return Held(int(told["VmRSS"].split()[0]) / 1024, len(list((folder / "fd").iterdir())), int(told["Threads"]))


def photos(mesh: Path, folder: Path) -> list[Path]:
    """The bundled photo, its mirror image, a larger one, and a mesh."""
    plain = demo.write_photo(folder)
    pixels = load_image(plain).pixels
    mirrored = save_png(folder / "mirrored.png", np.ascontiguousarray(pixels[:, ::-1]))
    return [plain, mirrored, save_png(folder / "larger.png", resize(pixels, 700, 700)), mesh]


def options(folder: Path) -> dict[str, Path]:
    """Files of options: of a mesh, and of a figure by two methods."""
    mesh = replace(
        FAST, stylize=replace(FAST.stylize, method="guided"), views=replace(FAST.views, size=128, views=4),
        reconstruct=replace(FAST.reconstruct, texture_size=256),
        export=replace(FAST.export, still_size=128, turntable=False))
    guided: Config = replace(SMALL, stylize=replace(SMALL.stylize, method="guided"), surface=FAST.surface)
    chosen = {"mesh": mesh, "hybrid": SMALL, "guided": guided}
    for name, config in chosen.items():
        save_config(folder / f"{name}.npz", config)
    return {name: folder / f"{name}.npz" for name in chosen}


def test_two_hundred_jobs(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    """Tiny pictures, but all stages: several photos and styles in turn, in one process, stages lent as a batch does."""
    given, styles, chosen = photos(inputs[0], tmp_path), list(demo.bundled_styles().values()), options(tmp_path)
    worker, held, seconds = Worker(log=tmp_path / "log"), list[Held](), list[float]()
    kept: dict[Path, Path] = {}  # photo -> folder of its kept stages
    try:
        for number in range(JOBS):
            photo, style = given[number % len(given)], styles[number // len(given) % len(styles)]
            kind = "mesh" if photo == inputs[0] else ("hybrid", "guided")[number // ROUND % 2]
            out, lender = tmp_path / f"out{number}", None if number % ALONE == 0 else kept.get(photo)
            began = time.monotonic()
            outcome = worker.perform({
                "kind": "stylize", "photo": str(photo), "style": str(style), "out": str(out),
                "lend": {} if lender is None else dict.fromkeys(OF_PHOTO, str(lender)), "config": str(chosen[kind])})
            assert outcome.state == "done", outcome.why
            assert worker.pid is not None
            time.sleep(REST_SECONDS)
            held.append(Held.by(worker.pid))
            seconds.append(time.monotonic() - began)
            if kept.setdefault(photo, out / CACHE) != out / CACHE:
                shutil.rmtree(out)
            print(f"{number + 1} {kind} {seconds[-1]:.1f} s {held[-1]}", flush=True)
    finally:
        worker.close()
    early, late = held[ROUND:2 * ROUND], held[-ROUND:]
    growth = float(np.median([h.resident_mb for h in late]) / np.median([h.resident_mb for h in early]))
    print(f"{JOBS} jobs, {np.median(seconds):.1f} s in the middle: {growth - 1:+.1%} of resident memory from jobs "
          f"{ROUND + 1}-{2 * ROUND} to the last {ROUND}; at most {max(h.resident_mb for h in held):.0f} MB")
    assert growth < GROWTH
    assert max(h.files for h in late) <= max(h.files for h in early)
    assert max(h.threads for h in late) <= max(h.threads for h in early)

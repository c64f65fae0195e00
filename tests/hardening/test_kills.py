"""The real engine killed (SIGKILL, no warning) at fifty random moments: nothing half-written is ever in the results'
folder, the next run goes on from what was kept, and at the end there are the bytes of an undisturbed run.

    pytest -m long -s -n 0 tests/hardening/test_kills.py    # TWINBRUSH_KILLS=50, TWINBRUSH_FUZZ_SEED=4004: the defaults
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from twinbrush.app import demo
from twinbrush.road.run import CACHE

pytestmark = [pytest.mark.long, pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc")]
KILLS = int(os.environ.get("TWINBRUSH_KILLS", "50"))
SEED = int(os.environ.get("TWINBRUSH_FUZZ_SEED", "4004"))
FOLDERS = 5  # old results, kept stages and leftovers meet
SHARES = {"figure": 0.6, "mesh": 0.2, "batch": 0.1, "studio": 0.1}  # of the kills
FIGURE = {"size": 128, "texture-size": 256, "still-size": 128}
MESH = {**FIGURE, "method": "guided", "views": 4}
VICTIMS = ("worker", "worker", "parent")  # a task whose process died three times is given up
PATIENCE_SECONDS = 600.0


def words(options: dict[str, Any]) -> list[str]:
    return ["--preset", "fast", *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


def started(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "twinbrush", *map(str, arguments)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kept_digest(path: Path) -> str:
    """Of a kept stage; the one that tells of the whole run names the places of its inputs."""
    return "" if path.name == "run.npz" else digest(path)


def lasting(path: Path) -> dict[str, Any]:
    """A manifest but for its times."""
    return {name: value for name, value in json.loads(path.read_text()).items() if name != "volatile"}


@dataclass(frozen=True)
class Whole:
    """An undisturbed run: files {name: sha256}, kept stages {name: sha256}, its manifest but for times, seconds."""

    files: dict[str, str]
    kept: dict[str, str]
    manifest: dict[str, Any]
    seconds: float

    @staticmethod
    def of(out: Path, seconds: float = 0.0) -> Whole:
        files = {path.name: digest(path) for path in out.iterdir() if path.is_file() and path.name != "manifest.json"}
        kept = {path.name: kept_digest(path) for path in (out / CACHE).iterdir()}
        return Whole(files, kept, lasting(out / "manifest.json"), seconds)

    def holds_at_any_moment(self, out: Path) -> None:
        """Whatever has its name is whole; only the kept stages' folder may hold leftovers, under hidden names."""
        for path in out.iterdir() if out.is_dir() else ():
            if path.name == "manifest.json":
                assert lasting(path) == self.manifest
            elif path.name != CACHE:
                assert digest(path) == self.files[path.name], path
        for path in (out / CACHE).iterdir() if (out / CACHE).is_dir() else ():
            if path.suffix == ".npz" and not path.name.startswith("."):
                assert kept_digest(path) == self.kept[path.name], path
            else:
                assert path.name.startswith((".", "new-", "done-")), path

    def is_there(self, out: Path) -> None:
        """All of it, and nothing else."""
        found = Whole.of(out)
        assert (found.files, found.manifest) == (self.files, self.manifest)
        assert found.kept == self.kept
        assert {path.name for path in out.iterdir()} == {*self.files, "manifest.json", CACHE}


def undisturbed(inputs: tuple[Path, Path], out: Path, options: dict[str, Any]) -> Whole:
    began = time.monotonic()
    assert started("stylize", *inputs, "-o", out, *words(options)).wait() == 0
    return Whole.of(out, time.monotonic() - began)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def oil(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The figure of the bundled photo. The second run is timed: in the first one kernels may have to be compiled."""
    folder, inputs = tmp_path_factory.mktemp("whole"), (photo, demo.bundled_styles()["oil"])
    first, second = (undisturbed(inputs, folder / name, FIGURE) for name in ("first", "second"))
    assert replace(first, seconds=second.seconds) == second
    return second


def killed_again_and_again(
    inputs: tuple[Path, Path], folder: Path, options: dict[str, Any], whole: Whole, kills: int
) -> str:
    rng, hits, ended = random.Random(SEED), 0, 0
    stages: dict[int, int] = {}
    while hits < kills:
        out = folder / f"killed{(hits + ended) % FOLDERS}"
        before = numbers(out)
        running = started("stylize", *inputs, "-o", out, *words(options))
        time.sleep(rng.uniform(0, whole.seconds))
        running.send_signal(signal.SIGKILL)
        if running.wait() == 0:  # too late: the next run there begins anew beside the old results
            ended += 1
            whole.is_there(out)
            shutil.rmtree(out / CACHE)
            continue
        hits += 1
        whole.holds_at_any_moment(out)
        after = numbers(out)
        assert before.items() <= after.items()  # what was kept is taken, not made anew
        stages[len(after)] = stages.get(len(after), 0) + 1
    for out in sorted(folder.glob("killed*")):
        before = numbers(out)
        assert started("stylize", *inputs, "-o", out, *words(options)).wait() == 0
        whole.is_there(out)
        assert before.items() <= numbers(out).items()
    return (f"{hits} kills (and {ended} too late), {{stages kept: kills}} {dict(sorted(stages.items()))}, one whole "
            f"run took {whole.seconds:.0f} s")


def numbers(out: Path) -> dict[str, int]:
    """The kept stages, but those that every run writes at its end, with the numbers that the file system gave them."""
    return {path.name: path.stat().st_ino for path in (out / CACHE).glob("[!.]*.npz")
            if path.name not in ("run.npz", "shown.npz")}


def share_of(kind: str) -> int:
    return max(1, round(KILLS * SHARES[kind]))


def children(pid: int) -> list[int]:
    found = [int(word) for task in Path(f"/proc/{pid}/task").iterdir()
             for word in (task / "children").read_text().split()]
    return [child for child in found if b"worker" in (line := Path(f"/proc/{child}/cmdline").read_bytes())
            or b"studio.work" in line]


def wait_until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_stylize_of_a_photo(photo: Path, oil: Whole, tmp_path: Path) -> None:
    inputs = photo, demo.bundled_styles()["oil"]
    print(killed_again_and_again(inputs, tmp_path, FIGURE, oil, share_of("figure")))


def test_stylize_of_a_mesh(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    undisturbed(inputs, tmp_path / "first", MESH)
    whole = undisturbed(inputs, tmp_path / "second", MESH)
    print(killed_again_and_again(inputs, tmp_path, MESH, whole, share_of("mesh")))


def test_batch_and_its_worker(photo: Path, oil: Whole, tmp_path: Path) -> None:
    styles = {name: demo.bundled_styles()[name] for name in ("oil", "ink")}
    whole = {"oil": oil, "ink": undisturbed((photo, styles["ink"]), tmp_path / "ink", FIGURE)}
    rows = "".join(f"{photo},{style},{name}\n" for name, style in styles.items())
    (tmp_path / "pairs.csv").write_text(f"photo,style,name\n{rows}")
    rng, out = random.Random(SEED), tmp_path / "out"

    def begun() -> subprocess.Popen[bytes]:
        return started("batch", tmp_path / "pairs.csv", "-o", out, "--workers", "1", *words(FIGURE))

    running, hits, turns = begun(), 0, cycle(VICTIMS)
    while hits < share_of("batch"):
        who = next(turns)
        worker = wait_until(lambda running=running: running.poll() is not None or children(running.pid))
        if worker is True:  # all done, before the last kills: once more, over the old results
            for name in whole:
                whole[name].is_there(out / name)
                shutil.rmtree(out / name / CACHE)
            shutil.rmtree(out / ".batch")
            running = begun()
            worker = wait_until(lambda running=running: children(running.pid))
        time.sleep(rng.uniform(0, whole["oil"].seconds))
        if running.poll() is None:
            hits += 1
            os.kill(running.pid if who == "parent" else (children(running.pid) or worker)[0], signal.SIGKILL)
        if who == "parent":
            running.wait()
            for name, undisturbed_run in whole.items():
                undisturbed_run.holds_at_any_moment(out / name)
            running = begun()
    assert running.wait() == 0
    for name, undisturbed_run in whole.items():
        undisturbed_run.is_there(out / name)
    assert [path.name for path in out.rglob("*.part")] == []
    print(f"{hits} kills of batches and their workers")


def test_studio_and_its_worker(oil: Whole, tmp_path: Path) -> None:
    rng, folder, whole = random.Random(SEED), tmp_path / "studio", oil

    def begun() -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "twinbrush", "studio", "--folder", str(folder), "--port", "0", "--no-browser"]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        return running, running.stdout.readline().split()[2]

    def ask(path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    running, address = begun()
    order, hits, jobs = {"photo": "demo-astronaut", "style": "demo-oil", "presets": ["fast"], "options": FIGURE}, 0, []
    for who in islice(cycle(VICTIMS), share_of("studio")):
        if not any(job["state"] in ("queued", "running") for job in ask("api/jobs")["jobs"]):
            jobs.append(ask("api/jobs", order)["id"])
        worker = wait_until(lambda running=running: children(running.pid))
        time.sleep(rng.uniform(0, whole.seconds))
        os.kill(running.pid if who == "parent" else (children(running.pid) or worker)[0], signal.SIGKILL)
        hits += 1
        if who == "parent":
            running.communicate()
            for number in jobs:
                whole.holds_at_any_moment(folder / "jobs" / number / "fast")
            running, address = begun()
    wait_until(lambda: all(job["state"] not in ("queued", "running") for job in ask("api/jobs")["jobs"]))
    assert {job["id"]: job["state"] for job in ask("api/jobs")["jobs"]} == dict.fromkeys(jobs, "done")
    for number in jobs:
        whole.is_there(folder / "jobs" / number / "fast")
    assert [path.name for path in folder.rglob("*.part")] == []
    running.send_signal(signal.SIGINT)
    running.communicate()
    print(f"{hits} kills of studios and their workers, {len(jobs)} jobs")

"""Many pairs with a stub in the workers' place: each result once, nothing lost when workers or the batch are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinbrush.app.batch import run
from twinbrush.app.batch.run import BatchOptions, BatchResult, run_batch
from twinbrush.base.errors import BadImage, BadOption, OutputError, PairsFailed
from twinbrush.base.image import load_image, save_png
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import FAST

STUB = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


def write_pairs(folder: Path, *styles: str, photos: tuple[str, ...] = ("anna", "bob")) -> Path:
    for name in (*photos, *styles):
        save_png(folder / f"{name}.png", np.full((80, 80, 3), len(name) / 40, np.float32))
    lines = [f"{photo}.png,{style}.png" for photo in photos for style in styles]
    (folder / "pairs.csv").write_text("\n".join(lines))
    return folder / "pairs.csv"


def batch(listed: Path, progress: Progress = ignore, workers: int = 2) -> BatchResult:
    return run_batch(listed, listed.parent / "out", FAST, BatchOptions(workers), command=STUB, progress=progress)


def made(folder: Path) -> Counter[str]:
    return Counter(line.split()[0] for line in (folder / "out" / "made.txt").read_text().splitlines())


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_each_pair_once_and_the_second_run_does_nothing(tmp_path: Path) -> None:
    listed, steps = write_pairs(tmp_path, "oil", "ink", "red"), list[Step]()
    result = batch(listed, steps.append)
    assert made(tmp_path) == Counter([f"{p}_{s}" for p in ("anna", "bob") for s in ("oil", "ink", "red")])
    lines = [line.split() for line in (tmp_path / "out" / "made.txt").read_text().splitlines()]
    assert len({pid for _, pid, *_ in lines}) == 2  # a worker is not started anew for every pair
    assert [s.overall for s in steps if s.overall] == sorted(s.overall for s in steps if s.overall)
    assert steps[-1].overall == 1
    assert result.fresh == 6
    assert load_image(tmp_path / "out" / result.sheets[0]).pixels.shape[1] == 1800
    again = batch(listed)
    assert (again.fresh, len(again.records)) == (0, 6)
    assert sum(made(tmp_path).values()) == 6
    assert "6 of them by an earlier run" in again.summary()


def test_finished_pairs_lend_their_stages(tmp_path: Path) -> None:
    batch(write_pairs(tmp_path, "oil", "ink"), workers=1)
    lent = {name: rest[1] if rest[1:] else "" for name, *rest in
            (line.split() for line in (tmp_path / "out" / "made.txt").read_text().splitlines())}
    assert lent == {
        "anna_oil": "", "anna_ink": "sculpt", "bob_oil": "regions,style-head", "bob_ink": "regions,sculpt,style-head"}


def test_what_changed_is_made_again(tmp_path: Path) -> None:
    listed = write_pairs(tmp_path, "oil", "ink")
    batch(listed)
    save_png(tmp_path / "anna.png", np.full((80, 80, 3), 0.9, np.float32))
    (tmp_path / "out" / "bob_ink" / "manifest.json").unlink()
    (tmp_path / "out" / ".batch" / "bob_oil.json").write_text("[]")
    assert batch(listed).fresh == 4
    assert made(tmp_path) == Counter({"anna_oil": 2, "anna_ink": 2, "bob_ink": 2, "bob_oil": 2})


def test_a_photo_that_goes_away_before_work_begins_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, read = write_pairs(tmp_path, "oil"), run.read_pairs

    def read_and_gone(*given: Any, **named: Any) -> Any:
        pairs = read(*given, **named)
        (tmp_path / "bob.png").unlink()
        return pairs

    monkeypatch.setattr(run, "read_pairs", read_and_gone)
    with pytest.raises(BadImage, match=r"bob.png: cannot be read"):
        batch(listed)


def test_a_worker_killed_once_loses_nothing(tmp_path: Path) -> None:
    result = batch(write_pairs(tmp_path, "dies_once", "oil"))
    assert {record["state"] for record in result.records} == {"done"}
    assert made(tmp_path) == Counter({"anna_dies_once": 2, "bob_dies_once": 2, "anna_oil": 1, "bob_oil": 1})


def test_a_worker_killed_from_outside_loses_nothing(tmp_path: Path) -> None:
    listed, log = write_pairs(tmp_path, "slow", photos=("anna",)), tmp_path / "out" / "made.txt"
    killed: list[int] = []

    def kill(step: Step) -> None:
        if "paint" in step.note and not killed:
            killed.append(int(log.read_text().split()[1]))
            os.kill(killed[0], signal.SIGKILL)

    assert batch(listed, kill).records[0]["state"] == "done"
    assert made(tmp_path) == Counter({"anna_slow": 2})


def test_refusals_crashes_and_deaths_are_told_and_the_rest_is_made(tmp_path: Path) -> None:
    listed = write_pairs(tmp_path, "refuse", "crash", "dies_always", "oil", photos=("anna",))
    with pytest.raises(PairsFailed, match="3 of 4 pairs") as caught:
        batch(listed)
    told = dict(caught.value.failed)
    assert "no face found" in told["anna_refuse"]
    assert "a fault of the stub" in told["anna_crash"]
    assert "ended 3 times" in told["anna_dies_always"]
    assert (tmp_path / "out" / "contact_sheet.png").exists()
    states = {record["name"]: record["state"] for record in json.loads((tmp_path / "out" / "batch.json").read_text())}
    assert states == {"anna_refuse": "refused", "anna_crash": "crashed", "anna_dies_always": "died", "anna_oil": "done"}
    with pytest.raises(PairsFailed):
        batch(listed)
    assert made(tmp_path)["anna_oil"] == 1  # only what failed is tried again
    assert made(tmp_path)["anna_refuse"] == 2


def test_killing_the_batch_ends_its_workers_and_the_next_one_goes_on(tmp_path: Path) -> None:
    listed = write_pairs(tmp_path, "oil", "slow", photos=("anna",))
    code = (f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_run; "
            f"from pathlib import Path; test_run.batch(Path({str(listed)!r}), workers=1)")
    parent = subprocess.Popen([sys.executable, "-c", code])
    log = tmp_path / "out" / "made.txt"
    recorded = tmp_path / "out" / ".batch" / "anna_oil.json"
    wait_until(lambda: log.exists() and "anna_slow" in log.read_text() and recorded.exists())
    with pytest.raises(OutputError, match="another batch"):
        batch(listed)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    worker = int(log.read_text().split()[1])
    wait_until(lambda: not Path(f"/proc/{worker}").exists() or "zombie" in Path(f"/proc/{worker}/status").read_text())
    result = batch(listed)
    assert result.fresh == 1
    assert made(tmp_path) == Counter({"anna_oil": 1, "anna_slow": 2})


def test_workers_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_cores", lambda: 2)
    listed = write_pairs(tmp_path, "cores", "cores_too")
    batch(listed, workers=2)
    told = [path.read_text() for path in (tmp_path / "out").glob("*/cores")]
    assert told == ["1"] * 4
    batch(write_pairs(tmp_path, "cores_alone", photos=("eve",)), workers=2)
    assert (tmp_path / "out" / "eve_cores_alone" / "cores").read_text() == "2"


def test_workers_are_counted() -> None:
    assert run.worker_count(3, 10) == 3
    assert run.worker_count(9, 2) == 2
    assert 1 <= run.worker_count(0, 1000) <= (os.cpu_count() or 1)
    with pytest.raises(BadOption, match="--workers"):
        run_batch(Path("x.csv"), Path("out"), FAST, BatchOptions(1000))

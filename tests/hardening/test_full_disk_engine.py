"""The real engine on a disk that is full, out of names, read-only from one moment on, or that takes no large file: one
line with what to do, no result half there, and the next run makes it good.

    pytest -m long -s -n 0 tests/hardening/test_full_disk_engine.py        # TWINBRUSH_DISKS=12 is the default
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from twinbrush.app import demo
from twinbrush.road.run import CACHE

SMALL_DISK = Path(__file__).with_name("small_disk.py")
DISKS = int(os.environ.get("TWINBRUSH_DISKS", "12"))
SEED = int(os.environ.get("TWINBRUSH_FUZZ_SEED", "4004"))
NEEDED_KB = 240_000  # of a figure at this size: kept stages, results, the next stage beside the old one
OPTIONS = ["--preset", "fast", "--size", "128", "--texture-size", "256", "--still-size", "128"]


def can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return False
    tried = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = [pytest.mark.long, pytest.mark.skipif(not can_mount(Path(__file__).parent), reason="no disk can be made")]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def whole(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """{file: sha256} of an undisturbed run's results, and its seconds."""
    folder = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    (code, said), found = on_disk(folder, {"run": command(photo, folder)}, {"look": True})
    assert code == 0, said
    return results(found), time.monotonic() - began


def command(photo: Path, folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "twinbrush", "stylize", str(photo), str(demo.bundled_styles()["oil"]),
            "-o", str(folder / "out"), *OPTIONS, *more]  # fmt: skip


def on_disk(folder: Path, *steps: dict[str, Any]) -> list[Any]:
    """What became of the steps (small_disk.py) on a disk at `folder`."""
    words = ["unshare", "-rm", sys.executable, str(SMALL_DISK), str(folder)]
    done = subprocess.run(words, input=json.dumps(steps), stdout=subprocess.PIPE, text=True, check=True)
    answers = zip(json.loads(done.stdout), steps, strict=True)
    return [answer for answer, step in answers if "run" in step or "look" in step]


def results(found: dict[str, str]) -> dict[str, str]:
    """What is in the results' folder but for the kept stages and the manifest with its times."""
    return {name: digest for name, digest in found.items() if CACHE not in name and not name.endswith("manifest.json")}


def told_in_one_line(run: list[Any], problem: str) -> None:
    code, said = run
    lines = [line for line in said.splitlines() if not line.startswith("twinbrush: [")]
    assert code == 2, said
    assert len(lines) == 2, said  # "starting", and the line
    assert problem in lines[1], said


def sizes() -> list[int]:
    rng = random.Random(SEED)
    return [40, *sorted(round(rng.uniform(0.01, 0.8) * NEEDED_KB) for _ in range(DISKS - 1))]


@pytest.mark.parametrize("kilobytes", sizes())
def test_a_disk_that_fills(kilobytes: int, photo: Path, tmp_path: Path) -> None:
    first, left = on_disk(
        tmp_path, {"mount": f"size={kilobytes}k"}, {"run": command(photo, tmp_path)}, {"look": True})
    told_in_one_line(first, "the disk is full. Free some space or choose another folder.")
    assert left == {}


@pytest.mark.parametrize("kilobytes", [0, 9_000, 20_000])
def test_old_results_outlive_a_full_disk(
    kilobytes: int, photo: Path, whole: tuple[dict[str, str], float], tmp_path: Path
) -> None:
    """Other options over finished results: they stay as they were, down to the last byte."""
    other = {"run": command(photo, tmp_path, "--identity", "0.9")}
    _, old, full, left, again, made = on_disk(
        tmp_path, {"mount": f"size={NEEDED_KB}k"}, {"run": command(photo, tmp_path)}, {"look": True},
        {"left": kilobytes}, other, {"look": True}, {"mount": f"size={2 * NEEDED_KB}k"}, other, {"look": True})
    told_in_one_line(full, "the disk is full")
    assert results(old) == results(left) == whole[0]
    assert old["out/manifest.json"] == left["out/manifest.json"]
    assert not [name for name in left if name.endswith(".part") or "/new-" in name]
    assert again[0] == 0
    assert results(made).keys() == whole[0].keys()
    assert results(made) != whole[0]


def test_a_disk_without_names_left(photo: Path, tmp_path: Path) -> None:
    run = {"run": command(photo, tmp_path)}
    for names in (2, 5, 9, 20):
        first, left = on_disk(tmp_path, {"mount": f"size={NEEDED_KB}k,nr_inodes={names}"}, run, {"look": True})
        told_in_one_line(first, "the disk is full")
        assert left == {}


def test_a_disk_that_becomes_read_only(photo: Path, whole: tuple[dict[str, str], float], tmp_path: Path) -> None:
    """Nothing can be taken away there; the next run on a disk that can be written does it."""
    rng, hits, seconds = random.Random(SEED), 0, whole[1]
    while hits < 4:
        first, left, second, made = on_disk(
            tmp_path, {"mount": f"size={NEEDED_KB}k"},
            {"run": command(photo, tmp_path), "read_only_after": rng.uniform(0, seconds)}, {"look": True},
            {"mount": f"rw,size={2 * NEEDED_KB}k"}, {"run": command(photo, tmp_path)}, {"look": True})
        if first[0] == 0:  # too late: it was done by then
            assert results(left) == whole[0]
            seconds *= 0.8
            continue
        hits += 1
        told_in_one_line(first, "not writable. Choose a folder you may write to.")
        assert results(left).items() <= whole[0].items()
        assert second[0] == 0
        assert results(made) == whole[0]
        assert not [name for name in made if name.endswith(".part") or "/new-" in name]


@pytest.mark.parametrize("kilobytes", [100, 3_000, 9_000, 30_000])
def test_no_file_larger_than_so_much(kilobytes: int, photo: Path, tmp_path: Path) -> None:
    limited = ["sh", "-c", f'ulimit -f {2 * kilobytes}; exec "$@"', "sh", *command(photo, tmp_path)]  # in half KB
    first, left = on_disk(tmp_path, {"run": limited}, {"look": True})
    told_in_one_line(first, "cannot be written (File too large)")
    assert left == {}

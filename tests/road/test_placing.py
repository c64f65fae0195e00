"""Results take their places all together: whatever is killed when, the next run finds old or new, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from twinbrush.base import locks
from twinbrush.base.errors import OutputError
from twinbrush.base.files import check_target, write_atomically
from twinbrush.road import placing
from twinbrush.road.placing import move_over, recover
from twinbrush.road.run import CACHE, run_folder


def _staged(out: Path, files: dict[str, str], name: str = "new-x") -> Path:
    staging = out / CACHE / name
    staging.mkdir(parents=True)
    for file, text in files.items():
        (staging / file).write_text(text)
    return staging


def _manifest(files: dict[str, str]) -> str:
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    return json.dumps({"program": {"name": "twinbrush"}, "artefacts": digests})


def _texts(out: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in out.iterdir() if p.is_file()}


OLD = {"portrait.glb": "old", "bust.stl": "old bust", "clay_0.png": "old clay"}
NEW = {"portrait.glb": "new", "clay_0.png": "new clay", "sheet.png": "new sheet"}


def _old_run(out: Path) -> None:
    out.mkdir()
    for name, text in {**OLD, "manifest.json": _manifest(OLD)}.items():
        (out / name).write_text(text)


@pytest.mark.parametrize("after", range(6))
def test_a_kill_among_the_files_is_made_good_by_the_next_run(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    _old_run(out)
    staging = _staged(out, {**NEW, "manifest.json": _manifest(NEW)})
    moves = 0
    real = os.replace

    class Killed(BaseException):
        pass

    def dies(source: Path, target: Path) -> None:
        nonlocal moves
        if moves == after:
            raise Killed
        moves += 1
        real(source, target)

    monkeypatch.setattr(placing.os, "replace", dies)
    with contextlib.suppress(Killed):
        move_over(staging, out)
    monkeypatch.undo()
    (out / CACHE / ".portrait.npz.abc.part").write_text("half")
    with run_folder(out) as cache:
        assert list(cache.iterdir()) == []
    if after == 0:  # killed before anything was decided
        assert _texts(out) == {**OLD, "manifest.json": _manifest(OLD)}
    else:
        assert _texts(out) == {**NEW, "manifest.json": _manifest(NEW)}


def test_an_interruption_among_the_files_does_not_mix_old_and_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    _old_run(out)
    real, calls = os.replace, 0

    def interrupted(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(placing.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move_over(_staged(out, {**NEW, "manifest.json": _manifest(NEW)}), out)
    assert _texts(out) == {**NEW, "manifest.json": _manifest(NEW)}


def test_only_what_an_earlier_run_wrote_and_this_one_does_not_goes_away(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    old = {**OLD, "thing.obj": "another mesh's", "../secret": "s", "bust.3mf": "edited since"}
    for name, text in {**OLD, "thing.obj": old["thing.obj"], "bust.3mf": "by hand", "mine.txt": "m"}.items():
        (out / name).write_text(text)
    (tmp_path / "secret").write_text("s")
    (out / "manifest.json").write_text(_manifest(old))
    move_over(_staged(out, {**NEW, "manifest.json": _manifest(NEW)}), out)
    kept = {"thing.obj": "another mesh's", "bust.3mf": "by hand", "mine.txt": "m"}
    assert _texts(out) == {**NEW, **kept, "manifest.json": _manifest(NEW)}
    assert (tmp_path / "secret").exists()


@pytest.mark.parametrize("text", ["", "5", "[]", '{"program": 3}', "\0", "[" * 100_000])
def test_any_text_may_stand_in_an_old_manifest(text: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text(text)
    move_over(_staged(out, {"manifest.json": "new"}), out)
    assert _texts(out) == {"manifest.json": "new"}


def test_a_result_never_takes_the_place_of_an_input_or_of_a_device(tmp_path: Path) -> None:
    out = tmp_path / "out"
    staging = _staged(out, NEW)
    (out / "sheet.png").write_text("the user's mask")
    with pytest.raises(OutputError, match="would overwrite this input"):
        move_over(staging, out, ("nowhere", str(out / "sheet.png")))
    (out / "portrait.glb").mkdir()
    with pytest.raises(OutputError, match="in the way"):
        move_over(staging, out)
    assert _texts(out) == {"sheet.png": "the user's mask"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(out / "pipe")
        with pytest.raises(OutputError, match="in the way"):
            write_atomically(out / "pipe", b"data")
        assert stat.S_ISFIFO((out / "pipe").stat().st_mode)
        with pytest.raises(OutputError, match="in the way"):
            check_target("/dev/null")


def test_the_cache_is_nobody_elses_and_no_link(tmp_path: Path) -> None:
    (tmp_path / "out" / CACHE).mkdir(mode=0o755, parents=True)
    with run_folder(tmp_path / "out") as cache:
        assert cache.stat().st_mode & 0o077 == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "new-mine").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / CACHE).symlink_to(tmp_path / "elsewhere")
    for new in (True, False):
        with pytest.raises(OutputError, match="is a link"), run_folder(tmp_path / "linked", new=new):
            pass
    assert (tmp_path / "elsewhere" / "new-mine").is_dir()
    with run_folder(tmp_path / "gone", keep=False) as cache:
        (cache / "photo.npz").write_text("the photo")
    assert not (tmp_path / "gone" / CACHE).exists()


@pytest.mark.skipif(not locks.CAN_LOCK, reason="needs flock")
def test_what_another_run_has_under_way_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys, time; from pathlib import Path; from twinbrush.road.run import run_folder\n"
        "with run_folder(Path(sys.argv[1])) as cache:\n"
        "    (cache / 'new-theirs').mkdir(); print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "there\n"
        with pytest.raises(OutputError, match="another run"), run_folder(out):
            pass
        assert (out / CACHE / "new-theirs").is_dir()
        other.kill()
    with run_folder(out) as cache:
        assert list(cache.iterdir()) == []


@pytest.mark.skipif(not locks.CAN_LOCK, reason="needs flock")
def test_a_dead_writers_part_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    target = tmp_path / "a[1].png"
    dead, living, others = (tmp_path / name for name in (".a[1].png.x.part", ".a[1].png.y.part", ".a1.png.z.part"))
    for part in (dead, living, others):
        part.write_text("half")
    with living.open() as held:
        assert locks.take(held.fileno())
        write_atomically(target, b"whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([living.name, others.name, target.name])


def test_recover_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").write_text("kept")
    (tmp_path / "cache" / "new-link").symlink_to(tmp_path / "mine")
    recover(tmp_path / "cache", tmp_path)
    assert (tmp_path / "mine" / "kept").exists()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    "listed", [[[5, "x"]], [[None, "x"]], {"clay_" + "a" * 300: "x"}, {"clay\0": "x"}, {"clay_\ud800": "x"}, 7]
)
def test_a_strange_manifest_in_the_folder_does_no_harm(listed: object, tmp_path: Path) -> None:
    out = tmp_path / "out"
    staging = _staged(out, {**NEW, "a_x": "", "manifest.json": _manifest(NEW)})
    (out / "manifest.json").write_text(json.dumps({"program": {"name": "twinbrush"}, "artefacts": listed}))
    move_over(staging, out)
    assert _texts(out) == {**NEW, "a_x": "", "manifest.json": _manifest(NEW)}


@pytest.mark.skipif(not locks.CAN_LOCK, reason="needs flock")
def test_a_folder_that_another_run_just_removed_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That one failed as soon as it had begun, and takes its folder away while this one opens it: a lock on what has no
    name any more would keep nobody out."""
    out, take = tmp_path / "out", locks.take

    def removed(descriptor: int) -> bool:
        (out / CACHE).rmdir()
        return take(descriptor)

    monkeypatch.setattr(locks, "take", removed)
    with pytest.raises(OutputError, match="another run is at work"), run_folder(out):
        pass

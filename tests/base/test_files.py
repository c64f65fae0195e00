"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from twinbrush.base import locks
from twinbrush.base.errors import BadOption, OutputError
from twinbrush.base.files import nothing_left, write_atomically


def test_writes_bytes_and_functions(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "er" / "a", b"one")
    write_atomically(tmp_path / "deep" / "er" / "a", lambda file: file.write(b"two"))
    assert (tmp_path / "deep" / "er" / "a").read_bytes() == b"two"
    assert os.listdir(tmp_path / "deep" / "er") == ["a"]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")

    def breaks(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", breaks)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(("code", "complaint"), [
    (errno.ENOSPC, "disk is full"), (errno.EDQUOT, "disk is full"), (errno.EACCES, "not writable"),
    (errno.EROFS, "not writable"), (errno.EIO, "cannot"),
])
def test_the_systems_complaints_are_told(tmp_path: Path, code: int, complaint: str) -> None:
    def full(file: BinaryIO) -> None:
        raise OSError(code, os.strerror(code))

    with pytest.raises(OutputError, match=complaint) as caught:
        write_atomically(tmp_path / "new" / "er" / "a", full)
    assert caught.value.remedy
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the umask")
def test_writing_opens_no_other_threads_files_to_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o077)

    def opens_them(mask: int) -> int:
        raise AssertionError(f"umask {mask:o} for the whole process")

    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", opens_them)
            write_atomically(tmp_path / "a", b"data")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OutputError, match="in the way"):
        write_atomically(tmp_path / "a" / "b", b"data")


@pytest.mark.skipif(not locks.CAN_LOCK, reason="needs flock")
def test_two_writers_of_one_file_do_not_sweep_each_others_parts(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tempfile.mkstemp
    swept: list[str] = []

    def made_and_swept(**where: Any) -> tuple[int, str]:
        descriptor, name = made(**where)
        if not swept:  # the other writer comes after it was made and before it is locked
            swept.append(name)
            locks.sweep_parts(tmp_path, "a")
        return descriptor, name

    monkeypatch.setattr(tempfile, "mkstemp", made_and_swept)
    write_atomically(tmp_path / "a", b"whole")
    assert not Path(swept[0]).exists()
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["a"]


def _fail(folder: Path, error: BaseException) -> None:
    with nothing_left(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_text("half")
        raise error


def test_a_users_mistake_takes_away_what_is_new_and_no_more(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept").write_text("kept")
    for folder in (mine / "a" / "b", tmp_path / "c", mine):
        with pytest.raises(BadOption):
            _fail(folder, BadOption("no", "yes"))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["mine", "mine/file", "mine/kept"]


@pytest.mark.skipif(not locks.CAN_LOCK, reason="needs flock")
def test_what_others_put_into_a_new_folder_stays(tmp_path: Path) -> None:
    cache, mine = tmp_path / "out" / "cache", tmp_path / "out" / "mine.txt"
    refused = OutputError("another run is at work there.", "wait")

    def begun_by_another_run() -> None:
        """Both saw that there was no folder; the other one was the first to lock it."""
        with nothing_left(cache):
            cache.mkdir(parents=True)
            held.enter_context(locks.held(cache))
            raise refused

    with contextlib.ExitStack() as held:
        with pytest.raises(OutputError):
            begun_by_another_run()
        assert cache.exists()
    shutil.rmtree(tmp_path / "out")

    def while_i_wrote_down_something() -> None:
        with nothing_left(cache):
            cache.mkdir(parents=True)
            mine.write_text("looks good so far")
            raise refused

    with pytest.raises(OutputError):
        while_i_wrote_down_something()
    assert list((tmp_path / "out").iterdir()) == [mine]


def test_a_file_that_cannot_be_written_takes_no_other_away(tmp_path: Path) -> None:
    def full(_: BinaryIO) -> None:
        write_atomically(tmp_path / "new" / "other", b"of another thread")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError):
        write_atomically(tmp_path / "new" / "a", full)
    assert os.listdir(tmp_path / "new") == ["other"]


def test_an_interruption_takes_nothing_away(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _fail(tmp_path / "a", KeyboardInterrupt())
    assert (tmp_path / "a" / "file").exists()


def test_a_path_that_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomically(tmp_path / ("x" * 300) / "a", b"data")

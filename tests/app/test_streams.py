"""The command line among odd names, encodings, closed pipes, full devices and signals: one line, never a traceback."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twinbrush.app import cli, terminal
from twinbrush.base import models
from twinbrush.base.errors import ModelFileError
from twinbrush.base.image import load_image, save_png
from twinbrush.base.printable import printable
from twinbrush.config import DEFAULT
from twinbrush.export import manifest as page


def test_only_visible_characters_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable("grün\n") == "grün\n"
    assert printable("a\x1b[31m\x07\x9b\u202eb\udcffc") == "a\\x1b[31m\\x07\\x9b\\u202eb\\xffc"
    assert printable("a\nb", keep="") == "a\\x0ab"
    assert cli.main(["inspect", "a\x1b[31m\nnice\u202e.jpg"]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "a\\x1b[31m\\x0anice\\u202e.jpg: there is no such file." in said


def test_a_name_that_is_no_utf8_goes_into_the_manifest(tmp_path: Path) -> None:
    name = os.fsdecode(b"me\xff\x1b.jpg")
    path = save_png(tmp_path / name, np.full((70, 70, 3), 0.5, np.float32))
    picture = load_image(path)
    given = page.InputFile(path.name, picture.sha256, 70, 70, (f"{name}: a note",))
    text = page.manifest_bytes(page.Manifest({"photo": given}, DEFAULT, "guided", warnings=(name,)))
    document = json.loads(text.decode("utf-8"))
    assert document["inputs"]["photo"]["name"] == "me\\xff\\x1b.jpg"
    assert document["warnings"] == ["me\\xff\\x1b.jpg"]
    assert document["inputs"]["photo"]["notes"] == ["me\\xff\\x1b.jpg: a note"]


def test_notes_of_a_picture_name_no_folder(tmp_path: Path) -> None:
    pixels = np.full((70, 70, 4), 0.5, np.float32)
    (note,) = load_image(save_png(tmp_path / "half.png", pixels)).notes
    assert note.startswith("half.png: ")


def _command(arguments: list[str], **environment: str) -> list[object]:
    return [[sys.executable, "-m", "twinbrush", *arguments], {**os.environ, **environment}]


def test_an_ascii_terminal_gets_escapes(tmp_path: Path) -> None:
    command, environment = _command(["models", "list"], PYTHONIOENCODING="ascii", TWINBRUSH_MODELS=str(tmp_path / "ü"))
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert b"\\xfc" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize("arguments", [["models", "list"], ["--help"], ["--version"]])
def test_a_full_device_and_a_closed_pipe_are_one_line(arguments: list[str]) -> None:
    command, environment = _command(arguments)
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # type: ignore[call-overload]
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("twinbrush: standard output cannot be written (No space left")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # type: ignore[call-overload]
    os.close(writing)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line != "twinbrush: starting"]
    assert lines == ["twinbrush: standard output was closed. Send it somewhere else."]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize("error", ["2>/dev/full", "2>&-", ""])
def test_no_run_is_lost_for_what_it_says_on_its_way(error: str) -> None:
    """Standard error on a full disk, closed, or a pipe that nobody reads: progress is not told, the work is done."""
    command, environment = _command(["models", "list"])
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(  # type: ignore[call-overload]
        ["sh", "-c", f'exec "$@" {error}', "sh", *command], env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=writing,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 0
    assert "sha256" in done.stdout


def test_a_closed_stream_gives_its_number_to_no_other_file() -> None:
    code = (
        "import os, sys\nfrom twinbrush.app.terminal import take_any_text\ntake_any_text()\n"
        "print(os.open(sys.executable, os.O_RDONLY) > 2, file=sys.stdout)"
    )
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", sys.executable, "-c", code],
                          stdout=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert done.stdout == "True\n"


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (models.CACHE_VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(models.Path, "home", homeless)
    with pytest.raises(ModelFileError, match="no place"):
        models.cache_folder()
    assert cli.main(["models", "list"]) == 2
    assert models.CACHE_VARIABLE in capsys.readouterr().err


def test_one_thread_whatever_the_shell_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in page.THREAD_VARIABLES:
        monkeypatch.setenv(name, "7")
    assert page.this_machine()["threads"] == dict.fromkeys(page.THREAD_VARIABLES, "7")  # Python code has its own way
    assert cli.main(["--version"]) == 0
    assert {name: os.environ[name] for name in page.THREAD_VARIABLES} == dict.fromkeys(page.THREAD_VARIABLES, "1")
    assert capsys.readouterr().out.startswith("twinbrush ")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_request_to_end_is_ctrl_c(name: str) -> None:
    code = (
        "import signal, sys, time\nfrom twinbrush.app import cli\n"
        f"signal.signal(signal.{name}, signal.SIG_DFL)\n"  # whoever runs the tests under nohup
        "def run(command):\n    print('there', flush=True)\n    time.sleep(60)\n"
        "cli.run = run\nsys.exit(cli.main(['models', 'list']))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stderr is not None
        assert it.stdout.readline() == "there\n"
        it.send_signal(getattr(signal, name))
        assert it.wait(30) == 130
        assert it.stderr.read().startswith("twinbrush: interrupted.")


def test_inspect_writes_no_device_and_never_over_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = save_png(tmp_path / "photo.png", np.full((70, 70, 3), 0.5, np.float32))
    before = photo.read_bytes()
    mask = tmp_path / "mask.png"
    mask.write_bytes(before)
    for target, says in ((photo, "would overwrite this input"), (mask, "would overwrite this input"),
                         (Path("/dev/null"), "in the way"), (tmp_path, "in the way")):  # fmt: skip
        assert cli.main(["inspect", str(photo), "-o", str(target), "--mask", str(mask)]) == 2
        assert says in capsys.readouterr().err
    assert photo.read_bytes() == mask.read_bytes() == before
    for regions, says in ((photo, "would overwrite this input"), (tmp_path, "in the way"),
                          (tmp_path / "." / "a.png", "the picture of what was found goes there")):  # fmt: skip
        command = ["inspect", str(photo), "-o", str(tmp_path / "b" / ".." / "a.png"), "--regions", str(regions)]
        assert cli.main(command) == 2
        assert says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mask.png", "photo.png"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stylize -dash.jpg b.jpg", "-dash.jpg: is taken for an option. If it is a file, write ./-dash.jpg."),
        ("stylize a.jpg -x.jpg", "-x.jpg: is taken for an option. If it is a file, write ./-x.jpg."),
        ("inspect -dash.jpg", "-dash.jpg: is taken for an option. If it is a file, write ./-dash.jpg."),
        ("stylize a.jpg b.jpg --bogus", "--bogus: no such option. See twinbrush stylize --help."),
        ("inspect --bogus", "--bogus: no such option. See twinbrush inspect --help."),
        ("stylize --bogus a.jpg", "--bogus: no such option. See twinbrush stylize --help."),
    ],
)
def test_words_that_begin_with_dashes_get_the_right_hint(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(line.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"twinbrush: {says}")
    assert told.endswith(f" See twinbrush {line.split()[0]} --help.\n")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--angles nan", "--angles nan: out of range"),
        ("--angles 0 inf", "--angles 0 inf: out of range"),
        ("--angles 0 90 360", "one of them twice"),
        ("--angles " + " ".join(str(k / 2) for k in range(100)), "64 are the most"),
        ("--views 5 --angles 0 90 180", "--views 5 --angles: 3 angles"),
        ("--paper.rate 0", "--paper.rate 0.0: out of range"),
        ("--paper.alpha nan", "--paper.alpha nan: out of range"),
        ("--paper.delta 1 -3", "--paper.delta 1 -3: out of range"),
        ("--paper.steps -4", "--paper.steps -4: out of range"),
        ("--paper.crop 9", "--paper.crop 9: out of range"),
        ("--paper.content-samples 3", "--paper.content-samples 3: out of range"),
        ("--paper.moment-channels -1", "--paper.moment-channels -1: out of range"),
        ("--pairs nowhere.json", "--pairs nowhere.json: there is no such file"),
        ("--mask nowhere.png", "--mask nowhere.png: there is no such file"),
        ("--weights .", "--weights .: is a folder"),
    ],
)
def test_options_are_checked_before_any_file_is_opened(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["stylize", "nowhere.obj", "nowhere.jpg", "-o", str(tmp_path / "out"), *options.split()]
    assert cli.main(arguments) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_standard_streams_without_an_encoding_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert cli.main(["--version"]) == 0


def test_a_failure_is_told_where_its_log_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(terminal.tempfile, "NamedTemporaryFile", full)
    told = terminal.report_crash(ValueError("a fault of the test"))
    assert "a fault of ours: ValueError: a fault of the test" in told
    assert "the disk is full" in told
    assert "Traceback" not in told.splitlines()[0]
    assert told.splitlines()[-1] == "ValueError: a fault of the test"  # the details are here, for want of a file

"""The command line as a user meets it: exit codes, one clear line, nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twinbrush.app import cli, demo
from twinbrush.base.image import save_png
from twinbrush.config import FAST, FaceConfig, PortraitConfig
from twinbrush.regions.inputs import read_input
from twinbrush.regions.values import COLOURS, Label
from twinbrush.road.run import run_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    demo.write_photo(folder)
    save_png(folder / "grey.png", np.full((200, 200, 3), 0.5, np.float32))
    save_png(folder / "tiny.png", np.full((1, 1, 3), 0.5, np.float32))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "astronaut.png").read_bytes()[:5000])
    (folder / "points.txt").write_text("1 2\n3 4\n")
    return folder


@pytest.mark.parametrize(
    ("photo", "says"),
    [
        ("missing.jpg", "missing.jpg"),
        ("empty.jpg", "empty"),
        ("text.jpg", "not a picture"),
        ("cut.png", "damaged or cut short"),
        ("tiny.png", "1 x 1"),
        ("grey.png", "no face found"),
        (".", "folder"),
    ],
)
def test_bad_photos_are_told_in_one_line(
    photo: str, says: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = str(demo.bundled_styles()["oil"])
    assert cli.main(["stylize", str(pictures / photo), style, "-o", str(tmp_path / "out")]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("twinbrush: [")]
    assert lines[0] == "twinbrush: starting"
    assert len(lines) == 2
    assert says in lines[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--preset", "nice"], "no such preset"),
        (["--strength", "9"], "out of range"),
        (["--face", "7"], "no face 7"),
        (["--landmarks", "points.txt"], "68"),
        (["--mask", "grey.png"], "mask"),
        (["--clicks", "1", "2", "3"], "click"),
        (["--seed", "99999999999999999999"], "out of range"),
        (["--box", "3000", "0", "3100", "100"], "outside the picture"),
        (["--max-yaw-degrees", "0"], "is turned"),
    ],
)
def test_bad_options_are_told(
    options: list[str], says: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [str(pictures / o) if (pictures / o).is_file() else o for o in options]
    arguments = ["stylize", str(pictures / "astronaut.png"), str(demo.bundled_styles()["oil"]), *named]
    assert cli.main([*arguments, "-o", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_unknown_command_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stilize"]) == 2
    assert "no such command" in capsys.readouterr().err
    assert cli.main([]) == 2
    assert cli.main(["--help"]) == 0
    assert "twinbrush stylize" in capsys.readouterr().out
    assert cli.main(["--version"]) == 0


def test_preset_gives_defaults_that_options_override() -> None:
    command = cli.parse(["stylize", "a.jpg", "b.jpg", "--preset", "fast", "--strength", "0.3", "--style.face", "1"])
    assert isinstance(command, cli.Stylize)
    assert command.options.views == FAST.views
    assert command.options.align.strength == 0.3
    assert command.options.style_face.face == 1
    assert command.options.photo_face.face is None


def test_inspect_writes_a_picture(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "seen.png"
    assert cli.main(["inspect", str(pictures / "astronaut.png"), "-o", str(out)]) == 0
    assert out.stat().st_size > 10_000
    assert "yaw" in capsys.readouterr().out


def test_regions_are_written_corrected_and_obeyed(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, regions = str(pictures / "astronaut.png"), tmp_path / "regions.png"
    assert cli.main(["inspect", photo, "-o", str(tmp_path / "seen.png"), "--regions", str(regions)]) == 0
    assert "regions.png" in capsys.readouterr().out
    drawn = np.asarray(Image.open(regions)).copy()
    assert {tuple(int(v) for v in colour) for colour in drawn.reshape(-1, 3)} <= set(COLOURS.values())
    drawn[:40] = COLOURS[Label.HEADWEAR]
    Image.fromarray(drawn).save(regions)
    config = FaceConfig(regions=regions)
    found = read_input(Path(photo), config, PortraitConfig(), art=False)
    assert found.labels is not None
    assert (found.labels[:40] == Label.HEADWEAR).all()
    Image.fromarray(drawn[:100]).save(regions)
    assert cli.main(["stylize", photo, photo, "-o", str(tmp_path / "out"), "--regions", str(regions)]) == 2
    assert "its picture has" in capsys.readouterr().err
    drawn[3, 3] = (1, 250, 1)
    Image.fromarray(drawn).save(regions)
    assert cli.main(["stylize", photo, photo, "-o", str(tmp_path / "out"), "--style.regions", str(regions)]) == 2
    assert "legend" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_models_list_names_places_and_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert text.count("sha256") == 6  # four needed networks, MODNet, and the optional VGG-16
    assert text.count("Apache-2.0") == 8  # those but VGG-16, two networks and the template of our own


def test_our_own_fault_names_a_log_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(command: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(cli, "run", fail)
    assert cli.main(["models", "list"]) == 1
    message = capsys.readouterr().err
    log = Path(message.split("The details are in ")[1].split(": please")[0])
    assert "RuntimeError: a fault" in log.read_text()
    log.unlink()


def test_reshape_without_a_change_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reshape", "out"]) == 2
    told = capsys.readouterr().err
    assert "reshape: nothing to change. Give --strength, --caricature, --hair-shape or --relief." in told


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stylize a.jpg b.jpg --strenght 3", "--strenght: no such option. Did you mean --strength?"),
        ("stylize a.jpg b.jpg --veiws 3 --stil", "--veiws and --stil: no such option. Did you mean --views and --stl?"),
        ("stylize a.jpg b.jpg --seed x", "--seed: 'x' is not a whole number."),
        ("stylize a.jpg b.jpg --strength x", "--strength: 'x' is not a number."),
        ("stylize a.jpg b.jpg --box 1 2 3", "--box: 1 2 3 given, four numbers expected."),
        ("stylize a.jpg b.jpg --seed", "--seed needs a value."),
        ("stylize a.jpg b.jpg c.jpg", "c.jpg: not expected here."),
        ("stylize a.jpg b.jpg --method foo", "--method foo: no such choice; it is one of hybrid, guided, paper,"),
        ("stylize a.jpg", "a path is missing: the style portrait"),
        ("stylize", "a path is missing: the face photo, or a mesh"),
        ("models fetc", "models: no such command. Did you mean models fetch?"),
    ],
)
def test_mistaken_options_are_told_in_one_line_with_a_remedy(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(line.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith(f"twinbrush: {says}")
    assert " --help." in told.err


def test_help_of_a_command_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["stylize", "--help"])
    assert not end.value.code
    assert "--strength" in capsys.readouterr().out


def test_an_interruption_while_importing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tyro.py").write_text("raise KeyboardInterrupt\n")  # Ctrl-C in the first moments
    done = subprocess.run(
        [sys.executable, "-m", "twinbrush", "models", "list"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr == "twinbrush: interrupted before anything was started.\n"


def test_the_installed_command_is_the_guarded_entry_point() -> None:
    (command,) = entry_points(group="console_scripts", name="twinbrush")
    assert command.value == "twinbrush.__main__:main"
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"] == {"twinbrush": command.value}


def test_a_kernel_that_cannot_be_kept_is_used_nevertheless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of numba's folder is full: the results may lie on another one."""
    import numba
    from numba.core import caching

    tried: list[object] = []

    def full(*given: object) -> None:
        tried.append(given)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "compiled"))
    with run_folder(tmp_path / "out"), run_folder(tmp_path / "other"):

        @numba.njit(cache=True)
        def doubled(number: int) -> int:
            return 2 * number

        assert doubled(4) == 8
    assert len(tried) == 1


def test_kernels_are_compiled_where_neither_the_package_nor_the_home_can_be_written(tmp_path: Path) -> None:
    """A read-only installation: a file in the place of every cache folder stops root, too."""
    package = tmp_path / "site" / "twinbrush"
    shutil.copytree(ROOT / "src" / "twinbrush", package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [package, *(p for p in package.rglob("*") if p.is_dir())]:
        (folder / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    (tmp_path / "temporary").mkdir()
    code = "from twinbrush.base import rasterize; print(rasterize.__file__)"
    hidden = {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "TWINBRUSH_MODELS"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden} | {
        "PYTHONPATH": str(tmp_path / "site"), "HOME": str(tmp_path / "home" / "nobody"),
        "TMPDIR": str(tmp_path / "temporary"),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert str(package) in done.stdout
    (cache,) = (tmp_path / "temporary").iterdir()
    assert cache.stat().st_mode & 0o077 == 0

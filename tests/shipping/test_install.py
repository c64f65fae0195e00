"""The wheel in a virtual environment of its own, far from the checkout: the command line, and a figure from it.

Long: it installs everything (the index that pip is set to). `pytest -m long -n 0 -s tests/shipping/test_install.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from shipped import ROOT, built, copied

pytestmark = pytest.mark.long


def call(program: Path, *words: str, folder: Path) -> str:
    """What a command prints; it must end well. Nothing of the checkout is on its path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run([program, *words], cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert run.returncode == 0, (words, run.stdout[-1500:], run.stderr[-1500:])
    return run.stdout


def test_an_installed_wheel_makes_a_figure(tmp_path: Path) -> None:
    wheel = built("wheel", copied(tmp_path / "checkout"), tmp_path / "wheel")
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    pinned = str(ROOT / "constraints.txt")
    call(programs / "python", "-m", "pip", "install", "--quiet", "-c", pinned, f"{wheel}[studio]", folder=tmp_path)
    place = call(programs / "python", "-c", "import twinbrush; print(twinbrush.__file__)", folder=tmp_path)
    assert Path(place.strip()).is_relative_to(tmp_path / "env")
    for command in ("stylize", "sculpt", "batch", "studio", "reshape", "inspect", "models", "demo"):
        assert command in call(programs / "twinbrush", "--help", folder=tmp_path)
    call(programs / "twinbrush", "models", "fetch", folder=tmp_path)
    photo = "from pathlib import Path; from twinbrush.app.demo import write_photo; write_photo(Path())"
    call(programs / "python", "-c", photo, folder=tmp_path)
    call(programs / "twinbrush", "sculpt", "astronaut.png", "-o", "out", folder=tmp_path)
    assert (tmp_path / "out" / "figure.glb").read_bytes()[:4] == b"glTF"
    assert (tmp_path / "out" / "viewer.html").stat().st_size > 100_000
    page = ("from importlib.resources import files; "
            "print(len(files('twinbrush.app.studio').joinpath('page/studio.js').read_text()))")
    assert int(call(programs / "python", "-c", page, folder=tmp_path)) > 1000

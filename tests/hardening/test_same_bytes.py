"""The same seed gives the same bytes in any process, on one core and on two, wherever it runs; and no output tells of
the camera, of who took the photo, or of the machine.

    pytest -m long -s -n 0 tests/hardening/test_same_bytes.py
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import traces
from twinbrush.app import demo
from twinbrush.base.beside import CORES_VARIABLE
from twinbrush.export.manifest import THREAD_VARIABLES

pytestmark = pytest.mark.long
OPTIONS = ["--preset", "fast", "--size", "128", "--texture-size", "256", "--still-size", "128", "--relief", "0.4",
           "--stl", "--threemf", "--turntable", "--turntable-frames", "4"]  # fmt: skip


def run(photo: Path, style: Path, out: Path, **environment: str) -> dict[str, str]:
    """{file: sha256} of a figure that a process of its own made; the manifest without its times."""
    out.parent.mkdir()
    clean = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES} | environment
    words = [sys.executable, "-m", "twinbrush", "stylize", photo, style, "-o", out, *OPTIONS]
    done = subprocess.run(words, cwd=out.parent, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir() if path.is_file()}
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest["volatile"]
    return made | {"manifest.json": json.dumps(manifest)}


def test_two_processes_one_core_and_two_and_no_traces(tmp_path: Path) -> None:
    photo = traces.marked(demo.write_photo(tmp_path / "plain"), tmp_path / "photo.jpg")
    style = traces.marked(demo.bundled_styles()["oil"], tmp_path / "style.png")
    package = str(Path(demo.__file__).parents[2])
    two = run(photo, style, tmp_path / "a" / "out", **{
        "PYTHONPATH": package, CORES_VARIABLE: "2", "PYTHONHASHSEED": "1"})
    one = run(photo, style, tmp_path / "elsewhere" / "results", **{
        "PYTHONPATH": package, CORES_VARIABLE: "1", "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo",
        "LC_ALL": "C"})
    assert {"figure.stl", "figure.3mf", "figure.glb", "viewer.html", "turntable.webp"} <= two.keys()
    assert [name for name in two if two[name] != one.get(name)] == []
    assert two.keys() == one.keys()
    words = [traces.CAMERA, traces.OWNER, traces.PLACE, traces.NOTE, *traces.of_machine(tmp_path)]
    told = traces.found(tmp_path / "a" / "out", words)
    assert told.keys() == two.keys()
    assert {name: which for name, which in told.items() if which} == {}

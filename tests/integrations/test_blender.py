"""The Blender add-on: its zip, its call of the program, and (where a Python with `bpy` is named) real Blender.

    python3.11 -m venv blender && blender/bin/pip install bpy==5.0.1
    TWINBRUSH_BLENDER=blender/bin/python pytest tests/integrations/test_blender.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from figure_file import write_glb

ROOT = Path(__file__).parents[2]
BLENDER = ROOT / "integrations" / "blender"
STUB = """
import json, shutil, sys
from pathlib import Path
words = sys.argv[1:]
out = Path(words[words.index("-o") + 1])
out.mkdir(parents=True, exist_ok=True)
(out / "words.json").write_text(json.dumps(words))
print("twinbrush: [1.0 s] sculpt", file=sys.stderr)
if "no_face.png" in words[1]:
    print("twinbrush: no_face.png: no face found. Use a clearer picture.", file=sys.stderr)
    sys.exit(2)
shutil.copy(GLB, out / "figure.glb")
"""


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("zip") / "twinbrush_blender.zip"
    subprocess.run([sys.executable, str(BLENDER / "pack.py"), str(target)], check=True, capture_output=True)
    return target


def test_the_zip_is_an_extension_of_blenders(zipped: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        names = set(archive.namelist())
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    assert {"__init__.py", "panel.py", "figure.py", "program.py", "blender_manifest.toml", "LICENSE"} == names
    assert {"schema_version", "id", "version", "name", "tagline", "maintainer", "type", "blender_version_min",
            "license"} <= manifest.keys()
    assert (manifest["id"], manifest["type"]) == ("twinbrush_blender", "add-on")
    assert len(manifest["tagline"]) <= 64
    assert manifest["tagline"][-1] != "."
    assert all(len(text) <= 64 or name == "files" for name, text in manifest["permissions"].items())
    subprocess.run([sys.executable, str(BLENDER / "pack.py"), str(tmp_path / "again.zip")], check=True)
    assert (tmp_path / "again.zip").read_bytes() == zipped.read_bytes()


def test_the_command_that_is_called_is_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BLENDER / "twinbrush_blender")
    import program

    from twinbrush.app import cli

    (tmp_path / "p.png").write_bytes(b"x")
    photo = style = str(tmp_path / "p.png")
    for words in (program.command_line(["twinbrush"], photo, style, tmp_path, "fast", 0.5, 1.5, relief=False),
                  program.command_line(["twinbrush"], photo, "", tmp_path)):
        assert cli.parse(words[1:]) is not None
    assert "sculpt" in words
    with pytest.raises(program.ProgramError, match="choose a picture"):
        program.command_line(["twinbrush"], str(tmp_path / "none.png"), style, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(program.ProgramError, match="not installed"):
        program.find_program("")


def python_with_bpy() -> str:
    named = os.environ.get("TWINBRUSH_BLENDER", "")
    if named:
        return named
    if find_spec("bpy") is None:
        pytest.skip("no Python with Blender's bpy (TWINBRUSH_BLENDER names one)")
    return sys.executable


@pytest.fixture(scope="module")
def told(zipped: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the add-on did in real Blender."""
    python, folder = python_with_bpy(), tmp_path_factory.mktemp("blender")
    addon = folder / "addons" / "twinbrush_blender"
    zipfile.ZipFile(zipped).extractall(addon)
    glb = write_glb(folder / "figure.glb")
    stub = folder / "stub.py"
    stub.write_text(STUB.replace("GLB", repr(str(glb))))
    script = Path(__file__).with_name("in_blender.py")
    run = subprocess.run(
        [python, str(script), str(addon.parent), str(glb), str(stub), str(folder)], capture_output=True, text=True,
        check=False, env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")})
    lines = [line for line in run.stdout.splitlines() if line.startswith("TOLD")]
    assert lines, run.stderr[-3000:]
    return {**json.loads(lines[0][4:]), "folder": folder}


def test_a_figure_in_blender(told: dict[str, Any]) -> None:
    from twinbrush.sculpt.template import template

    assert set(told["objects"]) == {"Head", "EyeLeft", "EyeRight", "Teeth", "Hair", "Bust"}
    assert set(told["objects"].values()) == {"MESH"}
    assert set(told["keys"]) == set(template().expressions.names)
    assert len(told["keys"]) == 51
    assert told["parents"]["Head"] is None
    assert {told["parents"][name] for name in ("EyeLeft", "EyeRight", "Teeth")} == {"Head"}
    assert 0.15 < told["height_m"] < 0.4
    assert told["collection"].startswith("Twinbrush ")


def test_materials_have_normals_and_roughness(told: dict[str, Any]) -> None:
    for name in ("Head", "Hair", "Bust"):
        assert {"Base Color", "Normal", "Roughness"} <= set(told["materials"][name]), name
    assert told["materials"]["EyeLeft"] == ["Base Color"]
    assert told["normal_image"] == "Non-Color"


def test_eyes_and_teeth_follow_the_heads_shape_keys(told: dict[str, Any]) -> None:
    rest, gaze = told["gaze"]["rest"], told["gaze"]
    assert gaze["eyeLookDownLeft"][2] < rest[2] - 0.3
    assert gaze["eyeLookUpLeft"][2] > rest[2] + 0.3
    assert gaze["eyeLookOutLeft"][0] > rest[0] + 0.3  # the person's left is +x
    assert gaze["eyeLookInLeft"][0] < rest[0] - 0.3
    assert told["teeth_open"] == 0.6


def test_the_operator_calls_the_program_and_tells_its_refusals(told: dict[str, Any]) -> None:
    assert told["made"] == ["FINISHED"]
    assert told["said"].startswith("Done")
    assert told["heads"] == 2
    words = json.loads((told["folder"] / "made" / "words.json").read_text())
    assert words[0] == "stylize"
    assert words[words.index("--strength") + 1] == "0.5"
    assert words[words.index("--preset") + 1] == "fast"
    assert "no face found. Use a clearer picture." in told["refused"]
    assert "cannot be read as a figure" in told["no_figure"]
    assert "there is no such program" in told["missing"]
    assert told["gone"]

"""The Python page of the documentation runs as it stands, and the README names only options that exist."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from figures import SMALL
from twinbrush import cli, demo
from twinbrush.config import PRESETS

ROOT = Path(__file__).parents[1]


def test_the_api_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(demo.write_photo(tmp_path), tmp_path / "photo.png")
    shutil.copy(demo.bundled_styles()["woodcut"], tmp_path / "style.png")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    assert len(blocks) >= 8
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "fast", SMALL)  # the page says "fast": types checked, that would take minutes
    exec("\n".join(blocks), {"__name__": "api_page"})
    assert (tmp_path / "figure.glb").stat().st_size > 100_000
    assert (tmp_path / "out" / "sheet.png").exists()


def test_every_command_in_the_readme_parses() -> None:
    lines = [
        line.strip().partition(" # ")[0]
        for line in (ROOT / "README.md").read_text().splitlines()
        if line.startswith("    ") and "twinbrush " in line
    ]
    assert len(lines) > 10
    for line in lines:
        assert cli.parse(shlex.split(line)[1:]) is not None


def test_links_of_the_readme_exist() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / link).exists(), link


def test_the_picture_of_the_road_is_the_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import road_picture

    assert (ROOT / "docs" / "pictures" / "road.svg").read_text() == road_picture.picture(), "make it anew"
    names = [stage.name for stages in road_picture.ROADS.values() for stage in stages]
    assert {"sculpt", "form", "shape", "pair", "triangulated", "texture", "paint"} <= set(names)
    fewer = {title: stages[:-1] for title, stages in road_picture.ROADS.items()}
    monkeypatch.setattr(road_picture, "ROADS", fewer)
    assert (ROOT / "docs" / "pictures" / "road.svg").read_text() != road_picture.picture()


_PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("training/*.md")])
_FILE = re.compile(
    r"`((?:[\w-]+/)*[\w-]+\.(?:py|md|safetensors|onnx|sh|mjs))`"
    r"|((?:benchmarks|training|examples|docs|tests)/[\w/-]+\.\w+)")
FOLDERS = ("src", "tests", "benchmarks", "training", "examples", "docs")


def _missing(text: str) -> list[str]:
    """Files of ours that a text names and that are nowhere in the repository: by their path, or by the end of it."""
    ours = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*")
            if path.is_file()} | {path.name for path in ROOT.iterdir()}
    named = {one or other for one, other in _FILE.findall(text)}
    return sorted(name for name in named if not any(path == name or path.endswith("/" + name) for path in ours))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_pages_name_only_files_that_exist(page: Path) -> None:
    assert _missing(page.read_text()) == []


def test_a_file_that_is_gone_is_found() -> None:
    assert _missing("see `portrait/relief.py`, `stages.py` and benchmarks/portrait_error.py") == [
        "benchmarks/portrait_error.py", "portrait/relief.py"]

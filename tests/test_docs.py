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

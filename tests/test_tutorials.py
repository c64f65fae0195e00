"""The page of symptoms quotes the program's own words, and the tutorials' commands and Python run as they stand."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figures import SMALL
from twinbrush.app import cli, demo
from twinbrush.config import PRESETS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


def program_text() -> str:
    """All source, with the pieces of strings that stand on several lines joined."""
    text = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    return re.sub(r'"\s*\n\s*f?"', "", text)


def quoted() -> list[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    rows = re.findall(r"^\| `([^`]+)`( \(of pip\))? \|", page, re.MULTILINE)
    return [words for words, of_others in rows if not of_others]


def test_the_words_of_symptoms_are_the_programs() -> None:
    source, words = program_text(), quoted()
    assert len(words) >= 14
    assert [one for one in words if one not in source] == []
    assert "no face was seen anywhere" not in source


def commands_and_code(page: str) -> list[tuple[str, str]]:
    """Indented `twinbrush` lines and Python blocks, in the order of the page."""
    found = re.finditer(r"^ {4,}(twinbrush [^\n]*)$|^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [("command", one[1]) if one[1] else ("python", one[2]) for one in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(demo.write_photo(tmp_path), tmp_path / "photo.png")
    shutil.copy(demo.bundled_styles()["woodcut"], tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "fast", SMALL)  # types checked, the true one would take minutes
    mask = np.zeros((512, 512), np.uint8)
    mask[10:, 100:400] = 255
    Image.fromarray(mask).save("mask.png")
    steps = commands_and_code(page.read_text())
    assert sum(kind == "command" for kind, _ in steps) >= 4
    for kind, text in steps:
        if kind == "command":
            assert cli.main(shlex.split(text)[1:]) == 0, text
        else:
            exec(text, {"__name__": page.stem})
    for command in (text for kind, text in steps if kind == "command"):
        for target in re.findall(r"-o (\S+)", command):
            assert (tmp_path / target).exists(), target

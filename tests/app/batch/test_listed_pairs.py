"""The file of pairs: what it says, and every bad line told at once before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twinbrush.app import cli
from twinbrush.app.batch.pairs import Pair, read_pairs
from twinbrush.base.errors import BadPairs
from twinbrush.base.image import save_png
from twinbrush.config import DEFAULT, FAST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("anna", "bob", "oil", "ink", "my photo", "styles/red", "styles/blue"):
        save_png(tmp_path / f"{name}.png", np.full((80, 80, 3), 0.4, np.float32))
    save_png(tmp_path / "tiny.png", np.full((3, 3, 3), 0.4, np.float32))
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def read(folder: Path, text: str, *, cross: bool = False) -> tuple[Pair, ...]:
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return read_pairs(folder / "pairs.csv", FAST, cross=cross)


def test_pairs_with_and_without_a_header(folder: Path) -> None:
    plain = read(folder, "anna.png,oil.png\nbob.png,ink.png,robert\n")
    named = read(folder, "\ufeffstyle;photo;name\noil.png;anna.png\n# told nobody\n\nink.png;bob.png;robert\n")
    for pairs in (plain, named):
        assert [(p.photo.name, p.style.name, p.name) for p in pairs] == [
            ("anna.png", "oil.png", "anna_oil"), ("bob.png", "ink.png", "robert")]
        assert pairs[0].config == FAST


def test_columns_are_options(folder: Path) -> None:
    (folder / "mask.png").write_bytes((folder / "anna.png").read_bytes())
    text = ("photo,style,strength,clicks,mask,stl\n"
            "anna.png,oil.png,0.5,1 2 3 4 5 6 7 8 9 10,,yes\nbob.png,oil.png,,,mask.png,\n")
    anna, bob = read(folder, text)
    assert anna.config.align.strength == 0.5
    assert anna.config.photo_face.clicks == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    assert anna.config.export.stl
    assert anna.config.views == FAST.views != DEFAULT.views
    assert bob.config.photo_face.mask == folder / "mask.png"
    assert not bob.config.export.stl


def test_a_folder_is_all_its_pictures_and_cross_is_each_with_each(folder: Path) -> None:
    assert [p.name for p in read(folder, "anna.png,styles")] == ["anna_blue", "anna_red"]
    text = "photo,style,face,style.face\nanna.png,oil.png,1,\nbob.png,,,\n,styles,,2\n"
    crossed = read(folder, text, cross=True)
    assert [p.name for p in crossed] == ["anna_oil", "anna_blue", "anna_red", "bob_oil", "bob_blue", "bob_red"]
    assert [p.config.photo_face.face for p in crossed] == [1, 1, 1, None, None, None]
    assert [p.config.style_face.face for p in crossed] == [None, 2, 2, None, 2, 2]


def test_names_are_free_of_surprises(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "b" / "anna.png").write_bytes((folder / "anna.png").read_bytes())
    names = [p.name for p in read(folder, "anna.png,oil.png\nb/anna.png,oil.png\nmy photo.png,oil.png\n")]
    assert names == ["anna_oil", "anna_oil_2", "my-photo_oil"]


def test_all_bad_lines_are_told_at_once(folder: Path) -> None:
    text = "\n".join([
        "photo,style,name,strength", "anna.png,oil.png,,1", "gone.png,oil.png,,", "anna.png,text.png,,",
        "tiny.png,oil.png,,", "anna.png,,,", "anna.png,ink.png,../up,", "bob.png,ink.png,,9", "bob.png,oil.png,,x",
        "anna.png,oil.png,,1", "anna.png,oil.png,a,1,1,1", "anna.png,ink.png,Same,", "bob.png,ink.png,same,"])
    with pytest.raises(BadPairs) as caught:
        read(folder, text)
    told = dict(caught.value.lines)
    expected = {
        3: "no such file", 4: "not a picture", 5: "3 x 3", 6: "style: is missing", 7: "no folder's name",
        8: "--strength 9.0: out of range", 9: "'x' is not a number", 10: "same pair as line 2", 11: "6 cells",
        13: "line 12 has it"}
    assert told.keys() == expected.keys()
    for line, what in expected.items():
        assert what in told[line]


def test_unknown_columns_unreadable_files_and_empty_ones(folder: Path) -> None:
    with pytest.raises(BadPairs, match="1 bad line") as caught:
        read(folder, "photo,style,strenght\nanna.png,oil.png,1\n")
    assert "--strenght: no such option" in caught.value.lines[0][1]
    with pytest.raises(BadPairs, match="1 bad line") as caught:
        read(folder, "photo,style\n")
    assert "no pair" in caught.value.lines[0][1]
    with pytest.raises(BadPairs, match="1 bad line") as caught:
        read(folder, 'photo,style\n"anna.png,oil.png\n')
    assert "CSV" in caught.value.lines[0][1]
    (folder / "pairs.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadPairs, match="1 bad line"):
        read_pairs(folder / "pairs.csv", FAST)
    with pytest.raises(BadPairs, match="no such file"):
        read_pairs(folder / "nothing.csv", FAST)


def test_the_command_tells_each_bad_line_and_begins_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pairs.csv").write_text("gone\n.png,oil.png\nanna.png,gone2.png\nbob.png,\x1b[31m.png\n")
    assert cli.main(["batch", str(folder / "pairs.csv"), "-o", str(folder / "out")]) == 2
    error = capsys.readouterr().err
    assert "4 bad lines, nothing was begun" in error
    assert "  line 3: " in error
    assert "\x1b" not in error
    assert not (folder / "out").exists()

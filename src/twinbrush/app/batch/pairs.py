"""The file of pairs: CSV with the columns photo, style, name and any option of `stylize`, one pair a line.

A cell may name a folder: all pictures in it. Paths begin at the file's own folder. Whatever is wrong with any line is
told before any work, all of it at once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from twinbrush.app.batch.options import options_from, words_of
from twinbrush.base.errors import BadPairs, TwinbrushError
from twinbrush.base.files import open_regular, read_file
from twinbrush.base.image import check_picture
from twinbrush.base.printable import printable
from twinbrush.config import Config, named_files
from twinbrush.meshes.guard import is_mesh_file

MOST_BYTES, MOST_PAIRS = 1 << 24, 100_000
_LARGEST = 1 << 32  # bytes of a mesh, and of a file that an option names; the readers' own limits are smaller
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2")
_OWN = ("photo", "style", "name")
_NAME_LENGTH = 80
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Pair:
    """One pair to be made. line: where it is listed; name: of its folder below the results' folder."""

    line: int
    photo: Path
    style: Path
    name: str
    config: Config


@dataclass(frozen=True)
class _Listed:
    """A pair as it is listed, its cells checked. name: "" where none is given; words: its options."""

    line: int
    photo: Path
    style: Path
    name: str
    words: tuple[str, ...]


def read_pairs(path: Path, config: Config, *, cross: bool = False) -> tuple[Pair, ...]:
    """All pairs that a file lists; cross: each of its photos with each of its styles (options of style.* go with the
    style, the others with the photo). config: the options that no line changes.

    Raises BadPairs with every bad line.
    """
    bad: dict[int, str] = {}
    rows = _rows(path, bad)
    listed = _crossed(rows, path.parent, bad) if cross else _paired(rows, path.parent, bad)
    _check_files(listed, bad)
    pairs = _named(listed, _configs(listed, config, bad), bad)
    if bad:
        raise BadPairs(path.name, [(line, bad[line]) for line in sorted(bad)])
    if not pairs:
        raise BadPairs(path.name, [(1, "there is no pair in this file.")])
    return tuple(pairs)


def _rows(path: Path, bad: dict[int, str]) -> list[Row]:
    """(line, {column: cell}) of every line that says something."""
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadPairs(path.name, [(1, "is no text in UTF-8: save it as CSV in UTF-8.")]) from error
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise BadPairs(path.name, [(0, f"{reason}.")]) from error
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)  # spreadsheets write what the country uses
    table: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                table.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        bad[reader.line_num] = f"is not CSV ({error})."
    header: list[str] = [cell.lower() for cell in table[0][1]] if table else []
    if {"photo", "style"} <= set(header):
        twice = [name for name in header if name and header.count(name) > 1]
        if twice:
            bad[table[0][0]] = f"column {twice[0]} stands there twice."
        table = table[1:]
    else:
        header = [*map(str, _OWN)]
    return [(line, row) for line, cells in table if (row := _row(line, cells, header, bad)) is not None]


def _row(line: int, cells: list[str], header: list[str], bad: dict[int, str]) -> dict[str, str] | None:
    if any(cells[len(header):]):
        bad[line] = f"has {len(cells)} cells, the columns are {len(header)} ({', '.join(header)})."
        return None
    return {name.removeprefix("--"): cell for name, cell in zip(header, cells, strict=False) if cell}


def _paired(rows: list[Row], folder: Path, bad: dict[int, str]) -> list[_Listed]:
    listed: list[_Listed] = []
    for line, row in rows:
        lacking = [what for what in ("photo", "style") if not row.get(what)]
        if lacking:
            bad[line] = f"{lacking[0]}: is missing (photos and styles to be combined freely: --cross)."
            continue
        photos, styles = (_pictures(row[what], folder, line, bad) for what in ("photo", "style"))
        name = row.get("name", "")
        if name and len(photos) * len(styles) > 1:
            bad[line] = f"name {name}: names {len(photos) * len(styles)} pairs; leave it out for a folder."
        words = _words(row, folder)
        listed += [_Listed(line, photo, style, name, words) for photo in photos for style in styles]
    return listed


def _crossed(rows: list[Row], folder: Path, bad: dict[int, str]) -> list[_Listed]:
    """Each photo with each style, every one of them once."""
    sides: dict[str, dict[tuple[Path, tuple[str, ...]], int]] = {"photo": {}, "style": {}}
    for line, row in rows:
        if row.get("name"):
            bad[line] = f"name {row['name']}: with --cross pairs have no names of their own."
        for what, found in sides.items():
            own = {key: value for key, value in row.items()
                   if key not in _OWN and key.startswith("style.") == (what == "style")}
            for picture in _pictures(row[what], folder, line, bad) if row.get(what) else []:
                found.setdefault((picture, _words(own, folder)), line)
    return [
        _Listed(max(line, other), photo, style, "", (*words, *more))
        for (photo, words), line in sides["photo"].items() for (style, more), other in sides["style"].items()]


def _words(row: dict[str, str], folder: Path) -> tuple[str, ...]:
    options = [words_of(name, value, folder) for name, value in row.items() if name not in _OWN]
    return tuple(word for words in options for word in words)


def _pictures(cell: str, folder: Path, line: int, bad: dict[int, str]) -> list[Path]:
    """The file that a cell names, or all pictures in the folder that it names."""
    path = folder / Path(cell).expanduser()
    try:
        if not path.is_dir():
            return [path]
        found = sorted(child for child in path.iterdir() if child.suffix.lower() in _PICTURES and child.is_file())
    except (OSError, ValueError) as error:
        bad[line] = f"{cell}: cannot be read ({error})."
        return []
    if not found:
        bad[line] = f"{cell}: is a folder without pictures."
    return found


def _check_files(listed: list[_Listed], bad: dict[int, str]) -> None:
    """Prove that every photo, mesh and style can be opened and is of a size that is taken."""
    if len(listed) > MOST_PAIRS:
        bad[listed[MOST_PAIRS].line] = f"here are more than {MOST_PAIRS} pairs: split the file."
        return
    told: dict[tuple[Path, bool], str] = {}
    for pair in listed:
        for path, photo in ((pair.photo, True), (pair.style, False)):
            if (path, photo) not in told:
                told[path, photo] = _trouble(path, photo)
            if told[path, photo]:
                bad.setdefault(pair.line, told[path, photo])


def _trouble(path: Path, photo: bool) -> str:
    """What is wrong with a file that a line names, or ""."""
    try:
        if photo and is_mesh_file(path):
            open_regular(path, _LARGEST).close()
        else:
            check_picture(path)
    except TwinbrushError as error:
        return str(error)
    except (OSError, ValueError) as error:
        return f"{path}: cannot be read ({error})."
    return ""


def _configs(listed: list[_Listed], start: Config, bad: dict[int, str]) -> list[Config]:
    """Each pair's options, and a complaint for every line whose options are none."""
    known: dict[tuple[str, ...], Config | str] = {}
    for pair in listed:
        if pair.words not in known:
            known[pair.words] = _config(pair.words, start)
        if isinstance(found := known[pair.words], str):
            bad.setdefault(pair.line, found)
    return [found if isinstance(found := known[pair.words], Config) else start for pair in listed]


def _config(words: tuple[str, ...], start: Config) -> Config | str:
    try:
        config = options_from(words, start)
        for file, option in named_files(config).items():
            try:
                open_regular(file, _LARGEST).close()
            except OSError as error:
                return f"{option} {file}: {error.strerror or error}."
    except TwinbrushError as error:
        return error.problem
    return config


def _named(listed: list[_Listed], configs: list[Config], bad: dict[int, str]) -> list[Pair]:
    """Every pair with a folder's name that no other has, however letters are written."""
    pairs: list[Pair] = []
    taken: dict[str, int] = {}
    seen: dict[tuple[Path, Path, tuple[str, ...], str], int] = {}
    for pair in listed:  # given names first: made ones give way
        if pair.name and (pair.name != _plain(pair.name) or pair.name.lower() in taken):
            other = taken.get(pair.name.lower())
            bad[pair.line] = (
                f"name {pair.name}: can be no folder's name; use letters, digits, - and _." if other is None
                else f"name {pair.name}: line {other} has it already.")
        if pair.name:
            taken.setdefault(pair.name.lower(), pair.line)
    for pair, config in zip(listed, configs, strict=True):
        same = (pair.photo, pair.style, pair.words, pair.name)
        if not pair.name and (first := seen.setdefault(same, pair.line)) != pair.line:
            bad.setdefault(pair.line, f"is the same pair as line {first}.")
        name = pair.name or _free(_plain(f"{pair.photo.stem}_{pair.style.stem}"), taken)
        taken.setdefault(name.lower(), pair.line)
        pairs.append(Pair(pair.line, pair.photo, pair.style, name, config))
    return pairs


def _plain(name: str) -> str:
    """The name as any file system takes it."""
    plain = re.sub(r"[^\w-]+", "-", printable(name)).strip("-")
    if len(plain.encode()) <= _NAME_LENGTH:
        return plain or "pair"
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain.encode()[: _NAME_LENGTH - 9].decode('utf-8', 'ignore')}-{digest}"


def _free(name: str, taken: dict[str, int]) -> str:
    number, free = 2, name
    while free.lower() in taken:
        free, number = f"{name}_{number}", number + 1
    return free

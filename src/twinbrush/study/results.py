"""Folders of results -> what a study shows of each: three views painted and in clay, its photo, its style."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float
from PIL import Image

from twinbrush.base.errors import BadStudy
from twinbrush.base.files import read_file

VIEWS_DEGREES = (-45, 0, 45)
SURFACES = {"painted": "figure", "clay": "clay"}
MANIFEST, VIEWER = "manifest.json", "viewer.html"
_MOST_BYTES = 1 << 28
Picture = Float[np.ndarray, "_ _ 3"]


@dataclass(frozen=True)
class Shown:
    """One result. method: as its manifest has it. photo, style: keys of the two pictures it was made from (of `photos`
    and `styles`). views: {"painted": three pictures, "clay": three pictures}, from the left to the right."""

    name: str
    method: str
    photo: str
    style: str
    views: dict[str, tuple[Picture, ...]]


@dataclass(frozen=True)
class Results:
    """All results of a study, and the pictures they were made from by their keys."""

    shown: tuple[Shown, ...]
    photos: dict[str, Picture]
    styles: dict[str, Picture]


def read_results(folder: Path) -> Results:
    """Returns every finished result of a photo below `folder`, of one method or of several. Raises BadStudy."""
    shown: list[Shown] = []
    photos: dict[str, Picture] = {}
    styles: dict[str, Picture] = {}
    for manifest in sorted(folder.rglob(MANIFEST)):
        place = manifest.parent
        if any(part.startswith(".") for part in place.relative_to(folder).parts):
            continue
        told = _told(manifest)
        inputs = told.get("inputs", {})
        if "photo" not in inputs or "style" not in inputs or not (place / VIEWER).is_file():
            continue
        photo, style = (str(inputs[role]["sha256"])[:16] for role in ("photo", "style"))
        if photo not in photos or style not in styles:
            photos[photo], styles[style] = _inputs(place / VIEWER)
        method = str(told["parameters"]["stylize"]["method"])
        views = {
            surface: tuple(_picture(place / f"{stem}_{degrees}.png") for degrees in VIEWS_DEGREES)
            for surface, stem in SURFACES.items()}
        shown.append(Shown(str(place.relative_to(folder)), method, photo, style, views))
    if not shown:
        raise BadStudy(f"{folder}: holds no finished results of photos.", "Make some: twinbrush batch.")
    _check_once(shown)
    return Results(tuple(shown), photos, styles)


def more_pictures(paths: Iterable[Path]) -> dict[str, Picture]:
    """Returns pictures of the files, and of the folders' files, by a hash of their bytes: others to choose among."""
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    out: dict[str, Picture] = {}
    for file in files:
        if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            out[hashlib.sha256(read_file(file, _MOST_BYTES)).hexdigest()[:16]] = _picture(file)
    return out


def _check_once(shown: list[Shown]) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for one in shown:
        other = seen.setdefault((one.method, one.photo, one.style), one.name)
        if other != one.name:
            raise BadStudy(f"{other} and {one.name}: one pair by one method twice.", "Take one of them away.")


def _told(manifest: Path) -> dict[str, Any]:
    try:
        found: object = json.loads(read_file(manifest, _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise BadStudy(f"{manifest}: cannot be read ({error}).", "Make that result again.") from error
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _picture(path: Path) -> Picture:
    try:
        return _decoded(read_file(path, _MOST_BYTES))
    except (OSError, ValueError, SyntaxError) as error:
        raise BadStudy(f"{path}: is no picture ({error}).", "Make that result again.") from error


def _decoded(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"), np.float32) / 255


class _Inputs(HTMLParser):
    """The pictures inside the viewer's element `inputs`, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.found = False, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.inside = self.inside or known.get("id") == "inputs"
        if self.inside and tag == "img":
            self.found.append(known.get("src") or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "aside"


def _inputs(viewer: Path) -> tuple[Picture, Picture]:
    """The photo and the style as the viewer shows them."""
    reader = _Inputs()
    try:
        reader.feed(read_file(viewer, _MOST_BYTES).decode())
        photo, style = (_decoded(base64.b64decode(src.partition("base64,")[2])) for src in reader.found[:2])
    except (OSError, ValueError, SyntaxError, binascii.Error) as error:
        raise BadStudy(f"{viewer}: photo and style are not in it ({error}).", "Make that result again.") from error
    return photo, style

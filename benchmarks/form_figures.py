"""Persons and styles for the benchmarks of form (form.py, form_sheet.py, form_cards.py), kept in a folder if asked for.

What is kept belongs to the picture and to the sources it depends on: style heads and their transfer are never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from PIL import Image

import twinbrush
from form_points.points import photo_path, style_path
from twinbrush.base import store
from twinbrush.base.camera import look_at_origin
from twinbrush.base.shade import shade
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.config.sculpt import SculptConfig
from twinbrush.export.figure_outputs import figure_mesh
from twinbrush.faces import indices
from twinbrush.regions.inputs import Input, read_input
from twinbrush.sculpt.figure import carve, fit_crop, parts_of, sculpt
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.seen import seen_person
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure

T = TypeVar("T")
TILE = 256  # pixels of a picture of a figure or of a face
TURNS_DEGREES = (0, 40)
SHOWN_MM, DISTANCE_MM = 380.0, 1500.0  # height of what a figure's picture shows, and how far its camera stands
MIDDLE_MM = np.array([0.0, -35.0, -45.0])
FACE_SHARE = 1.8  # side of a face's picture in face heights
TEXTURE = 256  # clay needs no colours
FORM_ROOMS = ("align", "shape")  # figures and crops do not depend on these rooms' sources


@dataclass(frozen=True)
class Person:
    """A sculpted photo, and its face (s, s, 3) as it is shown beside it."""

    figure: Figure
    tile: Float[np.ndarray, "s s 3"]


@dataclass(frozen=True)
class Style:
    """A style portrait's square with its regions, the face's landmarks (468, 2) in pixels of the whole picture, and the
    face (s, s, 3) as it is shown."""

    crop: Crop
    face_xy: Float[np.ndarray, "468 2"]
    tile: Float[np.ndarray, "s s 3"]


@cache
def sources() -> str:
    """Hash of the sources that figures and crops depend on."""
    digest = hashlib.sha256()
    root = Path(twinbrush.__file__).parent
    for path in sorted(p for kind in ("*.py", "*.safetensors", "*.onnx") for p in root.rglob(kind)):
        if path.relative_to(root).parts[0] not in FORM_ROOMS:
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def kept(folder: Path | None, name: str, picture: Path, kind: type[T], make: Callable[[], T]) -> T:
    """What `make` makes, from the folder if it is there."""
    if folder is None:
        return make()
    key = hashlib.sha256(sources().encode() + picture.read_bytes()).hexdigest()
    path = folder / f"{name}.npz"
    found = store.load(path, key, kind)
    if found is None:
        found = make()
        folder.mkdir(parents=True, exist_ok=True)
        store.save(path, key, found)
    return found


def read_style(name: str, folder: Path | None = None, landmarks: Path | None = None) -> Style:
    """A style portrait, its face found by the program or given as a file of 68 points. Raises TwinbrushError."""
    def make() -> Style:
        given = read_input(style_path(name), FaceConfig(landmarks=landmarks), PortraitConfig(), art=True)
        return Style(seen(given), given.face.landmarks[:, :2], face_tile(given))

    suffix = "" if landmarks is None else "_given"
    return kept(folder, f"style_{name}{suffix}", style_path(name), Style, make)


def read_person(name: str, folder: Path | None = None) -> Person:
    """A photo, sculpted whole. Raises TwinbrushError."""
    def make() -> Person:
        given = read_input(photo_path(name), FaceConfig(), PortraitConfig(), art=False)
        config = SculptConfig(texture_size=TEXTURE)
        figure = sculpt(given.picture.pixels, given.face, config, mask=given.mask, labels=given.labels,
                        others=given.others)
        return Person(figure, face_tile(given))

    return kept(folder, f"person_{name}", photo_path(name), Person, make)


def bare_figure(name: str, folder: Path | None = None) -> Figure:
    """A photo's head, eyes and teeth, without hair, bust and colours. Raises TwinbrushError."""
    def make() -> Figure:
        given = read_input(photo_path(name), FaceConfig(), PortraitConfig(), art=False)
        crop, model = seen(given), template()
        fit, found = fit_crop(model, crop)
        carved = carve(model, fit, crop)
        parts = parts_of(model, fit, found, carved)
        nothing = np.zeros((1, 1, 3), np.float32)
        return Figure(parts, nothing, model.landmarks(carved.vertices), fit.camera, fit, carved.warnings)

    return kept(folder, f"bare_{name}", photo_path(name), Figure, make)


def seen(given: Input) -> Crop:
    """The square about an input's head."""
    return seen_person(
        given.picture.pixels, given.face, mask=given.mask, labels=given.labels, others=given.others).crop


def face_tile(given: Input) -> np.ndarray:
    """The picture about the face, square; grey where the picture ends."""
    points = given.face.landmarks[:, :2]
    chin, top = points[indices.CHIN], points[indices.FOREHEAD_TOP]
    side = FACE_SHARE * float(np.linalg.norm(chin - top))
    low = (chin + top) / 2 - side / 2
    whole = Image.fromarray((np.clip(given.picture.pixels, 0, 1) * 255).astype(np.uint8))
    page = Image.new("RGB", (round(side), round(side)), (128, 128, 128))
    page.paste(whole, (-round(low[0]), -round(low[1])))
    return np.asarray(page.resize((TILE, TILE), Image.Resampling.LANCZOS), np.float32) / 255


def clay(figure: Figure, size: int = TILE) -> np.ndarray:
    """The figure in clay from the front and from 40 degrees (size, 2 size, 3)."""
    mesh, focal = figure_mesh(figure), DISTANCE_MM * size / SHOWN_MM
    return np.concatenate([
        shade(mesh, look_at_origin(np.radians(turn), 0.0, DISTANCE_MM, focal, size, size, MIDDLE_MM), mode="clay")
        for turn in TURNS_DEGREES], 1)


def picture(pixels: np.ndarray) -> Image.Image:
    """Colours 0..1 as a picture."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))

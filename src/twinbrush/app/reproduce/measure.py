"""The numbers of every run, kept beside it; and the machine study over all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.app.reproduce.runs import RECORDS, Done, content_hash, read_record
from twinbrush.base import store
from twinbrush.base.errors import ModelFileError
from twinbrush.base.files import write_atomically
from twinbrush.base.image import load_image
from twinbrush.base.mesh import Region
from twinbrush.base.shade import shades
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.evaluate.angles import consistency_at
from twinbrush.evaluate.embedders import Embedder, dlib_embedder, feature_embedder
from twinbrush.evaluate.figure_numbers import (
    Look,
    Textures,
    form_numbers,
    halved,
    look_of_figure,
    look_of_picture,
    mean_palette_distance,
    mean_texture_distance,
    soundness_numbers,
    style_distances,
    textures,
    upright_landmarks,
)
from twinbrush.evaluate.judges import lite0, vgg19
from twinbrush.evaluate.recognition import Recognition, recognition
from twinbrush.evaluate.texture import Maps
from twinbrush.export.figure_outputs import figure_mesh
from twinbrush.export.stills import framed_cameras
from twinbrush.faces.values import Face
from twinbrush.regions.engine import find_regions
from twinbrush.regions.inputs import read_input
from twinbrush.road.figure_export import load_figure
from twinbrush.sculpt.figure import fit_crop
from twinbrush.sculpt.seen import seen_person
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.shape.figure import person_head

VIEW_PX = 192  # of the pictures whose consistency is measured
HEAD_PX = 400  # of the picture of the head that embedders see
SURFACES = ("painted", "clay")


@dataclass(frozen=True)
class Jury:
    """Who judges. nets: texture; embedders: likeness; missing: why one of them does not sit."""

    nets: dict[str, Maps]
    embedders: dict[str, Embedder]
    missing: tuple[str, ...]


def make_jury(vgg: Path | None) -> Jury:
    """Returns all judges that are installed. vgg: file with VGG-19's weights."""
    nets: dict[str, Maps] = {}
    embedders: dict[str, Embedder] = {}
    missing: list[str] = []
    try:
        if vgg is None:
            raise ModelFileError("VGG-19 does not judge: no weights were named.", "Give --vgg19 FILE.")
        nets["vgg19"] = vgg19(vgg)
    except ModelFileError as error:
        missing.append(str(error))
    try:
        nets["lite0"] = lite0()
        embedders["lite0"] = feature_embedder(nets["lite0"])
    except ModelFileError as error:
        missing.append(str(error))
    try:
        embedders["dlib"] = dlib_embedder()
    except ModelFileError as error:
        missing.append(str(error))
    return Jury(nets, embedders, tuple(missing))


@dataclass
class Gallery:
    """The candidates: photos and styles as the jury sees them, each looked at once."""

    jury: Jury
    photos: Sequence[Path]
    styles: Sequence[Path]
    _faces: dict[Path, Face] = field(default_factory=dict[Path, Face])
    _persons: dict[Path, Any] = field(default_factory=dict[Path, Any])
    _looks: dict[str, Look] = field(default_factory=dict[str, Look])
    _textures: dict[str, dict[str, Textures]] = field(default_factory=dict[str, dict[str, Textures]])
    _embedded: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def face(self, style: Path) -> Face:
        """The face in a style."""
        self.looks()
        return self._faces[style]

    def person(self, path: Path) -> Float[np.ndarray, "n 3"]:
        """The template's vertices as they fit a photo. Raises TwinbrushError."""
        if path not in self._persons:
            given = read_input(path, FaceConfig(face=0), PortraitConfig(), art=False)
            crop = seen_person(given.picture.pixels, given.face, others=given.others).crop
            self._persons[path] = fit_crop(template(), crop)[0].vertices
        return self._persons[path]

    def looks(self) -> dict[str, Look]:
        """Every style at the common scale."""
        for path in self.styles:
            if path.stem not in self._looks:
                given = read_input(path, FaceConfig(face=0), PortraitConfig(), art=True)
                self._faces[path] = given.face
                regions = find_regions(given.picture.pixels, given.face, others=given.others).painted
                self._looks[path.stem] = look_of_picture(given.picture.pixels, regions, given.face)
        return self._looks

    def textures(self, net: str) -> dict[str, Textures]:
        """Every style's statistics by a net."""
        if net not in self._textures:
            judge = self.jury.nets[net]
            self._textures[net] = {name: textures(look, judge) for name, look in self.looks().items()}
        return self._textures[net]

    def halves(self, net: str) -> tuple[dict[str, Textures], dict[str, Textures]]:
        """Statistics by a net of the left and of the right half of every style's regions."""
        judge = self.jury.nets[net]
        left, right = ({name: textures(halved(look, right=side), judge) for name, look in self.looks().items()}
                       for side in (False, True))  # fmt: skip
        return left, right

    def embedded(self, who: str) -> dict[str, Any]:
        """Every photo's numbers by an embedder."""
        if who not in self._embedded:
            judge = self.jury.embedders[who]
            self._embedded[who] = {path.stem: judge(load_image(path).pixels) for path in self.photos}
        return self._embedded[who]


def numbers_of(done: Done, gallery: Gallery, out: Path) -> dict[str, Any]:
    """Returns everything measured of a run, remembered if the same run was measured with the same code and candidates.

    {"metrics": {name: value}, "styles": {judge: {style: distance}}, "photos": {embedder surface: {photo: distance}}}
    """
    job = done.job
    record = out / RECORDS / f"{job.method}__{job.pair}.numbers.json"
    names = [(path.stem, content_hash(path)) for path in (*gallery.photos, *gallery.styles)]
    key = store.stage_key("numbers", store.measuring_hash(), done.key, names,
                          sorted(gallery.jury.nets), sorted(gallery.jury.embedders))  # fmt: skip
    known = read_record(record)
    if known.get("key") == key:
        return known
    found = {"key": key, **_measured(done, gallery)}
    write_atomically(record, json.dumps(found).encode())
    return read_record(record)


def _measured(done: Done, gallery: Gallery) -> dict[str, Any]:
    job = done.job
    figure = load_figure(done.folder)
    mesh = figure_mesh(figure)
    look = look_of_figure(mesh, figure.landmarks_xyz)
    art = gallery.looks()[job.style.stem]
    metrics: dict[str, float | None] = {
        "palette": mean_palette_distance(look, art), "palette_skin": mean_palette_distance(look, art, (Region.SKIN,))}
    style = upright_landmarks(gallery.face(job.style))
    person = gallery.person(job.content)
    metrics |= form_numbers(_on_surface(figure), template().landmarks(person), style)
    metrics |= soundness_numbers(figure, person)
    for side, values in consistency_at(mesh, VIEW_PX).items():
        metrics |= {f"{name}_{side}": value for name, value in values.items() if name != "points"}
    manifest = read_record(done.folder / "manifest.json")
    for name in ("consistency_after_mean_absolute", "consistency_after_delta_e_above_5", "skew_px", "fold_overs"):
        if name in manifest.get("metrics", {}):
            metrics[f"pair_{name}"] = manifest["metrics"][name]
    styles: dict[str, dict[str, float]] = {}
    for net, judge in gallery.jury.nets.items():
        ours, known = textures(look, judge), gallery.textures(net)
        styles[net] = style_distances(ours, known)
        metrics[f"texture_{net}"] = styles[net][job.style.stem]
        metrics[f"texture_{net}_skin"] = mean_texture_distance(ours, known[job.style.stem], (Region.SKIN,))
    return {"metrics": _plain(metrics), "styles": {k: _plain(v) for k, v in styles.items()},
            "photos": _likeness(figure, gallery)}  # fmt: skip


def _on_surface(figure: Figure) -> Float[np.ndarray, "468 3"]:
    """The landmarks of the head as it is shaped."""
    return template().landmarks(person_head(template(), figure).vertices)


def _likeness(figure: Figure, gallery: Gallery) -> dict[str, dict[str, float | None]]:
    """Distances of the head's front, painted and in clay, to every photo."""
    out: dict[str, dict[str, float | None]] = {}
    mesh = figure_mesh(figure)
    head = next(part.mesh for part in figure.parts if part.name == "Head")
    (camera,) = framed_cameras(head, (0.0,), HEAD_PX)
    shown = dict(zip(SURFACES, shades(mesh, camera, ("textured", "clay")), strict=True))
    for who, embedder in gallery.jury.embedders.items():
        candidates = gallery.embedded(who)
        for surface, picture in shown.items():
            own = embedder(picture)
            out[f"{who} {surface}"] = {
                name: None if own is None or other is None else float(np.linalg.norm(own - other))
                for name, other in candidates.items()}
    return out


def _plain(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """JSON knows no nan."""
    return {name: None if value is None or not math.isfinite(value) else float(value) for name, value in values.items()}


def recognised(rows: Sequence[tuple[str, Mapping[str, float | None]]]) -> Recognition:
    """Returns the recognition of results. rows: the own candidate's name, and the distances to all."""
    names = sorted(rows[0][1])
    table = np.array([[math.nan if row[name] is None else row[name] for name in names] for _, row in rows], float)
    return recognition(table, np.array([names.index(own) for own, _ in rows]))

"""The files of a stylized mesh: the model in its own format and as GLB, viewer, stills, sheet, turntable, manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.files import write_atomically
from twinbrush.base.image import LoadedImage
from twinbrush.base.mesh import Mesh
from twinbrush.base.progress import Progress, Step
from twinbrush.config import Config
from twinbrush.export import manifest as page
from twinbrush.export.outputs import TURNTABLE_SIZE, RunReport, used_models
from twinbrush.meshes.values import SourceModel
from twinbrush.shape.displacement import ShapeResult


@dataclass(frozen=True)
class PaintedAtlas:
    """texture (t, t, 3): finished. log: numbers of painting and baking. engine, weights_sha256: who painted."""

    texture: Float[np.ndarray, "t t 3"]
    log: dict[str, float]
    engine: str
    weights_sha256: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObjectScene:
    """All that the files are made from. shape: in the model's world frame. front_degrees: azimuth of its front.
    metrics: of matching. reference (h, w, 3): the view in which points were matched. head: it went the portrait's way,
    with the face models."""

    model: SourceModel
    picture: LoadedImage
    shape: ShapeResult
    painted: PaintedAtlas
    front_degrees: float
    metrics: dict[str, float]
    reference: Float[np.ndarray, "h w 3"]
    head: bool = False

    @property
    def mesh(self) -> Mesh:
        """The result: moved and painted."""
        seam = seam_pairs(self.model.welded)
        return replace(self.shape.mesh.painted(self.painted.texture), seam=seam)

    @property
    def solid(self) -> Mesh:
        """The result's surface without texture, welded."""
        return Mesh(self.shape.mesh.vertices[self.model.first], self.model.welded_faces)


def seam_pairs(welded: Int[np.ndarray, "v"]) -> Int[np.ndarray, "s 2"]:
    """Pairs of vertices at one place: every further copy with the first."""
    first = np.unique(welded, return_index=True)[1][welded]
    copies = np.flatnonzero(first != np.arange(len(welded)))
    return np.stack([first[copies], copies], axis=1)


def write_models(scene: ObjectScene, folder: Path, progress: Progress) -> tuple[str, ...]:
    """The model's own format, GLB, and the viewer page with a slider back to the shape it had. Returns what did not
    work."""
    from twinbrush.export.viewer import write_viewer
    from twinbrush.meshes.write import write_model_or_plain

    progress(Step("export", 0, 5, "model"))
    stem = scene.model.path.stem
    warnings = write_model_or_plain(scene.model, scene.mesh.vertices, scene.painted.texture, folder, stem)
    progress(Step("export", 1, 5, "viewer"))
    before = replace(scene.model.mesh, seam=seam_pairs(scene.model.welded))
    inputs = (("Model", scene.reference), ("Style", scene.picture.pixels))
    write_viewer(scene.mesh, folder / "viewer.html", title=scene.model.path.stem, before=before, inputs=inputs)
    return warnings


def write_round(scene: ObjectScene, folder: Path, config: Config, progress: Progress) -> None:
    """Stills from eight sides painted and in clay, the sheet, the turntable, the view for clicking pairs in."""
    from twinbrush.base.image import save_png
    from twinbrush.export.allround import render_round, round_sheet, turntable_round
    from twinbrush.export.sheet import write_sheet
    from twinbrush.export.stills import write_stills

    front = scene.front_degrees
    progress(Step("export", 2, 5, "stills"))
    stills = render_round(scene.mesh, scene.solid, front, config.export.still_size)
    write_stills(stills, folder)
    save_png(folder / "reference.png", scene.reference)
    progress(Step("export", 3, 5, "sheet"))
    inputs = [("Model", scene.reference), ("Style", scene.picture.pixels)]
    write_sheet(round_sheet(inputs, stills), folder / "sheet.png")
    if config.export.turntable:
        progress(Step("export", 4, 5, "turntable"))
        frames = turntable_round(scene.mesh, front, config.export.turntable_frames, TURNTABLE_SIZE)
        write_atomically(folder / "turntable.webp", frames)


def mesh_metrics(scene: ObjectScene) -> dict[str, float]:
    """What the manifest tells about quality."""
    metrics: dict[str, float] = {}
    for values in (scene.metrics, scene.shape.metrics, scene.painted.log):
        metrics |= {k: float(v) for k, v in values.items()}
    return metrics


def write_mesh_manifest(
    scene: ObjectScene, folder: Path, config: Config, metrics: dict[str, float], run: RunReport
) -> None:
    """manifest.json (see export/manifest.py)."""
    model, picture = scene.model, scene.picture
    height, width = picture.pixels.shape[:2]
    inputs = {
        "mesh": page.MeshFile(
            model.path.name, model.sha256, model.welded_count, len(model.mesh.faces), (*model.repairs, *model.warnings)
        ),
        "style": page.InputFile(Path(picture.path).name, picture.sha256, width, height, picture.notes),
    }
    document = page.Manifest(
        inputs=inputs,
        parameters=config,
        engine=scene.painted.engine,
        weights=scene.painted.weights_sha256,
        metrics=metrics,
        warnings=run.warnings,
        models=used_models() if scene.head else (),
        artefacts={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()},
        timings=run.timings,
        machine=page.this_machine(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    page.write_manifest(document, folder / "manifest.json")

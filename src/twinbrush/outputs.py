"""The results' folder: every file is first written into a hidden folder beside it and moved over when all are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinbrush.config import Config
from twinbrush.correspond.values import AlignedStyle
from twinbrush.errors import BadMesh
from twinbrush.export import manifest as page
from twinbrush.export.surface import texture_png
from twinbrush.inputs import Input
from twinbrush.mesh import Mesh
from twinbrush.portrait.values import Portrait
from twinbrush.progress import Progress, Step
from twinbrush.reconstruct.shape import ShapeResult
from twinbrush.reconstruct.texture import BakedTexture
from twinbrush.stylize.values import Stylization
from twinbrush.views.values import ViewSet

if TYPE_CHECKING:
    from twinbrush.export.prints import Bust

NO_BACK = "--no-back"
TURNTABLE_SIZE = 448  # px: an animation to send around, not to print


@dataclass(frozen=True)
class Scene:
    """All that the last stages need."""

    content: Input
    art: Input
    portrait: Portrait
    views: ViewSet
    aligned: AlignedStyle
    painted: Stylization
    shape: ShapeResult
    baked: BakedTexture

    @property
    def mesh(self) -> Mesh:
        """The result: moved and painted."""
        return self.shape.mesh.painted(self.baked.texture)


@dataclass(frozen=True)
class Timing:
    """One stage's cost. `resumed`: it was taken from an earlier run."""

    stage: str
    cpu_seconds: float
    wall_seconds: float
    resumed: bool


@dataclass(frozen=True)
class RunReport:
    """What a run has to say besides its results."""

    warnings: tuple[str, ...]
    timings: tuple[Timing, ...]


@dataclass(frozen=True)
class Result:
    """What a run made: the files in `out`, the manifest's metrics, everything worth a warning, the costs, and what is
    to be said about single files."""

    out: Path
    files: tuple[str, ...]
    metrics: dict[str, float]
    warnings: tuple[str, ...]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """A few lines for people."""
        wall = sum(t.wall_seconds for t in self.timings)
        cpu = sum(t.cpu_seconds for t in self.timings)
        meshes = [name for name in self.files if name.endswith(".glb")]
        shown = meshes + [name for name in ("viewer.html", "sheet.png") if name in self.files]
        first = f"{self.out}: {len(self.files)} files in {wall:.1f} s ({cpu:.1f} CPU-seconds)"
        return "\n".join([first, *(f"  {self.out / name}" for name in shown), *(f"  {note}" for note in self.notes)])


def run_metrics(scene: Scene) -> dict[str, float]:
    """What every manifest tells about quality (see docs/metrics.md)."""
    from twinbrush.correspond.metrics import landmark_distance
    from twinbrush.views.consistency import view_consistency

    before = view_consistency(scene.views.images, scene.views)
    after = view_consistency(scene.painted.images, scene.painted.warped)
    metrics = {f"consistency_before_{k}": float(v) for k, v in before.items()}
    metrics |= {f"consistency_after_{k}": float(v) for k, v in after.items()}
    style = scene.aligned.view_landmarks_xy
    for name, views in (("before", scene.views), ("after", scene.painted.warped)):
        pairs = zip(views.landmarks_xy, style, strict=True)
        metrics[f"landmark_distance_{name}"] = float(np.mean([landmark_distance(xy, goal) for xy, goal in pairs]))
    for values in (scene.painted.log, scene.shape.metrics, scene.baked.metrics):
        metrics |= {k: float(v) for k, v in values.items()}
    return metrics


@dataclass(frozen=True)
class Finished:
    """The portrait as it goes into the files, and the photo's portrait in the same triangles. open_because: why it has
    no back; empty when it has one."""

    mesh: Mesh
    before: Mesh
    open_because: str = ""
    warnings: tuple[str, ...] = ()


def finish(scene: Scene, config: Config) -> Finished:
    """Give the portrait its back, unless it shall stay open (or must: that is told)."""
    from twinbrush.export.closed import close_portrait

    mesh, before = scene.mesh, scene.portrait.mesh
    if not config.reconstruct.back:
        return Finished(mesh, before, NO_BACK)
    try:
        closed, closed_before = close_portrait(mesh, before, scene.portrait.head)
    except BadMesh as error:
        return Finished(mesh, before, error.problem, (f"the portrait stays open behind: {error.problem}",))
    assert closed_before is not None
    return Finished(closed, closed_before)


def write_pictures(scene: Scene, mesh: Mesh, folder: Path, config: Config, progress: Progress) -> None:
    """Stills, sheet, turntable, the stylized views themselves."""
    from twinbrush.export.sheet import portrait_sheet, write_sheet
    from twinbrush.export.stills import render_stills, write_stills, write_turntable
    from twinbrush.image import save_png

    progress(Step("export", 3, 6, "stills"))
    stills = render_stills(mesh, config.export.still_size)
    write_stills(stills, folder)
    views = list(scene.painted.images)
    for name, view in zip(("left", "right"), views, strict=False):
        save_png(folder / f"view_{name}.png", view)
    progress(Step("export", 4, 6, "sheet"))
    sheet = portrait_sheet(scene.content.picture.pixels, scene.art.picture.pixels, views, stills)
    write_sheet(sheet, folder / "sheet.png")
    if config.export.turntable:
        progress(Step("export", 5, 6, "turntable"))
        write_turntable(mesh, folder / "turntable.webp", frames=config.export.turntable_frames, size=TURNTABLE_SIZE)


def write_meshes(scene: Scene, finished: Finished, folder: Path, config: Config, progress: Progress) -> Bust | None:
    """GLB, OBJ, PLY, the viewer page, and on request the printable bust (which is told)."""
    from twinbrush.export.gltf import write_glb
    from twinbrush.export.obj import write_obj
    from twinbrush.export.ply import write_ply
    from twinbrush.export.prints import write_bust
    from twinbrush.export.viewer import write_viewer

    mesh, before = finished.mesh, finished.before
    progress(Step("export", 0, 6, "meshes"))
    png = texture_png(mesh)
    write_glb(mesh, folder / "portrait.glb", before=before, png=png)
    write_obj(mesh, folder, png=png)
    write_ply(mesh, folder / "portrait.ply", texture_file="portrait.png")
    progress(Step("export", 2, 6, "viewer"))
    inputs = (("Photo", scene.content.picture.pixels), ("Style", scene.art.picture.pixels))
    write_viewer(mesh, folder / "viewer.html", before=before, inputs=inputs)
    return write_bust(mesh, folder, config.export, finished.open_because)


def used_models() -> list[page.UsedModel]:
    """The face models, for the manifest."""
    from twinbrush.models import list_models

    models = [entry.model for entry in list_models() if entry.state == "present"]
    return [page.UsedModel(m.name, m.sha256, m.licence, m.wheel.requirement) for m in models]


def write_manifest(
    scene: Scene, folder: Path, config: Config, metrics: dict[str, float], run: RunReport, bust: Bust | None = None
) -> None:
    """manifest.json: what went in, what was set, what came out, what it cost (see export/manifest.py)."""
    inputs = {
        role: page.InputFile(
            Path(given.picture.path).name,
            given.picture.sha256,
            given.picture.pixels.shape[1],
            given.picture.pixels.shape[0],
            given.warnings,
        )
        for role, given in (("photo", scene.content), ("style", scene.art))
    }
    artefacts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    # --no-back is a wish, not a fallback
    fallbacks = (bust.told,) if bust is not None and bust.open_because not in ("", NO_BACK) else ()
    document = page.Manifest(
        inputs=inputs,
        parameters=config,
        engine=scene.painted.method,
        weights=scene.painted.weights_sha256,
        extractor=scene.painted.extractor,
        compute=scene.painted.compute,
        metrics=metrics,
        warnings=run.warnings,
        fallbacks=fallbacks,
        bust=bust,
        models=used_models(),
        artefacts=artefacts,
        timings=run.timings,
        machine=page.this_machine(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    page.write_manifest(document, folder / "manifest.json")

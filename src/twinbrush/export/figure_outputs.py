"""A figure's files: figure.glb, .obj, .ply, stills from eight sides, viewer page, sheet, manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import Works, mapped
from twinbrush.base.mesh import Mesh
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import ExportConfig
from twinbrush.export import manifest as page
from twinbrush.export.outputs import TURNTABLE_SIZE, RunReport, used_models
from twinbrush.paint.stylization import Stylization
from twinbrush.regions.inputs import Input
from twinbrush.relief.values import Worked
from twinbrush.sculpt.values import Figure

if TYPE_CHECKING:
    from twinbrush.export.prints import Bust
    from twinbrush.paint.values import PaintedPair
    from twinbrush.shape.live import LiveShapes

SIDES_DEGREES = (0, 45, 90, 135, 180, -135, -90, -45)
LOOK_RADIANS = 0.44  # how far an eye turns at weight 1 of an eyeLook expression in the viewer (25 degrees)
Captioned = tuple[str, Float[np.ndarray, "_ _ 3"]]
Targets = dict[str, tuple[np.ndarray, np.ndarray]]
InputFiles = dict[str, page.InputFile | page.MeshFile]


@dataclass(frozen=True)
class FigureScene:
    """All that a figure's files are made of.

    inputs: what the manifest tells of the input files, by role. shown: the pictures beside the figure on the sheet,
    with their captions. parameters: the options as they were given. live: shapes for the viewer's sliders. pair: the
    painted stereo pair, of a figure that is painted. worked: its medium in relief, if any is wanted. engine: who made
    the figure, where there is no pair. before: the same figure in the photo's form and colours, to which the viewer's
    slider leads back.
    """

    figure: Figure
    inputs: InputFiles
    shown: tuple[Captioned, ...]
    parameters: object
    metrics: dict[str, float]
    live: LiveShapes | None = None
    pair: Stylization | None = None
    worked: Worked | None = None
    engine: str = "sculpt"
    before: Figure | None = None


def figure_mesh(figure: Figure) -> Mesh:
    """All parts as one textured mesh."""
    return replace(figure.whole(), texture=figure.texture)


def all_targets(figure: Figure) -> Targets:
    """The parts' morph targets by the vertices of `figure_mesh`; the eyes turn in straight lines, for the viewer."""
    collected: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    start = 0
    for part in figure.parts:
        targets = dict(part.targets)
        if part.name.startswith("Eye"):
            targets = eye_targets(part.name.removeprefix("Eye"), part.mesh.vertices, part.pivot)
        for name, (vertices, offsets) in targets.items():
            collected.setdefault(name, []).append((vertices + start, offsets))
        start += len(part.mesh.vertices)
    return {
        name: (np.concatenate([v for v, _ in pieces]), np.concatenate([o for _, o in pieces]))
        for name, pieces in collected.items()
    }


def eye_targets(side: str, vertices: Float[np.ndarray, "n 3"], pivot: Float[np.ndarray, "3"]) -> Targets:
    """An eye turned down, in (to the nose), out and up."""
    from scipy.spatial.transform import Rotation

    outward = 1.0 if side == "Left" else -1.0  # the person's left is +x
    out: Targets = {}
    for way, vector in {"Down": (1, 0, 0), "Up": (-1, 0, 0), "Out": (0, outward, 0), "In": (0, -outward, 0)}.items():
        turn = Rotation.from_rotvec(LOOK_RADIANS * np.array(vector, float)).as_matrix()
        offsets = (vertices - pivot) @ turn.T + pivot - vertices
        out[f"eyeLook{way}{side}"] = np.arange(len(vertices)), offsets
    return out


def write_figure_files(
    scene: FigureScene, folder: Path, config: ExportConfig, progress: Progress = ignore, *, stills: bool = True
) -> Bust | None:
    """Write everything but the manifest into a folder; what the printable solid is like, if one is asked for.

    stills: also stills, sheet and turntable. Raises BadMesh, OutputError.
    """
    from twinbrush.export.figure_print import write_print
    from twinbrush.export.figure_relief import print_relief

    progress(Step("export", 0, 5, "meshes"))
    with Works() as works:
        models = works.begin(partial(write_models, scene, folder))
        write_pair(scene, folder)
        if stills:
            write_pictures(scene, folder, config, progress)
        models.result()
    wanted = scene.worked is not None and (config.stl or config.threemf)
    relief = print_relief(figure_mesh(scene.figure), scene.worked) if scene.worked is not None and wanted else None
    return write_print(scene.figure, folder, config, relief)


def write_models(scene: FigureScene, folder: Path) -> None:
    """Write GLB, OBJ, PLY and the viewer page. Raises BadMesh, OutputError."""
    from twinbrush.export.figure_gltf import write_figure
    from twinbrush.export.figure_relief import gltf_detail, shown_relief
    from twinbrush.export.viewer import write_viewer
    from twinbrush.meshes.plain.obj import write_obj
    from twinbrush.meshes.plain.ply import write_ply
    from twinbrush.meshes.plain.surface import texture_png

    mesh = figure_mesh(scene.figure)
    png = texture_png(mesh)
    assert png is not None
    detail = None if scene.worked is None else gltf_detail(scene.figure, mesh, scene.worked)
    write_figure(scene.figure, folder / "figure.glb", png, detail)
    write_obj(mesh, folder, name="figure", png=png)
    write_ply(mesh, folder / "figure.ply", texture_file="figure.png")
    write_viewer(
        mesh, folder / "viewer.html", title="Figure", inputs=scene.shown, expressions=all_targets(scene.figure),
        live=scene.live, before=None if scene.before is None else figure_mesh(scene.before),
        relief=None if scene.worked is None else shown_relief(scene.worked))


def write_pair(scene: FigureScene, folder: Path) -> None:
    """Write the painted stereo pair, if there is one. Raises OutputError."""
    from twinbrush.base.image import save_png

    for name, view in zip(("left", "right"), () if scene.pair is None else scene.pair.images, strict=False):
        save_png(folder / f"view_{name}.png", view)


def write_pictures(scene: FigureScene, folder: Path, config: ExportConfig, progress: Progress = ignore) -> None:
    """Write stills, sheet, and the turntable if it is asked for. Raises OutputError."""
    from twinbrush.base.files import write_atomically
    from twinbrush.export.allround import turntable_round
    from twinbrush.export.sheet import contact_sheet, write_sheet
    from twinbrush.export.stills import write_stills

    mesh = figure_mesh(scene.figure)
    progress(Step("export", 1, 5, "stills"))
    stills = eight_sides(mesh, config.still_size, scene.worked)
    with Works() as works:
        written = works.begin(partial(write_stills, stills, folder))
        sheet = works.begin(
            lambda: write_sheet(contact_sheet(_rows(scene.shown, stills)), folder / "sheet.png"))
        if config.turntable:
            progress(Step("export", 3, 5, "turntable"))
            frames = turntable_round(mesh, 0.0, config.turntable_frames, TURNTABLE_SIZE)
            write_atomically(folder / "turntable.webp", frames)
        progress(Step("export", 4, 5, "sheet"))
        written.result()
        sheet.result()


def write_figure_manifest(scene: FigureScene, folder: Path, run: RunReport, bust: Bust | None) -> None:
    """manifest.json of the files in `folder` (see export/manifest.py). Raises OutputError."""
    pair = scene.pair
    document = page.Manifest(
        inputs=scene.inputs,
        parameters=scene.parameters,
        engine=scene.engine if pair is None else pair.method,
        weights=None if pair is None else pair.weights_sha256,
        extractor="" if pair is None else pair.extractor,
        compute="" if pair is None else pair.compute,
        metrics={**scene.metrics, **_relief_told(scene.worked)},
        warnings=run.warnings,
        models=used_models(),
        artefacts={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()},
        timings=run.timings,
        machine=page.this_machine(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        bust=bust,
    )
    page.write_manifest(document, folder / "manifest.json")


def picture_file(given: Input) -> page.InputFile:
    """What the manifest tells of a picture."""
    picture = given.picture
    height, width = picture.pixels.shape[:2]
    return page.InputFile(Path(picture.path).name, picture.sha256, width, height, given.warnings)


def figure_metrics(figure: Figure) -> dict[str, float]:
    """What the manifest tells about the fit: landmarks' distance from their pixels, of a 576-pixel crop."""
    from twinbrush.base.camera import project
    from twinbrush.sculpt.template import template

    fit = figure.fit
    found, _ = project(fit.camera, template().landmarks(fit.vertices))
    away = np.linalg.norm(found - fit.targets_xy, axis=1)[fit.visible > 0.5] * 576 / fit.camera.width
    return {
        "landmarks_median_px": float(np.median(away)), "landmarks_90_percent_px": float(np.quantile(away, 0.9)),
        "identity_rms": float(np.sqrt((fit.identity**2).mean())),
    }


def pair_metrics(pair: PaintedPair) -> dict[str, float]:
    """What the manifest tells about the painted pair: the difference between its views at the same surface points,
    before and after painting, and how far the figure's landmarks are from the style's, pixels."""
    from twinbrush.align.faces.metrics import landmark_distance
    from twinbrush.views.consistency import view_consistency

    views = pair.pair.warped
    before, after = view_consistency(views.images, views), view_consistency(pair.pair.images, views)
    metrics = {f"consistency_before_{name}": float(value) for name, value in before.items()}
    metrics |= {f"consistency_after_{name}": float(value) for name, value in after.items()}
    pairs = zip(views.landmarks_xy, pair.aligned.view_landmarks_xy, strict=True)
    return metrics | {"landmark_distance": float(np.mean([landmark_distance(xy, goal) for xy, goal in pairs]))}


def _relief_told(worked: Worked | None) -> dict[str, object]:
    """What the manifest tells about the relief: medium, height, what the medium was told by."""
    if worked is None:
        return {}
    return {"relief": {"medium": worked.relief.medium, "height_mm": worked.amplitude_mm, "seen": worked.relief.seen}}


def eight_sides(mesh: Mesh, size: int, worked: Worked | None = None) -> dict[str, Float[np.ndarray, "_ _ 3"]]:
    """{"figure_0": picture, ..., "clay_-45": picture}: eight sides in colour and in clay, with its relief."""
    from twinbrush.base.shade import shades
    from twinbrush.export.figure_relief import clay_of
    from twinbrush.export.stills import framed_cameras

    cameras = framed_cameras(mesh, SIDES_DEGREES, size)
    mesh, bumps = (mesh, None) if worked is None else clay_of(mesh, worked)
    both = mapped(lambda camera: shades(mesh, camera, ("textured", "clay"), bumps=bumps), cameras)
    return {
        f"{name}_{degrees}": stills[number]
        for number, name in enumerate(("figure", "clay"))
        for degrees, stills in zip(SIDES_DEGREES, both, strict=True)
    }


def _rows(
    inputs: tuple[Captioned, ...], stills: dict[str, Float[np.ndarray, "_ _ 3"]]
) -> list[list[tuple[str, Float[np.ndarray, "_ _ 3"]]]]:
    """The sheet: what went in and the front, then the sides."""
    front = [*inputs, ("Figure", stills["figure_0"]), ("Clay", stills["clay_0"])]
    rows = [front]
    for name in ("figure", "clay"):
        for sides in (SIDES_DEGREES[1:5], SIDES_DEGREES[5:] + SIDES_DEGREES[:1]):
            rows.append([(f"{degrees}°", stills[f"{name}_{degrees}"]) for degrees in sides])
    return rows

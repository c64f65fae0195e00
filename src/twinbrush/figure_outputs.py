"""A figure's files: figure.glb, .obj, .ply, stills from eight sides, viewer page, sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import SculptConfig
from twinbrush.mesh import Mesh
from twinbrush.progress import Progress, Step, ignore
from twinbrush.sculpt.values import Figure

if TYPE_CHECKING:
    from twinbrush.export.prints import Bust
    from twinbrush.export.viewer import LiveShapes

SIDES_DEGREES = (0, 45, 90, 135, 180, -135, -90, -45)
LOOK_RADIANS = 0.44  # how far an eye turns at weight 1 of an eyeLook expression in the viewer (25 degrees)
Captioned = tuple[str, Float[np.ndarray, "_ _ 3"]]
Targets = dict[str, tuple[np.ndarray, np.ndarray]]


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
    figure: Figure, inputs: tuple[Captioned, ...], folder: Path, config: SculptConfig, progress: Progress = ignore,
    live: LiveShapes | None = None,
) -> Bust | None:
    """Write everything but the manifest into a folder; what the printable solid is like, if one is asked for.

    inputs: the pictures that the figure was made of, with their captions.
    live: shapes for the viewer's sliders of strength and caricature (`shape.live.live_shapes`).

    Raises BadMesh, OutputError.
    """
    from twinbrush.export.figure_gltf import write_figure
    from twinbrush.export.figure_print import write_print
    from twinbrush.export.obj import write_obj
    from twinbrush.export.ply import write_ply
    from twinbrush.export.sheet import contact_sheet, write_sheet
    from twinbrush.export.stills import write_stills
    from twinbrush.export.surface import texture_png
    from twinbrush.export.viewer import write_viewer

    mesh = figure_mesh(figure)
    progress(Step("export", 0, 4, "meshes"))
    png = texture_png(mesh)
    assert png is not None
    write_figure(figure, folder / "figure.glb", png)
    write_obj(mesh, folder, name="figure", png=png)
    write_ply(mesh, folder / "figure.ply", texture_file="figure.png")
    progress(Step("export", 1, 4, "viewer"))
    write_viewer(
        mesh, folder / "viewer.html", title="Figure", inputs=inputs, expressions=all_targets(figure), live=live)
    progress(Step("export", 2, 4, "stills"))
    stills = eight_sides(mesh, config.still_size)
    write_stills(stills, folder)
    progress(Step("export", 3, 4, "sheet"))
    write_sheet(contact_sheet(_rows(inputs, stills)), folder / "sheet.png")
    return write_print(figure, folder, config)


def eight_sides(mesh: Mesh, size: int) -> dict[str, Float[np.ndarray, "_ _ 3"]]:
    """{"figure_0": picture, ..., "clay_-45": picture}: eight sides in colour and in clay."""
    from twinbrush.export.stills import framed_cameras
    from twinbrush.views.shade import shade

    cameras = framed_cameras(mesh, SIDES_DEGREES, size)
    modes: tuple[tuple[str, Literal["textured", "clay"]], ...] = (("figure", "textured"), ("clay", "clay"))
    return {
        f"{name}_{degrees}": shade(mesh, camera, mode=mode)
        for name, mode in modes
        for degrees, camera in zip(SIDES_DEGREES, cameras, strict=True)
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

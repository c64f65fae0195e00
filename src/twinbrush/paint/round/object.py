"""The all-round painting of one object: cameras, subject, engine, and the finished atlas' numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.align.objects.align import DISTANCE, ObjectAlignment, StyleObject, canvas_for, view_from
from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import StylizeConfig, ViewsConfig
from twinbrush.paint.round.lead import lead_for
from twinbrush.paint.round.one_by_one import paint_one_by_one, painting_order
from twinbrush.paint.round.subject import StyleCanvas, Subject
from twinbrush.paint.threads import one_thread
from twinbrush.views.rig import around
from twinbrush.views.surface_paint import SurfacePaint, broad_normals

DEFAULT_VIEWS = 8
CAPS = 65.0  # degrees above and below: two more views for what the ring sees only at a grazing angle
LEAST_RING = 4  # views from which on the surface shall be complete
UNIT = 0.4  # of the view: lengths in the picture (a face would be about so high)
BROAD = 0.05  # of the diagonal: radius of the normals that decide which view owns what


def view_angles(config: ViewsConfig, azimuth_degrees: float) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Azimuths and elevations, degrees, of the views that are painted: the reference view first.

    config.angles, when given, else config.views (0: 8) evenly around; 2: the paper's stereo pair. From 4 on one from
    above and one from below are added.
    """
    count = config.views or DEFAULT_VIEWS
    if config.angles:
        azimuths = azimuth_degrees + np.array(config.angles, float)
        return azimuths, np.zeros(len(azimuths))
    if count == 2:
        return azimuth_degrees + np.array([-1.0, 1.0]) * config.half_angle_degrees, np.zeros(2)
    azimuths = azimuth_degrees + np.arange(count) * 360.0 / count
    if count < LEAST_RING:
        return azimuths, np.zeros(count)
    return np.append(azimuths, [azimuth_degrees] * 2), np.append(np.zeros(count), [CAPS, -CAPS])


def cameras_for(vertices: Float[np.ndarray, "v 3"], config: ViewsConfig, azimuth_degrees: float) -> tuple[Camera, ...]:
    """The views' cameras, framed to hold `vertices` (rest and stylized shape together)."""
    azimuths, elevations = view_angles(config, azimuth_degrees)
    distance = DISTANCE * float(np.linalg.norm(np.ptp(vertices, axis=0)))
    return around(vertices, np.radians(azimuths), np.radians(elevations), size=config.size, distance_mm=distance)


@dataclass(frozen=True)
class Surroundings:
    """Everything around the painting of one object."""

    subject: Subject
    canvas: StyleCanvas
    cameras: tuple[Camera, ...]


def prepare(
    mesh: Mesh,
    welded: Int[np.ndarray, "v"],
    alignment: ObjectAlignment,
    style: StyleObject,
    config: ViewsConfig,
    *,
    coloured: bool,
) -> Surroundings:
    """mesh: the stylized shape with the content's own texture. welded: as in `SourceModel`."""
    everything = np.concatenate([mesh.vertices, alignment.target_xyz])
    cameras = cameras_for(everything, config, alignment.azimuth_degrees)
    front = view_from(everything, alignment.azimuth_degrees, config.size)
    order = painting_order(cameras, front)
    first = np.unique(welded, return_index=True)[1]
    solid, faces = mesh.vertices[first], welded[mesh.faces]
    normals = vertex_normals(solid, faces)
    diagonal = float(np.linalg.norm(np.ptp(solid, axis=0)))
    broad = broad_normals(solid, faces, normals, BROAD * diagonal)
    canvas = canvas_for(front, style, alignment)
    places = project(front, alignment.target_xyz)[0]
    facing = np.abs(broad @ front.world_to_camera[2, :3])[welded]
    if not alignment.like:
        places, facing = wrapped_places(alignment.target_xyz, places, front), np.hypot(*broad[:, [0, 2]].T)[welded]
    subject = Subject(mesh, normals[welded], broad[welded], places, facing, coloured, alignment.like)
    return Surroundings(
        subject, StyleCanvas(canvas.image, canvas.usable, UNIT * config.size), tuple(cameras[i] for i in order)
    )


def wrapped_places(
    vertices: Float[np.ndarray, "v 3"], straight_xy: Float[np.ndarray, "v 2"], front: Camera
) -> Float[np.ndarray, "v 2"]:
    """Places in the canvas for a style that shows nothing like the object: the picture is bent around it, from the left
    side over the front to the right side, and mirrored behind, so that no part is drawn out into streaks.

    straight_xy: where the front camera sees the vertices.
    """
    local = (vertices - (vertices.min(0) + vertices.max(0)) / 2) @ front.world_to_camera[:, :3].T
    half = np.maximum(np.abs(local).max(0), 1e-9)
    angle = np.arctan2(local[:, 0] / half[0], -local[:, 2] / half[2])  # 0 at the front, z points away from the camera
    across = np.where(np.abs(angle) > np.pi / 2, np.sign(angle) * np.pi - angle, angle) / (np.pi / 2)
    low, high = straight_xy[:, 0].min(), straight_xy[:, 0].max()
    return np.stack([(low + high) / 2 + across * (high - low) / 2, straight_xy[:, 1]], axis=1)


def paint_object(
    around_it: Surroundings, config: StylizeConfig, size: int, *, seed: int, progress: Progress = ignore
) -> tuple[SurfacePaint, dict[str, float]]:
    """Paint; returns the surface's atlas of `size` texels a side (to be finished) and numbers for the log."""
    subject = around_it.subject
    paint = SurfacePaint(subject.mesh, size, subject.normals, subject.broad)
    with one_thread():
        log = paint_one_by_one(
            paint, subject, around_it.canvas, around_it.cameras, config, seed=seed, lead=lead_for(config, seed),
            progress=progress,
        )  # fmt: skip
    return paint, log

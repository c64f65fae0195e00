"""A whole head that came as a mesh: the stereo pair's painting on its front, the rest painted all the way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.camera import Camera, project
from twinbrush.config import StylizeConfig, ViewsConfig
from twinbrush.correspond.allround import DISTANCE
from twinbrush.correspond.values import AlignedStyle
from twinbrush.mesh import Mesh, Region, vertex_normals
from twinbrush.progress import Progress, ignore
from twinbrush.stylize.guided.facemap import face_height
from twinbrush.stylize.surround.lead import lead_for
from twinbrush.stylize.surround.paint import Picture, paint_round, painting_order
from twinbrush.stylize.surround.run import BROAD, view_angles
from twinbrush.stylize.surround.values import StyleCanvas, Subject
from twinbrush.stylize.threads import one_thread
from twinbrush.stylize.values import Stylization
from twinbrush.views.rig import around, mean_camera
from twinbrush.views.surface_paint import SurfacePaint, broad_normals

TRUSTED = 0.4  # confidence of a style pixel's region below which it lends nothing (as for portraits)


@dataclass(frozen=True)
class Head:
    """mesh: stylized, in the portrait's frame, with the content's texture and regions. full_xyz (v, 3): its vertices at
    strength 1. welded (v,): as in `SourceModel`. coloured: the file had colours."""

    mesh: Mesh
    full_xyz: Float[np.ndarray, "v 3"]
    welded: Int[np.ndarray, "v"]
    coloured: bool


def paint_head(
    head: Head,
    aligned: AlignedStyle,
    front: Stylization,
    views: ViewsConfig,
    config: StylizeConfig,
    size: int,
    *,
    seed: int,
    progress: Progress = ignore,
) -> tuple[SurfacePaint, dict[str, float], tuple[Camera, ...]]:
    """The head's atlas of `size` texels a side: `front`, the painted stereo pair, first; then views all around. With
    numbers for the log, and the cameras."""
    mesh = head.mesh
    first = np.unique(head.welded, return_index=True)[1]
    solid, faces = mesh.vertices[first], head.welded[mesh.faces]
    diagonal = float(np.linalg.norm(np.ptp(solid, axis=0)))
    normals = vertex_normals(solid, faces)
    broad = broad_normals(solid, faces, normals, BROAD * diagonal)
    middle = mean_camera(front.warped.cameras)
    places = project(middle, head.full_xyz)[0]
    facing = np.maximum(-broad @ middle.world_to_camera[2, :3], 0)[head.welded]
    subject = Subject(
        mesh, normals[head.welded], broad[head.welded], places, facing, head.coloured, True, mesh.regions
    )
    azimuths, elevations = view_angles(views, 0.0)
    cameras = around(
        solid, np.radians(azimuths), np.radians(elevations), size=views.size, distance_mm=DISTANCE * diagonal
    )
    order = painting_order(cameras, middle)
    paint = SurfacePaint(mesh, size, subject.normals, subject.broad)
    laid: list[Picture] = [
        (camera, np.ascontiguousarray(image, np.float32))
        for camera, image in zip(front.warped.cameras, front.images, strict=True)
    ]
    with one_thread():
        log = paint_round(
            paint, subject, _canvas(aligned, views.size), tuple(cameras[i] for i in order), config, seed=seed,
            lead=lead_for(config, seed), first=laid, progress=progress,
        )  # fmt: skip
    return paint, log, cameras


def _canvas(aligned: AlignedStyle, size: int) -> StyleCanvas:
    usable = aligned.canvas_valid & (aligned.canvas_confidence >= TRUSTED)
    usable &= aligned.canvas_regions != int(Region.BACKGROUND)
    if not usable.any():
        usable = aligned.canvas_valid
    image = np.ascontiguousarray(aligned.canvas, np.float32)
    assert image.shape[:2] == (size, size)
    unit = face_height(aligned.canvas_landmarks_xy)
    return StyleCanvas(np.clip(image, 0, 1), usable, unit, aligned.canvas_regions)

"""The stereo pair on a figure: where its cameras stand, and the style brought to what they see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.align import align_style
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import INTERPUPILLARY_MM, Camera, project
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import AlignConfig, ViewsConfig
from twinbrush.faces.values import Face
from twinbrush.paint.surface import FigureSurface
from twinbrush.paint.values import WideStyle
from twinbrush.regions.values import RegionMap
from twinbrush.sculpt.portrait.geometry import CAMERA_DISTANCE_IPD
from twinbrush.sculpt.portrait.values import Portrait
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import mean_camera, ring
from twinbrush.views.values import ViewSet

HEAD_DOWN_TO_MM, HAIR_DOWN_TO_MM = -160.0, -150.0  # what the pair holds of neck and of long hair, below the eyes
HAIR_ASIDE_MM, HAIR_UP_TO_MM = 125.0, 150.0  # ... and of big hair: with all of it in the picture the face is small
EYES_AND_FACE = ("Head", "Eye", "Teeth")
BEYOND = 0.35  # of the pair's frame: how much more the ring's canvas shows of the style, on each side


def pair_cameras(surface: FigureSurface, config: ViewsConfig) -> tuple[Camera, ...]:
    """Returns the two cameras (left first) that hold the head and the hair about it; the bust is left to the ring."""
    aside, height = np.abs(surface.mesh.vertices[:, 0]), surface.mesh.vertices[:, 1]
    face, bust = surface.of(*EYES_AND_FACE), surface.of("Bust")
    near = (height > HAIR_DOWN_TO_MM) & (height < HAIR_UP_TO_MM) & (aside < HAIR_ASIDE_MM)
    held = (face & (height > HEAD_DOWN_TO_MM)) | (~face & ~bust & near)
    half = np.radians(config.half_angle_degrees)
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    return ring(surface.mesh.vertices[held], np.array([-half, half]), size=config.size, distance_mm=distance)


def pair_views(surface: FigureSurface, config: ViewsConfig, *, progress: Progress = ignore) -> ViewSet:
    """Returns the pair's pictures of the figure, with the exact correspondence between them (paper, III.A)."""
    cameras = pair_cameras(surface, config)
    return render_mesh_views(surface.mesh, surface.landmarks_xyz, cameras, progress=progress)


def wide_style(
    image: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap, surface: FigureSurface, views: ViewSet,
    config: AlignConfig, scale: float,
) -> WideStyle:
    """Returns the style portrait as `aligned_style` gives it, reduced by `scale`, with what lies beside the pair's
    frame: a portrait shows more of its clothes than the pair has room for."""
    margin = round(BEYOND * scale * max(views.cameras[0].width, views.cameras[0].height))
    wide = replace(views, cameras=tuple(_widened(camera, scale, margin) for camera in views.cameras))
    return WideStyle(aligned_style(image, face, regions, surface, wide, config), scale, margin)


def _widened(camera: Camera, scale: float, margin: int) -> Camera:
    intrinsics = camera.intrinsics.copy()
    intrinsics[:2] *= scale
    intrinsics[:2, 2] += (scale - 1) / 2 + margin
    width, height = (round(side * scale) + 2 * margin for side in (camera.width, camera.height))
    return Camera(intrinsics, camera.world_to_camera, width, height)


def aligned_style(
    image: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap, surface: FigureSurface, views: ViewSet,
    config: AlignConfig, *, strength: float = 0.0, progress: Progress = ignore,
) -> AlignedStyle:
    """Returns the style portrait turned and scaled to the figure, which looks straight ahead.

    face, regions: the style's, in pixels of `image`. strength: how far its proportions still have to be taken on (the
    paper's method; 0: the figure has its form already).
    """
    still = replace(config, strength=strength)
    return align_style(image, face, regions, _seen_as_portrait(surface, views), views, still, progress=progress)


def _seen_as_portrait(surface: FigureSurface, views: ViewSet) -> Portrait:
    """The figure as the alignment takes a portrait: its face is known from its landmarks, no picture is searched."""
    camera = mean_camera(views.cameras)
    pixels, depth = project(camera, surface.landmarks_xyz)
    scale = float(camera.intrinsics[0, 0]) / float(depth.mean())  # pixels per mm at the face
    landmarks = np.column_stack([pixels, (depth - depth.mean()) * scale])
    low, high = pixels.min(0), pixels.max(0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    face = Face(landmarks, np.eye(3), 0.0, 0.0, 0.0, 1.0, box)
    nothing = np.zeros((1, 1))
    return Portrait(
        surface.mesh, surface.landmarks_xyz, camera, np.zeros((1, 1, 3)), nothing, nothing.astype(np.uint8), face)

"""Where the ring's cameras stand, what of its picture each owns, and how the pair's bids fade at its borders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float32

from twinbrush.base.camera import Camera, look_at_origin, project
from twinbrush.base.rasterize import Raster
from twinbrush.maths.texels import Seen
from twinbrush.views.surface_paint import Look

Angles = tuple[float, float]
FARTHER = 1.15  # times as far away as the pair's cameras
ROOM_PX = 8  # free pixels about the figure
MOST_PX = 1536  # of a picture's longer side
SIDE_PX = 16  # the pictures' sides are multiples of this
MARGIN_PX = 24  # about what a view owns, so that patches see what is painted beside it
FADE_BELOW, FADE_ASIDE = 0.16, 0.10  # shares of the pair's pictures over which their bids fade to their borders
PREFERRED = 1.2  # factor of the pair's bids


def ring_cameras(
    vertices: Float[np.ndarray, "v 3"], middle: Camera, angles_degrees: tuple[Angles, ...], scale: float
) -> tuple[Camera, ...]:
    """Returns cameras at any places of a sphere about the figure, each holding all of it in a picture as large as it
    needs.

    middle: of the stereo pair; scale: pixels per mm as a share of its own.
    """
    target = (vertices.min(0) + vertices.max(0)) / 2
    away = float(np.linalg.norm(middle.centre_xyz))
    distance = FARTHER * away
    focal = float(middle.intrinsics[0, 0]) / away * scale * distance
    cameras: list[Camera] = []
    for azimuth, elevation in angles_degrees:
        unit = look_at_origin(np.radians(azimuth), np.radians(elevation), distance, focal, 1, 1, target)
        pixels = project(unit, vertices)[0]
        reduced = min(1.0, MOST_PX / float(np.ptp(pixels, axis=0).max()))
        if reduced < 1:  # a whole body
            unit = look_at_origin(np.radians(azimuth), np.radians(elevation), distance, focal * reduced, 1, 1, target)
            pixels = project(unit, vertices)[0]
        low, high = pixels.min(0) - ROOM_PX, pixels.max(0) + ROOM_PX
        width, height = (int(np.ceil(side / SIDE_PX) * SIDE_PX) for side in high - low)
        shift = (low + high) / 2 - np.array([width - 1, height - 1]) / 2
        cameras.append(_shifted(unit, shift, width, height))
    return tuple(cameras)


def _shifted(camera: Camera, corner_xy: Float[np.ndarray, "2"], width: int, height: int) -> Camera:
    """The window of the camera's picture that begins at `corner_xy`."""
    intrinsics = camera.intrinsics.copy()
    intrinsics[:2, 2] -= corner_xy
    return Camera(intrinsics, camera.world_to_camera, width, height)


def faded(look: Look) -> Look:
    """Returns the pair's look with its bids raised, and fading toward the picture's borders: there the bust goes on."""
    x, y = look.seen.pixels_xy.T
    width, height = look.camera.width, look.camera.height
    below = np.clip((height - 1 - y) / (FADE_BELOW * height), 0, 1)
    aside = np.clip(np.minimum(x, width - 1 - x) / (FADE_ASIDE * width), 0, 1)
    return replace(look, score=(look.score * PREFERRED * below * aside).astype(np.float32))


def cropped(look: Look, share: Float32[np.ndarray, "s"]) -> Look:
    """Returns the look's window about what the view owns: the rest costs no time."""
    pixels = look.seen.pixels_xy[share > 0]
    low = np.maximum(np.floor(pixels.min(0) - MARGIN_PX), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(0) + MARGIN_PX + 1), [look.camera.width, look.camera.height]).astype(int)
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    raster = look.raster
    inside = Raster(*(np.ascontiguousarray(values[window]) for values in (
        raster.face_index, raster.barycentric, raster.depth)))
    camera = _shifted(look.camera, low.astype(float), int(high[0] - low[0]), int(high[1] - low[1]))
    seen = Seen(look.seen.pixels_xy - low.astype(np.float32), look.seen.facing)
    return Look(camera, inside, seen, look.score)

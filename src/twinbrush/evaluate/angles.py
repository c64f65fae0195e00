"""View consistency from fixed sides: the stereo baseline, +-15 and +-30 degrees, all the way round.

A method that gives one textured surface agrees with itself but for resampling: its numbers here are the floor. They
tell something about methods that give a picture a view.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh
from twinbrush.export.stills import framed_cameras
from twinbrush.views.consistency import footprint_consistency
from twinbrush.views.render import render_mesh_views

SIDES: dict[str, tuple[float, ...]] = {
    "stereo": (-8.0, 8.0),
    "15": (-15.0, 15.0),
    "30": (-30.0, 30.0),
    "ring": (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0, 0.0),
}
"""Azimuths in degrees; neighbours in a row are compared (the ring closes)."""


def consistency_at(
    mesh: Mesh, size: int, picture: Callable[[Camera], Float[np.ndarray, "h w 3"]] | None = None
) -> dict[str, dict[str, float]]:
    """Returns {side: {"consistency", "delta_e_above_5", "points"}} of a method's pictures of one surface.

    size: of the views in pixels. picture: what the method shows from a camera (None: the mesh with its texture).
    Raises BadMesh.
    """
    out: dict[str, dict[str, float]] = {}
    for side, degrees in SIDES.items():
        cameras = framed_cameras(mesh, degrees, size)
        views = render_mesh_views(mesh, np.zeros((0, 3)), cameras)
        images = views.images if picture is None else np.stack([picture(camera) for camera in cameras])
        found = footprint_consistency(np.ascontiguousarray(images, np.float32), views)
        out[side] = {
            "consistency": found["mean_absolute"], "delta_e_above_5": found["delta_e_above_5"],
            "points": found["points"]}
    return out

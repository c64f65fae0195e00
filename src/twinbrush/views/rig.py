"""Where the cameras stand: on an arc (the paper's stereo pair, III.A, Eq. 1) or anywhere about a mesh."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.camera import Camera, look_at_origin, project

# Free room on each side of the mesh, as a share of the view: the exaggerated shape has to fit too.
MARGIN = 0.06


def ring(
    vertices: Float[np.ndarray, "v 3"], azimuths_radians: Float[np.ndarray, "n"], *, size: int, distance_mm: float,
    elevation_radians: float = 0.0,
) -> tuple[Camera, ...]:
    """Cameras all around (turntable, stills): one focal length such that `vertices` fit into every view."""
    return _framed(vertices, azimuths_radians, elevation_radians, distance_mm, size)


def around(
    vertices: Float[np.ndarray, "v 3"], azimuths_radians: Float[np.ndarray, "n"],
    elevations_radians: Float[np.ndarray, "n"], *, size: int, distance_mm: float,
) -> tuple[Camera, ...]:
    """Cameras at any places of a sphere about the middle of `vertices`, with one focal length such that they fit into
    every view: brushwork is as large from above as from the front."""
    target = (vertices.min(0) + vertices.max(0)) / 2
    places = [(float(a), float(e)) for a, e in zip(azimuths_radians, elevations_radians, strict=True)]
    unit = [look_at_origin(a, e, distance_mm, 1.0, 1, 1, target) for a, e in places]
    extent = max(float(np.abs(project(camera, vertices)[0]).max()) for camera in unit)
    focal = size * (0.5 - MARGIN) / extent
    return tuple(look_at_origin(a, e, distance_mm, focal, size, size, target) for a, e in places)


def mean_camera(cameras: tuple[Camera, ...]) -> Camera:
    """The camera in the middle of the rig (azimuth 0 for a stereo rig): same intrinsics, distance and target."""
    if len(cameras) == 1:
        return cameras[0]
    axes = np.stack([camera.world_to_camera[2, :3] for camera in cameras])
    centres = np.stack([camera.centre_xyz for camera in cameras])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    target = np.linalg.lstsq(across.sum(0), np.einsum("nij,nj->i", across, centres), rcond=None)[0]
    distance = np.linalg.norm(centres - target, axis=1).mean()
    u, _, vt = np.linalg.svd(sum(camera.world_to_camera[:, :3] for camera in cameras))
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    centre = target - distance * rotation[2]
    pose = np.concatenate([rotation, (-rotation @ centre)[:, None]], axis=1)
    return Camera(cameras[0].intrinsics, pose, cameras[0].width, cameras[0].height)


def _framed(
    vertices: Float[np.ndarray, "v 3"], azimuths: Float[np.ndarray, "n"], elevation: float, distance: float, size: int
) -> tuple[Camera, ...]:
    """Aim at the middle of the mesh and choose the focal length by the widest projection."""
    low, high = vertices.min(0), vertices.max(0)
    target = (low + high) / 2
    unit = [look_at_origin(float(a), elevation, distance, 1.0, 1, 1, target) for a in azimuths]
    # two rounds: perspective moves the middle of the box a little
    for _ in range(2):
        heights = np.concatenate([project(camera, vertices)[0][:, 1] for camera in unit])
        target = target - np.array([0, (heights.min() + heights.max()) / 2 * distance, 0])
        unit = [look_at_origin(float(a), elevation, distance, 1.0, 1, 1, target) for a in azimuths]
    extent = max(float(np.abs(project(camera, vertices)[0]).max()) for camera in unit)
    focal = size * (0.5 - MARGIN) / extent
    return tuple(look_at_origin(float(a), elevation, distance, focal, size, size, target) for a in azimuths)

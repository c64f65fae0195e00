"""THE page of axes and units (see also docs/conventions.md).

World frame: right-handed, x to the right of the picture, y up, z toward the viewer; millimetres, with a distance of
63 mm between the pupils (photos do not tell their scale). The origin is the middle between the eyes.
Camera frame (OpenCV): x right, y down, z forward (depth > 0 in front of the camera), millimetres.
Pixels: (x, y), x to the right, y down; the CENTRE of the top-left pixel is (0, 0), so an image of width w covers
x from -0.5 to w - 0.5. This is what `cv2.remap` and `scipy.ndimage.map_coordinates` expect.
Angles: radians in code (names end in `_radians`), degrees in options. yaw > 0: the face turns to the picture's right;
pitch > 0: the face looks up; roll > 0: the head tilts clockwise in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

INTERPUPILLARY_MM = 63.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera (paper, Eq. 1: s p = H (x, y, z, 1)^T with H = intrinsics @ world_to_camera, s = depth)."""

    intrinsics: Float[np.ndarray, "3 3"]
    world_to_camera: Float[np.ndarray, "3 4"]
    width: int
    height: int

    @property
    def matrix(self) -> Float[np.ndarray, "3 4"]:
        """H of Eq. 1."""
        return self.intrinsics @ self.world_to_camera

    @property
    def centre_xyz(self) -> Float[np.ndarray, "3"]:
        """The camera's position in the world, mm."""
        rotation, translation = self.world_to_camera[:, :3], self.world_to_camera[:, 3]
        return -rotation.T @ translation


def project(
    camera: Camera, points_xyz: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n"]]:
    """World points (mm) -> pixels (n, 2) and depths (n,) in mm along the camera's z axis (Eq. 1)."""
    in_camera = points_xyz @ camera.world_to_camera[:, :3].T + camera.world_to_camera[:, 3]
    homogeneous = in_camera @ camera.intrinsics.T
    depth = in_camera[:, 2]
    return homogeneous[:, :2] / homogeneous[:, 2:3], depth


def unproject(
    camera: Camera, pixels_xy: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """Pixels and depths (mm) -> world points (mm); the inverse of `project`."""
    homogeneous = np.concatenate([pixels_xy, np.ones((len(pixels_xy), 1))], axis=1)
    in_camera = (homogeneous @ np.linalg.inv(camera.intrinsics).T) * depth[:, None]
    rotation, translation = camera.world_to_camera[:, :3], camera.world_to_camera[:, 3]
    return (in_camera - translation) @ rotation


def look_at_origin(
    azimuth_radians: float,
    elevation_radians: float,
    distance_mm: float,
    focal_px: float,
    width: int,
    height: int,
    target_xyz: Float[np.ndarray, "3"] | None = None,
) -> Camera:
    """A camera on a sphere about `target_xyz` (default: the world origin), looking at it, y up.

    azimuth 0 looks along -z (at the face); azimuth > 0 moves the camera to the picture's right (+x).
    """
    target = np.zeros(3) if target_xyz is None else np.asarray(target_xyz, float)
    ca, sa = np.cos(azimuth_radians), np.sin(azimuth_radians)
    ce, se = np.cos(elevation_radians), np.sin(elevation_radians)
    backward = np.array([sa * ce, se, ca * ce])  # from target to camera
    right = np.array([ca, 0.0, -sa])
    down = -np.cross(backward, right)
    rotation = np.stack([right, down, -backward])
    centre = target + distance_mm * backward
    world_to_camera = np.concatenate([rotation, (-rotation @ centre)[:, None]], axis=1)
    intrinsics = np.array([[focal_px, 0, (width - 1) / 2], [0, focal_px, (height - 1) / 2], [0, 0, 1.0]])
    return Camera(intrinsics, world_to_camera, width, height)

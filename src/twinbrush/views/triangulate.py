"""The 3D point that N views see at given pixels (inverse of Eq. 1): linear start, then exact least squares."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import Camera

REFINEMENTS = 2  # Gauss-Newton converges quadratically and starts close: two steps reach rounding


def triangulate(
    cameras: tuple[Camera, ...], pixels_xy: Float[np.ndarray, "n p 2"]
) -> Float[np.ndarray, "p 3"]:
    """Points that minimise the squared reprojection error over all views, mm. Exact pixels give exact points.

    Raises ValueError for fewer than two views.
    """
    if len(cameras) < 2:
        raise ValueError("triangulation needs at least two views")
    points = _linear(cameras, pixels_xy)
    for _ in range(REFINEMENTS):
        points = points + _gauss_newton(cameras, pixels_xy, points)
    return points


def reprojection_error(
    cameras: tuple[Camera, ...], pixels_xy: Float[np.ndarray, "n p 2"], points_xyz: Float[np.ndarray, "p 3"]
) -> Float[np.ndarray, "p"]:
    """RMS over the views of the distance in pixels between each point's projection and where it was seen.

    For a stereo pair and the triangulated point this is half the vertical disparity: what no depth explains.
    """
    total = np.zeros(len(points_xyz))
    for camera, xy in zip(cameras, pixels_xy, strict=True):
        projected, _ = _projected(camera, points_xyz)
        total += ((projected - xy) ** 2).sum(1)
    return np.sqrt(total / len(cameras))


def _linear(cameras: tuple[Camera, ...], pixels_xy: Float[np.ndarray, "n p 2"]) -> Float[np.ndarray, "p 3"]:
    """The inhomogeneous linear method (Hartley & Zisserman, 12.2) by normal equations."""
    normal = np.zeros((pixels_xy.shape[1], 3, 3))
    right = np.zeros((pixels_xy.shape[1], 3))
    for camera, xy in zip(cameras, pixels_xy, strict=True):
        matrix = camera.matrix
        for axis in range(2):
            equation = xy[:, axis, None] * matrix[2] - matrix[axis]
            normal += equation[:, :3, None] * equation[:, None, :3]
            right -= equation[:, :3] * equation[:, 3:]
    return np.linalg.solve(normal, right[..., None])[..., 0]


def _gauss_newton(
    cameras: tuple[Camera, ...], pixels_xy: Float[np.ndarray, "n p 2"], points: Float[np.ndarray, "p 3"]
) -> Float[np.ndarray, "p 3"]:
    normal = np.zeros((len(points), 3, 3))
    right = np.zeros((len(points), 3))
    for camera, xy in zip(cameras, pixels_xy, strict=True):
        projected, depth = _projected(camera, points)
        matrix = camera.matrix
        for axis in range(2):
            slope = (matrix[axis, :3] - projected[:, axis, None] * matrix[2, :3]) / depth[:, None]
            normal += slope[:, :, None] * slope[:, None, :]
            right += slope * (xy[:, axis] - projected[:, axis])[:, None]
    return np.linalg.solve(normal, right[..., None])[..., 0]


def _projected(
    camera: Camera, points: Float[np.ndarray, "p 3"]
) -> tuple[Float[np.ndarray, "p 2"], Float[np.ndarray, "p"]]:
    homogeneous = points @ camera.matrix[:, :3].T + camera.matrix[:, 3]
    return homogeneous[:, :2] / homogeneous[:, 2:], homogeneous[:, 2]

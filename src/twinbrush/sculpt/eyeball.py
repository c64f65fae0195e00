"""An eyeball's mesh, carved as sculptors do: iris dish with a crisp limbus, drilled pupil, a glint left standing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.base.mesh import Mesh
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.values import Eyeball

ROWS_DEGREES = np.unique(np.r_[
    0, 2, 4, 6, 7, 8, 9, 10, 11, 12, 14, 17, 20, 23, 25, 26, 27, 27.5, 28, 28.5, 29, 30, 31, 33, 36, 40, 45, 50, 56,
    63, 70, 78, 86, 95, 110, 130, 150, 170])  # from the pupil backward; dense at pupil and limbus
COLUMNS = 64
LIMBUS_DEGREES = (26.5, 28.8)  # from the iris' dish to the white
PUPIL_DEGREES = (9.0, 14.0)  # from the drilled pupil to the iris
DISH_MM, DRILL_MM = 0.75, 1.5
GLINT_XY_MM, GLINT_MM = (-2.2, 1.3), (0.75, 1.5)  # a peg up to the sphere, left above the pupil: inner, outer radius
GLINT_SHARE = 0.95


def step(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    return smoothstep((values - low) / (high - low))


def eyeball_mesh(eye: Eyeball, box: tuple[float, float, float, float]) -> Mesh:
    """Returns the mesh of an eye that looks along eye.gaze, closed behind but for a pinhole.

    box: x0, y0, x1, y1 of its disc in the atlas (uv).
    """
    theta, phi = np.meshgrid(
        np.radians(ROWS_DEGREES), np.arange(COLUMNS + 1) * 2 * np.pi / COLUMNS, indexing="ij")
    degrees = np.degrees(theta)
    across = eye.radius * np.sin(theta)
    dish = DISH_MM * (1 - step(*LIMBUS_DEGREES, degrees))
    drill = DRILL_MM * (1 - step(*PUPIL_DEGREES, degrees))
    away = np.hypot(across * np.cos(phi) - GLINT_XY_MM[0], across * np.sin(phi) - GLINT_XY_MM[1])
    peg = 1 - step(*GLINT_MM, away)
    peg = np.where(degrees < 60, peg, 0.0)
    radius = eye.radius - (dish + drill) * (1 - GLINT_SHARE * peg)
    x, y, z = axes(eye.gaze)
    vertices = eye.centre + (
        (radius * np.sin(theta) * np.cos(phi))[..., None] * x
        + (radius * np.sin(theta) * np.sin(phi))[..., None] * y
        + (radius * np.cos(theta))[..., None] * z
    )
    count = COLUMNS + 1
    index = np.arange(len(ROWS_DEGREES) * count).reshape(-1, count)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    faces = faces[~np.isin(faces, index[0, 1:]).any(1) | (faces[:, 0] != index[0, 0])]
    disc = disc_radius(theta)
    middle, size = np.array([box[0] + box[2], box[1] + box[3]]) / 2, np.array([box[2] - box[0], box[3] - box[1]]) / 2
    uv = middle + np.stack([disc * np.cos(phi), disc * np.sin(phi)], -1) * size
    seam = np.stack([index[1:, 0], index[1:, -1]], 1)
    pole = np.stack([np.full(COLUMNS, index[0, 0]), index[0, 1:]], 1)
    return Mesh(
        vertices.reshape(-1, 3), faces, uv.reshape(-1, 2).astype(np.float64), seam=np.concatenate([seam, pole]))


def disc_radius(theta: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """Returns where a point at the angle theta from the pupil lies in the eye's disc of the atlas (0 middle, 0.97)."""
    return 0.97 * np.sin(np.minimum(theta / theta.max(), 1.0) * np.pi / 2)


def axes(gaze: Float[np.ndarray, "3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the eye's own x, y and z (along the gaze), unit vectors; y as upright as can be."""
    z = gaze / np.linalg.norm(gaze)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    return x, np.cross(z, x), z

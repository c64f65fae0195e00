"""An object takes the style's proportions: matches in one picture become a smooth deformation of space.

Matches say where points of the surface shall go in the picture of the front camera. Moved in that picture alone, every
other view would contradict it; so the matches are lifted to the surface and moved as 3D points, and a field of the
FRONT's plane carries the whole column of surface behind each of them, the back like the front:

    x, y  ->  (x, y) + u(x, y)                          u: Gaussian process through the matches, two length scales
    z     ->  m(x, y) + g(x, y)^RISE (z - m(x, y))      what grows in the picture also grows in depth, about the middle

m is the smooth middle of the column, g the root of the local change of area. The map's Jacobian is triangular with the
determinant det(I + grad u) g^RISE: it cannot fold as long as u does not, and u is smoothed until it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import Camera
from twinbrush.maths.field import Field, fit_field

UNIT = 0.28  # of the figure's diagonal in the picture: the field's unit of length (see field.py)
NOISE = 0.07  # of a fully confident match, in units; 1 / confidence times that for the others
OUTLIER = 2.5  # noises: matches farther than this from the field are believed less
STRONGEST = 1.5  # the strength at which the deformation must still be sound
SMALLEST_AREA, LARGEST_AREA = 0.3, 2.6  # of a small patch of the picture, at strength 1 1/2 and 1
STEEPEST = 1.1  # largest derivative of the displacement at the strongest
ROUNDS = 14
RISE = 0.6  # power of the growth that depth takes over
COLUMNS = 22  # the middle of the surface's depth is taken on a grid of so many cells a side


@dataclass(frozen=True)
class Deformation:
    """rotation (3, 3): world -> front frame (x right, y down, z away from the front camera). flat: displacement of x
    and y over the front plane, world units; middle: the depth of the middle of the surface there."""

    rotation: Float[np.ndarray, "3 3"]
    flat: Field
    middle: Field
    middle_mean: float

    def apply(self, points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p 3"]:
        """Where points of space go at strength 1."""
        local = points @ self.rotation.T
        plane = np.ascontiguousarray(local[:, :2])
        moved = local.copy()
        moved[:, :2] += self.flat.at(plane)
        middle = self.middle_mean + self.middle.at(plane)[:, 0]
        moved[:, 2] = middle + self.growth(plane) ** RISE * (local[:, 2] - middle)
        return moved @ self.rotation

    def growth(self, plane: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "p"]:
        """The root of the local change of area, within limits."""
        area = np.linalg.det(self.flat.gradient(plane) + np.eye(2))
        return np.sqrt(np.clip(area, 0.4, 2.5))


def front_rotation(camera: Camera) -> Float[np.ndarray, "3 3"]:
    """World -> the camera's axes (x right, y down, z away), about the world's origin."""
    return camera.world_to_camera[:, :3]


def fit_deformation(
    vertices: Float[np.ndarray, "v 3"],
    source_xyz: Float[np.ndarray, "k 3"],
    target_xyz: Float[np.ndarray, "k 3"],
    confidence: Float[np.ndarray, "k"],
    camera: Camera,
) -> Deformation:
    """The deformation that takes `source_xyz` (points of the surface) near `target_xyz`, as seen by `camera`.

    vertices: of the whole surface. Only the targets' places in the front plane count. No match: the identity.
    """
    rotation = front_rotation(camera)
    local = vertices @ rotation.T
    unit = UNIT * float(np.linalg.norm(np.ptp(local[:, :2], axis=0)))
    source, target = (points @ rotation.T for points in (source_xyz, target_xyz))
    probes = _probes(local[:, :2])
    flat = _sound_field(source[:, :2].copy(), (target - source)[:, :2].copy(), confidence, unit, probes)
    places, depth = _middles(local)
    mean = float(depth.mean()) if len(depth) else 0.0
    middle = fit_field(places, (depth - mean)[:, None], np.full(len(depth), 0.3), unit)
    return Deformation(rotation, flat, middle, mean)


def _probes(plane: Float[np.ndarray, "v 2"]) -> Float[np.ndarray, "p 2"]:
    """Places of the front plane, at most some thousand, at which the field must be sound."""
    return np.ascontiguousarray(plane[:: max(1, len(plane) // 3000)])


def _middles(local: Float[np.ndarray, "v 3"]) -> tuple[Float[np.ndarray, "c 2"], Float[np.ndarray, "c"]]:
    """The middle of the depths in every occupied cell of a grid over the front plane."""
    low, high = local[:, :2].min(0), local[:, :2].max(0)
    cell = np.clip(((local[:, :2] - low) / np.maximum(high - low, 1e-9) * COLUMNS).astype(int), 0, COLUMNS - 1)
    key = cell[:, 1] * COLUMNS + cell[:, 0]
    nearest, farthest = np.full(COLUMNS**2, np.inf), np.full(COLUMNS**2, -np.inf)
    np.minimum.at(nearest, key, local[:, 2])
    np.maximum.at(farthest, key, local[:, 2])
    used = np.flatnonzero(np.isfinite(nearest))
    centres = np.stack([used % COLUMNS + 0.5, used // COLUMNS + 0.5], axis=1) / COLUMNS * (high - low) + low
    return centres, (nearest[used] + farthest[used]) / 2


def _sound_field(
    points: Float[np.ndarray, "k 2"],
    displacements: Float[np.ndarray, "k 2"],
    confidence: Float[np.ndarray, "k"],
    unit: float,
    probes: Float[np.ndarray, "p 2"],
) -> Field:
    """The field through the matches: outliers believed less, smoothed where unsound, reduced if all else fails."""
    noise = NOISE / np.clip(confidence, 0.1, 1.0)
    field = fit_field(points, displacements, noise, unit)
    for _ in range(3):
        away = np.linalg.norm(field.at(points) - displacements, axis=1) / (unit * OUTLIER * NOISE)
        field = fit_field(points, displacements, noise * np.maximum(1.0, away), unit)
    away = np.linalg.norm(field.at(points) - displacements, axis=1) / (unit * OUTLIER * NOISE)
    noise = noise * np.maximum(1.0, away)
    for _ in range(ROUNDS):
        bad = unsound(field, probes)
        if not bad.any():
            return field
        # only around what is unsound: the rest keeps its shape
        near = _nearest_distance(points, probes[bad][:: max(1, int(bad.sum()) // 400)]) < 0.5 * unit
        noise = np.where(near, 1.5 * noise, 1.03 * noise)
        field = fit_field(points, displacements, noise, unit)
    while unsound(field, probes).any():
        field = Field(field.centres, 0.85 * field.coefficients, unit)
    return field


def _nearest_distance(points: Float[np.ndarray, "k 2"], others: Float[np.ndarray, "b 2"]) -> Float[np.ndarray, "k"]:
    return np.linalg.norm(points[:, None] - others[None], axis=2).min(1)


def unsound(field: Field, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "n"]:
    """Where a small patch shrinks or grows too much, or the displacement is too steep, at the strongest."""
    gradient = field.gradient(points_xy)
    strong = np.linalg.det(STRONGEST * gradient + np.eye(2))
    plain = np.linalg.det(gradient + np.eye(2))
    return (strong < SMALLEST_AREA) | (plain > LARGEST_AREA) | (STRONGEST * np.abs(gradient).max((1, 2)) > STEEPEST)

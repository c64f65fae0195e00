"""Hair that falls below the ears: how far it reaches in the photo, and the mass that it makes about the neck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from twinbrush.camera import project
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.hair.outline import Outline, outside_by
from twinbrush.sculpt.hair.scalp import Scalp
from twinbrush.sculpt.hair.voxels import Voxels
from twinbrush.sculpt.implicit import intersection
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings

EAR_PLANE_MM = -88.0  # z of the plane through the ears, in which the hair's width is measured
HEIGHTS_MM = np.arange(40.0, -300.0, -2.0)  # of the slices
LEAST_AREA_CM2, HIGHEST_END_MM, LOBE_SHARE = 14.0, -75.0, 0.6  # what makes hair at one side a fall
MUCH_CM2 = 45.0  # so much hair below the ear falls even where the ear is seen before it
LEAST_WIDTH_MM = 6.0  # a narrower row ends it
LOWEST_MM = -225.0  # hair is not sculpted farther down: the bust is narrower than a body, and ends
LOWEST_BEHIND_MM = -186.0  # nor, on the back, below the shoulder blades
SHOULDERS = np.array([  # height, half depth before and behind z = -110 of the torso that the hair lies on, mm
    (-108, 28, 38), (-132, 39, 68), (-148, 50, 90), (-170, 64, 98), (-208, 79, 95), (-266, 73, 73)], float)
TORSO_Z_MM = -110.0
CARVE_BEHIND_MM, CARVE_SLOPE = -18.0, 1.6  # behind the ears' plane by this, the mask cuts less by 1.6 mm a mm


@dataclass(frozen=True)
class Side:
    """One side's hair below the ear.

    area: cm2. extent (rows,): of its outer border, |x| in mm, nan where there is none. end: height at which it ends,
    mm. falls: whether it is a fall.
    """

    area: float
    extent: Float[np.ndarray, "rows"]
    end: float
    falls: bool


@dataclass(frozen=True)
class Fall:
    """Both sides, left in the picture first; bunched: one side alone is long, as a bunch or a ponytail laid forward."""

    sides: tuple[Side, Side]
    bunched: bool

    @property
    def any(self) -> bool:
        """Whether hair falls at either side."""
        return self.sides[0].falls or self.sides[1].falls

    @property
    def end(self) -> float:
        """Height at which the longest side ends, mm."""
        return min((side.end for side in self.sides if side.falls), default=-100.0)


def fall_of(scalp: Scalp, seen: Surroundings, outline: Outline) -> Fall:
    """Returns the hair below the ears as the mask shows it in the ears' plane."""
    across = np.arange(-226.0, 227.0, 2.0)
    x, y = np.meshgrid(across, HEIGHTS_MM)
    pixels, _ = project(seen.camera, np.stack([x.ravel(), y.ravel(), np.full(x.size, EAR_PLANE_MM)], 1))
    hair = (outside_by(outline.fine, pixels) > 0).reshape(x.shape)
    sides = [_side(hair & (x * sign > 0), sign * across, scalp.lobes[number]) for number, sign in enumerate((-1, 1))]
    falls = [side.falls for side in sides]
    bunched = sum(falls) == 1 and scalp.lobes[1 - falls.index(True)] < 0.45 and sides[falls.index(True)].area < MUCH_CM2
    if bunched:
        sides = [Side(side.area, side.extent, side.end, False) for side in sides]
    return Fall((sides[0], sides[1]), bunched)


def _side(hair: np.ndarray, outward: np.ndarray, lobe: float) -> Side:
    extent = np.array([outward[row].max() if row.any() else np.nan for row in hair])
    width = hair.sum(1) * 2.0
    row = int(np.flatnonzero(HEIGHTS_MM < -5)[0])
    while row < len(HEIGHTS_MM) - 1 and width[row] > LEAST_WIDTH_MM:
        row += 1
    end = float(HEIGHTS_MM[row])
    area = float(hair[HEIGHTS_MM < -42].sum() * 4 / 100)
    enough = area > LEAST_AREA_CM2 and (lobe > LOBE_SHARE or area > MUCH_CM2)
    return Side(area, extent, end, enough and end < HIGHEST_END_MM)


def fallen(fall: Fall, shell: Voxels, seen: Surroundings, outline: Outline) -> Float[np.ndarray, "x y z"]:
    """Returns the falling mass as an implicit shape on the shell's grid: superellipse slices about the ears' plane.

    Their widths are the mask's, their depths the skull's above and the shoulders' below.
    """
    points = shell.points()
    x, y, z = (points[:, k].reshape(shell.values.shape) for k in range(3))
    axes = [shell.origin[k] + shell.step * np.arange(shell.values.shape[k]) for k in range(3)]
    extents, ends = _extents(fall)
    half = np.where(x < 0, np.interp(-y, -HEIGHTS_MM, extents[0]), np.interp(-y, -HEIGHTS_MM, extents[1]))
    side = smoothstep(x / 60 + 0.5)
    end = ends[0] * (1 - side) + ends[1] * side
    behind = smoothstep((EAR_PLANE_MM - 10 - z) / 60)
    end = end * (1 - behind) + np.maximum(end, LOWEST_BEHIND_MM) * behind
    skull_half, skull_depth = _skull_slices(shell.values > -0.5, axes)
    above = smoothstep((axes[1] + 10) / 70)[None, :, None]
    upper = smoothstep((y - 25) / 45)
    skull_half, skull_depth = skull_half[None, :, None], skull_depth[None, :, None]
    half = np.maximum(half, (skull_half - 4) * above) * (1 - upper) + (skull_half - 6) * upper
    front, back = (np.interp(-y, -SHOULDERS[:, 0], SHOULDERS[:, k]) for k in (1, 2))
    deep = np.maximum(skull_depth + EAR_PLANE_MM - 2, 20) * (1 - 0.08 * smoothstep((-y - 20) / 160))
    deep = np.where(y < -118, np.maximum(deep, EAR_PLANE_MM - TORSO_Z_MM + back + 13), deep)
    deep = ndimage.gaussian_filter1d(deep, 12.0 / shell.step, axis=1)
    forward = (48 + 18 * smoothstep((-y - 30) / 110) - 6 * above) * 0.9
    forward = np.where(y < -150, np.maximum(forward, front + TORSO_Z_MM - EAR_PLANE_MM + 17), forward + 0 * x)
    forward = ndimage.gaussian_filter1d(forward, 16.0 / shell.step, axis=1)
    depth = np.where(z < EAR_PLANE_MM, deep, forward)
    power = 2.4 - 0.4 * above + 1.8 * smoothstep((-y - 120) / 50) * (z > EAR_PLANE_MM)
    radius = ((np.abs(x) / np.maximum(half, 10)) ** power + (np.abs(z - EAR_PLANE_MM) / depth) ** power) ** (1 / power)
    shape = (1 - radius) * np.minimum(np.minimum(half, depth), 60)
    shape = intersection(intersection(shape, y - end, 14.0), 75 - y, 10.0)
    pixels, _ = project(seen.camera, points)
    known = lookup(seen.inside.astype(np.float32), pixels) > 0.5
    cut = lookup(outline.broad, pixels)
    cut = np.where(known, cut, np.maximum(cut, -2.0)).reshape(x.shape)
    cut = cut + CARVE_SLOPE * np.maximum(EAR_PLANE_MM + CARVE_BEHIND_MM - z, 0)
    return intersection(shape, np.minimum(cut, 60), 4.0)


def _extents(fall: Fall) -> tuple[list[np.ndarray], list[float]]:
    """Both sides' half widths by HEIGHTS_MM, and ends; a side that is hidden is the other's mirror image."""
    extents, ends = [], []
    for number in range(2):
        side = fall.sides[number] if fall.sides[number].falls else fall.sides[1 - number]
        known = np.isfinite(side.extent) & (side.end <= HEIGHTS_MM)
        extent = np.interp(-HEIGHTS_MM, -HEIGHTS_MM[known], side.extent[known])
        extents.append(ndimage.gaussian_filter1d(extent, 5.0, mode="nearest"))
        ends.append(max(side.end, LOWEST_MM))
    return extents, ends


def _skull_slices(inside: np.ndarray, axes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The shell's half width and depth behind by height; below the ears as at them."""
    half = np.where(inside.any(2), np.abs(axes[0])[:, None], 0).max(0)
    depth = np.where(inside.any(0), -axes[2][None], 0).max(1)
    lowest = int(np.searchsorted(axes[1], 5.0))
    return (ndimage.gaussian_filter1d(np.where(axes[1] < 5, part[lowest], part), 1.0) for part in (half, depth))  # type: ignore[return-value]

"""Hair that falls below the ears: how far it reaches in the photo, and the mass that it makes about the neck."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from twinbrush.base.camera import project
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.hair.outline import Outline, outside_by
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.scalp import Scalp
from twinbrush.sculpt.hair.voxels import Voxels
from twinbrush.sculpt.implicit import intersection, union
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings

EAR_PLANE_MM = -88.0  # z of the plane through the ears, in which the hair's width is measured
HEIGHTS_MM = np.arange(40.0, -300.0, -2.0)  # of the slices
LEAST_AREA_CM2, HIGHEST_END_MM, LOBE_SHARE = 14.0, -75.0, 0.6  # what makes hair at one side a fall
MUCH_CM2 = 45.0  # so much hair below the ear falls even where the ear is seen before it
LEAST_WIDTH_MM = 6.0  # a narrower row ends it
LOWEST_MM = -262.0  # hair is not sculpted farther down: the bust ends
LOWEST_BEHIND_MM = -232.0  # nor, on the back, below the shoulder blades
NARROWER = 0.32  # share of its depth that hair loses from the skull down to the shoulders
RESTING_MM, TIP_MM, TAPER_MM = 17.0, 4.0, 75.0  # hair's thickness on the bust, at its tips; it tapers over
LOOSE, LOOSE_FROM_MM = 0.6, -215.0  # above this height hair may stand off from the bust, by so much a mm
ABOVE_CUT_MM = 12.0  # tips keep so far from the bust's lower edge
TIPS_MM, TIPS_SHORT_MM = 26.0, 13.0  # how unequal the tips are: resting on the bust, hanging free
LOCK_WIDTHS_MM, LOCK_RADIUS_MM = (37.0, 61.0), 105.0  # of the tips about the neck, at this distance from its axis
CARVE_BEHIND_MM, CARVE_SLOPE = -18.0, 1.6  # behind the ears' plane by this, the mask cuts less by 1.6 mm a mm
HAND_MM, BESIDE_HEAD_MM, SHOULDERS_MM = 2.0, 72.0, -170.0  # skin so far inside its outline, beside head and neck


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
    if min(side.area for side in sides) > LEAST_AREA_CM2:  # on both sides: a bob, or long hair behind the ears
        sides = [replace(side, falls=side.end < HIGHEST_END_MM) for side in sides]
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


def fallen(
    fall: Fall, shell: Voxels, seen: Surroundings, outline: Outline, rest: Rest
) -> Float[np.ndarray, "x y z"]:
    """Returns the falling mass as an implicit shape on the shell's grid: superellipse slices about the ears' plane, and
    what lies on the bust below them, ending in tips.

    The slices' widths are the mask's, their depths the skull's above, less below.
    """
    points = shell.points()
    x, y, z = (points[:, k].reshape(shell.values.shape) for k in range(3))
    axes = [shell.origin[k] + shell.step * np.arange(shell.values.shape[k]) for k in range(3)]
    extents, ends = _extents(fall)
    half = np.where(x < 0, np.interp(-y, -HEIGHTS_MM, extents[0]), np.interp(-y, -HEIGHTS_MM, extents[1]))
    side = smoothstep(x / 60 + 0.5)
    end = ends[0] * (1 - side) + ends[1] * side
    behind = smoothstep((EAR_PLANE_MM - 10 - z) / 60)
    end = end * (1 - behind) + max(min(ends), LOWEST_BEHIND_MM) * behind
    skull_half, skull_depth = _skull_slices(shell.values > -0.5, axes)
    above = smoothstep((axes[1] + 10) / 70)[None, :, None]
    upper = smoothstep((y - 25) / 45)
    skull_half, skull_depth = skull_half[None, :, None], skull_depth[None, :, None]
    half = np.maximum(half, (skull_half - 4) * above) * (1 - upper) + (skull_half - 6) * upper
    deep = np.maximum(skull_depth + EAR_PLANE_MM - 2, 20) * (1 - NARROWER * smoothstep((-y - 15) / 150))
    forward = (48 + 18 * smoothstep((-y - 30) / 110) - 6 * above) * 0.9 + 0 * x
    depth = np.where(z < EAR_PLANE_MM, deep, forward)
    power = 2.4 - 0.4 * above
    radius = ((np.abs(x) / np.maximum(half, 10)) ** power + (np.abs(z - EAR_PLANE_MM) / depth) ** power) ** (1 / power)
    shape = (1 - radius) * np.minimum(np.minimum(half, depth), 60)
    shape = _resting(shape, (x, y, z), half, end, rest.on(shell))
    shape = intersection(shape, 75 - y, 10.0)
    pixels, _ = project(seen.camera, points)
    known = lookup(seen.inside.astype(np.float32), pixels) > 0.5
    hand = (lookup(outline.skin, pixels) > HAND_MM) & (np.abs(x) > BESIDE_HEAD_MM).ravel() & (y > SHOULDERS_MM).ravel()
    known &= ~hand  # before the hair: it goes on behind
    cut = lookup(outline.broad, pixels)
    cut = np.where(known, cut, np.maximum(cut, -2.0)).reshape(x.shape)
    cut = cut + CARVE_SLOPE * np.maximum(EAR_PLANE_MM + CARVE_BEHIND_MM - z, 0)
    return intersection(shape, np.minimum(cut, 60), 4.0)


def _resting(
    shape: np.ndarray, axes: tuple[np.ndarray, np.ndarray, np.ndarray], half: np.ndarray, end: np.ndarray,
    bust: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """The hanging mass laid on the bust, its end cut into tips. half: half width; end: height of the longest
    tips; bust: its field and the height above its cut (all on the grid)."""
    x, y, z = axes
    body, above = bust
    lies = smoothstep((body + 45) / 30)
    end = end + (TIPS_SHORT_MM + (TIPS_MM - TIPS_SHORT_MM) * lies) * _shortness(x, z)
    left = np.minimum(y - end, above - ABOVE_CUT_MM)  # mm of hair below
    thick = TIP_MM + (RESTING_MM - TIP_MM) * smoothstep(left / TAPER_MM)
    loose = LOOSE * np.maximum(y - LOOSE_FROM_MM, 0)
    hanging = intersection(shape, np.minimum(body + thick + loose, 60), 8.0)
    lying = intersection(np.minimum(body + thick, 30), half - np.abs(x), 12.0)
    return intersection(union(hanging, lying, 8.0), left, 8.0)


def _shortness(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How much shorter than the longest the locks about the neck are, 0..1."""
    around = LOCK_RADIUS_MM * np.arctan2(x, EAR_PLANE_MM - z)
    long = [np.abs(np.cos(np.pi * (around / width + 0.3 * number))) for number, width in enumerate(LOCK_WIDTHS_MM)]
    return 1 - 0.6 * long[0] - 0.4 * long[1]


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
    widths, depths = (
        ndimage.gaussian_filter1d(np.where(axes[1] < 5, part[lowest], part), 1.0) for part in (half, depth))
    return widths, depths

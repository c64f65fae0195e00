"""Locks: swept ridges in two sizes on the hair's mass, which make a sculpture of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy import ndimage, spatial

from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.hair.strands import StrandField
from twinbrush.sculpt.hair.volume import Mass, cut_tips
from twinbrush.sculpt.hair.voxels import Voxels, about_surface, in_pieces, labelled, one_body, refined, zero_surface
from twinbrush.sculpt.implicit import taubin

CROPPED_MM, FRINGE_SHARE, FRINGE_LEAST_MM = 16.5, 0.012, 8.0  # median thickness below which hair is cropped
SEED = 0


@dataclass(frozen=True)
class Sculpted:
    """grid: the shape with its locks. ground: the mass below them, on the same grid. height: of the locks, mm."""

    grid: Voxels
    ground: Voxels
    height: float


@dataclass(frozen=True)
class LockSize:
    """half (width), height, length: mm. spacing: half widths kept free. groove, period: mm, of its strands."""

    half: float
    height: float
    length: float
    spacing: float
    groove: float
    period: float


@dataclass(frozen=True)
class Kind:
    """How a kind of hair is sculpted.

    step: of the fine grid, mm. sizes: coarse locks, then fine ones. room: shares of their heights by which the mass
    shrinks first, so that the outline stays. overlap: half widths that a lock may run on beside another. free_tip: mm
    that tips hang beyond the mass. shrinks: locks at nape and sides are smaller. full: mm of hair under which locks are
    lower.
    """

    step: float
    sizes: tuple[LockSize, LockSize]
    room: tuple[float, float]
    overlap: float
    free_tip: float
    shrinks: bool
    full: float


# Many short locks are worms, isotropic noise is bubbles: they must be long.
KINDS = {
    "cropped": Kind(1.35, (LockSize(4.6, 1.5, 46, 0.9, 0.0, 6.0), LockSize(3.0, 0.9, 32, 1.1, 0.0, 4.6)), (0.8, 0.45),
                    3.0, 0.0, True, 8.0),
    "short": Kind(1.6, (LockSize(14, 5.0, 115, 0.85, 0.8, 6.0), LockSize(8, 3.0, 85, 1.5, 0.6, 4.6)), (0.8, 0.45),
                  4.5, 6.0, True, 8.0),
    "long": Kind(1.6, (LockSize(14, 4.8, 260, 0.85, 0.8, 6.0), LockSize(8, 2.8, 190, 1.5, 0.6, 4.6)), (0.6, 0.3),
                 4.5, 6.0, False, 8.0),
    "beard": Kind(1.1, (LockSize(5.0, 2.2, 40, 0.9, 0.4, 3.4), LockSize(3.2, 1.3, 28, 1.3, 0.3, 2.6)), (0.6, 0.4),
                  4.0, 3.0, False, 4.0),
}
SEEDS = (3000, 6000)
FILLET_MM = (0.8, 0.6)
EDGE_MM = 2.0  # of hair at the hairline that do not shrink: else it would recede
NEAR_MM = 10.0  # of the mass' surface strands have directions
NAPE_SHRINK = 0.45  # locks at the nape and the sides of short hair are so much smaller
ISLAND_SHARE, OVER_SKIN_MM = 0.02, 0.2  # hair seen apart from the rest, less than this share of it, is none: a patch


def kind_of(mass: Mass, median: float) -> str:
    """Returns "long", "short" or "cropped"."""
    if mass.fall.any:
        return "long"
    hangs = mass.fringe > FRINGE_SHARE and median > FRINGE_LEAST_MM
    return "cropped" if median < CROPPED_MM and not hangs else "short"


def with_locks(
    mass: Mass, median: float, vertices: Float[np.ndarray, "n 3"], strands: StrandField
) -> Sculpted:
    """Returns the hair's mass with its locks on a fine grid.

    vertices: of the mass' surface, with their strands. median: of the hair's thickness, mm.
    """
    kind = kind_of(mass, median)
    sculpted = swept(mass.grid, mass.skin, KINDS[kind], vertices, strands)
    tips = cut_tips(sculpted.grid, mass.cut, falls=mass.fall.any)
    whole = without_islands(Voxels(tips.origin, tips.step, one_body(tips.values)), mass.skin)
    return replace(sculpted, grid=whole)


def without_islands(hair: Voxels, skin: Voxels) -> Voxels:
    """Returns the hair without what hangs together with it under the skin alone: on it, it would be a patch.

    skin: signed mm to it, positive outside.
    """
    cells = np.argwhere(hair.values > 0)
    outer = in_pieces(skin.at, hair, cells) > OVER_SKIN_MM
    over = np.zeros(hair.values.shape, bool)
    over[tuple(cells[outer].T)] = True
    pieces, count = labelled(over)
    if count < 2:
        return hair
    sizes = np.bincount(pieces[over])
    small = (sizes > 0) & (sizes < ISLAND_SHARE * sizes.max())
    if not small.any():
        return hair
    return Voxels(hair.origin, hair.step, one_body(np.where(small[pieces], np.float32(-1.0), hair.values)))


def swept(
    mass: Voxels, skin: Voxels, kind: Kind, vertices: Float[np.ndarray, "n 3"], strands: StrandField
) -> Sculpted:
    """Returns a mass with locks of a kind. skin: signed mm to it, on the mass' grid."""
    from twinbrush.sculpt.hair.streamlines import streamlines
    from twinbrush.sculpt.hair.sweep import stamp

    step = kind.step
    coarse = about_surface(mass, 12.0)
    under = _part(skin, coarse)
    share = np.clip((under.values - EDGE_MM) / kind.full, 0, 1)
    near_skin = refined(Voxels(under.origin, under.step, share), step).values
    shrink = kind.room[0] * kind.sizes[0].height + kind.room[1] * kind.sizes[1].height
    shape = ndimage.gaussian_filter(refined(coarse, step).values, 1.3) - np.float32(shrink) * near_skin
    ground = shape.copy()
    ratio = step / coarse.step
    directions = _directions(coarse, vertices, strands.directions)
    over = np.flatnonzero(skin.at(vertices) > 1.0)
    rng = np.random.default_rng(SEED)
    for level, size in enumerate(kind.sizes):
        seeds, halves, lengths = _seeds(vertices, strands.light, over, size, level, kind, rng)
        surface = shape.copy()
        lines, counts, origin = streamlines(
            surface, directions, under.values, ratio, step, (seeds - coarse.origin) / step, halves, lengths,
            size.spacing, np.zeros(shape.shape, np.int8), kind.overlap, kind.free_tip)
        widths = halves[origin]
        heights = size.height * np.clip(widths / size.half, 0.5, 1.2) * rng.uniform(0.8, 1.2, len(widths))
        stamp(shape, surface, under.values, ratio, step, lines, counts, widths, heights, size.groove, size.period,
              rng.uniform(0, 6.28, len(widths)), FILLET_MM[level], 0.2, kind.full)
    shape = ndimage.gaussian_filter(shape, 0.6)
    return Sculpted(Voxels(coarse.origin, step, shape), Voxels(coarse.origin, step, ground), kind.sizes[0].height)


def surface_of(grid: Voxels) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "t 3"]]:
    """Returns the smoothed surface of the locks, one body."""
    vertices, triangles = zero_surface(grid)
    return taubin(vertices, triangles, 4), triangles


def _part(whole: Voxels, part: Voxels) -> Voxels:
    """The whole grid's values where the part lies."""
    first = np.round((part.origin - whole.origin) / whole.step).astype(int)
    last = first + part.values.shape
    values = whole.values[first[0] : last[0], first[1] : last[1], first[2] : last[2]]
    return Voxels(part.origin, part.step, np.ascontiguousarray(values))


def _directions(
    grid: Voxels, vertices: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "3 x y z"]:
    """The strands' directions in the cells near the surface."""
    near = np.abs(grid.values) < NEAR_MM
    points = grid.origin + grid.step * np.argwhere(near)
    away, nearest = spatial.KDTree(vertices).query(points, k=4)
    weight = 1 / (away + 1.0)
    mean = (directions[nearest] * (weight / weight.sum(1, keepdims=True))[..., None]).sum(1)
    out = np.zeros((3, *grid.values.shape), np.float32)
    out[:, near] = mean.T
    return out


def _seeds(
    vertices: Float[np.ndarray, "n 3"], light: Float[np.ndarray, "n"], over: Int[np.ndarray, "_"], size: LockSize,
    level: int, kind: Kind, rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "s 3"], Float[np.ndarray, "s"], Float[np.ndarray, "s"]]:
    """Where locks start, light places of the photo first; their half widths and lengths, mm."""
    picked = rng.choice(over, min(len(over), SEEDS[level]), replace=False)
    first = rng.random(len(picked)) + np.clip(light[picked] / 0.15, -1, 1) * (0.8, 0.5)[level]
    picked = picked[np.argsort(-first, kind="stable")]
    halves = size.half * rng.uniform(0.7, 1.25, len(picked))
    lengths = size.length * rng.uniform(0.65, 1.2, len(picked))
    if kind.shrinks:
        smaller = 1 - NAPE_SHRINK * smoothstep((20 - vertices[picked, 1]) / 80)
        halves, lengths = halves * smaller, lengths * smaller
    return vertices[picked], halves, lengths

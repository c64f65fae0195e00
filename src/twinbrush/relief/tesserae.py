"""Tesserae: small flat stones set along the paint's directions, with grout between them.

Cells of a centroidal Voronoi diagram on the surface whose unit ball is a rounded square turned with the directions
(Hausner, Simulating decorative mosaics, 2001).

(`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float32
from numba import njit

from twinbrush.relief.ground import Ground
from twinbrush.relief.marks import LEAST_GATE, Touches, cubes_about, fields_of, product, touches_at, touches_on

ROUNDS = 4  # of moving each stone to the middle of its cell
GROUT, BEVEL = 0.09, 0.10  # half width of the grout, and of the stones' rounded edges, as shares of a stone
TILT = 0.22  # how much higher one side of a stone stands than its middle, at most
THINNED = 8  # every how many texels tell where the middles are
REACH = 1.45  # how far away a stone's middle is looked for, in stones


def tesserae_on(ground: Ground, size_mm: float, seed: int) -> Float32[np.ndarray, "s"]:
    """Returns the height of a mosaic of stones `size_mm` wide: 1 on a stone that lies level, 0 on the grout."""
    touches = touches_on(ground, 0.78 * size_mm, REACH * size_mm, seed)
    usable = np.flatnonzero(ground.texels.inside & (ground.gate > LEAST_GATE))[::THINNED]
    for _ in range(ROUNDS):
        nearest = _nearest(
            ground.points[usable], ground.normals[usable], ground.group[usable], *_stones(touches))[0][:, 0]
        touches = _moved(ground, usable, nearest, touches, size_mm)
    rng = np.random.default_rng(seed + 3)
    lie = rng.uniform(-1, 1, (len(touches.points), 3)).astype(np.float32)
    worked = np.flatnonzero(ground.gate > LEAST_GATE)
    near, away = _nearest(ground.points[worked], ground.normals[worked], ground.group[worked], *_stones(touches))
    out = np.zeros(len(ground.points), np.float32)
    edge = (away[:, 1] - away[:, 0]) / 2 / size_mm
    rise = np.clip((edge - GROUT) / BEVEL, 0, 1)
    rise = rise * (2 - rise)
    own = near[:, 0]
    offset = ground.points[worked] - touches.points[own]
    u = (offset * touches.along[own]).sum(1) / (0.5 * size_mm)
    v = (offset * touches.across[own]).sum(1) / (0.5 * size_mm)
    stone = 0.86 + 0.14 * lie[own, 2] + TILT * 0.5 * (lie[own, 0] * u + lie[own, 1] * v)
    out[worked] = np.where(own >= 0, rise * np.clip(stone, 0.4, 1.2), 0)
    return out


def _stones(touches: Touches) -> tuple[Any, ...]:
    return (touches.points, touches.normals, touches.group, touches.along, touches.across, *fields_of(touches.grid))


def _moved(
    ground: Ground, usable: np.ndarray, nearest: np.ndarray, touches: Touches, size_mm: float
) -> Touches:
    """The stones at the texels nearest to the middles of their cells."""
    count = len(touches.points)
    sums = np.zeros((count, 4))
    taken = nearest >= 0
    for axis in range(3):
        sums[:, axis] = np.bincount(nearest[taken], ground.points[usable[taken], axis], count)
    sums[:, 3] = np.bincount(nearest[taken], minlength=count)
    middle = sums[:, :3] / np.maximum(sums[:, 3:], 1)
    away = ((ground.points[usable] - middle[np.maximum(nearest, 0)]) ** 2).sum(1)
    order = np.lexsort((away, nearest))
    order = order[nearest[order] >= 0]
    first = np.r_[True, nearest[order][1:] != nearest[order][:-1]]
    return touches_at(ground, usable[order[first]].astype(np.int32), REACH * size_mm)


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _nearest(points, normals, group, places, facing, own, along, across, low, counts, first, order, cell):
    """The nearest stone of each point and its distance by the stones' metric, and those of the next one."""
    near = np.full((len(points), 2), -1, np.int32)
    away = np.full((len(points), 2), 1e6, np.float32)
    for s in range(len(points)):
        x0, x1, y0, y1, z0, z1 = cubes_about(points[s], low, counts, cell)
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                for z in range(z0, z1 + 1):
                    c = (x * counts[1] + y) * counts[2] + z
                    for k in range(first[c], first[c + 1]):
                        j = order[k]
                        if own[j] != group[s]:
                            continue
                        dx, dy, dz = (
                            points[s, 0] - places[j, 0], points[s, 1] - places[j, 1], points[s, 2] - places[j, 2])
                        same = product(normals, s, facing, j)
                        if same < 0.2:
                            continue
                        u = dx * along[j, 0] + dy * along[j, 1] + dz * along[j, 2]
                        v = dx * across[j, 0] + dy * across[j, 1] + dz * across[j, 2]
                        d = np.sqrt(np.sqrt(u * u * u * u + v * v * v * v))
                        if d < away[s, 0]:
                            away[s, 1], near[s, 1] = away[s, 0], near[s, 0]
                            away[s, 0], near[s, 0] = d, j
                        elif d < away[s, 1]:
                            away[s, 1], near[s, 1] = d, j
    return near, away

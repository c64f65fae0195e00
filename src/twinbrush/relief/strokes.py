"""Strokes of a loaded brush, one over the other: raised edges, bristles' furrows, thick where the brush is lifted.

(`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float32
from numba import njit

from twinbrush.relief.ground import Ground
from twinbrush.relief.marks import cubes_about, fields_of, product, touches_on

LENGTH, SPACING = 3.8, 0.72  # of a stroke and between strokes' middles, in widths
BEND = 0.12  # most curvature of a stroke of its own, per width
BRISTLES = 3.2  # furrows across a stroke
SHARED = 5  # parts of a cube, along each side, whose points share one list of strokes


def strokes_on(
    ground: Ground, width_mm: float, seed: int, *, furrows: float = BRISTLES, dry: bool = False
) -> Float32[np.ndarray, "s"]:
    """Returns the height of paint laid on in strokes `width_mm` wide along the paint's directions, 0..1. furrows:
    across a stroke. dry: chalk, that streaks and is not pushed aside."""
    length = LENGTH * width_mm
    touches = touches_on(ground, SPACING * width_mm, 0.5 * length + 0.5 * width_mm, seed)
    rng = np.random.default_rng(seed + 2)
    count = len(touches.points)
    tone = ground.tone[touches.texel]
    sizes = np.stack([
        0.5 * length * rng.uniform(0.6, 1.0, count), 0.5 * width_mm * rng.uniform(0.65, 1.1, count),
        BEND / width_mm * rng.uniform(-1, 1, count), rng.uniform(0.45, 0.9, count) * (0.75 + 0.35 * tone),
        rng.uniform(0, 2 * np.pi, count), furrows * rng.uniform(0.8, 1.25, count), rng.choice([-1.0, 1.0], count),
        np.full(count, float(dry)),
    ], 1).astype(np.float32)
    return _laid(
        ground.points, ground.normals, ground.group, ground.gate, touches.points, touches.normals, touches.group,
        touches.along, touches.across, sizes, *fields_of(touches.grid))


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _laid(  # noqa: C901 (calls cost twice as much)
    points, normals, group, gate, places, facing, own, along, across, sizes, low, counts, first, order, cell
):
    out = np.zeros(len(points), np.float32)
    found, count, last = np.empty(len(places), np.int32), 0, np.full(3, -1, np.int64)
    small = cell / SHARED
    for s in range(len(points)):
        if gate[s] <= 0.02:
            continue
        a, b, c = (
            int((points[s, 0] - low[0]) / small), int((points[s, 1] - low[1]) / small),
            int((points[s, 2] - low[2]) / small))
        if a != last[0] or b != last[1] or c != last[2]:
            last[0], last[1], last[2] = a, b, c
            count = _reaching(
                low + small * (last + np.float32(0.5)), np.float32(0.87) * small, places, along, across, sizes,
                cubes_about(points[s], low, counts, cell), counts, first, order, found)
        top, second = -1, -1  # later touches lie over earlier ones
        top_u, top_v, second_u, second_v = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for k in range(count):
            j = found[k]
            if j < second or own[j] != group[s]:
                continue
            dx, dy, dz = points[s, 0] - places[j, 0], points[s, 1] - places[j, 1], points[s, 2] - places[j, 2]
            u = dx * along[j, 0] + dy * along[j, 1] + dz * along[j, 2]
            if abs(u) > sizes[j, 0]:
                continue
            v = dx * across[j, 0] + dy * across[j, 1] + dz * across[j, 2] - sizes[j, 2] * u * u
            if abs(v) > sizes[j, 1]:
                continue
            same = product(normals, s, facing, j)
            if same < 0.35:
                continue
            u, v = sizes[j, 6] * u / sizes[j, 0], v / sizes[j, 1]
            if j > top:
                second, second_u, second_v = top, top_u, top_v
                top, top_u, top_v = j, u, v
            else:
                second, second_u, second_v = j, u, v
        under = np.float32(0.25)
        if second >= 0:
            cover = _cover(second_u, second_v)
            under = (1 - cover) * under + cover * _profile(second_u, second_v, sizes[second])
        if top >= 0:
            cover = _cover(top_u, top_v)
            under = (1 - cover) * under + cover * (0.3 * under + _profile(top_u, top_v, sizes[top]))
        out[s] = under
    return out


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _reaching(centre, margin, places, along, across, sizes, cubes, counts, first, order, found):
    """Which strokes may cover a point within `margin` of the centre: written to `found`, and how many."""
    count = 0
    for x in range(cubes[0], cubes[1] + 1):
        for y in range(cubes[2], cubes[3] + 1):
            for z in range(cubes[4], cubes[5] + 1):
                c = (x * counts[1] + y) * counts[2] + z
                for k in range(first[c], first[c + 1]):
                    j = order[k]
                    dx, dy, dz = centre[0] - places[j, 0], centre[1] - places[j, 1], centre[2] - places[j, 2]
                    u = dx * along[j, 0] + dy * along[j, 1] + dz * along[j, 2]
                    if abs(u) > sizes[j, 0] + margin:
                        continue
                    v = dx * across[j, 0] + dy * across[j, 1] + dz * across[j, 2] - sizes[j, 2] * u * u
                    slope = 2 * abs(sizes[j, 2]) * (sizes[j, 0] + margin)
                    if abs(v) <= sizes[j, 1] + margin * (1 + slope):
                        found[count] = j
                        count += 1
    return count


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _cover(u, v):
    """How far a stroke hides what lies below: soft along its outline, frayed where it begins."""
    side = min((1 - abs(v)) / 0.22, 1.0)
    end = min((1 - u) / 0.07, 1.0) if u > 0 else min((1 + u) / 0.3, 1.0)
    t = max(min(side, end), 0.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _profile(u, v, size):
    """Height of a stroke's paint: a body, paint pushed to both sides, furrows of bristles, a ridge where it ends."""
    rim = np.exp(-(((abs(v) - 0.74) / 0.16) ** 2))
    furrow = np.sin(size[5] * np.pi * v + size[4] + 0.5 * np.sin(2.2 * u + size[4]))
    if size[7] > 0:
        return size[3] * (0.62 + 0.55 * furrow)
    lift = np.exp(-(((u - 0.86) / 0.12) ** 2)) * (1 - v * v)
    return size[3] * (0.55 + 0.3 * rim + 0.2 * furrow * (0.6 - 0.25 * u) + 0.45 * lift)

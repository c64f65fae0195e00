"""Kernels: evenly spaced streamlines on an implicit surface (numba).

Positions are in cells of the fine grid `shape` (mm, positive inside); `step` is that grid's, mm. Directions and the
distance to the skin lie on a coarser grid, `ratio` of whose cells make one fine cell.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

from twinbrush.sculpt.hair.sampling import dot, gradient, inside_grid, onto, sample, unit

TRACE_MM = 2.0  # length of a streamline's pieces
MOST_POINTS = 240
LEAST_SKIN_MM = 0.6  # a streamline ends where the hair is thinner
TURNED_UNDER = -0.55  # cosine of the surface's normal with "down" from which a tip hangs free
LEAST_HALVES, LEAST_SHARE = 4.5, 0.45  # shorter streamlines would be bubbles
SHARP_TURN = 0.2  # cosine of two pieces beyond which a streamline ends


@njit(cache=True, nogil=True)
@no_type_check
def streamlines(shape, directions, skin, ratio, step, seeds, halves, lengths, spacing, occupied, overlap, free_tip):
    """Trace a streamline from each seed unless its place is taken; each takes `spacing` of its half width about it.

    halves, lengths: mm, a seed. overlap: how many half widths a line may run on where another lies. free_tip: mm that
    the end of a line hangs beyond a surface that turns under. Returns (m, MOST_POINTS, 3), counts, the seeds' numbers.
    """
    count = len(seeds)
    out = np.zeros((count, MOST_POINTS, 3), np.float32)
    counts = np.zeros(count, np.int64)
    origin = np.zeros(count, np.int64)
    kept = 0
    ahead = np.zeros((MOST_POINTS // 2, 3))
    back = np.zeros((MOST_POINTS // 2, 3))
    for s in range(count):
        root = onto(shape, seeds[s].copy())
        i, j, k = int(root[0] + 0.5), int(root[1] + 0.5), int(root[2] + 0.5)
        if not inside_grid(shape.shape, i, j, k, 1) or occupied[i, j, k] > 0:
            continue
        room = overlap * halves[s]
        n_ahead, tip = _traced(shape, directions, skin, ratio, step, root, 1.0, 0.6 * lengths[s], occupied, room, ahead)
        n_back, _ = _traced(shape, directions, skin, ratio, step, root, -1.0, 0.4 * lengths[s], occupied, room, back)
        if tip and n_ahead > 3:
            n_ahead = _hung(shape, skin, ratio, step, ahead, n_ahead, free_tip * (0.6 + 0.8 * ((s * 7919) % 97) / 97.0))
        n = n_ahead + n_back + 1
        if n * TRACE_MM < max(LEAST_HALVES * halves[s], LEAST_SHARE * lengths[s]):
            continue
        for a in range(n_back):
            out[kept, a] = back[n_back - 1 - a]
        out[kept, n_back] = root
        for a in range(n_ahead):
            out[kept, n_back + 1 + a] = ahead[a]
        counts[kept], origin[kept] = n, s
        _occupy(occupied, out[kept], n, spacing * halves[s] / step)
        kept += 1
    return out[:kept], counts[:kept], origin[:kept]


@njit(cache=True, nogil=True)
@no_type_check
def _traced(shape, directions, skin, ratio, step, root, sign, limit, occupied, room, line):
    """Follow the directions (sign -1: against them) from the root.

    Returns how many points were written into `line`, and whether the end hangs over a surface that turns under.
    """
    p = root.copy()
    previous = np.zeros(3)
    gone, over, count = 0.0, 0.0, 0
    while gone < limit and count < len(line) - 1:
        g = unit(gradient(shape, p[0], p[1], p[2]))
        if sign > 0 and -g[1] < TURNED_UNDER:
            return count, True
        v = _heading(directions, p * ratio, g, previous, gone > 0)
        if dot(v, v) < 0.5:
            break
        previous = v
        q = onto(shape, p + v * (sign * TRACE_MM / step))
        moved = math.sqrt(dot(q - p, q - p)) * step
        if not _goes_on(shape, skin, ratio, q, moved):
            break
        over = over + TRACE_MM if occupied[int(q[0] + 0.5), int(q[1] + 0.5), int(q[2] + 0.5)] > 0 else 0.0
        if over > room:
            break
        p = q
        gone += moved
        line[count] = p
        count += 1
    return count, False


@njit(cache=True, nogil=True)
@no_type_check
def _heading(directions, place, normal, previous, started):
    """The unit tangent to follow; zero where there is none or the turn would be sharp."""
    x, y, z = place
    v = np.array([sample(directions[0], x, y, z), sample(directions[1], x, y, z), sample(directions[2], x, y, z)])
    v = v - normal * dot(v, normal)
    if dot(v, v) < 1e-6:
        return np.zeros(3)
    v = unit(v)
    if not started:
        return v
    if dot(v, previous) < SHARP_TURN:
        return np.zeros(3)
    return unit(0.5 * v + 0.5 * previous)


@njit(cache=True, nogil=True)
@no_type_check
def _goes_on(shape, skin, ratio, q, moved):
    """Whether a step led along the surface to hair that is thick enough, inside the grid."""
    if moved < 0.2 * TRACE_MM or moved > 3 * TRACE_MM:
        return False
    if sample(skin, q[0] * ratio, q[1] * ratio, q[2] * ratio) < LEAST_SKIN_MM:
        return False
    return inside_grid(shape.shape, int(q[0] + 0.5), int(q[1] + 0.5), int(q[2] + 0.5), 1)


@njit(cache=True, nogil=True)
@no_type_check
def _hung(shape, skin, ratio, step, line, count, length):
    """Let the line's end hang freely for `length` mm, bending down; returns the new number of points."""
    heading = unit(line[count - 1] - line[count - 2])
    for _ in range(int(length / TRACE_MM)):
        heading = unit(heading * 0.8 + np.array([0.0, -1.0, 0.0]) * 0.2)
        q = line[count - 1] + heading * (TRACE_MM / step)
        free = sample(skin, q[0] * ratio, q[1] * ratio, q[2] * ratio) > 1.0
        if count >= len(line) - 1 or not free or not inside_grid(shape.shape, int(q[0]), int(q[1]), int(q[2]), 3):
            break
        line[count] = q
        count += 1
    return count


@njit(cache=True, nogil=True)
@no_type_check
def _occupy(occupied, line, count, radius):
    reach = int(radius) + 1
    for a in range(count):
        i, j, k = int(line[a, 0] + 0.5), int(line[a, 1] + 0.5), int(line[a, 2] + 0.5)
        for di in range(-reach, reach + 1):
            for dj in range(-reach, reach + 1):
                for dk in range(-reach, reach + 1):
                    if di * di + dj * dj + dk * dk <= radius * radius and inside_grid(
                            occupied.shape, i + di, j + dj, k + dk, 0):
                        occupied[i + di, j + dj, k + dk] = 1

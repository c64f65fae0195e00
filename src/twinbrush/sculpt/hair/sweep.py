"""Kernels: evenly spaced streamlines on an implicit surface, and locks swept along them (numba).

Positions are in cells of the fine grid `shape` (mm, positive inside); `step` is that grid's, mm. Directions and the
distance to the skin lie on a coarser grid, `ratio` of whose cells make one fine cell.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TRACE_MM = 2.0  # length of a streamline's pieces
MOST_POINTS = 240
LEAST_SKIN_MM = 0.6  # a streamline ends where the hair is thinner
TURNED_UNDER = -0.55  # cosine of the surface's normal with "down" from which a tip hangs free
LEAST_HALVES, LEAST_SHARE = 4.5, 0.45  # shorter streamlines would be bubbles
FULLNESS, LEAN = 0.8, 0.35  # of a lock's profile: below 1 rounder with sharper creases; higher at one side, as locks overlap
THINNEST_SHARE = 0.08  # of a lock's height where the hair ends on the skin
SHARP_TURN = 0.2  # cosine of two pieces beyond which a streamline ends


@njit(cache=True, fastmath=True)
def sample(grid, x, y, z):
    """Trilinear value at a place, clamped to the grid."""
    nx, ny, nz = grid.shape
    x = min(max(x, 0.0), nx - 1.001)
    y = min(max(y, 0.0), ny - 1.001)
    z = min(max(z, 0.0), nz - 1.001)
    i, j, k = int(x), int(y), int(z)
    a, b, c = x - i, y - j, z - k
    low = (grid[i, j, k] * (1 - c) + grid[i, j, k + 1] * c) * (1 - b) + (
        grid[i, j + 1, k] * (1 - c) + grid[i, j + 1, k + 1] * c) * b
    high = (grid[i + 1, j, k] * (1 - c) + grid[i + 1, j, k + 1] * c) * (1 - b) + (
        grid[i + 1, j + 1, k] * (1 - c) + grid[i + 1, j + 1, k + 1] * c) * b
    return low * (1 - a) + high * a


@njit(cache=True, fastmath=True)
def gradient(grid, x, y, z):
    """Central differences, per cell."""
    e = 0.7
    return np.array([
        sample(grid, x + e, y, z) - sample(grid, x - e, y, z), sample(grid, x, y + e, z) - sample(grid, x, y - e, z),
        sample(grid, x, y, z + e) - sample(grid, x, y, z - e)]) / (2 * e)


@njit(cache=True, fastmath=True)
def unit(v):
    """The vector of length 1."""
    return v / (math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) + 1e-9)


@njit(cache=True, fastmath=True)
def dot(a, b):
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, fastmath=True)
def onto(grid, p):
    """The place moved onto the zero surface (three Newton steps)."""
    for _ in range(3):
        g = gradient(grid, p[0], p[1], p[2])
        length = math.sqrt(dot(g, g)) + 1e-6
        move = min(max(sample(grid, p[0], p[1], p[2]) / length, -3.0), 3.0)
        p = p - g / length * move
    return p


@njit(cache=True, fastmath=True)
def _inside(shape, i, j, k, margin):
    return (margin <= i < shape[0] - margin) and (margin <= j < shape[1] - margin) and (margin <= k < shape[2] - margin)


@njit(cache=True, fastmath=True)
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
    half_points = MOST_POINTS // 2 - 1
    ahead = np.zeros((MOST_POINTS, 3))
    back = np.zeros((MOST_POINTS, 3))
    down = np.array([0.0, -1.0, 0.0])
    for s in range(count):
        root = onto(shape, seeds[s].copy())
        i, j, k = int(root[0] + 0.5), int(root[1] + 0.5), int(root[2] + 0.5)
        if not _inside(shape.shape, i, j, k, 1) or occupied[i, j, k] > 0:
            continue
        n_ahead, n_back = 0, 0
        for way in range(2):
            sign = 1.0 if way == 0 else -1.0
            limit = lengths[s] * (0.6 if way == 0 else 0.4)
            p = root.copy()
            previous = np.zeros(3)
            gone, over = 0.0, 0.0
            tip = False
            while gone < limit and (n_ahead if way == 0 else n_back) < half_points:
                g = unit(gradient(shape, p[0], p[1], p[2]))
                if way == 0 and -g[1] < TURNED_UNDER:
                    tip = True
                    break
                x, y, z = p[0] * ratio, p[1] * ratio, p[2] * ratio
                v = np.array([sample(directions[0], x, y, z), sample(directions[1], x, y, z),
                              sample(directions[2], x, y, z)])
                v = v - g * dot(v, g)
                if dot(v, v) < 1e-6:
                    break
                v = unit(v)
                if gone > 0:
                    if dot(v, previous) < SHARP_TURN:
                        break
                    v = unit(0.5 * v + 0.5 * previous)
                previous = v
                q = onto(shape, p + v * (sign * TRACE_MM / step))
                moved = math.sqrt(dot(q - p, q - p)) * step
                if moved < 0.2 * TRACE_MM or moved > 3 * TRACE_MM:
                    break
                if sample(skin, q[0] * ratio, q[1] * ratio, q[2] * ratio) < LEAST_SKIN_MM:
                    break
                i, j, k = int(q[0] + 0.5), int(q[1] + 0.5), int(q[2] + 0.5)
                if not _inside(shape.shape, i, j, k, 1):
                    break
                if occupied[i, j, k] > 0:
                    over += TRACE_MM
                    if over > overlap * halves[s]:
                        break
                else:
                    over = 0.0
                p = q
                gone += moved
                if way == 0:
                    ahead[n_ahead] = p
                    n_ahead += 1
                else:
                    back[n_back] = p
                    n_back += 1
            if tip and free_tip > 0 and gone > 3 * TRACE_MM:
                pieces = int(free_tip * (0.6 + 0.8 * ((s * 7919) % 97) / 97.0) / TRACE_MM)
                for _ in range(pieces):
                    if n_ahead >= half_points:
                        break
                    previous = unit(previous * 0.8 + down * 0.2)
                    q = p + previous * (TRACE_MM / step)
                    if sample(skin, q[0] * ratio, q[1] * ratio, q[2] * ratio) < 1.0:
                        break
                    if not _inside(shape.shape, int(q[0]), int(q[1]), int(q[2]), 3):
                        break
                    p = q
                    ahead[n_ahead] = p
                    n_ahead += 1
        n = n_ahead + n_back + 1
        if n * TRACE_MM < max(LEAST_HALVES * halves[s], LEAST_SHARE * lengths[s]):
            continue
        for a in range(n_back):
            out[kept, a] = back[n_back - 1 - a]
        out[kept, n_back] = root
        for a in range(n_ahead):
            out[kept, n_back + 1 + a] = ahead[a]
        counts[kept], origin[kept] = n, s
        radius = spacing * halves[s] / step
        _occupy(occupied, out[kept], n, radius)
        kept += 1
    return out[:kept], counts[:kept], origin[:kept]


@njit(cache=True, fastmath=True)
def _occupy(occupied, line, count, radius):
    reach = int(radius) + 1
    for a in range(count):
        i, j, k = int(line[a, 0] + 0.5), int(line[a, 1] + 0.5), int(line[a, 2] + 0.5)
        for di in range(-reach, reach + 1):
            for dj in range(-reach, reach + 1):
                for dk in range(-reach, reach + 1):
                    if di * di + dj * dj + dk * dk <= radius * radius and _inside(
                            occupied.shape, i + di, j + dj, k + dk, 0):
                        occupied[i + di, j + dj, k + dk] = 1


@njit(cache=True, fastmath=True)
def _smoothed(values, count, rounds):
    for _ in range(rounds):
        before = values.copy()
        for a in range(1, count - 1):
            values[a] = 0.25 * before[a - 1] + 0.5 * before[a] + 0.25 * before[a + 1]


@njit(cache=True, fastmath=True)
def stamp(shape, surface, skin, ratio, step, lines, counts, halves, heights, groove, period, phases, fillet, tip_width, full):
    """Unite locks with `shape`: parabolic ridges on `surface`, rising from sunk roots to full height, tapering to tips.

    halves, heights: mm, a line. groove, period: depth and distance (mm) of the strands' furrows along a lock. fillet:
    mm between locks. tip_width: share of the width left at the tip. full: mm of hair under which locks are lower.
    """
    for m in range(len(lines)):
        n = counts[m]
        full_half, full_height = halves[m], heights[m]
        points = lines[m, :n].astype(np.float64)
        _smoothed(points, n, 4)
        outward = np.zeros((n, 3))
        along = np.zeros((n, 3))
        for a in range(n):
            along[a] = unit(points[min(a + 1, n - 1)] - points[max(a - 1, 0)])
            outward[a] = unit(-gradient(surface, points[a, 0], points[a, 1], points[a, 2]))
        _smoothed(outward, n, 8)
        for b in range(2 * n - 1):
            a, u = b // 2, 0.5 * (b % 2)
            e = min(a + 1, n - 1)
            place = (a + u) / (n - 1.0)
            rise = min(1.0, place / 0.38)
            rise = rise * rise * (3 - 2 * rise)
            taper = min(1.0, (1 - place) / 0.55)
            taper = taper * taper * (3 - 2 * taper)
            half = full_half * (0.35 + 0.65 * rise) * (tip_width + (1 - tip_width) * taper**0.8)
            height = full_height * (0.15 + 0.85 * rise) * taper**0.7
            if half < 0.7 or height < 0.12:
                continue
            p = points[a] * (1 - u) + points[e] * u
            t = unit(along[a] * (1 - u) + along[e] * u)
            thin = sample(skin, p[0] * ratio, p[1] * ratio, p[2] * ratio)
            thin = min(1.0, max(THINNEST_SHARE, thin / full))
            height = height * thin
            sunk = -0.9 * full_height * (1 - rise) * thin
            g = outward[a] * (1 - u) + outward[e] * u
            g = unit(g - t * dot(g, t))
            side = np.array([g[1] * t[2] - g[2] * t[1], g[2] * t[0] - g[0] * t[2], g[0] * t[1] - g[1] * t[0]])
            _stamp_piece(shape, step, p, t, g, side, half, height, sunk, -(1.2 + 5.0 * taper), groove * min(
                1.0, height / full_height), period, phases[m], fillet)


@njit(cache=True, fastmath=True)
def _stamp_piece(shape, step, p, t, g, side, half, height, sunk, depth, groove, period, phase, fillet):
    reach = int(max(half, height) / step) + 2
    i0, j0, k0 = int(p[0] + 0.5), int(p[1] + 0.5), int(p[2] + 0.5)
    for i in range(max(0, i0 - reach), min(shape.shape[0], i0 + reach + 1)):
        for j in range(max(0, j0 - reach), min(shape.shape[1], j0 + reach + 1)):
            for k in range(max(0, k0 - reach), min(shape.shape[2], k0 + reach + 1)):
                x, y, z = (i - p[0]) * step, (j - p[1]) * step, (k - p[2]) * step
                ahead = x * t[0] + y * t[1] + z * t[2]
                if ahead > 1.5 or ahead < -1.5:
                    continue
                q = (x * side[0] + y * side[1] + z * side[2]) / half
                if q > 1.15 or q < -1.15:
                    continue
                up = x * g[0] + y * g[1] + z * g[2] - sunk
                if up < depth:
                    continue
                arch = 1 - q * q
                arch = max(arch, 0.0) ** FULLNESS * (1 + LEAN * q)
                profile = height * arch
                if groove > 0:
                    profile += groove * math.cos(6.2832 * (q * half / period) + phase) * arch
                value = min(profile - up, 3.0)
                if value > up - depth:
                    value = up - depth + 0.3
                old = shape[i, j, k]
                share = 0.5 + 0.5 * (value - old) / fillet
                if share <= 0:
                    continue
                if share >= 1:
                    shape[i, j, k] = value
                else:
                    new = old * (1 - share) + value * share + 0.5 * fillet * share * (1 - share)
                    if new > old:
                        shape[i, j, k] = new

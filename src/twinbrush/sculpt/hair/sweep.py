"""Kernels: locks swept along lines on an implicit surface (numba; the grids are those of streamlines.py)."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

from twinbrush.sculpt.hair.sampling import dot, gradient, sample, unit

FULLNESS, LEAN = 0.8, 0.35  # of a lock's profile: below 1 rounder, creases sharper; higher at one side, as they overlap
SLAB_MM = 1.5  # a lock is stamped in pieces that reach so far along it, both ways
THINNEST_SHARE = 0.08  # of a lock's height where the hair ends on the skin


@njit(cache=True, nogil=True)
@no_type_check
def _smoothed(values, count, rounds):
    for _ in range(rounds):
        before = values.copy()
        for a in range(1, count - 1):
            values[a] = 0.25 * before[a - 1] + 0.5 * before[a] + 0.25 * before[a + 1]


@njit(cache=True, nogil=True)
@no_type_check
def stamp(
    shape, surface, skin, ratio, step, lines, counts, halves, heights, groove, period, phases, fillet, tip_width, full
):
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


@njit(cache=True, nogil=True)
@no_type_check
def _slab(before, slack, slope, middle, step, centre, reach):
    """The cells along an axis at which `before + slope * (cell - middle)` may lie within SLAB_MM, one more at each end.

    before: what the axes walked already add to it, cells. slack: what those to come can add.
    """
    if abs(slope) < 1e-3:
        return centre - reach, centre + reach
    wide = (SLAB_MM / step + slack) / abs(slope) + 1.0
    at = middle - before / slope
    return max(centre - reach, int(np.floor(at - wide))), min(centre + reach, int(np.ceil(at + wide)))


@njit(cache=True, nogil=True)
@no_type_check
def _stamp_piece(shape, step, p, t, g, side, half, height, sunk, depth, groove, period, phase, fillet):
    reach = int(max(half, height) / step) + 2
    i0, j0, k0 = int(p[0] + 0.5), int(p[1] + 0.5), int(p[2] + 0.5)
    for i in range(max(0, i0 - reach), min(shape.shape[0], i0 + reach + 1)):
        # only a slab of SLAB_MM to both sides of the piece is touched: rows and cells outside it are not walked
        first_j, last_j = _slab((i - p[0]) * t[0], abs(t[2]) * (reach + 1.0), t[1], p[1], step, j0, reach)
        for j in range(max(0, first_j), min(shape.shape[1], last_j + 1)):
            first_k, last_k = _slab((i - p[0]) * t[0] + (j - p[1]) * t[1], 0.0, t[2], p[2], step, k0, reach)
            for k in range(max(0, first_k), min(shape.shape[2], last_k + 1)):
                x, y, z = (i - p[0]) * step, (j - p[1]) * step, (k - p[2]) * step
                ahead = x * t[0] + y * t[1] + z * t[2]
                if ahead > SLAB_MM or ahead < -SLAB_MM:
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
                shape[i, j, k] = _united(shape[i, j, k], value, fillet)


@njit(cache=True, nogil=True)
@no_type_check
def _united(old, value, fillet):
    """The smooth maximum of two implicit values, never below the old one."""
    share = 0.5 + 0.5 * (value - old) / fillet
    if share <= 0:
        return old
    if share >= 1:
        return value
    return max(old, old * (1 - share) + value * share + 0.5 * fillet * share * (1 - share))

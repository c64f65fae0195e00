"""Kernels: values and gradients of implicit grids between their cells (numba). Places are in cells."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
@no_type_check
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


@njit(cache=True, nogil=True)
@no_type_check
def gradient(grid, x, y, z):
    """Central differences, per cell."""
    e = 0.7
    return np.array([
        sample(grid, x + e, y, z) - sample(grid, x - e, y, z), sample(grid, x, y + e, z) - sample(grid, x, y - e, z),
        sample(grid, x, y, z + e) - sample(grid, x, y, z - e)]) / (2 * e)


@njit(cache=True, nogil=True)
@no_type_check
def unit(v):
    """The vector of length 1."""
    return v / (math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) + 1e-9)


@njit(cache=True, nogil=True)
@no_type_check
def dot(a, b):
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, nogil=True)
@no_type_check
def onto(grid, p):
    """The place moved onto the zero surface (three Newton steps)."""
    for _ in range(3):
        g = gradient(grid, p[0], p[1], p[2])
        length = math.sqrt(dot(g, g)) + 1e-6
        move = min(max(sample(grid, p[0], p[1], p[2]) / length, -3.0), 3.0)
        p = p - g / length * move
    return p


@njit(cache=True, nogil=True)
@no_type_check
def inside_grid(shape, i, j, k, margin):
    """Whether a cell lies in a grid of that shape, `margin` cells from its border."""
    return (margin <= i < shape[0] - margin) and (margin <= j < shape[1] - margin) and (margin <= k < shape[2] - margin)

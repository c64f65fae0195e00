"""Where a tool touches the surface: points spread evenly, each with the paint's direction, and a grid to find them.

(`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int32
from numba import njit

from twinbrush.relief.ground import Ground

CANDIDATES = 12  # texels tried for each mark that there is room for
LEAST_GATE = 0.02  # no tool works where less than this share of relief is wanted


@dataclass(frozen=True)
class Grid:
    """Points filed by cubes of `cell` mm: the points of cube c are order[start[c]:start[c + 1]]."""

    low: Float32[np.ndarray, "3"]
    cell: float
    counts: Int32[np.ndarray, "3"]
    start: Int32[np.ndarray, "c"]
    order: Int32[np.ndarray, "n"]


@dataclass(frozen=True)
class Touches:
    """Where a tool touches the surface (n times, in random order).

    texel (n,): at which of the ground's texels. points, normals, along, across (n, 3): mm, unit; along the strokes, and
    across them on the surface. coherence (n,): of the paint's directions there, 0..1. group (n,). grid: of the points.
    """

    texel: Int32[np.ndarray, "n"]
    points: Float32[np.ndarray, "n 3"]
    normals: Float32[np.ndarray, "n 3"]
    along: Float32[np.ndarray, "n 3"]
    across: Float32[np.ndarray, "n 3"]
    coherence: Float32[np.ndarray, "n"]
    group: Int32[np.ndarray, "n"]
    grid: Grid


def touches_on(ground: Ground, spacing_mm: float, reach_mm: float, seed: int) -> Touches:
    """Returns points at least `spacing_mm` apart that cover the ground. reach_mm: how far away each is looked for."""
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero(ground.texels.inside & (ground.gate > LEAST_GATE))
    room = float((ground.texel_mm[usable].astype(np.float64) ** 2).sum()) / spacing_mm**2
    wanted = min(len(usable), int(CANDIDATES * room) + 1)
    tried = rng.permutation(usable)[:wanted].astype(np.int32)
    points = ground.points[tried]
    low, counts = _frame(points, spacing_mm)
    kept = tried[_apart(points, ground.group[tried], spacing_mm, low, counts, np.float32(spacing_mm))]
    return touches_at(ground, kept, reach_mm)


def touches_at(ground: Ground, texel: Int32[np.ndarray, "n"], reach_mm: float) -> Touches:
    """Returns the touches at these texels of the ground."""
    points, normals = ground.points[texel], ground.normals[texel].astype(np.float64)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    tensor = (ground.tensor[ground.place[texel]] * ground.weights[texel][..., None]).sum(1)
    across, coherence = _principal(tensor, normals)
    along = np.cross(normals, across)
    return Touches(
        texel, points, normals.astype(np.float32), along.astype(np.float32), across.astype(np.float32), coherence,
        ground.group[texel], grid_of(points, reach_mm))


def _principal(tensor: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, Float32[np.ndarray, "n"]]:
    """Unit direction on the surface in which the paint changes most, and how clear it is, 0..1."""
    first = np.cross(normals, np.where(np.abs(normals[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(normals, first)
    full = tensor[:, [[0, 3, 4], [3, 1, 5], [4, 5, 2]]]
    a, b, c = (np.einsum("ni,nij,nj->n", p, full, q) for p, q in ((first, first), (first, second), (second, second)))
    angle = 0.5 * np.arctan2(2 * b, a - c)
    clear = np.hypot(a - c, 2 * b) / np.maximum(a + c, 1e-12)
    return np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second, clear.astype(np.float32)


def grid_of(points: Float32[np.ndarray, "n 3"], cell: float) -> Grid:
    """Returns points filed by cubes."""
    low, counts = _frame(points, cell)
    cube = ((points - low) / np.float32(cell)).astype(np.int32)
    number = (cube[:, 0] * counts[1] + cube[:, 1]) * counts[2] + cube[:, 2]
    start = np.zeros(int(counts.prod()) + 1, np.int32)
    start[1:] = np.cumsum(np.bincount(number, minlength=len(start) - 1))
    return Grid(low, cell, counts, start, np.argsort(number, kind="stable").astype(np.int32))


def _frame(points: Float32[np.ndarray, "n 3"], cell: float) -> tuple[Float32[np.ndarray, "3"], Int32[np.ndarray, "3"]]:
    """Where the cubes begin and how many there are along each axis."""
    low = (points.min(0) - 0.5 * cell).astype(np.float32) if len(points) else np.zeros(3, np.float32)
    high = points.max(0) if len(points) else np.ones(3, np.float32)
    return low, np.maximum(((high - low) / cell).astype(np.int32) + 1, 1)


def fields_of(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.float32]:
    """What the compiled kernels take of a grid."""
    return grid.low, grid.counts, grid.start, grid.order, np.float32(grid.cell)


@njit(cache=True, nogil=True)
@no_type_check
def cubes_about(point, low, counts, cell):
    """First and last cube (inclusive) along each axis that hold what lies within a cell of the point."""
    x, y, z = (point[0] - low[0]) / cell, (point[1] - low[1]) / cell, (point[2] - low[2]) / cell
    return (
        max(int(np.floor(x)) - 1, 0), min(int(np.floor(x)) + 1, counts[0] - 1),
        max(int(np.floor(y)) - 1, 0), min(int(np.floor(y)) + 1, counts[1] - 1),
        max(int(np.floor(z)) - 1, 0), min(int(np.floor(z)) + 1, counts[2] - 1))


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def product(a, i, b, j):
    """The scalar product of row i of a and row j of b, three columns each."""
    return a[i, 0] * b[j, 0] + a[i, 1] * b[j, 1] + a[i, 2] * b[j, 2]


@njit(cache=True, nogil=True)
@no_type_check
def _apart(points, group, spacing, low, counts, cell):
    """Which points to keep, in their order, so that no two of a group are nearer than `spacing`."""
    kept = np.zeros(len(points), np.bool_)
    newest = np.full(counts[0] * counts[1] * counts[2], -1, np.int32)  # of the points kept in each cube
    older = np.full(len(points), -1, np.int32)  # the one kept there before
    for i in range(len(points)):
        if _free(points, group, i, spacing * spacing, newest, older, cubes_about(points[i], low, counts, cell), counts):
            kept[i] = True
            x, y, z = (
                int((points[i, 0] - low[0]) / cell), int((points[i, 1] - low[1]) / cell),
                int((points[i, 2] - low[2]) / cell))
            c = (x * counts[1] + y) * counts[2] + z
            older[i] = newest[c]
            newest[c] = i
    return kept


@njit(cache=True, nogil=True)
@no_type_check
def _free(points, group, i, least, newest, older, cubes, counts):
    """Whether no kept point of its group lies near point i."""
    for x in range(cubes[0], cubes[1] + 1):
        for y in range(cubes[2], cubes[3] + 1):
            for z in range(cubes[4], cubes[5] + 1):
                j = newest[(x * counts[1] + y) * counts[2] + z]
                while j >= 0:
                    dx, dy, dz = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
                    if group[j] == group[i] and dx * dx + dy * dy + dz * dz < least:
                        return False
                    j = older[j]
    return True

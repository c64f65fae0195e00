"""A triangulated lattice over the crop, denser over the face, whose border follows a contour exactly.

Vertices near the contour are moved onto it and the remaining crossing triangles are cut along it (isosurface stuffing,
Labelle and Shewchuk 2007, in the plane): no stairs and no slivers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

SNAP = 0.33  # vertices nearer to the contour than this share of a cell move onto it


@dataclass(frozen=True)
class Lattice:
    """points_xy (V, 2) in pixels; faces (F, 3), counter-clockwise in the world (y up); border (V,) on the contour."""

    points_xy: Float[np.ndarray, "v 2"]
    faces: Int[np.ndarray, "f 3"]
    border: Bool[np.ndarray, "v"]


def graded_axis(size: int, samples: int, focus: tuple[float, float], density: float) -> Float[np.ndarray, "n"]:
    """`samples` positions from -0.5 to size - 0.5, `density` times denser inside `focus` than outside, graded."""
    positions = np.linspace(-0.5, size - 0.5, 2048)
    soft = 0.06 * size
    inside = 0.5 * (np.tanh((positions - focus[0]) / soft) - np.tanh((positions - focus[1]) / soft))
    cumulative = np.concatenate([[0.0], np.cumsum(1 + (density - 1) * (inside[1:] + inside[:-1]) / 2)])
    return np.interp(np.linspace(0, cumulative[-1], samples), cumulative, positions)


def cut_lattice(
    level: Float[np.ndarray, "h w"], xs: Float[np.ndarray, "m"], ys: Float[np.ndarray, "n"]
) -> Lattice:
    """The part of the lattice xs x ys where `level` (signed distance in pixels, > 0 inside) is positive."""
    grid_x, grid_y = np.meshgrid(xs, ys)
    points = np.stack([grid_x.ravel(), grid_y.ravel()], axis=1)
    cell = np.minimum(*np.meshgrid(np.gradient(xs), np.gradient(ys))).ravel()
    slope_y, slope_x = np.gradient(level)
    value = sample(level, points)
    gradient = np.stack([sample(slope_x, points), sample(slope_y, points)], axis=1)
    gradient /= np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 0.3)
    near = np.abs(value) < SNAP * cell
    points[near] -= gradient[near] * value[near, None]
    value[near] = 0.0
    return _clip(points, value, _triangles(len(ys), len(xs)))


def sample(values: Float[np.ndarray, "h w"], points_xy: Float[np.ndarray, "v 2"], order: int = 1) -> (
    Float[np.ndarray, "v"]
):
    """Interpolate an image at pixel positions (order 1: bilinear, 3: bicubic), borders replicated."""
    method = cv2.INTER_CUBIC if order == 3 else cv2.INTER_LINEAR
    result = np.empty(len(points_xy))
    step = 30000  # cv2.remap takes at most 32767 rows
    for start in range(0, len(points_xy), step):
        block = points_xy[start : start + step].astype(np.float32)
        result[start : start + step] = cv2.remap(
            values, block[:, :1].copy(), block[:, 1:].copy(), method, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    return result


def _triangles(rows: int, columns: int) -> Int[np.ndarray, "f 3"]:
    """Two triangles a cell, diagonals alternating; counter-clockwise in the world, where y goes up."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    even = (np.add.outer(np.arange(rows - 1), np.arange(columns - 1)) % 2 == 0)[..., None]
    first = np.where(even, np.stack([a, c, d], -1), np.stack([a, c, b], -1))
    second = np.where(even, np.stack([a, d, b], -1), np.stack([b, c, d], -1))
    return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def _clip(points: Float[np.ndarray, "v 2"], value: Float[np.ndarray, "v"], faces: Int[np.ndarray, "f 3"]) -> Lattice:
    """Keep the positive part of every triangle."""
    sign = np.sign(value[faces])
    positive, negative = (sign > 0).sum(1), (sign < 0).sum(1)
    kept = [faces[(negative == 0) & (positive > 0)]]
    cut = faces[(negative > 0) & (positive > 0)]
    edges = np.concatenate([cut[:, [0, 1]], cut[:, [1, 2]], cut[:, [2, 0]]])
    edges = np.sort(edges[value[edges[:, 0]] * value[edges[:, 1]] < 0], axis=1)
    unique = np.unique(edges, axis=0)
    a, b = value[unique[:, 0]], value[unique[:, 1]]
    share = (a / (a - b))[:, None]
    crossing = points[unique[:, 0]] * (1 - share) + points[unique[:, 1]] * share
    keys = unique[:, 0].astype(np.int64) * len(points) + unique[:, 1]

    def middle(i: Int[np.ndarray, "n"], j: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        key = np.minimum(i, j).astype(np.int64) * len(points) + np.maximum(i, j)
        return np.searchsorted(keys, key) + len(points)

    kept += _cut_triangles(cut, np.sign(value[cut]), middle)
    everything = np.concatenate([points, crossing])
    border = np.concatenate([value == 0, np.ones(len(crossing), bool)])
    joined = np.concatenate(kept)
    used, compact = np.unique(joined, return_inverse=True)
    return Lattice(everything[used], compact.reshape(-1, 3), border[used])


def _cut_triangles(
    cut: Int[np.ndarray, "f 3"], sign: Float[np.ndarray, "f 3"], middle: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    """The positive parts of triangles with corners of both signs, each rotated so that its odd corner comes first."""
    kept: list[np.ndarray] = []
    for turn in range(3):
        corner = cut[:, [turn, (turn + 1) % 3, (turn + 2) % 3]]
        s = sign[:, [turn, (turn + 1) % 3, (turn + 2) % 3]]
        one = corner[(s[:, 0] > 0) & (s[:, 1] < 0) & (s[:, 2] < 0)]
        kept.append(np.stack([one[:, 0], middle(one[:, 0], one[:, 1]), middle(one[:, 0], one[:, 2])], 1))
        two = corner[(s[:, 0] < 0) & (s[:, 1] > 0) & (s[:, 2] > 0)]
        left, right = middle(two[:, 0], two[:, 1]), middle(two[:, 0], two[:, 2])
        kept += [np.stack([left, two[:, 1], two[:, 2]], 1), np.stack([left, two[:, 2], right], 1)]
        zero = corner[(s[:, 0] == 0) & (s[:, 1] > 0) & (s[:, 2] < 0)]
        kept.append(np.stack([zero[:, 0], zero[:, 1], middle(zero[:, 1], zero[:, 2])], 1))
        zero = corner[(s[:, 0] == 0) & (s[:, 1] < 0) & (s[:, 2] > 0)]
        kept.append(np.stack([zero[:, 0], middle(zero[:, 1], zero[:, 2]), zero[:, 2]], 1))
    return kept

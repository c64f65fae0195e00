"""A float64 z-buffer on the CPU: which triangle every pixel centre sees, exactly, with no system library.

Watertight: an edge shared by two triangles is evaluated from the same end in both (so that rounding is the same), and a
pixel centre exactly on it goes to one of them by the top-left rule. Both windings are drawn. The readable reference is
`rasterize_reference`; the tests compare the two. (`no_type_check` keeps the import hook of the tests, which wraps every
function, away from the compiled kernels.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int, Int32
from numba import njit


@dataclass(frozen=True)
class Raster:
    """face_index: -1 outside. barycentric: perspective-correct weights of the face's corners (0 outside).
    depth: along the camera's z axis in the unit of the input, inf outside."""

    face_index: Int32[np.ndarray, "h w"]
    barycentric: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]


def rasterize(
    pixels_xy: Float[np.ndarray, "v 2"],
    depth: Float[np.ndarray, "v"],
    faces: Int[np.ndarray, "f 3"],
    width: int,
    height: int,
) -> Raster:
    """Project-then-fill with a z-buffer: vertices are given in pixels and depths (see base/camera.py).

    Faces with a corner at depth <= 0 or without area in the picture are left out. Of equally deep faces the first wins.
    """
    face_index = np.full((height, width), -1, np.int32)
    barycentric = np.zeros((height, width, 3))
    nearest = np.full((height, width), np.inf)
    _fill(
        np.ascontiguousarray(pixels_xy, np.float64), np.ascontiguousarray(depth, np.float64),
        np.ascontiguousarray(faces, np.int64), face_index, barycentric, nearest,
    )
    return Raster(face_index, barycentric, nearest)


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def _edge(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """Twice the signed area of (a, b, p), evaluated from the lexicographically smaller end: exactly odd in a <-> b."""
    if ax < bx or (ax == bx and ay < by):
        return (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return -((ax - bx) * (py - by) - (ay - by) * (px - bx))


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def _owns(value: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Inside this edge, or exactly on it and it is a top or left edge (positive area, y down)."""
    if value != 0.0:
        return value > 0.0
    return by < ay or (by == ay and bx > ax)


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def _widened(low: float, high: float, ax: float, ay: float, bx: float, by: float, py: float) -> tuple[float, float]:
    """[low, high] with the x at which the edge from a to b meets the row py."""
    if (ay < py and by < py) or (ay > py and by > py):
        return low, high
    if ay == by:
        return min(low, ax, bx), max(high, ax, bx)
    x = ax + (py - ay) / (by - ay) * (bx - ax)
    return min(low, x), max(high, x)


@njit(cache=True, nogil=True)
@no_type_check
def _span(
    x0: float, y0: float, x1: float, y1: float, x2: float, y2: float, py: float, first: int, last: int
) -> tuple[int, int]:
    """The pixels among first..last of row py that a triangle can reach, one more at each end: who asks `_edge` of
    every pixel in a long sliver's bounding box asks for hours."""
    low, high = _widened(np.inf, -np.inf, x0, y0, x1, y1, py)
    low, high = _widened(low, high, x1, y1, x2, y2, py)
    low, high = _widened(low, high, x2, y2, x0, y0, py)
    if not (low <= high):
        return first, last
    if low - 1.0 > first:
        first = int(np.ceil(min(low - 1.0, last + 1.0)))
    if high + 1.0 < last:
        last = int(np.floor(max(high + 1.0, first - 1.0)))
    return first, last


@njit(cache=True, nogil=True)
@no_type_check
def _fill(
    pixels: np.ndarray, depths: np.ndarray, faces: np.ndarray,
    face_index: np.ndarray, barycentric: np.ndarray, nearest: np.ndarray,
) -> None:
    height, width = nearest.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0, x1, y1, x2, y2 = pixels[i, 0], pixels[i, 1], pixels[j, 0], pixels[j, 1], pixels[k, 0], pixels[k, 1]
        area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
        if not (depths[i] > 0.0 and depths[j] > 0.0 and depths[k] > 0.0) or not (abs(area) > 0.0):
            continue
        flipped = area < 0.0
        if flipped:
            j, k, x1, y1, x2, y2 = k, j, x2, y2, x1, y1
        if max(x0, x1, x2) < 0 or max(y0, y1, y2) < 0 or min(x0, x1, x2) > width - 1 or min(y0, y1, y2) > height - 1:
            continue
        inverse0, inverse1, inverse2 = 1.0 / depths[i], 1.0 / depths[j], 1.0 / depths[k]
        first_x = int(np.ceil(max(min(x0, x1, x2), 0.0)))
        last_x = int(np.floor(min(max(x0, x1, x2), width - 1.0)))
        first_y = int(np.ceil(max(min(y0, y1, y2), 0.0)))
        last_y = int(np.floor(min(max(y0, y1, y2), height - 1.0)))
        for py in range(first_y, last_y + 1):
            start, end = _span(x0, y0, x1, y1, x2, y2, py, first_x, last_x)
            for px in range(start, end + 1):
                e0 = _edge(x1, y1, x2, y2, px, py)
                e1 = _edge(x2, y2, x0, y0, px, py)
                e2 = _edge(x0, y0, x1, y1, px, py)
                if not (
                    _owns(e0, x1, y1, x2, y2) and _owns(e1, x2, y2, x0, y0) and _owns(e2, x0, y0, x1, y1)
                ):
                    continue
                w0, w1, w2 = e0 * inverse0, e1 * inverse1, e2 * inverse2
                total = w0 + w1 + w2
                depth = (e0 + e1 + e2) / total
                if depth < nearest[py, px]:
                    nearest[py, px] = depth
                    face_index[py, px] = f
                    barycentric[py, px, 0] = w0 / total
                    barycentric[py, px, 1] = (w2 if flipped else w1) / total
                    barycentric[py, px, 2] = (w1 if flipped else w2) / total


def rasterize_reference(
    pixels_xy: Float[np.ndarray, "v 2"],
    depth: Float[np.ndarray, "v"],
    faces: Int[np.ndarray, "f 3"],
    width: int,
    height: int,
) -> Raster:
    """The same in plain NumPy, one face at a time over the whole picture: slow, for reading and for the tests."""
    ys, xs = np.mgrid[:height, :width].astype(float)
    face_index = np.full((height, width), -1, np.int32)
    barycentric = np.zeros((height, width, 3))
    nearest = np.full((height, width), np.inf)
    for number, face in enumerate(faces):
        corners, z = pixels_xy[face], depth[face]
        (ax, ay), (bx, by), (cx, cy) = corners
        orientation = np.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
        if orientation == 0 or np.any(z <= 0):
            continue
        inside = np.ones((height, width), bool)
        edges = np.zeros((height, width, 3))
        for corner in range(3):
            start, end = corners[(corner + 1) % 3], corners[(corner + 2) % 3]
            if orientation < 0:
                start, end = end, start
            (sx, sy), (ex, ey) = min(tuple(start), tuple(end)), max(tuple(start), tuple(end))
            sign = 1.0 if tuple(start) == (sx, sy) else -1.0
            value = sign * ((ex - sx) * (ys - sy) - (ey - sy) * (xs - sx))
            top_left = end[1] < start[1] or (end[1] == start[1] and end[0] > start[0])
            inside &= (value > 0) | ((value == 0) & top_left)
            edges[..., corner] = value
        weights = edges / z
        total = np.where(inside, weights.sum(-1), 1)
        here = np.where(inside, edges.sum(-1) / total, np.inf)
        wins = inside & (here < nearest)
        nearest[wins], face_index[wins] = here[wins], number
        barycentric[wins] = (weights / total[..., None])[wins]
    return Raster(face_index, barycentric, nearest)


def interpolate(
    face_index: Int[np.ndarray, "h w"],
    barycentric: Float[np.ndarray, "h w 3"],
    faces: Int[np.ndarray, "f 3"],
    values: Float[np.ndarray, "v c"],
) -> Float[np.ndarray, "h w c"]:
    """A vertex attribute at every pixel (0 outside)."""
    out = np.zeros((*face_index.shape, values.shape[1]), values.dtype)
    _interpolate(face_index, barycentric, np.ascontiguousarray(faces), np.ascontiguousarray(values), out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _interpolate(
    face_index: np.ndarray, barycentric: np.ndarray, faces: np.ndarray, values: np.ndarray, out: np.ndarray
) -> None:
    for y in range(face_index.shape[0]):
        for x in range(face_index.shape[1]):
            f = face_index[y, x]
            if f < 0:
                continue
            for corner in range(3):
                weight = barycentric[y, x, corner]
                vertex = faces[f, corner]
                for c in range(values.shape[1]):
                    out[y, x, c] += weight * values[vertex, c]


def visible_points(
    points_xy: Float[np.ndarray, "p 2"],
    points_depth: Float[np.ndarray, "p"],
    pixels_xy: Float[np.ndarray, "v 2"],
    depth: Float[np.ndarray, "v"],
    faces: Int[np.ndarray, "f 3"],
    width: int,
    height: int,
) -> Bool[np.ndarray, "p"]:
    """Exact visibility of points (at their own sub-pixel place, not at a pixel centre): True when the point lies in the
    picture and no face is nearer at that place by more than 1e-6 of its depth (the point's own face is not nearer)."""
    column = np.floor(points_xy[:, 0] + 0.5)
    row = np.floor(points_xy[:, 1] + 0.5)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (points_depth > 0)
    bins = np.where(inside, row * width + column, width * height).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(width * height + 1))
    visible = inside.copy()
    _occlude(
        np.ascontiguousarray(points_xy, np.float64), np.ascontiguousarray(points_depth, np.float64), order, starts,
        np.ascontiguousarray(pixels_xy, np.float64), np.ascontiguousarray(depth, np.float64),
        np.ascontiguousarray(faces, np.int64), width, height, visible,
    )
    return visible


@njit(cache=True, nogil=True)
@no_type_check
def _occlude(
    points: np.ndarray, point_depths: np.ndarray, order: np.ndarray, starts: np.ndarray,
    pixels: np.ndarray, depths: np.ndarray, faces: np.ndarray, width: int, height: int, visible: np.ndarray,
) -> None:
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0, x1, y1, x2, y2 = pixels[i, 0], pixels[i, 1], pixels[j, 0], pixels[j, 1], pixels[k, 0], pixels[k, 1]
        area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
        if not (depths[i] > 0.0 and depths[j] > 0.0 and depths[k] > 0.0) or not (abs(area) > 0.0):
            continue
        sign = 1.0 if area > 0.0 else -1.0
        if max(x0, x1, x2) < -0.5 or max(y0, y1, y2) < -0.5 or min(x0, x1, x2) > width or min(y0, y1, y2) > height:
            continue
        first_x, last_x = int(max(np.floor(min(x0, x1, x2) + 0.5), 0)), int(min(max(x0, x1, x2) + 0.5, width - 1))
        first_y, last_y = int(max(np.floor(min(y0, y1, y2) + 0.5), 0)), int(min(max(y0, y1, y2) + 0.5, height - 1))
        for row in range(first_y, last_y + 1):
            for number in range(starts[row * width + first_x], starts[row * width + last_x + 1]):
                p = order[number]
                px, py = points[p, 0], points[p, 1]
                e0 = sign * _edge(x1, y1, x2, y2, px, py)
                e1 = sign * _edge(x2, y2, x0, y0, px, py)
                e2 = sign * _edge(x0, y0, x1, y1, px, py)
                if visible[p] and e0 >= 0.0 and e1 >= 0.0 and e2 >= 0.0:
                    here = (e0 + e1 + e2) / (e0 / depths[i] + e1 / depths[j] + e2 / depths[k])
                    if here < point_depths[p] * (1.0 - 1e-6):
                        visible[p] = False

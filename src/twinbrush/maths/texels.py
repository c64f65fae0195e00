"""A mesh's own texture atlas, texel by texel: which surface point each texel paints, and how well a view sees it.

Texels just outside the charts belong to the nearest triangle, continued beyond its sides, so that bilinear lookups at
a seam see on both sides what lies there on the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32
from numba import njit

from twinbrush.base.camera import Camera
from twinbrush.maths.gather import on_faces

GUTTER = 2.0  # texels around every chart that are painted like the surface beside them
FARTHEST = 1.0  # a triangle is continued by at most this share of itself (slivers point anywhere)
BIAS = 2.0  # pixels of slope by which a point may lie behind the picture's depths and still be seen


@dataclass(frozen=True)
class Texels:
    """shape: rows and columns of the atlas. place (s,): row * columns + column of each texel on or beside the surface.
    face (s,), weights (s, 3): the surface point it paints, as barycentric weights (outside 0..1 in gutters). inside
    (s,): its centre lies on the chart."""

    shape: tuple[int, int]
    place: Int32[np.ndarray, "s"]
    face: Int32[np.ndarray, "s"]
    weights: Float32[np.ndarray, "s 3"]
    inside: Bool[np.ndarray, "s"]

    def at(self, values: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"]) -> Float32[np.ndarray, "s c"]:
        """A vertex attribute at every texel."""
        return on_faces(values, faces, self.face, self.weights)

    def picture(self, values: Float[np.ndarray, "s c"]) -> Float32[np.ndarray, "h w c"]:
        """Values of the texels as a picture, 0 off the surface."""
        out = np.zeros((self.shape[0] * self.shape[1], values.shape[1]), np.float32)
        out[self.place] = values
        return out.reshape(*self.shape, -1)


def texel_places(uv: Float[np.ndarray, "v 2"], shape: tuple[int, int]) -> Float[np.ndarray, "v 2"]:
    """Returns where texture coordinates lie in an atlas of (rows, columns), texels x and y: (0, 0) is the middle of its
    upper left texel, uv's origin the lower left corner."""
    return np.stack([uv[:, 0] * shape[1] - 0.5, (1 - uv[:, 1]) * shape[0] - 0.5], axis=1)


def texels_per_mm(
    vertices: Float[np.ndarray, "v 3"], places: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"]
) -> float:
    """Returns how many texels a mm of the faces has, their mean. places: of the vertices in the atlas, texels."""
    corners, flat = vertices[faces], places[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    return float(np.sqrt(np.abs(np.linalg.det(flat[:, 1:] - flat[:, :1])).sum() / max(area, 1e-9)))


def texels_of(
    uv: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"], size: int | tuple[int, int], gutter: float = GUTTER
) -> Texels:
    """The texels of an atlas of `size` rows and columns, or (rows, columns). uv: (0, 0) is its bottom-left corner,
    texel centres lie at half texels."""
    height, width = (size, size) if isinstance(size, int) else size
    places = texel_places(uv, (height, width))
    face = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 3), np.float32)
    away = np.full((height, width), np.float32(1e9))
    _claim(np.ascontiguousarray(places), np.ascontiguousarray(faces, np.int64), gutter, face, weights, away)
    taken = np.flatnonzero(face.ravel() >= 0)
    return Texels(
        (height, width), taken.astype(np.int32), face.ravel()[taken], weights.reshape(-1, 3)[taken],
        away.ravel()[taken] <= 0,
    )


@njit(cache=True, nogil=True)
@no_type_check
def _nearest_weights(ax, ay, bx, by, cx, cy, px, py):
    """Barycentric weights of the triangle's point nearest to p, and its squared distance (p is outside)."""
    best = 1e30
    w0, w1, w2 = 1.0, 0.0, 0.0
    for side in range(3):
        if side == 0:
            sx, sy, ex, ey = ax, ay, bx, by
        elif side == 1:
            sx, sy, ex, ey = bx, by, cx, cy
        else:
            sx, sy, ex, ey = cx, cy, ax, ay
        dx, dy = ex - sx, ey - sy
        length = dx * dx + dy * dy
        t = 0.0
        if length > 0:
            t = min(max(((px - sx) * dx + (py - sy) * dy) / length, 0.0), 1.0)
        qx, qy = sx + t * dx - px, sy + t * dy - py
        distance = qx * qx + qy * qy
        if distance < best:
            best = distance
            if side == 0:
                w0, w1, w2 = 1 - t, t, 0.0
            elif side == 1:
                w0, w1, w2 = 0.0, 1 - t, t
            else:
                w0, w1, w2 = t, 0.0, 1 - t
    return w0, w1, w2, best


@njit(cache=True, nogil=True)
@no_type_check
def _claim(places, faces, gutter, face, weights, away):
    height, width = face.shape
    for f in range(faces.shape[0]):
        ax, ay = places[faces[f, 0], 0], places[faces[f, 0], 1]
        bx, by = places[faces[f, 1], 0], places[faces[f, 1], 1]
        cx, cy = places[faces[f, 2], 0], places[faces[f, 2], 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        first_x = max(int(np.ceil(min(ax, bx, cx) - gutter)), 0)
        last_x = min(int(np.floor(max(ax, bx, cx) + gutter)), width - 1)
        first_y = max(int(np.ceil(min(ay, by, cy) - gutter)), 0)
        last_y = min(int(np.floor(max(ay, by, cy) + gutter)), height - 1)
        for y in range(first_y, last_y + 1):
            for x in range(first_x, last_x + 1):
                if away[y, x] <= 0.0:
                    continue
                w0, w1, w2 = 2.0, 2.0, 2.0
                if area != 0.0:
                    w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                    w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                    w2 = 1.0 - w0 - w1
                    if w0 >= 0.0 and w1 >= 0.0 and w2 >= 0.0:
                        face[y, x], away[y, x] = f, 0.0
                        weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = w0, w1, w2
                        continue
                n0, n1, n2, distance = _nearest_weights(ax, ay, bx, by, cx, cy, x, y)
                if distance > gutter * gutter or distance >= away[y, x]:
                    continue
                if min(w0, w1, w2) < -FARTHEST or max(w0, w1, w2) > 1.0 + FARTHEST:
                    w0, w1, w2 = n0, n1, n2
                face[y, x], away[y, x] = f, distance
                weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = w0, w1, w2


@dataclass(frozen=True)
class Seen:
    """Where a view shows each texel's surface point, and how well: facing = cosine of the angle between the normal and
    the line of sight, 0 where hidden, turned away or out of the picture."""

    pixels_xy: Float32[np.ndarray, "s 2"]
    facing: Float32[np.ndarray, "s"]


def seen_texels(
    points_xyz: Float32[np.ndarray, "s 3"],
    normals: Float32[np.ndarray, "s 3"],
    camera: Camera,
    depth: Float[np.ndarray, "h w"],
) -> Seen:
    """depth: the view's depth buffer (inf outside). A point is hidden when any of the four pixels around it shows
    shows something nearer (by more than the surface's own slope explains): its colour would mix with what hides it."""
    pixels = np.empty((len(points_xyz), 2), np.float32)
    facing = np.zeros(len(points_xyz), np.float32)
    centre = camera.centre_xyz
    _see(points_xyz, normals, camera.world_to_camera, camera.intrinsics, centre, depth, BIAS, pixels, facing)
    return Seen(pixels, facing)


@njit(cache=True, nogil=True)
@no_type_check
def _see(points, normals, pose, intrinsics, centre, depth, bias, pixels, facing):
    height, width = depth.shape
    focal = intrinsics[0, 0]
    for s in range(points.shape[0]):
        px, py, pz = points[s, 0], points[s, 1], points[s, 2]
        z = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
        cx = pose[0, 0] * px + pose[0, 1] * py + pose[0, 2] * pz + pose[0, 3]
        cy = pose[1, 0] * px + pose[1, 1] * py + pose[1, 2] * pz + pose[1, 3]
        x, y = focal * cx / z + intrinsics[0, 2], intrinsics[1, 1] * cy / z + intrinsics[1, 2]
        pixels[s, 0], pixels[s, 1] = x, y
        if not (z > 0.0) or x < 0.0 or y < 0.0 or x > width - 1.0 or y > height - 1.0:
            continue
        vx, vy, vz = centre[0] - px, centre[1] - py, centre[2] - pz
        nx, ny, nz = normals[s, 0], normals[s, 1], normals[s, 2]
        length = np.sqrt((vx * vx + vy * vy + vz * vz) * (nx * nx + ny * ny + nz * nz)) + 1e-30
        cosine = (vx * nx + vy * ny + vz * nz) / length
        if cosine <= 0.02:
            continue
        slope = np.sqrt(1.0 - min(cosine * cosine, 1.0)) / max(cosine, 0.1)
        nearest = z - (slope + 0.5) * bias * z / focal
        column, row = min(int(x), width - 2), min(int(y), height - 2)
        hidden = False
        for j in range(2):
            for i in range(2):
                if depth[row + j, column + i] < nearest:
                    hidden = True
        if not hidden:
            facing[s] = cosine

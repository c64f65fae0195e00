"""Polygons -> triangles that can be worked on: n-gons cut, equal positions welded, degenerate and double ones left out.

The file's own polygons are never changed by this: what is left out here still stands in the file that is written back.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import mapbox_earcut as earcut
import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.errors import BadMesh
from twinbrush.meshes.values import Polygons

_FEW = 32  # corners up to which ears are clipped one by one, any outline whatever
_FLAT = 1e-12  # a triangle with less than this share of its longest edge squared as area is degenerate


@dataclass(frozen=True)
class Triangles:
    """corners (f, 3): each triangle's corners, as indices of the file's corners. welded (p,): number of each of the
    file's positions after welding equal ones. repairs: what was left out; warnings: what was found and kept."""

    corners: Int[np.ndarray, "f 3"]
    welded: Int[np.ndarray, "p"]
    repairs: tuple[str, ...]
    warnings: tuple[str, ...]


def triangulate(polygons: Polygons) -> Triangles:
    """Cut, weld and sort out (see the module's page). The order of the polygons is kept."""
    corners = cut_polygons(polygons)
    welded = weld(polygons.positions)
    points = polygons.positions
    a, b, c = (points[polygons.corners[corners[:, k]]] for k in range(3))
    named = welded[polygons.corners[corners]]
    keep = (named[:, 0] != named[:, 1]) & (named[:, 1] != named[:, 2]) & (named[:, 2] != named[:, 0])
    longest = np.max([((b - a) ** 2).sum(1), ((c - b) ** 2).sum(1), ((a - c) ** 2).sum(1)], axis=0)
    keep &= np.linalg.norm(np.cross(b - a, c - a), axis=1) > _FLAT * longest
    repairs: list[str] = []
    if (lost := int((~keep).sum())) > 0:
        repairs.append(f"{lost} degenerate triangles (no area) are not worked on; they stay in the file.")
    corners, named = corners[keep], named[keep]
    single = _first_of_each(np.sort(named, axis=1))
    if (twice := int((~single).sum())) > 0:
        repairs.append(f"{twice} duplicate triangles are not worked on; they stay in the file.")
    if (short := int((polygons.sizes < 3).sum())) > 0:
        repairs.append(f"{short} polygons with fewer than three corners are not worked on; they stay in the file.")
    corners, named = corners[single], named[single]
    several = edges_of_several(named)
    warnings = (f"{several} edges belong to more than two triangles (non-manifold); they are kept.",) if several else ()
    return Triangles(corners, welded, tuple(repairs), warnings)


def weld(positions: Float[np.ndarray, "p 3"]) -> Int[np.ndarray, "p"]:
    """One number for each place: exactly equal coordinates (0.0 equals -0.0) share it; in order of first appearance."""
    order = np.lexsort(positions.T)
    sorted_positions = positions[order]
    new = np.ones(len(order), bool)
    new[1:] = (sorted_positions[1:] != sorted_positions[:-1]).any(1)
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(new) - 1
    first = np.full(int(group.max(initial=-1)) + 1, len(order), np.int64)
    np.minimum.at(first, group, np.arange(len(order)))
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[group]


def edges_of_several(faces: Int[np.ndarray, "f 3"]) -> int:
    """How many edges belong to more than two faces."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64), axis=1)
    key = np.sort(edges[:, 0] * (int(faces.max(initial=0)) + 1) + edges[:, 1])
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, int)
    return int((np.diff(np.append(starts, len(key))) > 2).sum())


def _first_of_each(rows: Int[np.ndarray, "f 3"]) -> Bool[np.ndarray, "f"]:
    """True for the first of equal rows."""
    order = np.lexsort(rows.T)  # stable: the first comes first
    ordered = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    first = np.empty(len(rows), bool)
    first[order] = new
    return first


def cut_polygons(polygons: Polygons) -> Int[np.ndarray, "f 3"]:
    """Triangles of all polygons, in order; triangles as they are, quads along the better diagonal, others by ears."""
    starts, sizes = polygons.starts, polygons.sizes
    pieces: list[np.ndarray] = []
    owners: list[np.ndarray] = []
    triangle, quad = np.flatnonzero(sizes == 3), np.flatnonzero(sizes == 4)
    pieces.append(starts[triangle, None] + np.arange(3))
    owners.append(triangle)
    if len(quad):
        pieces.append(_quads(polygons, starts[quad]).reshape(-1, 3))
        owners.append(np.repeat(quad, 2))
    for polygon in np.flatnonzero(sizes > 4):
        start = int(starts[polygon])
        points = polygons.positions[polygons.corners[start : start + int(sizes[polygon])]]
        ears = start + cut_polygon(points)
        pieces.append(ears)
        owners.append(np.full(len(ears), polygon))
    owner = np.concatenate(owners)
    return np.concatenate(pieces)[np.argsort(owner, kind="stable")].astype(np.int64)


def _quads(polygons: Polygons, starts: Int[np.ndarray, "q"]) -> Int[np.ndarray, "q 2 3"]:
    """Two triangles a quad: across the diagonal whose two triangles face the same way, the shorter one if both do."""
    p = polygons.positions[polygons.corners[starts[:, None] + np.arange(4)]]
    diagonal = np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1])  # twice the quad's area vector

    def facing(i: int, j: int, k: int) -> Float[np.ndarray, "q"]:
        return (np.cross(p[:, j] - p[:, i], p[:, k] - p[:, i]) * diagonal).sum(1)

    worst02 = np.minimum(facing(0, 1, 2), facing(0, 2, 3))
    worst13 = np.minimum(facing(0, 1, 3), facing(1, 2, 3))
    shorter = ((p[:, 3] - p[:, 1]) ** 2).sum(1) < ((p[:, 2] - p[:, 0]) ** 2).sum(1)
    use13 = np.where((worst02 > 0) & (worst13 > 0), shorter, worst13 > worst02)
    split = np.where(use13[:, None, None], [[[0, 1, 3], [1, 2, 3]]], [[[0, 1, 2], [0, 2, 3]]])
    return starts[:, None, None] + split


def cut_polygon(points: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, "m 3"]:
    """One polygon (n corners, simple in its mean plane) as n - 2 triangles of its corners; O(n log n) for large ones.

    Raises BadMesh for a large one whose outline crosses itself.
    """
    flat = _flattened(points)
    if len(points) <= _FEW:
        return clip_ears(flat)
    cut = earcut.triangulate_float64(np.ascontiguousarray(flat), np.array([len(flat)], np.uint32))
    triangles = _with_collinear(cut.reshape(-1, 3).astype(np.int64), flat)
    if len(triangles) != len(points) - 2:
        raise BadMesh(f"A polygon of {len(points)} corners crosses itself.", "Triangulate the mesh before.")
    return triangles


def _flattened(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """Seen along the axis nearest to the mean normal, counter-clockwise."""
    normal = np.cross(points, np.roll(points, -1, 0)).sum(0)  # Newell: twice the area vector
    axis = int(np.argmax(np.abs(normal)))
    flat = np.delete(points, axis, 1) * ([1, -1] if axis == 1 else [1, 1])
    return flat * [-1, 1] if normal[axis] < 0 else flat


def _with_collinear(triangles: Int[np.ndarray, "m 3"], flat: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "k 3"]:
    """The ear cut with the corners that it left out because they lie on a straight line: the triangle at that line
    becomes a fan, or neighbours would see a gap there. Counter-clockwise as the polygon."""
    count = len(flat)
    used = np.zeros(count, bool)
    used[triangles.ravel()] = True
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    triangles = np.where(turned[:, None], triangles[:, ::-1], triangles)
    if used.all() or not used.any():
        return triangles
    kept = np.flatnonzero(used)
    out = [list(map(int, triangle)) for triangle in triangles]
    place = {(t[k], t[(k + 1) % 3]): number for number, t in enumerate(out) for k in range(3)}
    for first, last in zip(kept.tolist(), np.roll(kept, -1).tolist(), strict=True):
        between = [(first + step) % count for step in range(1, (last - first) % count)]
        number = place.get((first, last))
        if not between or number is None:
            continue
        third = next(corner for corner in out[number] if corner not in (first, last))
        chain = [first, *between, last]
        out[number] = [chain[-2], last, third]
        place[last, third] = number
        for here, following in itertools.pairwise(chain[:-1]):
            out.append([here, following, third])
        place[third, first] = len(out) - len(chain) + 2
    return np.array(out, np.int64)


def clip_ears(flat: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "m 3"]:
    """Ear clipping of one polygon (n corners, counter-clockwise) into n - 2 triangles of its corners; O(n^3)."""
    left = list(range(len(flat)))
    triangles: list[list[int]] = []
    while len(left) > 3:
        ear = next((k for k in range(len(left)) if _is_ear(flat, left, k)), 0)  # none: crossing outline, take any
        triangles.append([left[ear - 1], left[ear], left[(ear + 1) % len(left)]])
        del left[ear]
    return np.array([*triangles, left], np.int64)


def _is_ear(flat: Float[np.ndarray, "n 2"], left: list[int], k: int) -> bool:
    """Corner k is convex and no other corner lies in its triangle."""
    a, b, c = flat[left[k - 1]], flat[left[k]], flat[left[(k + 1) % len(left)]]

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> Any:
        return (q[0] - p[0]) * (r[..., 1] - p[1]) - (q[1] - p[1]) * (r[..., 0] - p[0])

    if side(a, b, c) <= 0:
        return False
    others = [i for i in left if i not in (left[k - 1], left[k], left[(k + 1) % len(left)])]
    p = flat[others]
    same = (p == a).all(-1) | (p == b).all(-1) | (p == c).all(-1)
    inside = (side(a, b, p) >= 0) & (side(b, c, p) >= 0) & (side(c, a, p) >= 0)
    return not bool((inside & ~same).any())

"""The file's own normals, carried along: hard edges stay hard, smooth ones smooth, hand-made ones keep their bias."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.triangulate import cut_polygons, weld
from twinbrush.meshes.values import Polygons


def file_normals(
    polygons: Polygons, corner_normal: Int[np.ndarray, "c"], normals: Float[np.ndarray, "k 3"],
    positions: Float[np.ndarray, "p 3"],
) -> Float[np.ndarray, "k 3"]:
    """`renewed_normals` of a file whose positions move; corner_normal (c,): -1 for corners without a normal."""
    triangles = cut_polygons(polygons)
    triangles = triangles[(corner_normal[triangles] >= 0).all(1)]
    if len(triangles) == 0 or len(normals) == 0:
        return normals
    welded = weld(polygons.positions)
    before, after = np.zeros((2, int(welded.max()) + 1, 3))
    before[welded], after[welded] = polygons.positions, positions
    return renewed_normals(triangles, welded[polygons.corners], np.maximum(corner_normal, 0), normals, before, after)


def renewed_normals(
    triangles: Int[np.ndarray, "f 3"],
    place: Int[np.ndarray, "c"],
    normal: Int[np.ndarray, "c"],
    normals: Float[np.ndarray, "k 3"],
    before: Float[np.ndarray, "g 3"],
    after: Float[np.ndarray, "g 3"],
) -> Float[np.ndarray, "k 3"]:
    """The normals for another shape of the same surface.

    triangles: corners; place (c,): each corner's point, of which there are `before` and `after`; normal (c,): each
    corner's row of `normals`. Corners at one point with equal normals shade one smooth patch: its mean face normal
    changes by some amount, and so does the normal; where nothing moved it stays exactly.
    """
    value = weld(normals)
    _, patch = np.unique(place * (int(value.max()) + 1) + value[normal], return_inverse=True)
    count = int(patch.max()) + 1
    change = _unit(_patch_normals(triangles, place, patch, count, after))
    change -= _unit(_patch_normals(triangles, place, patch, count, before))
    total = np.zeros_like(normals)
    corners = np.unique(triangles)
    np.add.at(total, normal[corners], change[patch[corners]])
    times = np.bincount(normal[corners], minlength=len(normals))[:, None]
    moved = np.linalg.norm(total, axis=1) > 1e-9
    out = normals.copy()
    out[moved] = _unit((_unit(normals) + total / np.maximum(times, 1))[moved])
    return out


def _patch_normals(
    triangles: Int[np.ndarray, "f 3"], place: Int[np.ndarray, "c"], patch: Int[np.ndarray, "c"], count: int,
    points: Float[np.ndarray, "g 3"],
) -> Float[np.ndarray, "n 3"]:
    a, b, c = (points[place[triangles[:, k]]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros((count, 3))
    for corner in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(patch[triangles[:, corner]], face[:, axis], count)
    return total


def _unit(vectors: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)

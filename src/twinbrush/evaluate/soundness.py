"""Is the surface sound: triangles turned over, surface through surface, rough normals."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.maths.crossings import crossings


def face_normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f 3"]:
    """Returns unit normals; zero for triangles without area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(length > 0, length, 1)


def fold_overs(
    before: Float[np.ndarray, "v 3"], after: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> float:
    """Returns the share of triangles whose normal turned by more than 90 degrees."""
    if not len(faces):
        return 0.0
    return float(((face_normals(before, faces) * face_normals(after, faces)).sum(1) < 0).mean())


def crossing_triangles(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> int:
    """Returns how many triangles are pierced by an edge of the same surface."""
    return len(np.unique(crossings(vertices, faces)[:, 2]))


def roughness_degrees(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> float:
    """Returns the mean angle between the normals of triangles that share an edge, weighted by the edge's length.

    0 on a plane, about 360 / n on a fine prism of n sides times the share of its ridges; it depends on the resolution
    of the mesh: compare like with like. Edges of one or of more than two triangles do not count; nan without any.
    """
    first, second, length = _shared_edges(vertices, faces)
    if not len(first):
        return float("nan")
    normals = face_normals(vertices, faces)
    one, other = normals[first], normals[second]
    angle = np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), (one * other).sum(1))
    known: Bool[np.ndarray, "e"] = (np.abs(one).sum(1) > 0) & (np.abs(other).sum(1) > 0)
    return float(np.degrees(np.average(angle[known], weights=length[known])))


def _shared_edges(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Int[np.ndarray, "e"], Int[np.ndarray, "e"], Float[np.ndarray, "e"]]:
    """The two triangles at every edge that has two, and its length."""
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    owner = np.repeat(np.arange(len(faces)), 3)
    key = ends[:, 0].astype(np.int64) * len(vertices) + ends[:, 1]
    order = np.argsort(key, kind="stable")
    _, start, count = np.unique(key[order], return_index=True, return_counts=True)
    two = start[count == 2]
    chosen = order[two]
    length = np.linalg.norm(vertices[ends[chosen, 0]] - vertices[ends[chosen, 1]], axis=1)
    return owner[chosen], owner[order[two + 1]], length

"""Walls of a closed surface that are too thin to print, and how they are thickened: vertices near them move and no
others, triangles and colours stay as they are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse, spatial

from twinbrush.mesh import vertex_normals

_OPPOSITE = -0.6  # cosine between the normals of two sides of one wall; beyond it it is an edge or a ridge
_PUSHES = 4  # of a thin wall's sides, each half of what is missing: smoothing takes some of it back


def neighbours(faces: Int[np.ndarray, "f 3"], count: int) -> sparse.csr_matrix:
    """(count, count): every row the mean of a vertex' neighbours; of a closed surface."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count)).tocsr()
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)) @ adjacency)


def thickened(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], wall: float
) -> Float[np.ndarray, "v 3"]:
    """`vertices`, with both sides of walls thinner than `wall` (same unit) pushed apart along their normals.

    Thickness at a vertex: diameter of the largest ball inside that touches the surface there (shrinking ball, Ma et
    al. 2012, against vertices and triangles' middles); a wall is where the ball's other touching point looks the other
    way.
    """
    average = neighbours(faces, len(vertices))
    out = vertices.copy()
    for _ in range(_PUSHES):
        missing = missing_wall(out, faces, wall)
        if not missing.any():
            break
        push = np.maximum(0.5 * missing, average @ (average @ (0.5 * missing)))  # no spikes
        out += (average @ push)[:, None] * vertex_normals(out, faces)
    return out


def missing_wall(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], wall: float
) -> Float[np.ndarray, "v"]:
    """How much thinner than `wall` the surface is at every vertex (see `thickened`); 0 where it is no wall."""
    normals, middles = vertex_normals(vertices, faces), vertices[faces].mean(1)
    a, b, c = vertices[faces].transpose(1, 0, 2)
    looks = np.cross(b - a, c - a)
    looks = np.concatenate([normals, looks / np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-30)])
    points = np.concatenate([vertices, middles])
    tree = spatial.KDTree(points)
    radius = np.full(len(vertices), wall / 2)
    other = np.arange(len(vertices))
    active = other.copy()
    while len(active):
        place, look = vertices[active], normals[active]
        distance, near = tree.query(place - radius[active, None] * look)
        apart = place - points[near]
        along = (apart * look).sum(1)
        smaller = (distance < (1 - 1e-3) * radius[active]) & (along > 1e-12)
        active = active[smaller]
        other[active] = np.asarray(near)[smaller]
        radius[active] = (apart[smaller] ** 2).sum(1) / (2 * along[smaller])
    walled = (normals * looks[other]).sum(1) < _OPPOSITE
    return np.where(walled, wall - 2 * radius, 0.0)

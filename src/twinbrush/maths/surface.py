"""Differential operators on triangle meshes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

LEAST_COTANGENT, MOST_COTANGENT = 0.05, 5.0  # slivers must not turn the operator indefinite or stiff
LEAST_MASS = 1e-3  # mm2: of vertices that no triangle names


def cotangent_laplacian(
    vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[sparse.csr_matrix, Float[np.ndarray, "v"]]:
    """Returns the positive semi-definite cotangent stiffness matrix (v, v) and the lumped vertex areas (v,).

    Cotangents are clamped (Pinkall and Polthier 1993 without obtuse edges' negative weights). The Laplacian of a field
    is (matrix @ field) / areas.
    """
    count = len(vertices)
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        to_a = vertices[triangles[:, a]] - vertices[triangles[:, c]]
        to_b = vertices[triangles[:, b]] - vertices[triangles[:, c]]
        doubled = np.maximum(np.linalg.norm(np.cross(to_a, to_b), axis=1), 1e-9)
        cotangent = np.clip((to_a * to_b).sum(1) / doubled, LEAST_COTANGENT, MOST_COTANGENT) / 2
        rows += [triangles[:, a], triangles[:, b]]
        columns += [triangles[:, b], triangles[:, a]]
        weights += [cotangent, cotangent]
    values = np.concatenate(weights)
    graph = sparse.csr_matrix((values, (np.concatenate(rows), np.concatenate(columns))), shape=(count, count))
    stiffness = sparse.diags(np.asarray(graph.sum(1)).ravel()) - graph
    return sparse.csr_matrix(stiffness), vertex_areas(vertices, triangles)


def vertex_areas(vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]) -> Float[np.ndarray, "v"]:
    """Returns a third of the area of the triangles round each vertex, at least LEAST_MASS."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(triangles.ravel(), np.repeat(area, 3), minlength=len(vertices)) + LEAST_MASS


def mean_over_neighbours(triangles: Int[np.ndarray, "t 3"], count: int) -> sparse.csr_matrix:
    """Returns the matrix (count, count) that replaces a value by the mean of its neighbours' (uniform weights)."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    both = np.concatenate([edges, edges[:, ::-1]])
    graph = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    graph.data[:] = 1.0
    share = 1.0 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1.0)
    return sparse.csr_matrix(sparse.diags(share) @ graph)


def mean_curvature(vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]) -> Float[np.ndarray, "v"]:
    """Returns the absolute mean curvature of every vertex, 1 / mm."""
    stiffness, areas = cotangent_laplacian(vertices, triangles)
    return np.linalg.norm(stiffness @ vertices, axis=1) / (2 * areas)

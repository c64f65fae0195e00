"""Smoothing on a mesh: the displacement by least squares on its Laplacian (ours), the shape by Taubin (the paper's)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

# Weight of a vertex without data: keeps the system definite where a whole component is hidden.
LEAST_WEIGHT = 1e-6


def umbrella(
    faces: Int[np.ndarray, "f 3"], count: int, vertices: Float[np.ndarray, "v 3"] | None = None
) -> sparse.csr_matrix:
    """Averaging matrix A: (A x)_i is the mean of x over the neighbours of vertex i (row sums 1; with `vertices`, nearer
    neighbours weigh more: 1 / edge length). Unreferenced vertices keep their own value (and so never collapse to 0)."""
    start = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    end = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0]])
    pairs = np.unique(np.sort(np.stack([start, end], 1), axis=1), axis=0)
    weight = np.ones(len(pairs))
    if vertices is not None:
        length = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
        weight = 1 / np.maximum(length, 0.1 * np.median(length))
    half = sparse.coo_matrix((weight, (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
    adjacency = half + half.T
    total = np.asarray(adjacency.sum(1)).ravel()
    alone = sparse.diags((total == 0).astype(float))
    return sparse.csr_matrix(sparse.diags(1 / np.where(total > 0, total, 1)) @ adjacency + alone)


def smooth_displacement(
    target: Float[np.ndarray, "v c"],
    weight: Float[np.ndarray, "v"],
    faces: Int[np.ndarray, "f 3"],
    vertices: Float[np.ndarray, "v 3"],
    length_mm: float,
) -> Float[np.ndarray, "v c"]:
    """The D that minimises sum_v weight_v |D_v - target_v|^2 + s |L D|^2, L = I - umbrella.

    Waves shorter than about `length_mm` are smoothed away (s = (length / mean edge)^4); vertices of weight 0 are filled
    in as smoothly as the Laplacian allows. Smoothing the displacement keeps the shape's own detail.
    """
    from cholespy import CholeskySolverD, MatrixType  # pyright: ignore[reportAttributeAccessIssue]

    laplacian = sparse.identity(len(target), format="csr") - umbrella(faces, len(target), vertices)
    stiffness = (length_mm / mean_edge(vertices, faces)) ** 4
    weight = np.maximum(weight, LEAST_WEIGHT)
    system = (sparse.diags(weight) + stiffness * (laplacian.T @ laplacian)).tocoo()
    solver = CholeskySolverD(
        len(target), system.row.astype(np.int32), system.col.astype(np.int32), system.data, MatrixType.COO
    )
    right = np.ascontiguousarray(weight[:, None] * target)
    out = np.zeros_like(right)
    solver.solve(right, out)
    return out


def mean_edge(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> float:
    """Mean length of the faces' sides, mm."""
    sides = [np.linalg.norm(vertices[faces[:, k]] - vertices[faces[:, (k + 1) % 3]], axis=1) for k in range(3)]
    return float(np.concatenate(sides).mean())


def taubin(
    vertices: Float[np.ndarray, "v 3"],
    faces: Int[np.ndarray, "f 3"],
    *,
    iterations: int = 10,
    shrink: float = 0.5,
    inflate: float = -0.53,
) -> Float[np.ndarray, "v 3"]:
    """Taubin's low-pass filter (SIGGRAPH 1995): each iteration is one shrinking and one inflating step.

    The border moves along itself only (its neighbours on the border), so that an open surface keeps its outline.
    """
    inner = umbrella(faces, len(vertices))
    border = border_edges(faces)
    on_border = np.unique(border)
    rim = umbrella(np.column_stack([border, border[:, :1]]), len(vertices)) if len(border) else inner
    out = vertices.copy()
    for _ in range(iterations):
        for step in (shrink, inflate):
            mean = inner @ out
            mean[on_border] = (rim @ out)[on_border]
            out = out + step * (mean - out)
    return out


def border_edges(faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "b 2"]:
    """Edges that belong to one face only."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return unique[count == 1]


def average_over_neighbours(
    values: Float[np.ndarray, "v c"], averaging: sparse.csr_matrix, rounds: int
) -> Float[np.ndarray, "v c"]:
    """Plain repeated averaging (half own value, half the neighbours' mean): spreads about sqrt(rounds) edges far."""
    for _ in range(rounds):
        values = 0.5 * (values + averaging @ values)
    return values

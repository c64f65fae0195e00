"""Smoothing on a mesh: the displacement by least squares on its Laplacian (ours), the shape by Taubin (the paper's)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from twinbrush.maths.linear import quick_solver

# Weight of a vertex without data: keeps the system definite where a whole component is hidden.
LEAST_WEIGHT = 1e-6
MOST_ITERATIONS = 400


def umbrella(
    faces: Int[np.ndarray, "f 3"], count: int, vertices: Float[np.ndarray, "v 3"] | None = None
) -> sparse.csr_matrix:
    """Averaging matrix A: (A x)_i is the mean of x over the neighbours of vertex i (row sums 1; with `vertices`, nearer
    neighbours weigh more: 1 / edge length). Unreferenced vertices keep their own value (and so never collapse to 0)."""
    start = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    end = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0]])
    half = sparse.coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count)).tocsr()
    adjacency = sparse.coo_matrix(half + half.T)
    weight = np.ones(adjacency.nnz)
    if vertices is not None:
        length = np.linalg.norm(vertices[adjacency.row] - vertices[adjacency.col], axis=1)
        weight = 1 / np.maximum(length, 0.1 * np.median(length))
    total = np.bincount(adjacency.row, weight, minlength=count)
    alone = np.nonzero(total == 0)[0]
    rows, columns = np.concatenate([adjacency.row, alone]), np.concatenate([adjacency.col, alone])
    values = np.concatenate([weight / total[adjacency.row], np.ones(len(alone))])
    return sparse.csr_matrix((values, (rows, columns)), shape=(count, count))


@dataclass(frozen=True)
class DisplacementSmoother:
    """Minimises sum_v weight_v |D_v - target_v|^2 + s |L D|^2, L = I - umbrella, for one mesh at rest.

    Waves shorter than about `length_mm` are smoothed away (s = (length / mean edge)^4). Smoothing the displacement
    keeps the shape's own detail.
    """

    laplacian: sparse.csr_matrix
    mean_edge_mm: float

    @classmethod
    def of(cls, vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> DisplacementSmoother:
        laplacian = sparse.identity(len(vertices), format="csr") - umbrella(faces, len(vertices), vertices)
        return cls(sparse.csr_matrix(laplacian), mean_edge(vertices, faces))

    def smooth(
        self, target: Float[np.ndarray, "v c"], weight: Float[np.ndarray, "v"], length_mm: float
    ) -> Float[np.ndarray, "v c"]:
        """By conjugate gradients from the target itself, to 1e-4 mm RMS: quick where every vertex has some weight."""
        stiffness = (length_mm / self.mean_edge_mm) ** 4
        transposed = sparse.csr_matrix(self.laplacian.T)
        weights = np.maximum(weight, LEAST_WEIGHT)[:, None]

        def system(d: Float[np.ndarray, "v c"]) -> Float[np.ndarray, "v c"]:
            return weights * d + stiffness * (transposed @ (self.laplacian @ d))

        return _conjugate_gradients(system, weights + stiffness * 1.2, weights * target, target.copy())

    def solve(
        self, target: Float[np.ndarray, "v c"], weight: Float[np.ndarray, "v"], length_mm: float
    ) -> Float[np.ndarray, "v c"]:
        """The same, exactly, by sparse Cholesky: for large holes (weight 0), which are filled as smoothly as can be."""
        stiffness = (length_mm / self.mean_edge_mm) ** 4
        weight = np.maximum(weight, LEAST_WEIGHT)
        system = (sparse.diags(weight) + stiffness * (self.laplacian.T @ self.laplacian))
        return quick_solver(system)(np.ascontiguousarray(weight[:, None] * target))


def _conjugate_gradients(
    system: Callable[[np.ndarray], np.ndarray], diagonal: np.ndarray, right: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """All columns at once, Jacobi-preconditioned."""
    x = start
    residual = right - system(x)
    direction = step = residual / diagonal
    energy = (residual * step).sum(0)
    for _ in range(MOST_ITERATIONS):
        if float(np.sqrt((step**2).mean())) < 1e-5:
            break
        image = system(direction)
        ratio = energy / np.maximum((direction * image).sum(0), 1e-300)
        x = x + ratio * direction
        residual = residual - ratio * image
        step = residual / diagonal
        energy, before = (residual * step).sum(0), energy
        direction = step + energy / np.maximum(before, 1e-300) * direction
    return x


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

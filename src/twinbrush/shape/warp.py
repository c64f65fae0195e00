"""Space bent with the head: what lies about the skin (hair, clothes) follows it, smoothly and everywhere.

(`no_type_check` keeps the import hook of the tests away from the compiled kernel.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

NEAR_MM = 8.0  # reach of what the smooth warp leaves unexplained on the skin
NEIGHBOURS = 6
SMOOTHING = 2.0  # mm: the warp passes its control points so softly that neighbours which disagree make no fold


@dataclass(frozen=True)
class Spline:
    """Biharmonic splines in space (kernel r, affine part): where points go, in several moves at once.

    centres (c, 3) mm; weights (c + 4, k): three columns a move.
    """

    centres: Float[np.ndarray, "c 3"]
    weights: Float[np.ndarray, "w k"]

    def displacements(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n k"]:
        """Returns the points' displacements, mm."""
        count = len(self.centres)
        columns = np.ascontiguousarray(self.weights[:count].T)
        radial = _radial(np.ascontiguousarray(points), np.ascontiguousarray(self.centres.T), columns)
        return radial + points @ self.weights[count : count + 3] + self.weights[count + 3]


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _radial(points, centres, columns):
    """Sums over the centres of distance times weight, (n, k): distances are never all in memory."""
    out = np.empty((len(points), len(columns)))
    distances = np.empty(centres.shape[1])
    for i in range(len(points)):
        x, y, z = points[i]
        for c in range(len(distances)):
            a, b, d = x - centres[0, c], y - centres[1, c], z - centres[2, c]
            distances[c] = np.sqrt(a * a + b * b + d * d)
        for k in range(len(columns)):
            total = 0.0
            for c in range(len(distances)):
                total += distances[c] * columns[k, c]
            out[i, k] = total
    return out


def fit_spline(centres: Float[np.ndarray, "c 3"], moves: Float[np.ndarray, "c k"]) -> Spline:
    """Returns the spline that moves the centres by these displacements (within SMOOTHING), three columns a move."""
    count = len(centres)
    matrix = np.zeros((count + 4, count + 4))
    matrix[:count, :count] = cdist(centres, centres) - SMOOTHING * np.eye(count)
    matrix[:count, count : count + 3] = centres
    matrix[:count, count + 3] = 1
    matrix[count:, :count] = matrix[:count, count:].T
    right = np.zeros((count + 4, moves.shape[1]))
    right[:count] = moves
    return Spline(centres, np.linalg.solve(matrix, right))


def spread(points: Float[np.ndarray, "n 3"], cell_mm: float) -> Int[np.ndarray, "c"]:
    """Returns one point of every cell of a grid: the one nearest to its cell's mean."""
    cells = np.floor(points / cell_mm).astype(np.int64)
    _, inverse = np.unique(cells, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    count = np.bincount(inverse)
    mean = np.stack([np.bincount(inverse, points[:, axis]) / count for axis in range(3)], 1)
    away = np.linalg.norm(points - mean[inverse], axis=1)
    order = np.lexsort((away, inverse))
    return order[np.r_[0, np.cumsum(count)[:-1]]]


@dataclass(frozen=True)
class Follower:
    """The smooth warp and, near the skin, exactly the skin's own move."""

    spline: Spline
    skin: Float[np.ndarray, "s 3"]
    rest: Float[np.ndarray, "s k"]

    def displacements(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n k"]:
        """Returns the points' displacements, mm, three columns a move."""
        moved = self.spline.displacements(points)
        distance, nearest = KDTree(self.skin).query(points, k=NEIGHBOURS, distance_upper_bound=3 * NEAR_MM)
        known = np.isfinite(distance)
        weight = np.where(known, 1 / (np.where(known, distance, 1) + 0.5) ** 2, 0)
        total = np.maximum(weight.sum(1, keepdims=True), 1e-12)
        own = (weight[..., None] * self.rest[np.where(known, nearest, 0)]).sum(1) / total
        fade = np.exp(-((np.where(known[:, 0], distance[:, 0], 1e3) / NEAR_MM) ** 2))
        return moved + fade[:, None] * own

"""The seam between front and back, made fair without shrinking: a thin plate across it.

Averaging neighbours would pull a crown down by millimetres. Here the band about the seam bends as little as it can
while staying near what it was; away from the seam it is more and more the same.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse import csgraph

from twinbrush.export.back import laplacian_of, solve_fixed

BAND_MM, EAR_MM = 16.0, 12.0  # to both sides of the seam, along the surface; around ears, which are small
STIFF_MM = 10.0  # bending of details smaller than this is taken out at the seam


def plated_seam(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"],
    ears: Bool[np.ndarray, "n"],
) -> Float[np.ndarray, "v 3"]:
    """`vertices` (mm) with the band about the vertices `seam` of the closed surface `faces` made fair; `ears`: which of
    the seam run over an ear."""
    distance = _distance(vertices, faces, seam, np.where(ears, EAR_MM, BAND_MM))
    band = distance < 1
    beside = np.zeros(len(vertices), bool)
    beside[faces[band[faces].any(1)]] = True  # and the first ring around it: it bends along
    used, local = np.unique(faces[beside[faces].any(1)], return_inverse=True)
    local = local.reshape(-1, 3)
    place = vertices[used]
    laplacian, areas = laplacian_of(place, local, float(np.ptp(place, axis=0).max()))
    whole = np.flatnonzero(beside[used])
    bending = laplacian[whole]  # of vertices whose neighbours are all here: at the cut-out's border it means nothing
    stiff = bending.T @ sparse.diags(1 / np.maximum(areas[whole], 1e-6)) @ bending
    # never less than 1: a plate that is free to bend between the band's ends would flatten a crown
    own = sparse.diags(areas / np.maximum(1 - np.clip(distance[used], 0, 1) ** 2, 1e-3))
    system = (STIFF_MM**4 * stiff + own).tocsc()
    out = vertices.copy()
    out[used] = solve_fixed(system, own @ place, np.flatnonzero(~band[used]), place)
    return out


def _distance(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"],
    width_mm: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "v"]:
    """Along the edges to the nearest vertex of the seam, in that vertex' width of the band; infinite far from it."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1) + 1e-9
    count = len(vertices)
    graph = sparse.csr_matrix((length, (edges[:, 0], edges[:, 1])), shape=(count, count))
    distance, _, nearest = csgraph.dijkstra(
        graph, directed=False, indices=seam, min_only=True, limit=1.2 * BAND_MM, return_predecessors=True
    )
    width = np.full(count, BAND_MM)
    width[seam] = width_mm
    return distance / width[np.where(nearest < 0, seam[0], nearest)]

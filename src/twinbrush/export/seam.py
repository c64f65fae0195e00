"""The seam between front and back, made fair without shrinking: a thin plate across it.

Averaging neighbours would pull a crown down by millimetres. Here the band about the seam is the surface of least
bending between what lies beside it, and away from the seam more and more what it was.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from twinbrush.export.back import laplacian_of

BAND_MM = 9.0  # to both sides of the seam, along the surface
STIFF_MM = 7.0  # bending of details smaller than this is taken out at the seam


def plated_seam(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "v 3"]:
    """`vertices` (mm) with the band about the vertices `seam` of the closed surface `faces` made fair."""
    distance = _distance(vertices, faces, seam)
    near = (distance < BAND_MM)[faces].any(1)
    used, local = np.unique(faces[near], return_inverse=True)
    local = local.reshape(-1, 3)
    place = vertices[used]
    laplacian, areas = laplacian_of(place, local, float(np.ptp(place, axis=0).max()))
    mass = sparse.diags(1 / np.maximum(areas, 1e-6))
    share = np.clip(distance[used] / BAND_MM, 0, 1) ** 2
    own = sparse.diags(areas * np.maximum(share, 1e-3))
    system = (STIFF_MM**4 * (laplacian @ mass @ laplacian) + own).tocsc()
    free = np.flatnonzero(distance[used] < BAND_MM)
    held = np.flatnonzero(distance[used] >= BAND_MM)
    load = (own @ place)[free] - system[free][:, held] @ place[held]
    factors = splu(system[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    out = vertices.copy()
    out[used[free]] = factors.solve(load)
    return out


def _distance(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "v"]:
    """Along the edges to the nearest vertex of the seam, mm; infinite beyond the band."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1) + 1e-9
    count = len(vertices)
    graph = sparse.csr_matrix((length, (edges[:, 0], edges[:, 1])), shape=(count, count))
    return csgraph.dijkstra(graph, directed=False, indices=seam, min_only=True, limit=1.5 * BAND_MM)

"""The back drawn onto the predicted head: nonrigid iterated closest points with a thin plate's stiffness.

A back that is found along the photo's rays (skull.py) cannot rise behind the silhouette, as a crown does, and close
to the silhouette its depth is uncertain. Starting from it, every vertex goes toward the nearest place of the head whose
surface looks the same way; the plate's stiffness keeps the sheet even, the rim stays.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse, spatial
from scipy.sparse.linalg import splu

from twinbrush.export.back import laplacian_of
from twinbrush.mesh import vertex_normals

_TURNS = 6
_STIFF_MM = 3.0  # details smaller than this are not followed
_NORMAL_MM = 40.0  # what normals at a right angle count, in distance


def wrapped(
    back: Float[np.ndarray, "b 3"], faces: Int[np.ndarray, "g 3"], rim: Int[np.ndarray, "n"],
    target: tuple[Float[np.ndarray, "t 3"], Float[np.ndarray, "t 3"]], loose: Float[np.ndarray, "b"],
) -> Float[np.ndarray, "b 3"]:
    """`back` (mm; faces clockwise from outside), drawn onto `target` (points, outward unit normals).

    loose: 1 where the target counts, 0 where the vertices want to stay.
    """
    laplacian, areas = laplacian_of(back, faces, float(np.ptp(back, axis=0).max()))
    mass = sparse.diags(1 / np.maximum(areas, 1e-9))
    stiff = _STIFF_MM**4 * (laplacian @ mass @ laplacian)
    held = np.zeros(len(back), bool)
    held[rim] = True
    free = np.flatnonzero(~held)
    system = (stiff + sparse.diags(areas + 1e-9)).tocsc()
    inner = system[free]
    factors = splu(inner[:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    points, normals = target
    tree = spatial.KDTree(np.hstack([points, _NORMAL_MM / np.sqrt(2) * normals]))
    out = back.copy()
    for _ in range(_TURNS):
        own = -vertex_normals(out, faces)
        _, nearest = tree.query(np.hstack([out, _NORMAL_MM / np.sqrt(2) * own]))
        pull = (areas * loose)[:, None] * (points[nearest] - back)
        out[free] = back[free] + factors.solve(pull[free])
    return out


def dense(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "t 3"], Float[np.ndarray, "t 3"]]:
    """Points of a surface and its unit normals there: vertices, and six points in every triangle."""
    normals = vertex_normals(vertices, faces)
    shares = np.array([(1, 1, 1), (4, 1, 1), (1, 4, 1), (1, 1, 4), (1, 1, 0), (0, 1, 1), (1, 0, 1)], float)
    shares /= shares.sum(1, keepdims=True)
    points, looks = (
        np.concatenate([values, np.einsum("sk,fkc->sfc", shares, values[faces]).reshape(-1, 3)])
        for values in (vertices, normals)
    )
    return points, looks / np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-9)

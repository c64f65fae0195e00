"""The back of a relief: a membrane behind it, blown up like a balloon, and a seam without pleats.

Thickness t with t^2 / 2 the solution of a Poisson equation over the flat layout, zero on the rim: over a strip that is
exactly half a circle, over a disc half an ellipsoid. So a head gets a round skull and a neck a thin nape.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import ndimage, sparse, spatial
from scipy.sparse.linalg import splu

from twinbrush.maths.filters import smoothstep

HEAD_ROUNDNESS, NECK_ROUNDNESS = 1.25, 0.75  # depth of the back over half the width, about: a long skull, a flat nape
MOST_DEPTH_SHARE = 0.42  # of the height: shoulders, which are wide, shall not get a back like a barrel
_EAR_Y_MM, _NAPE_Y_MM = -45.0, -125.0  # where the skull ends and the nape begins, below the eyes (see camera.py)
_RIM_SMOOTHING_MM, _SEAM_WIDTH_MM = 6.0, 14.0  # of the curve at which the back begins; of the band that is faired


def balloon(
    poisson: Float[np.ndarray, "v"], y_mm: Float[np.ndarray, "v"], height_mm: float
) -> Float[np.ndarray, "v"]:
    """How far the back lies behind the membrane, mm. `poisson`: the solution of -laplace(u) = 1; y as in camera.py."""
    skull = smoothstep((y_mm - _NAPE_Y_MM) / (_EAR_Y_MM - _NAPE_Y_MM))
    depth = (NECK_ROUNDNESS + (HEAD_ROUNDNESS - NECK_ROUNDNESS) * skull) * np.sqrt(np.maximum(2 * poisson, 0))
    most = MOST_DEPTH_SHARE * height_mm
    return most * np.tanh(depth / most)


def smoothed_loop(
    loop: Float[np.ndarray, "n c"], places: Float[np.ndarray, "n 3"], sigma_mm: float = _RIM_SMOOTHING_MM
) -> Float[np.ndarray, "n c"]:
    """Values along a closed curve without its small teeth (the relief's rim follows pixels): Gaussian along it.

    places: where the curve's vertices lie, mm (taken as evenly spaced).
    """
    spacing = float(np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).mean())
    return ndimage.gaussian_filter1d(loop, sigma_mm / max(spacing, 1e-9), axis=0, mode="wrap")


def fair_seam(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"], base_y: float,
    rounds: int = 2,
) -> Float[np.ndarray, "v 3"]:
    """Smooth the seam between front and back, fading out over a few millimetres; heights on the base stay.

    rounds: of smoothing, for every ring of vertices within that width.
    """
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)  # closed: every edge comes in both directions
    size = len(vertices)
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(size, size)).tocsr()
    average = sparse.csr_matrix(sparse.diags(1 / np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)) @ adjacency)
    spacing = float(np.median(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)))
    rings = int(np.clip(round(_SEAM_WIDTH_MM / max(spacing, 1e-9)), 1, 24))
    weight, reached = np.zeros(size), np.zeros(size)
    reached[seam] = 1
    for ring in range(rings):
        weight = np.maximum(weight, (reached > 0) * (1 - ring / rings))
        reached = reached + adjacency @ reached > 0
    weight = 0.7 * weight[:, None] * np.where(vertices[:, 1:2] <= base_y + 1e-6, (1.0, 0.0, 1.0), 1.0)
    band = np.flatnonzero(weight.any(1))
    vertices, weight, average = vertices.copy(), weight[band], average[band]
    for _ in range(rounds * rings):
        vertices[band] += weight * (average @ vertices - vertices[band])
    return vertices


def laplacian_of(
    places: Float[np.ndarray, "v d"], faces: Int[np.ndarray, "f 3"], width_mm: float
) -> tuple[sparse.csc_matrix, Float[np.ndarray, "v"]]:
    """Cotangent Laplacian (positive semi-definite) and vertex areas of a mesh in space, or laid out flat, scaled to
    `width_mm`.

    Triangles without area there (or turned over by a warp) count with their absolute, floored cotangents.
    """
    points = np.zeros((len(places), 3))
    points[:, : places.shape[1]] = places * (width_mm / max(float(np.ptp(places, axis=0).max()), 1e-12))
    rows, columns, values = [], [], []
    a, b, c = (points[faces[:, k]] for k in range(3))
    double_area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    typical = float(np.median(double_area))
    for k in range(3):
        i, j, o = faces[:, (k + 1) % 3], faces[:, (k + 2) % 3], faces[:, k]
        cotangent = np.einsum("ij,ij->i", points[i] - points[o], points[j] - points[o])
        weight = np.clip(0.5 * cotangent / np.maximum(double_area, max(0.05 * typical, 1e-9)), 1e-3, 10.0)
        rows += [i, j]
        columns += [j, i]
        values += [weight, weight]
    size = len(points)
    weights = sparse.coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    ).tocsc()
    laplacian = sparse.diags(np.asarray(weights.sum(1)).ravel()).tocsc() - weights
    areas = np.bincount(faces.ravel(), np.repeat(double_area / 6, 3), minlength=size)
    return laplacian, areas


def unfolded(
    plane: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"], rim: Int[np.ndarray, "n"],
    places: Float[np.ndarray, "v 3"],
) -> Float[np.ndarray, "v 2"]:
    """The flat layout `plane`, its rim kept, with every triangle more like its shape in space (`places`): harmonic
    with the cotangents of the surface. Behind the rim the surface runs away from the plane, and what is painted on the
    plane is drawn out into streaks. As much of it as turns no triangle over.
    """
    laplacian, _ = laplacian_of(places, faces, 1.0)
    goal = solve_fixed(laplacian, np.zeros(plane.shape), rim, plane)
    for share in (1.0, 0.8, 0.6, 0.4, 0.2):
        moved = plane + share * (goal - plane)
        a, b, c = moved[faces].transpose(1, 0, 2)
        if ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).min() > 0:
            return moved
    return plane


def solve_fixed(
    laplacian: sparse.csc_matrix,
    load: Float[np.ndarray, "v c"],
    fixed: Int[np.ndarray, "n"],
    values: Float[np.ndarray, "v c"],
) -> Float[np.ndarray, "v c"]:
    """Solve laplacian @ u = load with u = values at the vertices `fixed`."""
    held = np.zeros(len(values), bool)
    held[fixed] = True
    free = np.flatnonzero(~held)
    out = values.copy()
    if len(free):
        inner = laplacian[free]
        right = load[free] - inner[:, fixed] @ values[fixed]
        factors = splu(inner[:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        out[free] = factors.solve(right)
    return out


def located(
    plane: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"], points: Float[np.ndarray, "p 2"]
) -> tuple[Int[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]:
    """In which triangle of a flat layout each point lies, as its corners and their weights; outside: the nearest."""
    count = min(32, len(faces))
    nearest = spatial.KDTree(plane[faces].mean(1)).query(points, k=count)[1].reshape(len(points), count)
    a, b, c = (plane[faces[nearest][:, :, k]] for k in range(3))
    p = points[:, None]

    def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]

    whole = cross(b - a, c - a)
    weights = np.stack([cross(b - p, c - p), cross(c - p, a - p), cross(a - p, b - p)], -1)
    weights = weights / np.where(np.abs(whole) > 1e-18, whole, np.inf)[..., None]
    best = np.where(weights.sum(-1) > 0.5, weights.min(-1), -np.inf).argmax(1)
    rows = np.arange(len(points))
    chosen = np.clip(weights[rows, best], 0, None)
    return faces[nearest[rows, best]], chosen / np.maximum(chosen.sum(1, keepdims=True), 1e-12)

"""The shape that N views tell of: one sparse least squares for the whole surface (the paper's triangulation, III.D, is
the case of two views without the rest).

    minimise over X   sum_k sum_v  w_kv | r_kv (P_k(X_v) - q_kv) |^2     q_kv = f_k(p_k(v)): where view k's warp puts v
                    + sum_v  | X_v - D_v |^2_{A_v}                       D: the direct deformation (the prior)
                    + s | L (X - D) |^2                                  L: umbrella Laplacian, s = (length / edge)^4

r = depth / focal length makes pixels lengths, so that all terms are in one unit and near and far count alike. The prior
A_v acts where the views of v cannot see: along the line of sight of a vertex that one view sees, along the depth of a
stereo pair, and all around a vertex that no view sees. Hidden parts follow their surroundings through L. Gauss-Newton
linearises P_k; each step is one linear system, solved by conjugate gradients with the sparse Cholesky factor of its
isotropic part as the preconditioner. Views are added one after the other: memory does not grow with N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from twinbrush.base.camera import Camera, project
from twinbrush.maths.linear import quick_solver
from twinbrush.shape.smooth import mean_edge, umbrella
from twinbrush.shape.weld import Weld, weld

PRIOR_ACROSS = 0.059  # of the views' own weight, where they cannot see: with +-8 degrees depth is 1/4 theirs
PRIOR_HIDDEN = 0.05  # of one view's weight, on vertices no view sees, and of the weight of what is not believed
LEAST = 1e-6  # of one view's weight: keeps the system definite without a prior
GAUSS_NEWTON, MOST_ITERATIONS = 4, 200
SETTLED = 1e-9  # of the surface's diagonal: a smaller step ends the iterations
_SYMMETRIC = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class Sighting:
    """What one view says: where its warp puts every vertex (V, 2), and how much that counts (V,), 0 where hidden."""

    camera: Camera
    pixels_xy: Float[np.ndarray, "v 2"]
    weight: Float[np.ndarray, "v"]


@dataclass(frozen=True)
class Solution:
    """displacement (V, 3), world units. skew_px: RMS reprojection error of what is seen, pixels, weighted.
    seen: share of the vertices that some view sees."""

    displacement: Float[np.ndarray, "v 3"]
    skew_px: float
    seen: float


def solve_shape(
    vertices: Float[np.ndarray, "v 3"],
    faces: Int[np.ndarray, "f 3"],
    sightings: Callable[[], Iterable[Sighting]],
    *,
    smooth_length: float,
    prior: Float[np.ndarray, "v 3"] | None = None,
    disbelief: float | None = None,
) -> Solution:
    """The displacement of every vertex (see the module). Vertices at one place move together.

    sightings: called once per Gauss-Newton step; each call gives the views one after the other. prior: the direct
    deformation's displacement (None: none, hidden parts are only filled smoothly). smooth_length: what differs from the
    prior over less than this length (world units) is noise. disbelief: reprojections farther than this (world units)
    from the prior's count less and less (Geman-McClure); None: all count.
    """
    joined = weld(vertices, faces)
    start = np.zeros_like(joined.vertices) if prior is None else prior[joined.first]
    base = joined.vertices + start
    laplacian = sparse.identity(len(base), format="csr") - umbrella(joined.faces, len(base), joined.vertices)
    stiffness = (smooth_length / mean_edge(joined.vertices, joined.faces)) ** 4
    bending = sparse.csr_matrix(stiffness * (laplacian.T @ laplacian))
    diagonal = float(np.linalg.norm(np.ptp(joined.vertices, axis=0)))
    added = np.zeros_like(base)
    hold = PRIOR_ACROSS if prior is not None else 0.0
    rest = PRIOR_HIDDEN if prior is not None else 0.0
    for _ in range(GAUSS_NEWTON):
        normal, right, lost = _equations(joined, base, added, sightings(), disbelief)
        blocks = _with_prior(normal, lost, hold, rest)
        solved = _solve(blocks, bending, _times(normal, added) + right, added)
        step = float(np.abs(solved - added).max())
        added = solved
        if step < SETTLED * diagonal:
            break
    skew, seen = _skew(joined, base + added, sightings())
    return Solution((start + added)[joined.index], skew, seen)


def seen_weight(
    vertices: Float[np.ndarray, "v 3"],
    normals: Float[np.ndarray, "v 3"],
    camera: Camera,
    visible: Bool[np.ndarray, "v"],
    power: float = 1.0,
) -> Float[np.ndarray, "v"]:
    """How much a view's word about a vertex counts: cos(angle between normal and line of sight)^power, 0 if hidden."""
    toward = camera.centre_xyz - vertices
    toward /= np.maximum(np.linalg.norm(toward, axis=1, keepdims=True), 1e-12)
    return np.where(visible, np.maximum((toward * normals).sum(1), 0) ** power, 0.0)


def _equations(
    joined: Weld,
    base: Float[np.ndarray, "w 3"],
    added: Float[np.ndarray, "w 3"],
    sightings: Iterable[Sighting],
    disbelief: float | None,
) -> tuple[Float[np.ndarray, "w 6"], Float[np.ndarray, "w 3"], Float[np.ndarray, "w"]]:
    """Normal matrices (their six different entries) and gradients of the reprojections, summed over the views; and the
    weight that was taken from them because they are not believed."""
    normal, gradient, lost = np.zeros((len(base), 6)), np.zeros((len(base), 3)), np.zeros(len(base))
    here = base + added
    for sighting in sightings:
        weight = joined.gathered(sighting.weight)
        wanted = joined.gathered(sighting.pixels_xy * sighting.weight[:, None]) / np.maximum(weight, 1e-30)[:, None]
        count = np.bincount(joined.index, minlength=len(base))
        weight = weight / np.maximum(count, 1)
        pixels, slopes, unit = _linearised(sighting.camera, here)
        if disbelief is not None:
            away = np.linalg.norm(wanted - project(sighting.camera, base)[0], axis=1) * unit
            believed = weight / (1 + (away / disbelief) ** 2) ** 2
            lost += weight - believed
            weight = believed
        residual = (wanted - pixels) * unit[:, None]
        for axis in range(2):
            slope = slopes[:, axis]
            gradient += slope * (weight * residual[:, axis])[:, None]
            for column, (i, j) in enumerate(_SYMMETRIC):
                normal[:, column] += weight * slope[:, i] * slope[:, j]
    return normal, gradient, lost


def _linearised(
    camera: Camera, points: Float[np.ndarray, "w 3"]
) -> tuple[Float[np.ndarray, "w 2"], Float[np.ndarray, "w 2 3"], Float[np.ndarray, "w"]]:
    """Pixels, their derivative in lengths (world units per world unit), and the length of a pixel at each point."""
    pixels, depth = project(camera, points)
    matrix = camera.matrix
    unit = np.abs(depth) / camera.intrinsics[0, 0]
    slopes = (matrix[None, :2, :3] - pixels[:, :, None] * matrix[2, :3]) / depth[:, None, None]
    return pixels, slopes * unit[:, None, None], unit


def _with_prior(
    normal: Float[np.ndarray, "w 6"], lost: Float[np.ndarray, "w"], hold: float, rest: float
) -> Float[np.ndarray, "w 6"]:
    """The equations' blocks with the prior's: hold * (the best seen direction's weight - each direction's own)."""
    blocks = normal * (1 - hold)
    best = normal[:, :3].sum(1) / 2  # every view gives two directions its weight, so this bounds them all
    blocks[:, :3] += (hold * best + LEAST)[:, None]
    blocks[:, :3] += (rest * np.where(best > 0, lost, 1.0))[:, None]
    return blocks


def _times(blocks: Float[np.ndarray, "w 6"], x: Float[np.ndarray, "w 3"]) -> Float[np.ndarray, "w 3"]:
    a, b, c, d, e, f = blocks.T
    return np.stack([
        a * x[:, 0] + d * x[:, 1] + e * x[:, 2],
        d * x[:, 0] + b * x[:, 1] + f * x[:, 2],
        e * x[:, 0] + f * x[:, 1] + c * x[:, 2],
    ], axis=1)  # fmt: skip


def _solve(
    blocks: Float[np.ndarray, "w 6"],
    bending: sparse.csr_matrix,
    right: Float[np.ndarray, "w 3"],
    start: Float[np.ndarray, "w 3"],
) -> Float[np.ndarray, "w 3"]:
    """(blocks + bending) x = right by preconditioned conjugate gradients, all coordinates together."""
    solve = quick_solver(sparse.diags(blocks[:, :3].mean(1)) + bending)
    x = start.copy()
    residual = right - _times(blocks, x) - bending @ x
    direction = step = solve(residual)
    energy = float((residual * step).sum())
    first = float((right * solve(right)).sum())
    for _ in range(MOST_ITERATIONS):
        if energy <= 1e-20 * first or energy <= 0:
            break
        image = _times(blocks, direction) + bending @ direction
        length = energy / float((direction * image).sum())
        x = x + length * direction
        residual = residual - length * image
        step = solve(residual)
        energy, before = float((residual * step).sum()), energy
        direction = step + (energy / before) * direction
    return x


def _skew(joined: Weld, points: Float[np.ndarray, "w 3"], sightings: Iterable[Sighting]) -> tuple[float, float]:
    """RMS distance in pixels between the points' projections and where the views put them; the share that is seen."""
    total, weights, seen = 0.0, 0.0, np.zeros(len(points), bool)
    for sighting in sightings:
        error = ((project(sighting.camera, points)[0][joined.index] - sighting.pixels_xy) ** 2).sum(1)
        total += float((sighting.weight * error).sum())
        weights += float(sighting.weight.sum())
        seen[joined.index[sighting.weight > 0]] = True
    return float(np.sqrt(total / max(weights, 1e-30))), float(seen.mean())

"""The stylized shape: from warped views back to 3D (paper, III.D), steadied by the direct deformation of landmarks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from twinbrush.camera import project
from twinbrush.config import ReconstructConfig
from twinbrush.correspond.values import AlignedStyle
from twinbrush.mesh import Mesh
from twinbrush.portrait.values import Portrait
from twinbrush.progress import Progress, Step, ignore
from twinbrush.reconstruct.smooth import DisplacementSmoother, taubin
from twinbrush.stylize.control import control_points
from twinbrush.stylize.geometry import BACK_OFF, TRIES
from twinbrush.views.triangulate import reprojection_error, triangulate
from twinbrush.views.values import ViewSet

SMOOTH_MM = 7.0  # displacement detail finer than this is noise of the warps
DISBELIEF_MM = 4.0  # triangulated points farther than this from the direct deformation count less and less
STEEPEST = 0.9  # cap on the displacement's change per mm of surface; above it the clay creases
MOST_FLIPPED = 0.001  # share of faces
SLIVER = 1e-3  # a face with less than this share of its area left is degenerate


@dataclass(frozen=True)
class ShapeResult:
    """mesh: the portrait's mesh, moved (same topology and uv). displacement (V, 3): mm, at `strength_factor` of the
    asked strength. metrics: numbers for the manifest."""

    mesh: Mesh
    displacement: Float[np.ndarray, "v 3"]
    strength_factor: float
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())


def reconstruct(
    portrait: Portrait,
    views: ViewSet,
    aligned: AlignedStyle,
    warped: ViewSet,
    config: ReconstructConfig,
    *,
    progress: Progress = ignore,
) -> ShapeResult:
    """3D points from `warped.vertex_pixels` = f_k(p_k(v)) (Eq. 4-5 vertex by vertex: no inverse map).

    config.shape: paper: triangulated, hidden vertices filled, Taubin smoothing. direct: the control points' spline in
    space. blend: x and y triangulated, z mixed, the displacement smoothed. Faces that flip reduce it, with a warning.
    """
    rest = portrait.mesh.vertices
    factor = _factor_of(views, aligned, warped)
    seen = np.logical_and.reduce(views.vertex_visible)
    control = control_points(rest, seen, views.landmarks_xyz, aligned.moved_xyz).scaled(factor)
    direct = control.deformation().apply(rest) - rest
    progress(Step("shape", 1, 3, "deformed"))
    metrics: dict[str, float] = {}
    if config.shape == "direct" or len(views.cameras) < 2:
        displacement = direct
    else:
        displacement = _from_views(portrait.mesh, views, warped, direct, config, metrics)
    progress(Step("shape", 2, 3, "triangulated"))
    displacement, reduced, warnings = sound_displacement(portrait.mesh, displacement)
    metrics |= {"strength_factor": factor * reduced, **quality(portrait.mesh, displacement)}
    progress(Step("shape", 3, 3))
    return ShapeResult(portrait.mesh.moved(rest + displacement), displacement, factor * reduced, metrics, warnings)


def reshape(portrait: Portrait, shape: ShapeResult, ratio: float) -> ShapeResult:
    """The shape at `ratio` times the strength it was made with; nothing is painted or triangulated again.

    ratio 0 is the person's own shape. Faces that would flip reduce the ratio, with a warning.
    """
    displacement, reduced, warnings = sound_displacement(portrait.mesh, ratio * shape.displacement)
    factor = shape.strength_factor * ratio * reduced
    metrics = {**shape.metrics, "strength_factor": factor, **quality(portrait.mesh, displacement)}
    moved = portrait.mesh.moved(portrait.mesh.vertices + displacement)
    return ShapeResult(moved, displacement, factor, metrics, warnings)


def _factor_of(views: ViewSet, aligned: AlignedStyle, warped: ViewSet) -> float:
    """How far the warp was backed off (stylize/geometry.py reduces by whole steps): read from the landmarks' motion."""
    wanted = np.stack([project(camera, aligned.moved_xyz)[0] for camera in views.cameras]) - views.landmarks_xy
    done = warped.landmarks_xy - views.landmarks_xy
    if float((wanted**2).sum()) < 1e-9:
        return 1.0
    ratio = float((wanted * done).sum() / (wanted**2).sum())
    steps = np.clip(np.round(np.log(max(ratio, 1e-3)) / np.log(BACK_OFF)), 0, TRIES)
    return float(BACK_OFF**steps)


def _from_views(
    mesh: Mesh,
    views: ViewSet,
    warped: ViewSet,
    direct: Float[np.ndarray, "v 3"],
    config: ReconstructConfig,
    metrics: dict[str, float],
) -> Float[np.ndarray, "v 3"]:
    """The displacement seen by the views, in the chosen mode. Hidden vertices have no data of their own."""
    seen = np.logical_and.reduce(np.concatenate([views.vertex_visible, warped.vertex_visible]))
    pixels = warped.vertex_pixels[:, seen]
    points = triangulate(views.cameras, pixels)
    skew = reprojection_error(views.cameras, pixels, points)
    found = points - mesh.vertices[seen]
    away = np.linalg.norm(found - direct[seen], axis=1)
    metrics |= {
        "skew_px": float(np.sqrt((skew**2).mean())),
        "seen_by_all_views": float(seen.mean()),
        "triangulated_minus_direct_mm": float(away.mean()),
    }
    weight = np.zeros(len(seen))
    target = direct.copy()
    if config.shape == "paper":
        weight[seen], target[seen] = 1.0, found
        filled = DisplacementSmoother.of(mesh.vertices, mesh.faces).solve(target, weight, SMOOTH_MM)
        filled[seen] = found
        return taubin(mesh.vertices + filled, mesh.faces) - mesh.vertices
    # robust weight (Geman-McClure): a triangulated point far from the smooth deformation is an error of the warps
    weight[seen] = 1 / (1 + (away / DISBELIEF_MM) ** 2) ** 2
    target[seen, :2] = found[:, :2]
    share = config.depth_from_triangulation
    target[seen, 2] = share * found[:, 2] + (1 - share) * direct[seen, 2]
    weight[~seen] = 0.05  # hidden vertices lean on the direct deformation
    # the direct deformation is smooth already: only what the views add to it needs smoothing
    added = DisplacementSmoother.of(mesh.vertices, mesh.faces).smooth(target - direct, weight, SMOOTH_MM)
    return direct + added


def sound_displacement(
    mesh: Mesh, displacement: Float[np.ndarray, "v 3"]
) -> tuple[Float[np.ndarray, "v 3"], float, tuple[str, ...]]:
    """Too steep places are smoothed; if faces still flip, the whole displacement is reduced. With the factor, and
    what to tell about it."""
    steep = _steepness(mesh, displacement)
    if (steep > STEEPEST).any():
        calm = np.ones(len(displacement))
        calm[np.unique(mesh.faces[steep > STEEPEST])] = 0.02
        displacement = DisplacementSmoother.of(mesh.vertices, mesh.faces).smooth(displacement, calm, SMOOTH_MM)
    factor = 1.0
    for _ in range(TRIES):
        if flipped_faces(mesh.vertices, mesh.vertices + factor * displacement, mesh.faces).mean() <= MOST_FLIPPED:
            break
        factor *= BACK_OFF
    if factor == 1:
        return displacement, factor, ()
    note = f"The shape's exaggeration was reduced to {factor:.0%} because faces of the mesh would turn over."
    return factor * displacement, factor, (note,)


def flipped_faces(
    before: Float[np.ndarray, "v 3"], after: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> np.ndarray:
    """True for faces whose normal has turned by more than 90 degrees."""
    return (_face_normals(before, faces) * _face_normals(after, faces)).sum(1) < 0


def _face_normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f 3"]:
    """Normals of length twice the area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def _steepness(mesh: Mesh, displacement: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "f"]:
    """Largest change of the displacement along a face's sides, per mm."""
    worst = np.zeros(len(mesh.faces))
    for k in range(3):
        start, end = mesh.faces[:, k], mesh.faces[:, (k + 1) % 3]
        length = np.linalg.norm(mesh.vertices[start] - mesh.vertices[end], axis=1)
        change = np.linalg.norm(displacement[start] - displacement[end], axis=1)
        worst = np.maximum(worst, change / np.maximum(length, 1e-6))
    return worst


def quality(mesh: Mesh, displacement: Float[np.ndarray, "v 3"]) -> dict[str, float]:
    """Numbers for the manifest: what the displacement did to the mesh."""
    moved = mesh.vertices + displacement
    before = np.linalg.norm(_face_normals(mesh.vertices, mesh.faces), axis=1)
    after = np.linalg.norm(_face_normals(moved, mesh.faces), axis=1)
    length = np.linalg.norm(displacement, axis=1)
    return {
        "flipped_faces": float(flipped_faces(mesh.vertices, moved, mesh.faces).sum()),
        "degenerate_faces": float((after < SLIVER * before).sum()),
        "steepest": float(_steepness(mesh, displacement).max()),
        "displacement_mean_mm": float(length.mean()),
        "displacement_max_mm": float(length.max()),
    }

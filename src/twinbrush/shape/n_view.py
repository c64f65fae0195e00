"""An object's stylized shape from views all the way round: each view's own warp (paper, Eq. 3-4), one solve for all.

Every view fits its spline through the projections of 3D points that are moved in 3D, so that the warps agree; where the
views' pictures of several layers of surface (ears before a body) do not allow one smooth warp, the solve believes the
direct deformation more (see solve.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.base.rasterize import visible_points
from twinbrush.maths.thin_plate import ThinPlateSpline, fit_without_folds
from twinbrush.shape.displacement import ShapeResult, quality, sound_displacement
from twinbrush.shape.solve import Sighting, seen_weight, solve_shape

CONTROLS = 220  # points that steer each view's warp
SMOOTH = 0.03  # of the diagonal: what differs from the direct deformation over less than this is noise
DISBELIEF = 0.02  # of the diagonal
PROBES = 1500


@dataclass(frozen=True)
class _View:
    camera: Camera
    visible: Bool[np.ndarray, "v"]
    spline: ThinPlateSpline
    folds: float


def solve_allround(
    mesh: Mesh,
    welded: Int[np.ndarray, "v"],
    target_xyz: Float[np.ndarray, "v 3"],
    cameras: tuple[Camera, ...],
    strength: float,
    *,
    progress: Progress = ignore,
) -> ShapeResult:
    """The mesh at `strength` of the deformation that takes its vertices to `target_xyz`.

    welded: vertices with one number move together (0 .. g - 1). metrics: skew_px, fold_overs, seen_by_views, and those
    of shape.quality. Faces that would turn over reduce the strength, with a warning.
    """
    first = np.unique(welded, return_index=True)[1]
    rest, faces = mesh.vertices[first], welded[mesh.faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    direct = strength * (target_xyz[first] - rest)
    diagonal = float(np.linalg.norm(np.ptp(rest, axis=0)))
    normals = vertex_normals(rest, faces)
    views: list[_View] = []
    for number, camera in enumerate(cameras):
        views.append(_view(rest, faces, direct, camera))
        progress(Step("shape", number + 1, len(cameras) + 1))

    def sightings() -> Iterator[Sighting]:
        for view in views:
            weight = seen_weight(rest, normals, view.camera, view.visible)
            yield Sighting(view.camera, _warped(view, rest), weight)

    found = solve_shape(
        rest, faces, sightings, smooth_length=SMOOTH * diagonal, prior=direct, disbelief=DISBELIEF * diagonal
    )
    solid = Mesh(rest, faces)
    displacement, reduced, warnings = sound_displacement(solid, found.displacement)
    away = np.linalg.norm(found.displacement - direct, axis=1)
    metrics = {
        "skew_px": found.skew_px,
        "seen_by_views": found.seen,
        "fold_overs": float(np.mean([view.folds for view in views])),
        "solved_minus_direct": float(away.mean()) / diagonal,
        "strength_factor": reduced,
        **quality(solid, displacement),
    }
    progress(Step("shape", len(cameras) + 1, len(cameras) + 1))
    moved = mesh.moved((rest + displacement)[welded])
    return ShapeResult(moved, displacement[welded], reduced, metrics, warnings)


def reshape_allround(mesh: Mesh, welded: Int[np.ndarray, "v"], shape: ShapeResult, ratio: float) -> ShapeResult:
    """The shape at `ratio` times the strength it was solved with; nothing is solved again."""
    first = np.unique(welded, return_index=True)[1]
    solid = Mesh(mesh.vertices[first], welded[mesh.faces])
    displacement, reduced, warnings = sound_displacement(solid, ratio * shape.displacement[first])
    factor = shape.strength_factor * ratio * reduced
    metrics = {**shape.metrics, "strength_factor": factor, **quality(solid, displacement)}
    moved = mesh.moved((solid.vertices + displacement)[welded])
    return ShapeResult(moved, displacement[welded], factor, metrics, warnings)


def _view(
    rest: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"], direct: Float[np.ndarray, "g 3"], camera: Camera
) -> _View:
    """What the view sees, and its warp through controls spread over that."""
    pixels, depth = project(camera, rest)
    visible = visible_points(pixels, depth, pixels, depth, faces, camera.width, camera.height)
    seen = np.flatnonzero(visible)
    if len(seen) < 4:
        seen = np.arange(len(rest))
    controls = seen[_spread(rest[seen], CONTROLS)]
    goal = project(camera, rest[controls] + direct[controls])[0]
    probes = pixels[seen][:: max(1, len(seen) // PROBES)]
    spline = fit_without_folds(pixels[controls], goal, probes, smoothing=1e-4).spline
    folds = float((np.linalg.det(spline.jacobian(probes)) <= 0).mean())
    return _View(camera, visible, spline, folds)


def _warped(view: _View, rest: Float[np.ndarray, "g 3"]) -> Float[np.ndarray, "g 2"]:
    """f_k(p_k(v)) of what the view sees; the rest stays (its weight is 0)."""
    pixels = project(view.camera, rest)[0]
    pixels[view.visible] = view.spline.apply(pixels[view.visible])
    return pixels


def _spread(points: Float[np.ndarray, "p 3"], count: int) -> Int[np.ndarray, "c"]:
    """Farthest-point sampling of at most some thousand candidates."""
    candidates = np.arange(0, len(points), max(1, len(points) // 5000))
    points = points[candidates]
    distance = np.linalg.norm(points - points.mean(0), axis=1)
    chosen = [int(distance.argmax())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return candidates[chosen]

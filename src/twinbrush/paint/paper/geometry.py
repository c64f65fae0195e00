"""The warp of every view to the style's proportions, checked, and backed off when it would break the surface."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.maths.thin_plate import ThinPlateSpline, fit_without_folds
from twinbrush.paint.paper.control import ControlPoints, control_points
from twinbrush.shape.displacement import BACK_OFF, TRIES
from twinbrush.views.render import warp_views
from twinbrush.views.triangulate import reprojection_error, triangulate
from twinbrush.views.values import ViewSet

MOST_FOLD_OVERS = 0.002  # share of visible faces that may turn over (slivers at silhouettes do)
MOST_SKEW_PX = 3.0  # RMS at 512 pixels; more wrecks the triangulated shape
LEAST_ROOM_PX = 2.0  # free pixels at the frame, at 512 pixels
WELL_INSIDE = 0.05  # of the picture: what lies nearer to its frame (a neck that runs out of it) may leave it


@dataclass(frozen=True)
class WarpResult:
    """warped: the views at f_k(p_k(v)). splines: f_k, forward. vertex_pixels: f_k(p_k(v)); hidden vertices are not
    warped through but projected from the direct 3D deformation. strength_factor: 1, or less after backing off.
    skew_px: RMS reprojection error of the triangulated visible vertices, pixels. fold_overs: share of visible faces.
    """

    warped: ViewSet
    splines: tuple[ThinPlateSpline, ...]
    vertex_pixels: Float[np.ndarray, "n v 2"]
    control: ControlPoints
    strength_factor: float
    fold_overs: float
    skew_px: float
    warnings: tuple[str, ...] = field(default=())

    @property
    def log(self) -> dict[str, float]:
        """The numbers for `Stylization.log` and the manifest."""
        return {"strength_factor": self.strength_factor, "fold_overs": self.fold_overs, "skew_px": self.skew_px}


def warp_to_targets(views: ViewSet, aligned: AlignedStyle, *, progress: Progress = ignore) -> WarpResult:
    """Fit each view's forward spline from landmarks to the style's proportions and move every vertex with it.

    The splines go through projections of 3D points that are moved in 3D (aligned.moved_xyz and what surrounds them, see
    control.py). When faces fold over, the views disagree or the head leaves the frame, the strength is reduced by 15%
    at a time; `warnings` says so. Landmarks that stay where they are need no warp: the views come back as they are.
    """
    if np.array_equal(aligned.moved_xyz, views.landmarks_xyz):
        still = ControlPoints(views.landmarks_xyz, views.landmarks_xyz, np.zeros((0, 3)))
        return WarpResult(views, (), views.vertex_pixels, still, 1.0, 0.0, 0.0)
    seen_by_all = np.logical_and.reduce(views.vertex_visible)
    full = control_points(views.mesh.vertices, seen_by_all, views.landmarks_xyz, aligned.moved_xyz)
    factor, problem = 1.0, ""
    attempt = _attempt(views, full)
    for number in range(TRIES):
        reason = trouble(views, attempt.pixels, attempt.folds, attempt.skew)
        if not reason:
            break
        progress(Step("warp", number + 1, TRIES, reason))
        problem, factor = reason, factor * BACK_OFF
        attempt = _attempt(views, full.scaled(factor))
    warnings = (
        () if factor == 1 else (f"The exaggeration was reduced to {factor:.0%} of what was asked because {problem}.",)
    )
    landmarks = np.stack([f.apply(xy) for f, xy in zip(attempt.splines, views.landmarks_xy, strict=True)])
    return WarpResult(
        warp_views(views, attempt.pixels, landmarks), attempt.splines, attempt.pixels, attempt.control,
        factor, attempt.folds, attempt.skew, warnings,
    )


@dataclass(frozen=True)
class _Attempt:
    control: ControlPoints
    splines: tuple[ThinPlateSpline, ...]
    pixels: Float[np.ndarray, "n v 2"]
    folds: float
    skew: float


def _attempt(views: ViewSet, control: ControlPoints) -> _Attempt:
    splines, pixels = _warped_pixels(views, control)
    return _Attempt(control, splines, pixels, fold_over_share(views, pixels), skew_px(views, pixels))


def _warped_pixels(
    views: ViewSet, control: ControlPoints
) -> tuple[tuple[ThinPlateSpline, ...], Float[np.ndarray, "n v 2"]]:
    """Per view: the spline through the control points' projections, applied to what the view sees."""
    deformed = _deformed(views, control)
    source, target = control.dense()
    splines, moved = [], []
    for k, camera in enumerate(views.cameras):
        seen = views.vertex_visible[k]
        here = views.vertex_pixels[k][seen]
        fit = fit_without_folds(
            project(camera, source)[0], project(camera, target)[0],
            here[:: max(1, len(here) // 1500)],
        )
        pixels = project(camera, deformed)[0]
        pixels[seen] = fit.spline.apply(here)
        splines.append(fit.spline)
        moved.append(pixels)
    return tuple(splines), np.stack(moved)


def _deformed(views: ViewSet, control: ControlPoints) -> Float[np.ndarray, "v 3"]:
    """Vertices hidden in some view, moved by the direct 3D deformation (the others are not needed and stay)."""
    vertices = views.mesh.vertices.copy()
    hidden = ~np.logical_and.reduce(views.vertex_visible)
    if hidden.any():
        vertices[hidden] = control.deformation().apply(vertices[hidden])
    return vertices


def trouble(views: ViewSet, vertex_pixels: Float[np.ndarray, "n v 2"], folds: float, skew: float) -> str:
    """What is wrong with a warp, in words: it folds, the views disagree, what was in the picture leaves it ("":
    nothing). A figure's bust lies below the picture from the start."""
    size = views.images.shape[2]
    least = LEAST_ROOM_PX * size / 512
    rim = WELL_INSIDE * size
    held = (views.vertex_pixels >= rim).all(-1) & (views.vertex_pixels <= size - 1 - rim).all(-1)
    room = min(float(vertex_pixels[held].min()), float(size - 1 - vertex_pixels[held].max())) if held.any() else least
    if folds > MOST_FOLD_OVERS:
        return f"{folds:.2%} of the surface would fold over"
    if skew > MOST_SKEW_PX * size / 512:
        return f"the views would disagree by {skew:.1f} pixels"
    if room < least:
        return "the head would leave the picture"
    return ""


def fold_over_share(views: ViewSet, vertex_pixels: Float[np.ndarray, "n v 2"]) -> float:
    """Share of the faces seen in a view whose winding in the picture a warp turns over (all views together)."""
    turned = total = 0
    for k in range(len(vertex_pixels)):
        faces = views.mesh.faces[views.vertex_visible[k][views.mesh.faces].all(1)]
        before, after = _areas(views.vertex_pixels[k], faces), _areas(vertex_pixels[k], faces)
        turned += int((before * after < 0).sum())
        total += len(faces)
    return turned / max(total, 1)


def _areas(pixels: Float[np.ndarray, "v 2"], faces: np.ndarray) -> Float[np.ndarray, "f"]:
    a, b, c = (pixels[faces[:, corner]] for corner in range(3))
    ab, ac = b - a, c - a
    return ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]


def skew_px(views: ViewSet, vertex_pixels: Float[np.ndarray, "n v 2"]) -> float:
    """RMS over the vertices seen by all views of the distance between f_k(p_k(v)) and the best 3D point's projection,
    pixels; 0 for a single view."""
    if len(vertex_pixels) < 2:
        return 0.0
    seen = np.logical_and.reduce(views.vertex_visible)
    pixels = vertex_pixels[:, seen]
    errors = reprojection_error(views.cameras, pixels, triangulate(views.cameras, pixels))
    return float(np.sqrt((errors**2).mean()))

"""What the paper engine learned, as a warp of the views: checked, backed off where it would break the surface."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import project
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.maths.fill import push_pull
from twinbrush.maths.thin_plate import ThinPlateSpline, pixel_grid
from twinbrush.paint.paper.dst_keypoints import Keypoints
from twinbrush.paint.paper.dst_warp import inverse, learned_splines
from twinbrush.paint.paper.geometry import fold_over_share, skew_px, trouble
from twinbrush.shape.displacement import BACK_OFF, TRIES
from twinbrush.views.render import warp_views
from twinbrush.views.values import ViewSet

LOST_PX = 0.01  # an inverse that misses by more is none: the warp folds there


@dataclass(frozen=True)
class LearnedGeometry:
    """warped: the views at f_k^-1(p_k(v)). backward: f_k, exact. learned_share: how far the keypoints went of the way
    to their targets (before backing off). strength_factor: 1, or less after backing off. fold_overs: share of visible
    faces. skew_px: RMS reprojection error of the triangulated visible vertices, pixels.
    lost_vertices: visible ones without an inverse (the warp folds there); the direct deformation moves them."""

    warped: ViewSet
    backward: tuple[ThinPlateSpline, ...]
    learned_share: float
    strength_factor: float
    fold_overs: float
    skew_px: float
    lost_vertices: int
    warnings: tuple[str, ...] = field(default=())

    @property
    def log(self) -> dict[str, float]:
        """The numbers for the manifest."""
        return {
            "learned_share": self.learned_share, "strength_factor": self.strength_factor,
            "fold_overs": self.fold_overs, "skew_px": self.skew_px, "lost_vertices": float(self.lost_vertices),
        }  # fmt: skip


def learned_geometry(
    views: ViewSet, points: Keypoints, theta_px: Float[np.ndarray, "n k 2"], *, progress: Progress = ignore
) -> LearnedGeometry:
    """Every visible vertex through the inverse of its view's backward warp; the others by the direct 3D deformation, as
    far as the landmarks were moved. Where faces fold, the views disagree or the head leaves the picture, all thetas are
    reduced by 15% at a time, and a warning says so."""
    share = _share(points, theta_px)
    factor, problem = 1.0, ""
    found = _moved(views, points, theta_px, share)
    for number in range(TRIES):
        reason = trouble(views, found.pixels, found.folds, found.skew)
        if not reason:
            break
        progress(Step("warp", number + 1, TRIES, reason))
        problem, factor = reason, factor * BACK_OFF
        found = _moved(views, points, factor * theta_px, factor * share)
    warnings = []
    if factor < 1:
        warnings.append(f"The learned warp was reduced to {factor:.0%} because {problem}.")
    if found.lost:
        warnings.append(f"paper: the learned warp folds at {found.lost} vertices; the direct deformation moves them.")
    warped = warp_views(views, found.pixels, found.landmarks)
    return LearnedGeometry(
        warped, found.backward, share, factor, found.folds, found.skew, found.lost, tuple(warnings)
    )


@dataclass(frozen=True)
class _Found:
    pixels: Float[np.ndarray, "n v 2"]
    folds: float
    skew: float
    backward: tuple[ThinPlateSpline, ...]
    landmarks: Float[np.ndarray, "n m 2"]
    lost: int


def _share(points: Keypoints, theta_px: Float[np.ndarray, "n k 2"]) -> float:
    """How far the keypoints went of the way that was asked: 1 all the way, in the direction of the targets."""
    wanted = points.target_xy - points.source_xy
    size = float((wanted**2).sum())
    return float(np.clip((wanted * theta_px).sum() / size, 0, 1.5)) if size > 1e-9 else 1.0


def _moved(views: ViewSet, points: Keypoints, theta_px: Float[np.ndarray, "n k 2"], share: float) -> _Found:
    deformation = points.control.scaled(share).deformation()
    solid = deformation.apply(views.mesh.vertices)
    backward, pixels, landmarks, lost = [], [], [], 0
    for k, camera in enumerate(views.cameras):
        back, forward = learned_splines(points.source_xy[k], theta_px[k])
        seen = views.vertex_visible[k]
        here = views.vertex_pixels[k][seen]
        found = inverse(back, here, forward.apply(here))
        good = found.missed_px < LOST_PX
        place = project(camera, solid)[0]
        place[np.flatnonzero(seen)[good]] = found.points_xy[good]
        lost += int((~good).sum())
        backward.append(back)
        pixels.append(place)
        at = views.landmarks_xy[k]
        landmarks.append(inverse(back, at, forward.apply(at)).points_xy)
    moved = np.stack(pixels)
    return _Found(
        moved, fold_over_share(views, moved), skew_px(views, moved), tuple(backward), np.stack(landmarks), lost
    )


def finished_pictures(
    unwarped: Float[np.ndarray, "n h w 3"], geometry: LearnedGeometry
) -> Float[np.ndarray, "n h w 3"]:
    """I^o: the unwarped pictures through the exact backward splines (bicubic), filled beyond the silhouette."""
    height, width = unwarped.shape[1:3]
    grid = pixel_grid(width, height)
    pictures = []
    for k, image in enumerate(unwarped):
        places = geometry.backward[k].apply(grid).reshape(height, width, 2).astype(np.float32)
        moved = cv2.remap(
            image.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        pictures.append(push_pull(np.clip(moved, 0, 1), geometry.warped.coverage[k].astype(np.float32)))
    return np.stack(pictures)

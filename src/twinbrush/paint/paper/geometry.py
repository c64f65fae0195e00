"""What would break the surface when its views are warped: faces that fold over, views that disagree, a head cut off."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.views.triangulate import reprojection_error, triangulate
from twinbrush.views.values import ViewSet

MOST_FOLD_OVERS = 0.002  # share of visible faces that may turn over (slivers at silhouettes do)
MOST_SKEW_PX = 3.0  # RMS at 512 pixels; more wrecks the triangulated shape
LEAST_ROOM_PX = 2.0  # free pixels at the frame, at 512 pixels
WELL_INSIDE = 0.05  # of the picture: what lies nearer to its frame (a neck that runs out of it) may leave it


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

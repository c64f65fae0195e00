"""Two outlines in the picture, the person's and the predicted head's, and the way from one to the other.

Nonrigid registration of curves by iterated closest points (Besl and McKay 1992; with normals, so that the rim of an ear
does not match the cheek behind it); the displacements are smoothed along the curve, more loosely at each turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage, spatial
from skimage import measure

from twinbrush.maths.filters import blur

NORMAL_MM = 25.0  # what a right angle between two normals counts, in distance
TURNS_MM = (40.0, 25.0, 16.0, 10.0, 6.0, 4.0)  # smoothing of the displacements along the curve, turn by turn
STEP_MM = 1.3  # between a curve's points
LEAST_POINTS = 30  # on a silhouette


@dataclass(frozen=True)
class Outline:
    """A closed curve in the picture: evenly spaced points (pixels), outward unit normals, and which of the points lie
    on a silhouette (the others only bound what is known or shown)."""

    points_xy: Float[np.ndarray, "n 2"]
    normals: Float[np.ndarray, "n 2"]
    real: Bool[np.ndarray, "n"]

    def smoothed(self, values: Float[np.ndarray, "n c"], sigma_points: float) -> Float[np.ndarray, "n c"]:
        """Gaussian mean along the curve over the points of the silhouette."""
        weight = self.real.astype(float)
        total = ndimage.gaussian_filter1d(weight, sigma_points, mode="wrap")[:, None]
        mean = ndimage.gaussian_filter1d(values * weight[:, None], sigma_points, axis=0, mode="wrap")
        return np.where(total > 1e-3, mean / np.maximum(total, 1e-3), 0.0)


def trace(level: Float[np.ndarray, "h w"], real: Bool[np.ndarray, "h w"], unit: float) -> Outline | None:
    """The longest contour level = 0 (a signed distance, positive inside); `real` is looked up at its points. None where
    there is none, or next to nothing of it is real. unit: pixels per mm."""
    padded = np.pad(level, 1, constant_values=min(float(level.min()), -1.0))
    curves = measure.find_contours(padded, 0.0)
    if not curves:
        return None
    curve = max(curves, key=len)[:, ::-1] - 1
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    at = np.linspace(0, lengths[-1], max(int(lengths[-1] / (STEP_MM * unit)), 8), endpoint=False)
    points = np.stack([np.interp(at, lengths, curve[:, k]) for k in range(2)], 1)
    slope = [blur(g, unit) for g in np.gradient(level)]
    pixel = np.clip(np.round(points).astype(int), 0, [level.shape[1] - 1, level.shape[0] - 1])
    rows, columns = pixel[:, 1], pixel[:, 0]
    normals = -np.stack([slope[1][rows, columns], slope[0][rows, columns]], 1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    real = real[rows, columns]
    return Outline(points, normals, real) if real.sum() >= LEAST_POINTS else None


def registered(source: Outline, target: Outline, unit: float) -> Float[np.ndarray, "n 2"]:
    """Where on `target` each point of `source` belongs (pixels; meaningful where `source` is a silhouette)."""
    goal = target.points_xy[target.real]
    weight = NORMAL_MM * unit / np.sqrt(2)
    tree = spatial.KDTree(np.hstack([goal, weight * target.normals[target.real]]))
    moved = np.zeros_like(source.points_xy)
    for sigma in TURNS_MM:
        _, nearest = tree.query(np.hstack([source.points_xy + moved, weight * source.normals]))
        moved = source.smoothed(goal[nearest] - source.points_xy, sigma / STEP_MM)
    return source.points_xy + moved

"""Lids of a lowered gaze: how far they hang below their landmarks, which stay open."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.faces import indices
from twinbrush.image import to_lab
from twinbrush.maths.filters import blur

LID_UNLIKE = 11.0  # Lab units: what lies below the lid's margin differs from its skin by more
LEAST_LOWERED, MOST_LOWERED = 0.15, 0.8  # of the landmarks' opening
EYES = ((indices.EYE_LEFT_UPPER, indices.EYE_LEFT_LOWER), (indices.EYE_RIGHT_UPPER, indices.EYE_RIGHT_LOWER))


def lowered_lids(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"], unit: float
) -> float:
    """How far the upper lids hang below their landmarks, as a share of the landmarks' opening: those of a lowered gaze
    stay open. 0 unless both do: shadows and strands of hair fall on one eye."""
    curves = [[smooth_line(landmarks_xy[list(part)]) for part in eye] for eye in EYES]
    shares = [_lowered(image, upper, lower, unit) for upper, lower in curves]
    return float(np.mean(shares)) if min(shares) >= LEAST_LOWERED else 0.0


def _lowered(
    image: Float[np.ndarray, "h w 3"], upper: Float[np.ndarray, "m 2"], lower: Float[np.ndarray, "m 2"], unit: float
) -> float:
    """The lid's skin is followed below its line as far as the colours between the corners stay those above it."""
    reach = round(8 * unit)
    x0, y0 = np.maximum(np.floor(np.minimum(upper, lower).min(0)).astype(int) - reach, 0)
    x1, y1 = np.maximum(np.ceil(np.maximum(upper, lower).max(0)).astype(int) + reach, [x0 + 1, y0 + 1])
    image, upper, lower = image[y0:y1, x0:x1], upper - [x0, y0], lower - [x0, y0]
    if 0 in image.shape:
        return 0.0
    lab = blur(to_lab(image).astype(np.float64), max(0.5 * unit, 0.5))
    middle = slice(len(upper) // 4, 3 * len(upper) // 4)
    across = lower[middle] - upper[middle]

    def colour(share: float) -> Float[np.ndarray, "3"]:
        at = np.round(upper[middle] + share * across).astype(int)
        return lab[np.clip(at[:, 1], 0, lab.shape[0] - 1), np.clip(at[:, 0], 0, lab.shape[1] - 1)].mean(0)

    lid = np.mean([colour(share) for share in (-0.3, -0.2, -0.1)], axis=0)
    reached = 0.0
    for share in np.arange(0.0, MOST_LOWERED + 1e-6, 0.05):
        if np.linalg.norm(colour(float(share)) - lid) > LID_UNLIKE:
            break
        reached = float(share)
    return reached


def smooth_line(points_xy: Float[np.ndarray, "n 2"], samples: int = 40) -> Float[np.ndarray, "m 2"]:
    """A smooth curve through the points (not-a-knot cubic over chord length)."""
    from scipy.interpolate import CubicSpline

    lengths = np.maximum(np.linalg.norm(np.diff(points_xy, axis=0), axis=1), 1e-3)
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(lengths))])
    return CubicSpline(along, points_xy)(np.linspace(0, along[-1], samples))

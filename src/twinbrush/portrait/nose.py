"""Nostrils: two drilled hollows where the photo is darkest under the nose's wings."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.maths.filters import blur
from twinbrush.portrait.geometry import Frame

WINGS = ((98, 97), (327, 326))  # base of each wing: outer and inner landmark
SUBNASALE, TIP = 2, 1
HALF_LENGTH_MM, HALF_WIDTH_MM, DEPTH_MM = 4.2, 2.2, 4.0  # a nostril as seen from the front
SEARCH_MM = 3.0  # the darkest spot is looked for this far from where it is expected


def carve_nose(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"],
    frame: Frame,
) -> Float[np.ndarray, "h w"]:
    """The face's depth (mm) with nostrils."""
    unit = frame.pixels_per_mm
    middle = landmarks_xy[SUBNASALE]
    reach = int(24 * unit)
    x0, y0 = np.maximum(np.round(middle).astype(int) - reach, 0)
    x1, y1 = np.minimum(np.round(middle).astype(int) + reach, [depth.shape[1] - 1, depth.shape[0] - 1])
    window = np.s_[y0 : y1 + 1, x0 : x1 + 1]
    tone = blur(image[window].mean(-1).astype(np.float64), 1.2 * unit)
    ys, xs = np.mgrid[y0 : y1 + 1, x0 : x1 + 1].astype(np.float64)
    hollow = np.zeros(xs.shape)
    for outer, inner in WINGS:
        up = 0.16 * (landmarks_xy[TIP] - middle)
        expected = 0.5 * landmarks_xy[outer] + 0.5 * landmarks_xy[inner] + up
        near = np.hypot(xs - expected[0], ys - expected[1]) / (SEARCH_MM * unit)
        score = tone + 0.08 * near**2 + np.where(near > 1.0, 1.0, 0.0)
        row, column = np.unravel_index(int(score.argmin()), score.shape)
        centre = 0.5 * expected + 0.5 * np.array([xs[row, column], ys[row, column]])
        axis = landmarks_xy[outer] - landmarks_xy[inner]
        axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
        along = ((xs - centre[0]) * axis[0] + (ys - centre[1]) * axis[1]) / (HALF_LENGTH_MM * unit)
        across = ((xs - centre[0]) * -axis[1] + (ys - centre[1]) * axis[0]) / (HALF_WIDTH_MM * unit)
        hollow = np.maximum(hollow, np.clip(1.35 - np.hypot(along, across), 0, 0.7) / 0.7)
    result = depth.copy()
    result[window] -= DEPTH_MM * hollow * hollow * (3 - 2 * hollow)
    return result

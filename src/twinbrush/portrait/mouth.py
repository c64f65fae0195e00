"""The mouth: a clean groove between closed lips, a quiet row of teeth behind open ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import blur, masked_blur, polyline_distance, soft_polygon
from twinbrush.portrait.eyes import smooth_line
from twinbrush.portrait.geometry import Frame

OPEN_MM = 2.5  # lips farther apart than this show teeth or the mouth's inside
GROOVE_MM, GROOVE_WIDTH_MM = 2.4, 1.3
TEETH_MM, CAVITY_MM = 1.6, 6.0  # teeth stand this far behind the lips, the mouth's inside that far
GUM_MM, GUM_WIDTH_MM = (0.8, 2.4), 1.1  # grooves part the upper and the lower lip from the teeth
LIP_ROLL_MM, LIP_ROLL_WIDTH_MM = 1.1, 2.0  # lips of an open mouth keep their roundness
TEETH_BRIGHT = 0.35  # in log luminance: teeth are this much brighter than the darkest of the opening
LIP_SMOOTH_MM, SMILE_SMOOTH_MM = 1.3, 2.4
LIP_EDGE_MM, LIP_EDGE_WIDTH_MM = 0.45, 1.2  # the lips' outline is slightly raised


def carve_mouth(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"],
    frame: Frame,
) -> Float[np.ndarray, "h w"]:
    """The face's depth (mm) with the line between the lips, or the opening, modelled; the image shows the teeth."""
    unit = frame.pixels_per_mm
    outer = landmarks_xy[list(indices.LIPS_OUTER)]
    x0, y0 = np.maximum(np.floor(outer.min(0) - 12 * unit).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(outer.max(0) + 12 * unit).astype(int), [depth.shape[1] - 1, depth.shape[0] - 1])
    window = np.s_[y0 : y1 + 1, x0 : x1 + 1]
    shift = np.array([x0, y0], float)
    result = depth.copy()
    result[window] = _carve(depth[window], image[window], landmarks_xy - shift, unit)
    return result


def _carve(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], points: Float[np.ndarray, "468 2"], unit: float
) -> Float[np.ndarray, "h w"]:
    shape = depth.shape
    upper, lower = points[list(indices.LIPS_INNER_UPPER)], points[list(indices.LIPS_INNER_LOWER)]
    middle = (upper + lower) / 2
    gap = float(np.median(np.linalg.norm(upper - lower, axis=1)[3:8])) / unit
    openness = float(np.clip((gap - OPEN_MM) / 2.0, 0, 1))
    # thin lips' landmarks almost coincide, the more so in a smile
    wide = (3.0 + 4.0 * openness) * unit
    lips = np.clip(blur(soft_polygon(shape, points[list(indices.LIPS_OUTER)]), wide) * (2 + 2 * openness), 0, 1)
    depth = depth + lips * (blur(depth, (LIP_SMOOTH_MM + openness * SMILE_SMOOTH_MM) * unit) - depth)
    corner_l, corner_r = points[61], points[291]
    line = smooth_line(np.concatenate([corner_l[None], middle[1:-1], corner_r[None]]), 60)
    distance, along = polyline_distance(shape, line)
    taper = np.clip(6 * along * (1 - along), 0, 1) ** 0.7
    groove = GROOVE_MM * np.exp(-((distance / (GROOVE_WIDTH_MM * unit)) ** 2)) * taper
    outline = smooth_line(points[[*indices.LIPS_OUTER, indices.LIPS_OUTER[0]]], 100)
    to_outline, _ = polyline_distance(shape, outline)
    edge = (1 - 0.7 * openness) * LIP_EDGE_MM * np.exp(-((to_outline / (LIP_EDGE_WIDTH_MM * unit)) ** 2))
    closed = depth - groove + edge
    if openness == 0:
        return closed
    ring = np.concatenate([smooth_line(upper), smooth_line(lower)[-2:0:-1]])
    opening = soft_polygon(shape, ring)
    hole = np.clip(blur(opening, 0.5 * unit), 0, 1)
    teeth = _teeth(image, opening > 0.5, unit)
    to_upper, to_lower = (polyline_distance(shape, smooth_line(line))[0] / unit for line in (upper, lower))
    gum = np.maximum(*(deep * np.exp(-((away / GUM_WIDTH_MM) ** 2))
                       for deep, away in zip(GUM_MM, (to_upper, to_lower), strict=True)))
    lips = soft_polygon(shape, outline) * (1 - opening)
    inner = np.minimum(np.minimum(to_upper, to_lower), to_outline / unit)
    edge = edge + LIP_ROLL_MM * lips * np.sin(0.5 * np.pi * np.clip(inner / LIP_ROLL_WIDTH_MM, 0, 1))
    # the row of teeth is rounder than the lips' landmarks tell: it follows their form at large
    row = blur(depth, 5.0 * unit) - CAVITY_MM + (CAVITY_MM - TEETH_MM) * teeth
    opened = (depth + edge) * (1 - hole) + np.minimum(row - gum, depth) * hole
    return closed * (1 - openness) + opened * openness


def _teeth(image: Float[np.ndarray, "h w 3"], opening: Bool[np.ndarray, "h w"], unit: float) -> (
    Float[np.ndarray, "h w"]
):
    """Where teeth show between the lips, 0..1: the opening's bright part, without the lines between single teeth."""
    if opening.sum() < 12:
        return np.zeros(opening.shape)
    tone = masked_blur(np.log(image.mean(-1).astype(np.float64) + 0.04), opening, 1.2 * unit)
    low, high = np.quantile(tone[opening], (0.05, 0.9))
    bright = np.clip((tone - low) / TEETH_BRIGHT - 0.5, 0, 1) if high - low > TEETH_BRIGHT else np.ones(opening.shape)
    return masked_blur(bright, opening, 1.0 * unit)

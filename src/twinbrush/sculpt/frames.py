"""Frames of glasses, found as dark lines that cross the bridge of the nose and run under an eye."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import polygon_mask

PER_MM = 2.5  # pixels a mm of the upright window that is looked at
HALF_WIDTH_MM, UP_MM, DOWN_MM = 78.0, 22.0, 42.0  # its reach from the middle between the eyes
LINE_MM = 4.5  # dark lines up to this wide are frames
BRIDGE_MM, BRIDGE_ROWS_MM = 6.0, (-9.0, 11.0)  # half width of the bridge; rows in which a frame crosses it
RIM_MM, RIM_ROWS_MM = 9.0, (8.0, 36.0)  # half width under each eye; rows in which a lower rim runs
DARK, WEAK = 0.20, 0.11  # of log brightness: a frame's line, and what belongs to it
BRIDGE_SHARE, RIM_SHARE = 0.8, 0.4  # of the columns that must show it (faces without glasses: below 0.3 on the bridge)
JUMP_MM = 2.5  # a line goes on so far up or down from column to column, at most


def glasses_frames(
    grey: Float[np.ndarray, "h w"], points_xy: Float[np.ndarray, "468 2"], pixels_per_mm: float
) -> Bool[np.ndarray, "h w"]:
    """Returns the pixels of glasses' frames; none where no line crosses the nose and runs under an eye.

    grey: log brightness.
    """
    eyes = np.array([points_xy[list(ring)].mean(0) for ring in (indices.EYE_LEFT, indices.EYE_RIGHT)])
    matrix = _upright(eyes, PER_MM / pixels_per_mm)
    size = (round(2 * HALF_WIDTH_MM * PER_MM), round((UP_MM + DOWN_MM) * PER_MM))
    flags = cv2.INTER_AREA if pixels_per_mm > PER_MM else cv2.INTER_LINEAR
    window = cv2.warpAffine(grey.astype(np.float32), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    places = points_xy @ matrix[:, :2].T + matrix[:, 2]
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(LINE_MM * PER_MM / 2) + 1,) * 2)
    line = cv2.morphologyEx(cv2.GaussianBlur(window, (0, 0), 0.8), cv2.MORPH_BLACKHAT, kernel)
    for ring in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.BROW_LEFT, indices.BROW_RIGHT):
        hull = cv2.convexHull(places[list(ring)].astype(np.float32))[:, 0]
        line[polygon_mask(line.shape, hull.mean(0) + 1.25 * (hull - hull.mean(0)))] = 0
    middle = (size[0] - 1) / 2
    half = float(np.linalg.norm(eyes[1] - eyes[0])) / 2 * PER_MM / pixels_per_mm
    crossing = _runs(line, middle, BRIDGE_MM, BRIDGE_ROWS_MM) >= BRIDGE_SHARE
    under = max(_runs(line, middle + side * half, RIM_MM, RIM_ROWS_MM) for side in (-1, 1)) >= RIM_SHARE
    if not (crossing and under):
        return np.zeros(grey.shape, bool)
    count, numbers = cv2.connectedComponents((line > WEAK).astype(np.uint8), connectivity=8)
    labels: np.ndarray = np.asarray(numbers).astype(np.int64)
    strong = np.zeros(count, bool)
    strong[np.unique(labels[line > DARK])] = True
    strong[0] = False
    back = cv2.invertAffineTransform(matrix)
    drawn = cv2.warpAffine(strong[labels].astype(np.float32), back, grey.shape[::-1], flags=cv2.INTER_LINEAR)
    return drawn > 0.4


def _upright(eyes: Float[np.ndarray, "2 2"], scale: float) -> Float[np.ndarray, "2 3"]:
    """The map to the window: the eyes level, their middle at (HALF_WIDTH_MM, UP_MM)."""
    across = eyes[1] - eyes[0]
    c, s = scale * across / np.linalg.norm(across)
    turn = np.array([[c, s], [-s, c]])
    shift = (np.array([HALF_WIDTH_MM, UP_MM]) * PER_MM - 0.5) - turn @ eyes.mean(0)
    return np.c_[turn, shift]


def _runs(line: Float[np.ndarray, "h w"], column: float, half_mm: float, rows_mm: tuple[float, float]) -> float:
    """Share of the columns about `column` in which one dark line runs on from the column before."""
    low, high = (round((UP_MM + row) * PER_MM) for row in rows_mm)
    first, last = (round(column + side * half_mm * PER_MM) for side in (-1, 1))
    part = line[low:high, max(first, 0) : last]
    reach = max(1, round(JUMP_MM * PER_MM))
    best = part[:, 0]
    for values in part.T[1:]:  # the darkest path from left to right
        spread = np.array([best[max(0, i - reach) : i + reach + 1].max() for i in range(len(best))])
        best = spread + np.minimum(values, DARK)
    return float(best.max()) / (DARK * part.shape[1])

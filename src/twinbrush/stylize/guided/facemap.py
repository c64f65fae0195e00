"""Landmarks of the 468-point face mesh that the painter leans on, the features they outline, and maps between faces."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Float32
from scipy.interpolate import RBFInterpolator

# Corresponding points of the picture's left half (first) and right half (second), in order along each contour.
_EYES = ((33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
         (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249))
_BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
_LIPS = ((61, 185, 40, 39, 37, 84, 181, 91, 146), (291, 409, 270, 269, 267, 314, 405, 321, 375))
_LIPS_MIDDLE = (0, 17)
_NOSE = ((98, 129, 49), (327, 358, 279))
_NOSE_MIDDLE = (168, 6, 197, 195, 5, 4, 1, 2)
_OVAL = ((109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148),
         (338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377))
_OVAL_MIDDLE = (10, 152)
_CHEEKS = ((50, 205, 118, 101), (280, 425, 347, 330))

LEFT = sum((group[0] for group in (_EYES, _BROWS, _LIPS, _NOSE, _OVAL, _CHEEKS)), ())
RIGHT = sum((group[1] for group in (_EYES, _BROWS, _LIPS, _NOSE, _OVAL, _CHEEKS)), ())
MIDDLE = _LIPS_MIDDLE + _NOSE_MIDDLE + _OVAL_MIDDLE
ANCHORS = np.array(LEFT + RIGHT + MIDDLE)
MIRRORED_ANCHORS = np.array(RIGHT + LEFT + MIDDLE)

_LIPS_OUTLINE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
FEATURES: dict[str, tuple[tuple[int, ...], ...]] = {
    "eyes": _EYES, "brows": _BROWS, "lips": (_LIPS_OUTLINE,), "nose": ((168, 129, 98, 2, 327, 358),),
}
_GRID_PX = 12


def face_height(landmarks_xy: Float[np.ndarray, "468 2"]) -> float:
    """Top of the forehead (landmark 10) to chin (152): the unit of the position guide."""
    return float(np.linalg.norm(landmarks_xy[10] - landmarks_xy[152]))


def feature_mask(
    landmarks_xy: Float[np.ndarray, "468 2"], names: tuple[str, ...], height: int, width: int,
    grow: float, soft: float,
) -> Float32[np.ndarray, "h w"]:
    """1 on the named features, grown and softened by shares of the face height, 0 away from them."""
    unit = face_height(landmarks_xy)
    mask = np.zeros((height, width), np.uint8)
    for name in names:
        for outline in FEATURES[name]:
            hull = cv2.convexHull(landmarks_xy[list(outline)].astype(np.float32))
            cv2.fillConvexPoly(mask, np.round(hull * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    size = 2 * round(grow * unit) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return cv2.GaussianBlur(grown.astype(np.float32) / 255, (0, 0), max(0.4, soft * unit))


def face_map(
    from_xy: Float[np.ndarray, "p 2"], to_xy: Float[np.ndarray, "p 2"], height: int, width: int,
) -> Float32[np.ndarray, "h w 2"]:
    """A smoothed thin-plate spline of matched points, evaluated at every pixel of an (h, w) image."""
    columns, rows = max(2, width // _GRID_PX), max(2, height // _GRID_PX)
    x, y = np.linspace(0, width - 1, columns), np.linspace(0, height - 1, rows)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    # Displacements are interpolated, so that smoothing pulls toward the best similarity, not toward a fold.
    unit = float(np.ptp(from_xy[:, 1])) or 1.0
    spline: Any = RBFInterpolator(from_xy / unit, to_xy / unit, kernel="thin_plate_spline", smoothing=1e-3)
    coarse = (spline(grid / unit) * unit).reshape(rows, columns, 2).astype(np.float32)
    gx, gy = np.meshgrid(
        np.arange(width, dtype=np.float32) * (columns - 1) / (width - 1),
        np.arange(height, dtype=np.float32) * (rows - 1) / (height - 1),
    )
    return cv2.remap(coarse, gx, gy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

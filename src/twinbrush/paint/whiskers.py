"""A style's moustache, stubble and beard on its skin: dark alike on both sides of the mouth and the chin.

They lend nothing to skin, else women get moustaches. The shadow of a light from one side is dark on one side alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.facemap import face_height, feature_mask
from twinbrush.maths.filters import hull_mask

NOSE_FOOT = (2, 98, 327)  # landmarks: below them hair grows about the mouth
BELOW_CHIN, LIPS_GROWN, FEATURES_GROWN = 0.05, 0.012, 0.03  # face heights
BORDER = 0.04  # face heights along the face's outline that don't tell the skin's own lightness
BLUR, ALIKE = 0.01, 0.02  # face heights: single hairs become grey; how well the two sides meet
DARKER, SPREADS = 10.0, 1.5  # L*, and robust standard deviations of the upper face, that whiskers are darker than it
LEAST_PIXELS = 100  # of the upper face: fewer tell nothing


def whiskers(
    lightness: Float32[np.ndarray, "h w"], skin: Bool[np.ndarray, "h w"], landmarks_xy: Float[np.ndarray, "468 2"]
) -> Bool[np.ndarray, "h w"]:
    """Returns where the face below the nose is darker than the skin above, on both sides alike.

    lightness: CIELAB L of the portrait; skin: its pixels; landmarks_xy: in pixels of it.
    """
    height, width = skin.shape
    unit = face_height(landmarks_xy)
    tone = cv2.GaussianBlur(lightness, (0, 0), max(0.6, BLUR * unit))
    below = _below_nose(landmarks_xy, skin.shape, unit)
    features = feature_mask(landmarks_xy, ("eyes", "brows", "nose", "lips"), height, width, FEATURES_GROWN, 0.004) > 0.3
    face = hull_mask(skin.shape, landmarks_xy[list(indices.OVAL)])
    above = skin & (_morphed(face, cv2.MORPH_ERODE, BORDER * unit) > 0) & ~below & ~features
    if above.sum() < LEAST_PIXELS:
        return np.zeros_like(skin)
    usual = np.median(tone[above])
    spread = 1.48 * np.median(np.abs(tone[above] - usual))
    dark = below & skin & (tone < usual - max(DARKER, SPREADS * float(spread)))
    known = np.column_stack([landmarks_xy, np.ones(len(landmarks_xy))])
    mirror = np.linalg.lstsq(known, landmarks_xy[mirror_indices()], rcond=None)[0].T.astype(np.float32)
    other = cv2.warpAffine(
        dark.astype(np.uint8), mirror, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return dark & (_morphed(other, cv2.MORPH_DILATE, ALIKE * unit) > 0)


def _below_nose(
    landmarks_xy: Float[np.ndarray, "468 2"], shape: tuple[int, ...], unit: float
) -> Bool[np.ndarray, "h w"]:
    """The face below the nose and a little of the neck, without the lips."""
    down = landmarks_xy[indices.CHIN] - landmarks_xy[indices.FOREHEAD_TOP]
    down = down / max(float(np.linalg.norm(down)), 1e-9)
    foot = landmarks_xy[list(NOSE_FOOT)]
    low = landmarks_xy[[point for point in indices.OVAL if (landmarks_xy[point] - foot[0]) @ down > 0]]
    whole = hull_mask(shape, np.concatenate([foot, low, low + BELOW_CHIN * unit * down]))
    lips = _morphed(hull_mask(shape, landmarks_xy[list(indices.LIPS_OUTER)]), cv2.MORPH_DILATE, LIPS_GROWN * unit)
    return (whole > 0) & (lips == 0)


def _morphed(mask: np.ndarray, operation: int, radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    return cv2.morphologyEx(mask, operation, np.ones((side, side), np.uint8))

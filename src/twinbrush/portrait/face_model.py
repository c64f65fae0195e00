"""The 468-point face: mean shape, mirror table, and which points are which feature.

The mean shape and the mirror table are measured (benchmarks/make_face_model.py): the mean is the symmetrised
Procrustes mean of the landmark network's answers on faces of known pose, the mirror table is the assignment that fits
its answers on pictures to those on the mirrored pictures. Indices of features are those of MediaPipe's face mesh.
"Left" and "right" are the picture's, not the person's.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float, Int

FOREHEAD_TOP, CHIN, NOSE_TIP = 10, 152, 1
EYE_LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
EYE_RIGHT = (362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398)
BROW_LEFT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_RIGHT = (336, 296, 334, 293, 300, 276, 283, 282, 295, 285)
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
NOSE_BRIDGE = (168, 6, 197, 195, 5, 4, 1)
NOSE_BASE = (129, 98, 97, 2, 326, 327, 358)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # clockwise in the picture, from the top
# Corners and lids in equal parts: their mean stays put when the eye closes.
_EYE_CENTRE_LEFT = (33, 133, 159, 145)
_EYE_CENTRE_RIGHT = (362, 263, 386, 374)
MOUTH_CORNER_LEFT, MOUTH_CORNER_RIGHT = 61, 291


@lru_cache(maxsize=1)
def _data() -> dict[str, list[float]]:
    return json.loads(files("twinbrush.portrait").joinpath("face_model.json").read_text("utf-8"))


def mirror_indices() -> Int[np.ndarray, "468"]:
    """mirror_indices()[i] is the point that i becomes in the mirrored picture; an involution."""
    return np.array(_data()["mirror"], dtype=np.int64)


def mean_face() -> Float[np.ndarray, "468 3"]:
    """The mean face, mm, in the world frame of camera.py: looking straight ahead, eyes 63 mm apart, origin between."""
    return np.array(_data()["mean_mm"], dtype=np.float64)


def eye_centres(points: Float[np.ndarray, "468 c"]) -> tuple[Float[np.ndarray, "c"], Float[np.ndarray, "c"]]:
    """Centres of the eye on the picture's left and of that on its right."""
    return points[list(_EYE_CENTRE_LEFT)].mean(axis=0), points[list(_EYE_CENTRE_RIGHT)].mean(axis=0)


def interocular(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Distance between the eye centres in depth and plane (so it does not shrink when the head turns)."""
    left, right = eye_centres(landmarks)
    return float(np.linalg.norm(right - left))

"""The 468-point face: mean shape, mirror table, eye centres. Which points are which feature: indices.py.

The mean shape and the mirror table are measured (benchmarks/make_face_model.py): the mean is the symmetrised
Procrustes mean of the landmark network's answers on faces of known pose, the mirror table is the assignment that fits
its answers on pictures to those on the mirrored pictures. "Left" and "right" are the picture's,
not the person's.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.beside import once

# Corners and lids in equal parts: their mean stays put when the eye closes.
_EYE_CENTRE_LEFT = (33, 133, 159, 145)
_EYE_CENTRE_RIGHT = (362, 263, 386, 374)
MOUTH_CORNER_LEFT, MOUTH_CORNER_RIGHT = 61, 291


@once
def _data() -> dict[str, Any]:
    return json.loads(files("twinbrush.faces").joinpath("face_model.json").read_text("utf-8"))


def mirror_indices() -> Int[np.ndarray, "468"]:
    """mirror_indices()[i] is the point that i becomes in the mirrored picture; an involution."""
    return np.array(_data()["mirror"], dtype=np.int64)


def mean_face() -> Float[np.ndarray, "468 3"]:
    """The mean face, mm, in the world frame (base/camera.py): looking ahead, eyes 63 mm apart, origin between."""
    return np.array(_data()["mean_mm"], dtype=np.float64)


def eye_centres(points: Float[np.ndarray, "468 c"]) -> tuple[Float[np.ndarray, "c"], Float[np.ndarray, "c"]]:
    """Centres of the eye on the picture's left and of that on its right."""
    return points[list(_EYE_CENTRE_LEFT)].mean(axis=0), points[list(_EYE_CENTRE_RIGHT)].mean(axis=0)


def interocular(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Distance between the eye centres in depth and plane (so it does not shrink when the head turns)."""
    left, right = eye_centres(landmarks)
    return float(np.linalg.norm(right - left))

"""Depth of the landmarks as the head prior knows it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from twinbrush.faces.face_model import mean_face
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.head_prior import HeadShape

SLIDE, STEEPEST = 0.75, 0.45  # share of the surface's own slope between a landmark's two places; least cosine
TOGETHER_MM = 10.0  # landmarks this near move together where they are features
CORRECTION_MM = 5.0  # the network's depth is corrected no more sharply than this
DOUBTED = 0.5
DOUBT = ("The landmarks are unlike those that are found in photos: the depth of the face is the landmark network's "
         "own, not the head prior's.")


def informed(frame: Frame, landmarks_xy: Float[np.ndarray, "468 2"], head: HeadShape) -> tuple[Frame, tuple[str, ...]]:
    """The frame with its landmarks at the head's depth, as far as the head is to be trusted; and a warning where it is
    not.

    The head's own landmarks do not lie quite on the photo's rays. Where a whole feature (nose, lips, eyes) lies a
    little elsewhere it keeps its depth; where a single landmark does, or one on plain skin (the network's points slide
    on cheeks and jaw), the depth follows the head's surface from the one place to the other.
    """
    seen = frame.lift(landmarks_xy, head.landmarks_xyz[:, 2])
    away = seen[:, :2] - head.landmarks_xyz[:, :2]
    away = away - (1 - head.landmark_smooth[:, None]) * (_neighbours(TOGETHER_MM) @ away)
    slope = -(head.landmark_normals[:, :2] * away).sum(1) / np.maximum(head.landmark_normals[:, 2], STEEPEST)
    correction = head.landmarks_xyz[:, 2] + SLIDE * slope - frame.landmarks_xyz[:, 2]
    z = frame.landmarks_xyz[:, 2] + head.trust * (_neighbours(CORRECTION_MM) @ correction)
    warnings = (DOUBT,) if head.trust < DOUBTED else ()
    return replace(frame, landmarks_xyz=frame.lift(landmarks_xy, z)), warnings


@lru_cache(maxsize=4)
def _neighbours(sigma_mm: float) -> Float[np.ndarray, "468 468"]:
    """Rows of weights (sum 1): a Gaussian mean over the landmarks around each."""
    mean = mean_face()
    squared = ((mean[:, None] - mean[None]) ** 2).sum(-1)
    weights = np.exp(-squared / (2 * sigma_mm**2))
    return weights / weights.sum(1, keepdims=True)

"""How near one face's proportions are to another's."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.features import landmark_weights
from twinbrush.faces.face_model import eye_centres
from twinbrush.maths.similarity import fit_similarity


def landmark_distance(
    landmarks_xy: Float[np.ndarray, "468 2"], style_xy: Float[np.ndarray, "468 2"]
) -> float:
    """Mean distance between two sets of landmarks after the best similarity, in inter-ocular distances of the style.

    Use it before (content) and after (moved content) to say how far a shape went to the style's proportions. Both sets
    should show the head from the same direction.
    """
    weights = landmark_weights()
    similarity = fit_similarity(landmarks_xy, style_xy, weights)
    left, right = eye_centres(style_xy)
    gap = np.linalg.norm(similarity.apply(landmarks_xy) - style_xy, axis=1)
    return float((weights * gap).sum() / weights.sum() / np.linalg.norm(right - left))

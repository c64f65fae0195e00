"""Ears stay near the person's: no style shows so much of them that its form may blow them up.

Landmarks of a face say nothing of its ears; what the fitted head has there is drawn after its cheeks.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.sculpt.ears import Placing, ear_weights, placed
from twinbrush.sculpt.values import FACE, Template

SIZES, WIDTHS = (0.88, 1.12), (0.75, 1.3)  # an ear's height and depth, and how far out it stands, against the face


def with_own_ears(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the shaped head (template vertices, mm) with ears that have grown with the face, give or take.

    before: the head without the style's form. What stays within SIZES and WIDTHS is left as it is.
    """
    face = np.flatnonzero(model.labels == FACE)
    grown = np.ptp(after[face], axis=0) / np.ptp(before[face], axis=0)
    scale = float(np.sqrt(grown[0] * grown[1]))
    out = after
    for side in (-1, 1):
        members, share = ear_weights(model, side)
        old, new = np.ptp(before[members], axis=0), np.ptp(out[members], axis=0)
        size = float(np.sqrt(new[1] * new[2] / (old[1] * old[2]))) / scale
        if not SIZES[0] <= size <= SIZES[1]:
            out = placed(model, out, side, Placing(0.0, float(np.clip(size, *SIZES)) / size))
            new = np.ptp(out[members], axis=0)
        wide = float(new[0] / old[0]) / scale
        if not WIDTHS[0] <= wide <= WIDTHS[1]:
            out = out.copy()
            out[members, 0] += share * side * (float(np.clip(wide, *WIDTHS)) / wide - 1) * new[0]
    return out

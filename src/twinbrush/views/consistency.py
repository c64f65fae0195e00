"""How well N pictures of one surface agree: the metric of every manifest."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.image import to_lab
from twinbrush.views.correspondence import mutual_points
from twinbrush.views.values import ViewSet

# Above this CIE76 distance the difference is plain to the eye.
DELTA_E_LIMIT = 5.0


def view_consistency(images: Float[np.ndarray, "n h w 3"], views: ViewSet) -> dict[str, float]:
    """Differences of colour over all surface points that neighbouring views both see.

    mean_absolute: mean |difference| of RGB in 0..1. delta_e: mean CIE76 distance in Lab (D65, sRGB).
    delta_e_above_5: share of the points with a distance over 5. points: how many points there are.
    `images` are in the frame of `views` (give warped views for stylized images). Colours between pixel centres are
    bilinear.
    """
    absolute, distances = [], []
    for a in range(len(images) - 1):
        points = mutual_points(views, a, a + 1)
        colour_a, colour_b = (_sample(images[k], xy) for k, xy in ((a, points.pixels_a), (a + 1, points.pixels_b)))
        absolute.append(np.abs(colour_a - colour_b).mean(1))
        distances.append(np.linalg.norm(to_lab(colour_a) - to_lab(colour_b), axis=1))
    if not absolute or sum(map(len, absolute)) == 0:
        return {"mean_absolute": 0.0, "delta_e": 0.0, "delta_e_above_5": 0.0, "points": 0.0}
    difference, distance = np.concatenate(absolute), np.concatenate(distances)
    return {
        "mean_absolute": float(difference.mean()),
        "delta_e": float(distance.mean()),
        "delta_e_above_5": float((distance > DELTA_E_LIMIT).mean()),
        "points": float(len(difference)),
    }


def _sample(image: Float[np.ndarray, "h w 3"], pixels_xy: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "p 3"]:
    """Bilinear colours; cv2.remap takes at most 32767 rows, so the points are folded into a rectangle."""
    width = 4096
    rows = -(-len(pixels_xy) // width)
    folded = np.zeros((rows * width, 2), np.float32)
    folded[: len(pixels_xy)] = pixels_xy
    folded = folded.reshape(rows, width, 2)
    colour = cv2.remap(
        np.ascontiguousarray(image, np.float32), folded[..., 0], folded[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return colour.reshape(-1, 3)[: len(pixels_xy)]

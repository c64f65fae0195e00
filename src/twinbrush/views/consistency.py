"""How well N pictures of one surface agree: the metric of every manifest."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.image import to_lab
from twinbrush.base.sampling import sampled
from twinbrush.views.correspondence import MutualPoints, mutual_points
from twinbrush.views.footprint import in_coarser_pixels
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
    pairs = [(a, mutual_points(views, a, a + 1)) for a in range(len(images) - 1)]
    return _numbers([_pointwise(images, a, points) for a, points in pairs])


def footprint_consistency(images: Float[np.ndarray, "n h w 3"], views: ViewSet) -> dict[str, float]:
    """The same numbers over the same points, but each point is compared at the coarser of its two resolutions: in the
    pixel that shows it in the view where its triangle is smaller, with the average of the other view's picture over
    what this pixel shows of the surface (footprint.py; the occlusion-masked warping error of Lai et al., "Learning
    Blind Video Temporal Consistency", ECCV 2018, both ways, with an area-true warp).

    That a view which looks along the surface shows less of it is no disagreement: pictures of one real object would
    differ by it just as much. pointwise_mean_absolute: `view_consistency`, in which it counts.
    """
    pointwise, compared = [], []
    for a in range(len(images) - 1):
        points = mutual_points(views, a, a + 1)
        pointwise.append(_pointwise(images, a, points))
        coarser = in_coarser_pixels(images, views, a, a + 1, points)
        # where the pixel's own centre is hidden from the other view there is no area to compare: every point counts
        known = coarser.known[:, None]
        compared.append((np.where(known, coarser.shown, pointwise[-1][0]),
                         np.where(known, coarser.averaged, pointwise[-1][1])))  # fmt: skip
    return {**_numbers(compared), "pointwise_mean_absolute": _mean_absolute(pointwise)}


def _pointwise(
    images: Float[np.ndarray, "n h w 3"], a: int, points: MutualPoints
) -> tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]:
    """What views a and a + 1 show at every point."""
    there = ((images[a], points.pixels_a), (images[a + 1], points.pixels_b))
    one, other = (sampled(image, pixels, cv2.INTER_LINEAR) for image, pixels in there)
    return one, other


def _numbers(pairs: list[tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]]) -> dict[str, float]:
    """Of two colours at every point, for every pair of views."""
    if sum(len(one) for one, _ in pairs) == 0:
        return {"mean_absolute": 0.0, "delta_e": 0.0, "delta_e_above_5": 0.0, "points": 0.0}
    distance = np.concatenate([np.linalg.norm(to_lab(one) - to_lab(other), axis=1) for one, other in pairs])
    return {
        "mean_absolute": _mean_absolute(pairs),
        "delta_e": float(distance.mean()),
        "delta_e_above_5": float((distance > DELTA_E_LIMIT).mean()),
        "points": float(len(distance)),
    }


def _mean_absolute(pairs: list[tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]]) -> float:
    return float(np.concatenate([np.abs(one - other).mean(1) for one, other in pairs] or [np.zeros(1)]).mean())

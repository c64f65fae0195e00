"""Background that shows through an object (between legs, through a handle): its mask has no holes, but no paint shall
come from there."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from twinbrush.base.image import to_lab

CLEARLY = 2.0  # times as usual around the object as in it: such colours are not its own
AROUND = 0.15  # of the object's size: how far around it the background is looked at
LIGHTNESS_BINS, CHROMA_BINS, CHROMA_RANGE = 16, 24, 60.0
SMALLEST = 2  # pixels: thinner parts are strokes, not windows
GROWN = 3  # pixels around a window that its colours have bled into


def windows(image: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True on parts of the mask whose colours are rare in the object and usual around it (Lab histograms)."""
    size = float(np.sqrt(max(int(mask.sum()), 1)))
    inside, outside = _distance(mask), _distance(~mask)
    around = (outside > 3) & (outside < max(2.0, AROUND * size))
    inner = inside > 3
    if not around.any() or not inner.any():
        return np.zeros_like(mask)
    lab = cv2.GaussianBlur(to_lab(image), (0, 0), 1.2)
    bins = np.array([LIGHTNESS_BINS, CHROMA_BINS, CHROMA_BINS])
    low, span = np.array([0.0, -CHROMA_RANGE, -CHROMA_RANGE]), np.array([100.0, 2 * CHROMA_RANGE, 2 * CHROMA_RANGE])
    cell = np.clip(((lab - low) / span * bins).astype(int), 0, bins - 1)
    cell = (cell[..., 0] * CHROMA_BINS + cell[..., 1]) * CHROMA_BINS + cell[..., 2]
    own, other = (_share(cell[part], bins) for part in (inner, around))
    foreign = mask & (other[cell] > CLEARLY * (own[cell] + 1e-6))
    core = _distance(foreign) > SMALLEST
    return (_distance(~core) <= SMALLEST + GROWN) & mask & core.any()


def _distance(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Pixels to the nearest one that is False."""
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5).astype(np.float64)


def _share(cells: np.ndarray, bins: np.ndarray) -> Float[np.ndarray, "b"]:
    count = np.bincount(cells, minlength=int(bins.prod())).reshape(bins).astype(float)
    return np.asarray(ndimage.gaussian_filter(count / max(len(cells), 1), 0.8)).ravel()

"""Filling what no pixel knows from what its neighbours know."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage


def push_pull(
    image: Float[np.ndarray, "h w c"], weight: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w c"]:
    """Keep pixels of weight 1, fill weight 0 smoothly from the nearest known ones, blend in between.

    The pull phase averages known colours over a pyramid, the push phase brings them down into the holes
    (Gortler et al., The Lumigraph, 1996). Unknown everywhere: zeros.
    """
    levels = [(image * weight[..., None], np.clip(weight, 0, 1))]
    while max(levels[-1][1].shape) > 1:
        colour, known = levels[-1]
        height, width = known.shape
        pad = ((0, height % 2 if height > 1 else 1), (0, width % 2 if width > 1 else 1))
        colour = np.pad(colour, (*pad, (0, 0)))
        known = np.pad(known, pad)
        colour = 4 * _halve(colour)
        known = 4 * _halve(known[..., None])[..., 0]
        # more than one known pixel among four is as good as certain
        scale = 1 / np.maximum(known, 1)
        levels.append((colour * scale[..., None], known * scale))
    colour, known = levels.pop()
    full = colour / np.maximum(known, 1e-6)[..., None]
    while levels:
        colour, known = levels.pop()
        height, width = known.shape
        even = (width + width % 2 if width > 1 else 2, height + height % 2 if height > 1 else 2)
        upper = cv2.resize(full, even, interpolation=cv2.INTER_LINEAR)
        upper = upper.reshape(even[1], even[0], -1)[:height, :width]
        full = colour + (1 - known)[..., None] * upper
    return full.astype(image.dtype)


def _halve(image: Float[np.ndarray, "h w c"]) -> Float[np.ndarray, "h2 w2 c"]:
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def fill_nearest(labels: UInt8[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Unknown pixels take the label of the nearest known pixel."""
    if known.all() or not known.any():
        return labels
    nearest = np.asarray(ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True))
    return labels[nearest[0], nearest[1]]

"""How much each pixel looks like four places of this very picture whose class is all but known.

The middle of the face is skin, what lies on the skull above and beside it is hair (or a hat, or a bald scalp), the far
sides are ground, the chest below the chin is mostly cloth. The network decides what follows from a likeness: hair on a
shoulder looks like the crown, a bare shoulder like the cheeks.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.image import to_lab
from twinbrush.maths.mixture import fit_mixture
from twinbrush.regions.frame import HEAD_HALF_HEIGHT, HEAD_HALF_WIDTH, SIDE

PLACES = ("face", "crown", "sides", "chest")
"""What the channels are."""
COMPONENTS = 4  # colours of a place
LEAST_DEVIATION = 3.0  # Lab units: narrower ones would call every neighbour of a flat colour foreign
LEAST_PIXELS = 40  # of a place; with fewer its channel is 0: nothing known
STROKES = 0.02  # face heights: over this colours are averaged, so that strokes and strands don't count one by one
REACH = 8.0  # energy at which a pixel is as unlike as can be


def likeness_maps(
    square: Float[np.ndarray, "n n 3"], mattes: Float[np.ndarray, "2 n n"], inside: Bool[np.ndarray, "n n"],
    places: Float[np.ndarray, "6 n n"],
) -> Float[np.ndarray, "4 n n"]:
    """The energy of each pixel's colour and contrast under a mixture fitted to each place, above what nine in ten of
    the place's own pixels have: -1 (alike) .. 1 (unlike).

    square: the head's square, colours 0..1; mattes: its readings; inside: where the picture reaches; places:
    `frame.place_maps` of it.
    """
    size = square.shape[0]
    values = colours_and_contrast(square)
    maps = []
    for where in _known_places(mattes, inside, places):
        if where.sum() < LEAST_PIXELS:
            maps.append(np.zeros((size, size), np.float32))
            continue
        energy = fit_mixture(values[where], COMPONENTS, LEAST_DEVIATION).energy(values)
        maps.append(np.clip((energy - np.quantile(energy[where], 0.9)) / REACH, -1, 1))
    return np.stack(maps).astype(np.float32)


def colours_and_contrast(square: Float[np.ndarray, "n n 3"]) -> Float[np.ndarray, "n n 4"]:
    """Lab colours of the head's square, strokes and strands averaged, and how much the lightness varies about them."""
    lab = to_lab(np.ascontiguousarray(square, np.float32))
    sigma = STROKES * square.shape[0] / SIDE
    smooth = cv2.GaussianBlur(lab, (0, 0), sigma)
    contrast = cv2.GaussianBlur((lab[..., 0] - smooth[..., 0]) ** 2, (0, 0), 2 * sigma)
    return np.concatenate([smooth, np.sqrt(contrast)[..., None]], -1).astype(np.float32)


def _known_places(
    mattes: Float[np.ndarray, "2 n n"], inside: Bool[np.ndarray, "n n"], places: Float[np.ndarray, "6 n n"]
) -> list[Bool[np.ndarray, "n n"]]:
    """The pixels of PLACES."""
    u, v, oval = places[0] * SIDE / 2, places[1] * SIDE / 2, places[2]
    features, rival = (places[3] + places[4]) > 0.5, places[5] > 0.5
    skull = np.hypot(u / HEAD_HALF_WIDTH, v / HEAD_HALF_HEIGHT)
    face = (oval > 0.1) & (v > -0.1) & ~features
    crown = (oval < -0.05) & (v < -0.1) & (skull < 1.0)
    sides = (mattes.max(0) < 0.1) & (skull > 1.2) | rival
    chest = (v > 0.95) & (v < 1.6) & (np.abs(u) < 0.3)
    return [where & inside for where in (face, crown, sides, chest)]

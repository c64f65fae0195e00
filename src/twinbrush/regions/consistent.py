"""One picture's own colours: a shirt is a shirt all over, though a small network sees skin in a corner of it.

Each class' colours and places are learned from the pixels that the odds are sure of, and all pixels are asked anew
(one step of expectation-maximization, Dempster, Laird and Rubin 1977, as GrabCut takes it: Rother et al. 2004).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.maths.mixture import fit_mixture
from twinbrush.regions.frame import SIDE
from twinbrush.regions.likeness import COMPONENTS, LEAST_PIXELS, colours_and_contrast

SURE = 0.7  # odds from which a pixel counts among its class' examples
PLACE = 12.0  # Lab units that a face height of distance weighs as much as
LEAST_DEVIATION = 4.0  # Lab units, as in likeness.py; places vary more
WEIGHT = 0.3  # of the energies against the odds: neighbouring pixels are no independent witnesses
MOST = 1.5  # so far, in odds' logarithm, may colours speak against a class


def consistent(
    odds: Float[np.ndarray, "k n n"], colours: Float[np.ndarray, "n n 3"], places: Float[np.ndarray, "6 n n"]
) -> Float[np.ndarray, "k n n"]:
    """The odds after each class' colours in this very picture have been heard; they sum to 1.

    odds: of the classes, any scale; colours: 0..1 of the head's square at the odds' size; places: `frame.place_maps`.
    A class that no pixel is sure of is left as likely as it was.
    """
    sure = odds / odds.sum(0)
    looks = colours_and_contrast(np.ascontiguousarray(colours, np.float32))
    values = np.concatenate([looks, 0.5 * SIDE * PLACE * places[:2].transpose(1, 2, 0)], -1).astype(np.float32)
    energies = np.full(odds.shape, np.inf, np.float32)
    for k, layer in enumerate(sure):
        examples = layer > SURE
        if examples.sum() >= LEAST_PIXELS:
            energies[k] = fit_mixture(values[examples], COMPONENTS, LEAST_DEVIATION).energy(values)
    lowest = energies.min(0)
    against = np.where(np.isfinite(energies), np.minimum(WEIGHT * (energies - lowest), MOST), 0.0)
    heard = sure * np.exp(-against)
    return heard / heard.sum(0)

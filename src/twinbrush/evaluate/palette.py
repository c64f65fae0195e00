"""Distance of two palettes: how far one set of colours must be carried to become the other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.base.image import to_lab

DIRECTIONS = 64  # of the sliced distance: a shift's length is then known to 1%
QUANTILES = 512  # of each projection: finer than an 8-bit step in Lab


def palette_distance(ours: Float[np.ndarray, "n 3"], style: Float[np.ndarray, "m 3"]) -> float:
    """Returns the sliced Wasserstein distance of two sets of sRGB colours 0..1, in CIELAB.

    Mean over directions of the 1D Wasserstein distance (Bonneel et al. 2015); 0 for equal sets; a shift by v gives
    the mean of |<v, direction>|, which is |v| / 2 over the sphere. nan where a set is empty.
    """
    if len(ours) == 0 or len(style) == 0:
        return float("nan")
    axes = _directions()
    share = np.linspace(0, 1, QUANTILES)
    one, other = (to_lab(np.ascontiguousarray(colours, np.float32)) for colours in (ours, style))
    gaps = [np.abs(np.quantile(one @ a, share) - np.quantile(other @ a, share)).mean() for a in axes]
    return float(np.mean(gaps))


def _directions() -> Float[np.ndarray, "k 3"]:
    """Directions spread evenly over the sphere (a Fibonacci lattice; random ones are off by 8%)."""
    number = np.arange(DIRECTIONS) + 0.5
    height, turn = 1 - 2 * number / DIRECTIONS, np.pi * (1 + 5**0.5) * number
    width = np.sqrt(1 - height**2)
    return np.stack([height, width * np.cos(turn), width * np.sin(turn)], 1)

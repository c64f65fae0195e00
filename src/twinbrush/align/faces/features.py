"""Which of the 468 face-mesh points make up a feature that is moved as a whole, and how much each weighs.

The numbers are those of MediaPipe's face mesh, as in faces/indices.py. LEFT and RIGHT are the picture's.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import once
from twinbrush.faces.indices import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, OVAL

# Rings of the lips run from the left corner along the lower lip and back along the upper: `limits.py` pairs them.
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIPS_MIDDLE = (
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 408, 304, 303, 302, 11, 72, 73, 74, 184,
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 407, 272, 271, 268, 12, 38, 41, 42, 183,
)  # fmt: skip
LIPS = LIPS_OUTER + LIPS_INNER + LIPS_MIDDLE
LIDS_LEFT = (130, 25, 110, 24, 23, 22, 26, 112, 243, 190, 56, 28, 27, 29, 30, 247)
LIDS_RIGHT = (359, 255, 339, 254, 253, 252, 256, 341, 463, 414, 286, 258, 257, 259, 260, 467)
NOSE = (
    6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 327, 97, 326, 64, 294, 48, 278, 115, 344, 220, 440, 45, 275,
    129, 358, 49, 279, 209, 429, 102, 331, 198, 420, 131, 360, 134, 363, 51, 281, 3, 248,
)  # fmt: skip
_SHARES: tuple[tuple[float, tuple[int, ...]], ...] = (
    (0.24, OVAL),
    (0.14, EYE_LEFT),
    (0.14, EYE_RIGHT),
    (0.07, BROW_LEFT),
    (0.07, BROW_RIGHT),
    (0.16, NOSE),
    (0.18, LIPS_OUTER),
)


@once
def _weights() -> Float[np.ndarray, "468"]:
    weights = np.zeros(468)
    for share, points in _SHARES:
        weights[list(points)] += share / len(points)
    weights.flags.writeable = False
    return weights


def landmark_weights() -> Float[np.ndarray, "468"]:
    """Weights (sum 1) that give every feature its share, however many points the mesh spends on it."""
    return _weights()

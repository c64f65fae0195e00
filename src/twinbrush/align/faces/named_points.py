"""Where the 68 points of iBUG's layout lie on the template, beside the landmarks that stand for them in the layout.

Who places points puts them on what they are named after: a brow's middle line, the lips' seams, the outline under the
chin. The template's landmarks lie where MediaPipe's network sees its own. Read as if they were those, the user's points
would make a form of the difference. The table was made by placing the 68 points by hand on a picture of the mean
head (benchmarks/form_points/clayhead.txt), and both sides averaged; no portrait had a part in it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks68 import INDEX_68

REACH_MM = 8.0  # how far about them the landmarks go with the named points
FAINT = 0.15  # of a named point's weight: that of staying where one is
NAMED_MM: dict[int, tuple[float, float]] = {
    0: (0.1, 8.2), 1: (-0.1, 3.2), 2: (0.7, -1.5), 3: (-5.3, 11.2), 4: (-4.9, 5.7), 5: (-2.0, -1.4), 6: (-5.1, -1.9),
    7: (-6.2, -3.5), 8: (0.0, -5.6),
    17: (5.8, -2.0), 18: (8.3, -5.2), 19: (8.8, -7.3), 20: (6.4, -7.6), 21: (1.8, -8.5),
    27: (0.0, -2.9), 28: (0.0, 1.2), 29: (0.0, 3.0), 30: (0.0, 0.1), 31: (0.9, 1.3), 32: (-0.8, 2.2), 33: (0.0, -0.1),
    36: (2.1, -0.5), 37: (2.0, -0.3), 38: (0.9, -1.4), 39: (-1.0, 0.2), 40: (1.0, 1.5), 41: (1.5, 1.0),
    48: (-1.1, -1.1), 49: (-1.6, -2.2), 50: (0.7, -2.1), 51: (0.0, -2.0), 55: (4.0, 0.5), 56: (1.4, 0.0),
    57: (0.0, 0.0), 60: (-2.5, -2.0), 61: (-6.8, -2.1), 62: (0.0, -2.0), 65: (6.3, 0.3), 66: (0.0, 0.5)}
"""x and y, mm on the mean head, of the points on one side and in the middle; the other side's are mirrored."""


def beside_landmarks(landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "468 2"]:
    """Returns how far beside each landmark of the mean head the user's points are, mm; between the named ones, which
    are exact, it fades over REACH_MM."""
    twins, numbers = mirror_indices(), {index: number for number, index in enumerate(INDEX_68)}
    named = np.empty((len(INDEX_68), 2))
    for number, offset in NAMED_MM.items():
        named[numbers[int(twins[INDEX_68[number]])]] = np.array(offset) * [-1, 1]
        named[number] = offset
    chosen = list(INDEX_68)
    away = np.linalg.norm(landmarks[:, None, :2] - landmarks[chosen][None, :, :2], axis=2)
    near = np.exp(-((away / REACH_MM) ** 2) / 2)
    out = near @ named / (near.sum(1, keepdims=True) + FAINT)
    out[chosen] = named
    return out

"""What a bust stands on is stone, not flesh: the form's warp leaves the socle round and the underside plane."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.maths.filters import smoothstep

UNDERSIDE_MM = 1e-6  # so little above the lowest point a vertex is of the underside
SOCLE_RIM_MM = (42.0, 76.0)  # above the floor: below, the socle is rigid; at its top it has gone over into the body
BASE_RIM_MM = (0.0, 40.0)  # the same of a bust cut flat, whose underside may grow but not bend


def steadied(
    rest: Float[np.ndarray, "n 3"], moved: Float[np.ndarray, "n 3"], plinth: Float[np.ndarray, "n"] | None
) -> Float[np.ndarray, "n 3"]:
    """Returns a moved bust whose socle has only been shifted, by its mean, and whose underside is as plane as before.

    rest, moved: its vertices before and after, y up, mm. plinth: where it is socle or cut surface, 0..1. A bust without
    a socle keeps its moves sideways and forward: its underside is wide, and goes with the shoulders.
    """
    height = rest[:, 1] - rest[:, 1].min()
    underside = height <= UNDERSIDE_MM
    on_socle = plinth is not None and bool((plinth[underside] > 0.5).all())
    low, high = SOCLE_RIM_MM if on_socle else BASE_RIM_MM
    rigid = 1 - smoothstep((height - low) / (high - low))
    move = moved - rest
    shift = move[rigid == 1].mean(0)
    share = rigid[:, None] * ((1, 1, 1) if on_socle else (0, 1, 0))
    return rest + share * shift + (1 - share) * move

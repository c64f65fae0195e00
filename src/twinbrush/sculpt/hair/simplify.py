"""Fewer triangles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int



def simplified(
    vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], most: int
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, "s 3"]]:
    """Returns a closed surface with at most `most` triangles (quadric error metric, Garland and Heckbert 1997)."""
    if len(triangles) <= most:
        return vertices, triangles
    from fast_simplification import simplify

    points, faces = simplify(vertices.astype(np.float32), triangles.astype(np.int32), target_count=most)
    return points.astype(np.float64), faces.astype(np.int64)

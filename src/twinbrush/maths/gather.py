"""Barycentric interpolation of vertex attributes at many surface points.

(`no_type_check` keeps the import hook of the tests away from the compiled kernel.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int
from numba import njit


def interpolated(
    values: Float[np.ndarray, "v c"], corners: Int[np.ndarray, "s 3"], weights: Float[np.ndarray, "s 3"]
) -> Float32[np.ndarray, "s c"]:
    """Returns the weighted sum of each point's three corners' values."""
    out = np.empty((len(corners), values.shape[1]), np.float32)
    _gather(np.ascontiguousarray(values, np.float32), np.ascontiguousarray(corners, np.int64),
            np.ascontiguousarray(weights, np.float32), out)
    return out


@njit(cache=True)
@no_type_check
def _gather(values, corners, weights, out):
    for point in range(len(corners)):
        a, b, c = corners[point]
        u, v, w = weights[point]
        for k in range(values.shape[1]):
            out[point, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]

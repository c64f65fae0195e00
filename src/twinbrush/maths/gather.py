"""Barycentric interpolation of vertex attributes at many surface points.

(`no_type_check` keeps the import hook of the tests away from the compiled kernel.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int
from numba import njit


def interpolated(
    values: Float[np.ndarray, "v c"], corners: Int[np.ndarray, "s 3"], weights: Float[np.ndarray, "s 3"],
    rows: Int[np.ndarray, "r"] | None = None,
) -> Float32[np.ndarray, "r c"]:
    """Returns the weighted sum of each point's three corners' values.

    rows: of the points that are wanted (None: all of them, r = s); picking them here costs no copies.
    """
    picked = np.arange(len(corners)) if rows is None else np.ascontiguousarray(rows, np.int64)
    if len(picked) and not 0 <= picked.min() <= picked.max() < len(corners):
        raise IndexError("a point that is not there")
    out = np.empty((len(picked), values.shape[1]), np.float32)
    _gather(np.ascontiguousarray(values, np.float32), np.ascontiguousarray(corners, np.int32),
            np.ascontiguousarray(weights, np.float32), picked, out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _gather(values, corners, weights, picked, out):
    for point in range(len(picked)):
        row = picked[point]
        a, b, c = corners[row, 0], corners[row, 1], corners[row, 2]
        u, v, w = weights[row, 0], weights[row, 1], weights[row, 2]
        for k in range(values.shape[1]):
            out[point, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]

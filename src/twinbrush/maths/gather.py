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
            np.ascontiguousarray(weights, np.float32), picked, picked, out)
    return out


def on_faces(
    values: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"], face: Int[np.ndarray, "s"],
    weights: Float[np.ndarray, "s 3"],
) -> Float32[np.ndarray, "s c"]:
    """Returns a vertex attribute at points given by their face (s,) and barycentric weights."""
    out = np.empty((len(face), values.shape[1]), np.float32)
    _gather(np.ascontiguousarray(values, np.float32), np.ascontiguousarray(faces, np.int32),
            np.ascontiguousarray(weights, np.float32), np.arange(len(face)), np.ascontiguousarray(face, np.int64), out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _gather(values, corners, weights, weighed, placed, out):
    """weighed, placed (r,): rows of the weights and of the corners for each point."""
    for point in range(len(weighed)):
        row, face = weighed[point], placed[point]
        a, b, c = corners[face, 0], corners[face, 1], corners[face, 2]
        u, v, w = weights[row, 0], weights[row, 1], weights[row, 2]
        for k in range(values.shape[1]):
            out[point, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]

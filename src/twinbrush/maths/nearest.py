"""The nearest of a few points to very many: asking each of them is cheaper than a tree.

(`no_type_check` keeps the import hook of the tests away from the compiled kernel.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit


def nearest_of_few(
    few: Float[np.ndarray, "f 3"], points: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Returns the distance of each point to the nearest of the few (at least one), and which one that is.

    What a k-d tree returns, but for which one of several equally near ones; meant for up to some 300.
    """
    if not len(few):
        raise ValueError("no points to be near to")
    distance, nearest = np.empty(len(points)), np.empty(len(points), np.int64)
    _nearest(np.ascontiguousarray(few.T, np.float64), np.ascontiguousarray(points, np.float64), distance, nearest)
    return distance, nearest


@njit(cache=True, nogil=True)
@no_type_check
def _nearest(few, points, distance, nearest):
    squares = np.empty(few.shape[1])
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        least = np.inf
        for k in range(few.shape[1]):
            a, b, c = few[0, k] - x, few[1, k] - y, few[2, k] - z
            squares[k] = a * a + b * b + c * c
            least = min(least, squares[k])
        distance[i] = np.sqrt(least)
        for k in range(few.shape[1]):
            if squares[k] == least:
                nearest[i] = k
                break

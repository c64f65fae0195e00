"""Flat polygons: do they cross themselves, their triangles, and what lies inside."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial


def is_simple(outline: Float[np.ndarray, "n 2"]) -> bool:
    """Whether no two sides of a closed polygon cross; touching corners are allowed."""
    a, b = outline, np.roll(outline, -1, axis=0)
    # side of every corner to every line (row: line)
    start, end = _side(a[:, None], b[:, None], a[None]), _side(a[:, None], b[:, None], b[None])
    apart = start * end < 0
    return not bool((apart & apart.T).any())


def triangles_of(outline: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "m 3"]:
    """n - 2 triangles of a simple polygon that runs counter-clockwise, as numbers of its corners: ears are clipped off,
    the shortest diagonal first, so that they do not become needles across the whole."""
    left = list(range(len(outline)))
    out: list[list[int]] = []
    while len(left) > 3:
        corners = outline[left]
        before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
        convex = _side(before, corners, after) > 0
        order = np.argsort(np.where(convex, ((after - before) ** 2).sum(1), np.inf), kind="stable")
        # none: corners that touch, or lie in one line; whatever is cut off then has no area
        ear = next((int(k) for k in order[: convex.sum()] if _is_ear(corners, int(k))), int(order[0]))
        out.append([left[ear - 1], left[ear], left[(ear + 1) % len(left)]])
        del left[ear]
    return np.array([*out, left], np.int64)


def inside_hull(points: Float[np.ndarray, "n 2"], place: Float[np.ndarray, "2"]) -> float:
    """How far `place` lies inside the convex hull of (three or more) points; negative outside."""
    lines = spatial.ConvexHull(points, qhull_options="QJ").equations
    return -float((lines[:, :2] @ place + lines[:, 2]).max())


def _side(
    a: Float[np.ndarray, "*n 2"], b: Float[np.ndarray, "*m 2"], p: Float[np.ndarray, "*k 2"]
) -> Float[np.ndarray, "..."]:
    """Twice the area of (a, b, p): positive where p lies to the left of a line from a to b."""
    return (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (p[..., 0] - a[..., 0])


def _is_ear(corners: Float[np.ndarray, "n 2"], k: int) -> bool:
    """No other corner lies in the triangle of (convex) corner k."""
    a, b, c = corners[k - 1], corners[k], corners[(k + 1) % len(corners)]
    own = (corners == a).all(1) | (corners == b).all(1) | (corners == c).all(1)
    inside = (_side(a, b, corners) >= 0) & (_side(b, c, corners) >= 0) & (_side(c, a, corners) >= 0)
    return not bool((inside & ~own).any())

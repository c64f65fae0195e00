"""Fewer triangles, the surface still closed."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.maths.crossings import crossings
from twinbrush.maths.surface import mean_over_neighbours

CALM_ROUNDS = 8  # of smoothing where the fewer triangles cross each other
TRIES = ((1.0, 7.0), (1.0, 8.0), (1.0, 9.0), (0.97, 7.0), (0.94, 9.0), (0.9, 7.0), (0.85, 9.0))
"""Shares of the wanted number, and how fast edges are collapsed (fast_simplification's agg), until one is closed."""


def simplified(
    vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], most: int
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, "s 3"]]:
    """Returns a closed surface with at most `most` triangles (quadric error metric, Garland and Heckbert 1997).

    Where no try leaves it closed, the surface comes back as it is.
    """
    if len(triangles) <= most:
        return vertices, triangles
    from fast_simplification import simplify

    for share, haste in TRIES:
        fewer: Any = simplify(vertices, triangles, target_count=int(share * most), agg=haste)
        points, faces = unpinched(fewer[0].astype(np.float64), fewer[1].astype(np.int64))
        if is_closed(faces):
            return uncrossed(points, faces), faces
    return vertices, triangles


def uncrossed(vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the vertices, smoothed where triangles cross each other until none does (or the rounds are over)."""
    average = mean_over_neighbours(triangles, len(vertices))
    for _ in range(CALM_ROUNDS):
        pairs = crossings(vertices, triangles)
        if not len(pairs):
            break
        moved = np.zeros(len(vertices), bool)
        moved[pairs[:, :2]] = True
        moved[triangles[pairs[:, 2]]] = True
        moved |= (average @ moved.astype(float)) > 0
        vertices = np.where(moved[:, None], 0.4 * vertices + 0.6 * (average @ vertices), vertices)
    return vertices


def is_closed(triangles: Int[np.ndarray, "t 3"]) -> bool:
    """Whether every edge is walked once in each direction."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    count = int(edges.max()) + 1
    there = edges[:, 0] * count + edges[:, 1]
    back = edges[:, 1] * count + edges[:, 0]
    return len(np.unique(there)) == len(there) and np.array_equal(np.sort(there), np.sort(back))


def unpinched(
    vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, "t 3"]]:
    """Returns the surface with vertices doubled where two sheets of it meet in one edge, as edge collapses leave it.

    One end of such an edge is enough: what then meets at the other end is one fan again.
    """
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    named, uses = np.unique(edges, axis=0, return_counts=True)
    out, added = triangles.copy(), []
    for vertex in np.unique(named[uses > 2]).tolist():
        fan = np.flatnonzero((out == vertex).any(1))
        for sheet in _sheets(out[fan], vertex)[1:]:
            rows = fan[sheet]
            out[rows] = np.where(out[rows] == vertex, len(vertices) + len(added), out[rows])
            added.append(vertices[vertex])
    return (np.concatenate([vertices, np.array(added)]) if added else vertices), out


def _sheets(fan: Int[np.ndarray, "f 3"], vertex: int) -> list[list[int]]:
    """The triangles about a vertex in groups that meet in edges which no other sheet uses."""
    by_edge: dict[int, list[int]] = {}
    for row, corners in enumerate(fan.tolist()):
        for other in corners:
            if other != vertex:
                by_edge.setdefault(other, []).append(row)
    near: dict[int, set[int]] = {row: set() for row in range(len(fan))}
    for rows in by_edge.values():
        for row in rows if len(rows) == 2 else ():
            near[row].update(rows)
    groups: list[list[int]] = []
    left = set(range(len(fan)))
    while left:
        group, ahead = set(), [min(left)]
        while ahead:
            row = ahead.pop()
            if row not in group:
                group.add(row)
                ahead += near[row]
        groups.append(sorted(group))
        left -= group
    return groups

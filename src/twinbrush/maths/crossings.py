"""Where a surface runs through itself: edges that pierce triangles, found by way of a grid of cells.

`crossings` looks for every edge only at the triangles of the cells it touches. Triangles that lie in one plane and
overlap there are not found. (`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

_CELL_EDGES = 1.5  # side of a cell, in median edges
_MOST_CELLS = 400  # along a side of the box: stray far vertices shall not need all memory


def crossings(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], edges: Int[np.ndarray, "e 2"] | None = None,
    moved: Bool[np.ndarray, "v"] | None = None,
) -> Int[np.ndarray, "n 3"]:
    """Rows (first vertex, second vertex, triangle): that edge runs through the inside of that triangle, of which it has
    no corner. Empty: the surface does not cross itself. edges: `edges_of(faces)` when the caller has them already.
    moved: only pairs are looked at of which a vertex moved (the surface did not cross itself before)."""
    faces = np.ascontiguousarray(faces, np.int64)
    edges = edges_of(faces) if edges is None else edges
    if len(edges) == 0:
        return np.zeros((0, 3), np.int64)
    points = np.ascontiguousarray(vertices, np.float64)
    one, two, three = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    boxes = np.concatenate([
        np.minimum(np.minimum(one, two), three), np.maximum(np.maximum(one, two), three)], axis=1)
    low, high = boxes[:, :3].min(0), boxes[:, 3:].max(0)
    cell = _CELL_EDGES * float(np.median(np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)))
    cell = max(cell, float((high - low).max()) / _MOST_CELLS, 1e-12)
    counts = ((high - low) / cell).astype(np.int64) + 1
    cells = ((boxes - np.r_[low, low]) / cell).astype(np.int64)
    starts, inside = _filed(cells[:, :3], cells[:, 3:], counts)
    moved = np.ones(len(points), bool) if moved is None else moved
    fresh = (moved[edges[:, 0]] | moved[edges[:, 1]],
             moved[faces[:, 0]] | moved[faces[:, 1]] | moved[faces[:, 2]])
    found = _pierced(points, edges, faces, boxes, (low, cell), counts, starts, inside, fresh)
    return np.unique(np.array(found, np.int64).reshape(-1, 3), axis=0)


def edges_of(faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "e 2"]:
    """Returns every edge once, its lower vertex first."""
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    stride = int(ends.max()) + 1 if len(ends) else 1
    numbers = np.unique(ends[:, 0] * stride + ends[:, 1])
    return np.stack([numbers // stride, numbers % stride], axis=1)


@njit(cache=True, nogil=True)
@no_type_check
def _filed(first, last, counts):
    """The triangles of every cell that their boxes touch: where each cell's list starts, and the lists."""
    starts = np.zeros(counts[0] * counts[1] * counts[2] + 1, np.int64)
    for turn in range(2):
        if turn == 1:
            starts[1:] = np.cumsum(starts[1:])
            inside = np.empty(starts[-1], np.int64)
            place = starts[:-1].copy()
        for f in range(len(first)):
            for i in range(first[f, 0], last[f, 0] + 1):
                for j in range(first[f, 1], last[f, 1] + 1):
                    for k in range(first[f, 2], last[f, 2] + 1):
                        number = (i * counts[1] + j) * counts[2] + k
                        if turn == 0:
                            starts[number + 1] += 1
                        else:
                            inside[place[number]] = f
                            place[number] += 1
    return starts, inside


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def _volume(points, a, b, c, d):
    """Six times the signed volume of a tetrahedron of four vertices."""
    ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
    bx, by, bz = points[b, 0] - ax, points[b, 1] - ay, points[b, 2] - az
    cx, cy, cz = points[c, 0] - ax, points[c, 1] - ay, points[c, 2] - az
    dx, dy, dz = points[d, 0] - ax, points[d, 1] - ay, points[d, 2] - az
    return bx * (cy * dz - cz * dy) - by * (cx * dz - cz * dx) + bz * (cx * dy - cy * dx)


@njit(cache=True, nogil=True)
@no_type_check
def _pierces(points, v, w, a, b, c):
    """Whether the edge from vertex v to w runs through the inside of a triangle of which it has no corner."""
    if v == a or v == b or v == c or w == a or w == b or w == c:  # noqa: SIM109 (numba)
        return False
    above, below = _volume(points, a, b, c, v), _volume(points, a, b, c, w)
    if above == 0 or below == 0 or (above > 0) == (below > 0):
        return False
    one = _volume(points, v, w, a, b) > 0
    return one == (_volume(points, v, w, b, c) > 0) and one == (_volume(points, v, w, c, a) > 0)


@njit(cache=True, nogil=True)
@no_type_check
def _pierced(points, edges, faces, boxes, grid, counts, starts, inside, fresh):  # noqa: C901 (calls cost twice as much)
    """(edge's ends, triangle) one after another; a pair that shares several cells comes several times. fresh: which
    edges and which triangles are to be looked at; one of a pair is enough."""
    low, cell = grid
    fresh_edges, fresh_faces = fresh
    busy = np.zeros(len(starts) - 1, np.bool_)
    for number in range(len(busy)):
        for place in range(starts[number], starts[number + 1]):
            busy[number] |= fresh_faces[inside[place]]
    found = [np.int64(0)][:0]
    first, last, least, most = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3), np.empty(3)
    for e in range(len(edges)):
        v, w = edges[e, 0], edges[e, 1]
        for axis in range(3):
            least[axis] = min(points[v, axis], points[w, axis])
            most[axis] = max(points[v, axis], points[w, axis])
            first[axis] = int((least[axis] - low[axis]) / cell)
            last[axis] = int((most[axis] - low[axis]) / cell)
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                for k in range(first[2], last[2] + 1):
                    number = (i * counts[1] + j) * counts[2] + k
                    if not (fresh_edges[e] or busy[number]):
                        continue
                    for place in range(starts[number], starts[number + 1]):
                        f = inside[place]
                        if not (fresh_edges[e] or fresh_faces[f]):
                            continue
                        if least[0] > boxes[f, 3] or most[0] < boxes[f, 0] or least[1] > boxes[f, 4]:
                            continue
                        if most[1] < boxes[f, 1] or least[2] > boxes[f, 5] or most[2] < boxes[f, 2]:
                            continue
                        if _pierces(points, v, w, faces[f, 0], faces[f, 1], faces[f, 2]):
                            found.extend((v, w, f))
    return found

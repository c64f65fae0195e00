"""Triangle topology for closing a relief: manifold vertices, one piece, level cut, border loops, filled holes.

Vertices are rows of any number of columns (positions first, then whatever rides along, such as texture coordinates).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse import csgraph

from twinbrush.export.surface import used_vertices
from twinbrush.mesh import border_edges


def cut_level(
    vertices: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"], level: float, tolerance: float | None = None
) -> tuple[Float[np.ndarray, "w c"], Int[np.ndarray, "g 3"]]:
    """Keep what lies above y = level; crossed triangles are cut, the new vertices lie exactly on the plane.

    tolerance: a vertex so near to the plane (default: a millionth of the height) would leave slivers and is put on it.
    Triangles that lie in the plane are left out.
    """
    if tolerance is None:
        tolerance = 1e-6 * float(np.ptp(vertices[:, 1]))
    vertices = vertices.copy()
    height = vertices[:, 1] - level
    on_plane = np.abs(height) <= tolerance
    vertices[on_plane, 1], height[on_plane] = level, 0.0
    side = np.sign(height).astype(int)[faces]
    whole = (side.min(1) >= 0) & (side.max(1) > 0)
    crossed = np.flatnonzero((side.min(1) < 0) & (side.max(1) > 0))
    side, corners = side[crossed], faces[crossed]
    # first: a corner on the plane, else the one that is alone on its side
    first = np.where((side == 0).any(1), (side == 0).argmax(1), (side == -np.sign(side.sum(1))[:, None]).argmax(1))
    order = (first[:, None] + np.arange(3)) % 3
    (a, b, c), (side_a, side_b, _) = (np.take_along_axis(x, order, 1).T for x in (corners, side))
    touching = side_a == 0
    pairs = np.where(touching[:, None], np.stack([b, c], 1), np.stack([a, b], 1))
    pairs = np.sort(np.concatenate([pairs, np.stack([c, a], 1)[~touching]]), axis=1)
    edges, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.reshape(-1) + len(vertices)
    cut, ca = place[: len(a)], np.zeros(len(a), np.int64)  # cut: on b-c where a touches the plane, else on a-b
    ca[~touching] = place[len(a) :]
    share = (height[edges[:, 0]] / (height[edges[:, 0]] - height[edges[:, 1]]))[:, None]
    points = vertices[edges[:, 0]] * (1 - share) + vertices[edges[:, 1]] * share
    points[:, 1] = level
    up, down = ~touching & (side_a > 0), ~touching & (side_a < 0)
    kept = [
        faces[whole], np.stack([a, cut, ca], 1)[up],
        np.stack([cut, b, c], 1)[down], np.stack([cut, c, ca], 1)[down],
        np.stack([a, b, cut], 1)[touching & (side_b > 0)], np.stack([a, cut, c], 1)[touching & (side_b < 0)],
    ]
    return np.concatenate([vertices, points]), np.concatenate(kept)


def split_fans(
    vertices: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "w c"], Int[np.ndarray, "f 3"]]:
    """Split every vertex at which several fans of triangles meet only in the point: one copy for each fan.

    Nodes of a graph are the 3 F corners; two corners of one vertex are linked when their triangles share an edge there.
    """
    corners = np.arange(faces.size).reshape(-1, 3)
    first, second = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    start, end = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    key = np.minimum(first, second) * (len(vertices) + 1) + np.maximum(first, second)
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    e, f = order[same], order[same + 1]
    opposite = first[e] != first[f]  # neighbours walk their common edge in opposite directions, unless one is flipped
    links = np.concatenate([
        np.stack([start[e], np.where(opposite, end[f], start[f])], 1),
        np.stack([end[e], np.where(opposite, start[f], end[f])], 1),
    ])
    graph = sparse.coo_matrix((np.ones(len(links)), links.T), shape=(faces.size, faces.size))
    fans, label = csgraph.connected_components(graph, directed=False)
    vertex_of = np.zeros(fans, np.int64)
    vertex_of[label] = first  # all corners of a fan are corners of one vertex
    return vertices[vertex_of], label.reshape(-1, 3).astype(np.int64)


def largest_piece(
    vertices: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "w c"], Int[np.ndarray, "g 3"]]:
    """The connected piece with the most triangles."""
    pairs = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(vertices), len(vertices)))
    _, label = csgraph.connected_components(graph, directed=False)
    chosen = np.bincount(label[faces[:, 0]]).argmax()
    faces = faces[label[faces[:, 0]] == chosen]
    kept, renumbered = used_vertices(faces, len(vertices))
    return vertices[kept], renumbered[faces]


def border_loops(faces: Int[np.ndarray, "f 3"]) -> list[Int[np.ndarray, "n"]]:
    """The closed borders, each as its vertices in the order in which the triangles walk it (needs `split_fans`)."""
    following = dict(border_edges(faces).tolist())
    loops: list[Int[np.ndarray, "n"]] = []
    while following:
        vertex, after = following.popitem()
        loop = [vertex]
        while after != loop[0]:
            loop.append(after)
            after = following.pop(after)
        loops.append(np.array(loop))
    return loops


def fill_holes(
    vertices: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "w c"], Int[np.ndarray, "g 3"]]:
    """Close every border but the longest. Slits are zipped: the shortest new edge is always drawn first."""
    loops = border_loops(faces)
    lengths = [float(np.linalg.norm(np.diff(vertices[loop, :3], axis=0), axis=1).sum()) for loop in loops]
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    taken = set(map(tuple, pairs.tolist())) if len(loops) > 1 else set()
    new_vertices: list[Float[np.ndarray, "c"]] = []
    new_faces: list[tuple[int, int, int]] = []
    for number, loop in enumerate(loops):
        if number == int(np.argmax(lengths)):
            continue
        triangles, rest = _zip_loop(loop.tolist(), vertices[:, :3], taken)
        new_faces += triangles
        if rest:  # every diagonal left is an edge already: a vertex in the middle makes new ones
            centre = len(vertices) + len(new_vertices)
            new_vertices.append(vertices[rest].mean(0))
            new_faces += [(rest[i], rest[i - 1], centre) for i in range(len(rest))]
    if not new_faces:
        return vertices, faces
    return np.concatenate([vertices, *(v[None] for v in new_vertices)]), np.concatenate([faces, np.array(new_faces)])


def _zip_loop(
    loop: list[int], points: Float[np.ndarray, "v 3"], taken: set[tuple[int, int]]
) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Cut ears off `loop`, shortest diagonal first; (triangles, what is left because no free diagonal remains)."""
    triangles: list[tuple[int, int, int]] = []
    place = points[loop]
    chord = np.linalg.norm(np.roll(place, 1, axis=0) - np.roll(place, -1, axis=0), axis=1)
    lengths, loop = chord.tolist(), list(loop)
    while len(loop) > 3:
        count = len(loop)
        for i in sorted(range(count), key=lengths.__getitem__):
            a, b = loop[i - 1], loop[(i + 1) % count]
            if (min(a, b), max(a, b)) not in taken:
                break
        else:
            return triangles, loop
        taken.add((min(a, b), max(a, b)))
        triangles.append((b, loop[i], a))  # borders are walked along their triangles, so the fill walks them backward
        del loop[i], lengths[i]
        count -= 1
        for j in ((i - 1) % count, i % count):
            lengths[j] = float(np.linalg.norm(points[loop[j - 1]] - points[loop[(j + 1) % count]]))
    triangles.append((loop[2], loop[1], loop[0]))
    return triangles, []

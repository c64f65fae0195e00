"""Triangle topology for closing a surface: manifold vertices, border loops.

Vertices are rows of any number of columns (positions first, then whatever rides along, such as texture coordinates).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse import csgraph

from twinbrush.mesh import border_edges


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

"""Box charts: texture coordinates of large meshes by projection along six directions.

The surface is cut by which of six directions its smoothed normal is nearest to, each piece is projected along that
direction, and what would overlap is peeled off into pieces of its own, so that the result is injective in any case.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from twinbrush.maths.overlap import hidden_in

SIZE = 2048  # texels a side for which charts are padded
PADDING = 5  # texels between charts
_SMOOTHING = 12  # rounds over the normals before the cut
_SMALL = 2e-4  # a piece with less than this share of the triangles joins its neighbour
_PEEL_TEXELS = 1024  # each piece is checked for overlaps at this many texels along its longer side ...
_PEEL_PER_FACE = 64  # ... pieces of a few triangles at this many a triangle: a mesh may have 100 000 of them
_ROW = 4.0  # with so many charts that gaps alone would fill the texture: this times sqrt(charts) gaps fit in a row


def box_charts(
    points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"], finest: float = np.inf
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "f 3"], Float[np.ndarray, "n 2"]]:
    """Returns the given vertex that each new one is a copy of, the faces over the new ones, and their uv in [0, 1].

    finest: texels per unit of length beyond which overlaps need not be told apart (it saves time).
    """
    neighbours = _face_graph(faces)
    direction = _directions(points, faces, neighbours)
    piece = _peeled(points, faces, direction, _pieces(neighbours, direction), finest)
    flat = _projected(points, faces, direction)
    low, high = _boxes(flat, piece)
    origin, side = _packed(high - low)
    uv = (flat - low[piece][:, None] + origin[piece][:, None]) / side
    key = piece[:, None].astype(np.int64) * len(points) + faces  # one copy of a vertex for each piece
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    vertex = faces.ravel()[first].astype(np.int64)
    return vertex, index.reshape(-1, 3).astype(np.int64), np.clip(uv.reshape(-1, 2)[first], 0, 1)


def chart_lengths(faces: Int[np.ndarray, "f 3"], uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "k"]:
    """Returns the longer side of each chart's box in texture coordinates."""
    low, high = _boxes(uv[faces], chart_numbers(faces, len(uv))[faces[:, 0]])
    return (high - low).max(1)


def chart_numbers(faces: Int[np.ndarray, "f 3"], count: int) -> Int[np.ndarray, "n"]:
    """Returns the number of the chart that each of `count` texture vertices lies in: those that triangles join."""
    edges = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _face_graph(faces: Int[np.ndarray, "f 3"]) -> csr_matrix:
    """Which faces share an edge."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64), axis=1)
    key = edges[:, 0] * (int(faces.max()) + 1) + edges[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    a, b = order[same] // 3, order[same + 1] // 3
    ones = np.ones(2 * len(a), np.float32)
    return csr_matrix((ones, (np.r_[a, b], np.r_[b, a])), shape=(len(faces),) * 2)


def _directions(
    points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"], neighbours: csr_matrix
) -> Int[np.ndarray, "f"]:
    """0..5: +x, +y, +z, -x, -y, -z, the one nearest to each face's smoothed normal; small pieces join a neighbour."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    own = normal.copy()
    for _ in range(_SMOOTHING):
        normal = normal + neighbours @ normal
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    score = np.concatenate([normal, -normal], 1)
    direction = score.argmax(1)
    for _ in range(4):
        piece = _pieces(neighbours, direction)
        small = np.bincount(piece)[piece] < max(_SMALL * len(faces), 4)
        if not small.any():
            break
        votes = np.stack([neighbours @ ((direction == d) & ~small).astype(np.float32) for d in range(6)], 1)
        seen = np.concatenate([own, -own], 1) > 0.1  # never onto a plane it stands steep on or faces away from
        votes = np.where(seen, votes, 0)
        change = small & (votes.max(1) > 0)
        if not change.any():
            break
        direction = np.where(change, votes.argmax(1), direction)
    return direction


def _pieces(neighbours: csr_matrix, label: Int[np.ndarray, "f"]) -> Int[np.ndarray, "f"]:
    """Connected faces of one label share a number."""
    coo = neighbours.tocoo()
    same = label[coo.row] == label[coo.col]
    graph = coo_matrix((coo.data[same], (coo.row[same], coo.col[same])), shape=coo.shape)
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _projected(
    points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"], direction: Int[np.ndarray, "f"]
) -> Float[np.ndarray, "f 3 2"]:
    """The corners of each face seen along its direction, mm."""
    axes = np.array([[1, 2], [2, 0], [0, 1], [2, 1], [0, 2], [1, 0]])[direction]
    return np.take_along_axis(points[faces], np.repeat(axes[:, None], 3, 1), axis=2)


def _peeled(
    points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"], direction: Int[np.ndarray, "f"],
    piece: Int[np.ndarray, "f"], finest: float,
) -> Int[np.ndarray, "f"]:
    """The pieces, with the faces that would overlap others of their piece moved into pieces of their own."""
    flat = _projected(points, faces, direction)
    piece, following = piece.copy(), int(piece.max()) + 1
    waiting = _members(piece)
    graph = _face_graph(faces) if waiting else None
    while waiting:
        members = waiting.pop()
        corners = flat[members]
        low = corners.reshape(-1, 2).min(0)
        side = min(_PEEL_TEXELS, _PEEL_PER_FACE * len(members))
        scale = min((side - 2) / max(float(np.ptp(corners.reshape(-1, 2), axis=0).max()), 1e-30), finest)
        hidden = members[hidden_in((corners - low) * scale + 0.5, side, np.zeros((side, side), np.uint8))]
        if len(hidden) == 0 or graph is None:
            continue
        parts = connected_components(graph[hidden][:, hidden], directed=False)[1]
        piece[hidden] = following + parts
        following += int(parts.max()) + 1
        waiting += [hidden[part] for part in _members(parts)]
    return np.unique(piece, return_inverse=True)[1].astype(np.int64)


def _members(piece: Int[np.ndarray, "f"]) -> list[Int[np.ndarray, "m"]]:
    """The faces of each piece that has more than one, in the order of the pieces' numbers."""
    order = np.argsort(piece, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(piece[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _boxes(
    flat: Float[np.ndarray, "f 3 2"], piece: Int[np.ndarray, "f"]
) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, "k 2"]]:
    """Lowest and highest corner of each piece."""
    count = int(piece.max()) + 1
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, piece, flat.min(1))
    np.maximum.at(high, piece, flat.max(1))
    return low, high


def _packed(sizes: Float[np.ndarray, "k 2"]) -> tuple[Float[np.ndarray, "k 2"], float]:
    """Shelves: rectangles from high to low in rows of a square; (lower left corners, the square's side), with gaps."""
    order = np.argsort(-sizes[:, 1], kind="stable").tolist()
    share = min(PADDING / SIZE, 1 / (_ROW * max(len(sizes), 1) ** 0.5))
    side = float(np.sqrt((sizes[:, 0] * sizes[:, 1]).sum()))
    side = max(side, float(sizes.max()) if len(sizes) else 1.0) * 1.02
    origin = np.zeros_like(sizes)
    while True:
        gap = share * side
        x, y, row = gap, gap, 0.0
        for k in order:
            width, height = sizes[k]
            if x + width + gap > side:
                x, y, row = gap, y + row + gap, 0.0
            origin[k] = x, y
            x, row = x + width + gap, max(row, height)
        if y + row + gap <= side and float(sizes.max()) + 2 * gap <= side:
            return origin, side
        side *= 1.03

"""Our template's mesh, made from ICT-FaceKit's edge flow: the dual of its quads, and a texture layout of our own.

The dual has a vertex in each of the kit's polygons and a polygon round each of its vertices: another mesh, with all the
edge loops round lids, lips, nostrils and ears. Needs libigl (MPL-2.0; SLIM, Rabinovich et al. 2017) and xatlas (MIT)
for the layout; both only here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from head_kit import Kit
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

Array = np.ndarray
SKIN, SHELL, MOUTH_PARTS = 11248, 14062, 21451  # the kit's numbering: skin; + mouth and sockets; + gums, tongue, teeth
SOCKET_LEFT, SOCKET_RIGHT = (13294, 13678), (13678, 14062)
GUMS = (14062, 17039)
STRIP = 0.15  # height of the atlas' lower strip: eyes and the inside of the mouth
MARGIN = 0.004  # of the atlas, between charts
FRONT_GAIN = 1.5  # the middle of the head's chart gets this much more room than its rim


@dataclass(frozen=True)
class Dual:
    """rows, weights: vertex = weights @ kit's vertices (sparse, n x 26719); polygons: rings of vertices."""

    combine: sparse.csr_matrix
    polygons: list[list[int]]
    source: Array  # (n, 4) the kit's corners of the polygon that the vertex lies in

    def of(self, vertices: Array) -> Array:
        """The dual's vertices of one of the kit's heads."""
        return self.combine @ vertices


def dual_mesh(kit_quads: Array, count: int) -> Dual:
    """The dual of some of the kit's polygons (n, 4); border vertices get no polygon."""
    rings: defaultdict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    rows, columns = [], []
    for number, quad in enumerate(kit_quads.tolist()):
        corners = list(dict.fromkeys(quad))
        for place, vertex in enumerate(corners):
            rings[vertex][corners[place - 1]] = (corners[(place + 1) % len(corners)], number)
            rows.append(number)
            columns.append(vertex)
    share = 1.0 / np.bincount(rows)[rows]
    combine = sparse.csr_matrix((share, (rows, columns)), shape=(len(kit_quads), count))
    polygons = [ring for ring in (_walk(around) for around in rings.values()) if ring]
    return Dual(combine, polygons, kit_quads)


def _walk(around: dict[int, tuple[int, int]]) -> list[int]:
    """The polygons round a vertex, counter-clockwise; [] at a border."""
    start = next(iter(around))
    ring, at = [], start
    for _ in range(len(around) + 1):
        if at not in around:
            return []
        at, number = around[at]
        ring.append(number)
        if at == start:
            break
    return ring[::-1] if len(ring) >= 3 else []


def mirror_of(kit: Kit) -> Array:
    """The kit's vertices on the other side, told apart by how they move where lips and lids touch."""
    moves = [kit.expressions[name] for name in ("jawOpen", "mouthFunnel")]
    moves.append(kit.expressions["eyeBlink_L"] + kit.expressions["eyeBlink_R"])
    points = np.concatenate([kit.neutral, *(0.5 * move for move in moves)], axis=1)[:MOUTH_PARTS]
    return cKDTree(points).query(points * np.tile([-1, 1, 1], 4))[1]


def dual_mirror(dual: Dual, mirror: Array) -> Array:
    """The dual's vertices on the other side. Raises KeyError when the kit's polygons are not symmetric."""
    number = {tuple(sorted(set(q))): i for i, q in enumerate(dual.source.tolist())}
    return np.array([number[tuple(sorted(set(q)))] for q in mirror[dual.source].tolist()])


def quads_of(polygons: list[list[int]], points: Array) -> Array:
    """(f, 4) corners, a triangle repeating its last one; larger polygons are fanned; starting so that the split from
    corner 0 to corner 2 is the shorter diagonal."""
    out = []
    for ring in polygons:
        while len(ring) > 4:
            out.append([ring[0], ring[-2], ring[-1], ring[-1]])
            ring = ring[:-1]
        if len(ring) == 3:
            out.append([*ring, ring[-1]])
            continue
        a, b, c, d = points[ring]
        out.append(ring if np.linalg.norm(a - c) <= np.linalg.norm(b - d) + 1e-6 else ring[1:] + ring[:1])
    return np.array(out)


def triangles_of(quads: Array) -> Array:
    """The triangles of quads (f, 4) that may repeat a corner."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = triangles.T
    return triangles[(a != b) & (b != c) & (c != a)]


def back_cut(points: Array, triangles: Array) -> list[int]:
    """A path of edges from the neck's border up the back of the head to the crown, near the middle plane."""
    edges = np.unique(np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    middle = (points[edges[:, 0]] + points[edges[:, 1]]) / 2
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    cost = length * (1 + 0.2 * np.abs(middle[:, 0] - 3.0)) + np.where(middle[:, 2] > 0, 500, 0)
    graph = sparse.coo_matrix((cost, (edges[:, 0], edges[:, 1])), shape=(len(points),) * 2)
    border = np.unique(border_edges(triangles))
    start = border[np.argmin(points[border, 2] + 3 * np.abs(points[border, 0]))]
    crown = int(np.argmin(np.linalg.norm(points - [3, points[:, 1].max() - 6, -10], axis=1)))
    _, before = csgraph.dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [crown]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def border_edges(triangles: Array) -> Array:
    """Edges of one triangle only, in its direction."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    have = {(int(a), int(b)) for a, b in edges}
    return np.array([e for e in have if (e[1], e[0]) not in have])


def cut_open(  # noqa: C901 (one walk over the triangles round the path)
    triangles: Array, path: list[int], count: int
) -> tuple[Array, Array]:
    """Triangles with the path's vertices doubled on one side (its last one, inside, stays single), and the vertex each
    new one is a copy of (n,)."""
    copies = {vertex: count + i for i, vertex in enumerate(path[:-1])}
    ahead = set(pairwise(path))
    side: set[int] = set()
    edge_face = {(int(t[i]), int(t[(i + 1) % 3])): f for f, t in enumerate(triangles) for i in range(3)}
    around: defaultdict[int, list[int]] = defaultdict(list)
    for f, t in enumerate(triangles):
        for v in t:
            if int(v) in copies:
                around[int(v)].append(f)
    on_path = set(path)
    for a, b in ahead:  # faces to the left of the path, spread round each path vertex without crossing it
        if (a, b) in edge_face:
            side.add(edge_face[(a, b)])
    barrier = {frozenset(e) for e in ahead}
    grown = True
    fan = {f for v in copies for f in around[v]}
    while grown:
        grown = False
        for f in list(side):
            t = [int(v) for v in triangles[f]]
            for i in range(3):
                a, b = t[i], t[(i + 1) % 3]
                other = edge_face.get((b, a))
                shared = {a, b} & set(copies)
                if other is None or other in side or other not in fan or not shared or frozenset((a, b)) in barrier:
                    continue
                if path[-1] in (a, b) and not (shared - {path[-1]}):
                    continue
                side.add(other)
                grown = True
    assert on_path
    new = triangles.copy()
    for f in side:
        new[f] = [copies.get(int(v), int(v)) for v in triangles[f]]
    return new, np.concatenate([np.arange(count), np.array(path[:-1])])


def unrolled(points: Array, triangles: Array, iterations: int = 60) -> Array:
    """A flat, flip-free layout (n, 2) of a disc in space: Tutte's embedding, then SLIM, mm."""
    import igl

    used, local = np.unique(triangles, return_inverse=True)
    faces = local.reshape(-1, 3).astype(np.int64)
    at = np.ascontiguousarray(points[used])
    loop = igl.boundary_loop(faces)
    circle = igl.map_vertices_to_circle(at, loop)[:, :2]
    radius = np.sqrt(np.linalg.norm(np.cross(at[faces[:, 1]] - at[faces[:, 0]], at[faces[:, 2]] - at[faces[:, 0]]),
                                    axis=1).sum() / 2 / np.pi)
    start = radius * _tutte(len(at), faces, loop, circle)
    energy = igl.MappingEnergyType.SYMMETRIC_DIRICHLET
    order = np.asfortranarray
    data = igl.slim_precompute(order(at), order(faces.astype(np.int32)), order(start), energy,
                               np.zeros(0, np.int32), order(np.zeros((0, 2))), 0.0)
    flat = igl.slim_solve(data, iterations)[:, :2]
    out = np.full((len(points), 2), np.nan)
    out[used] = flat
    return out


def _tutte(count: int, faces: Array, loop: Array, circle: Array) -> Array:
    """Uniform harmonic map with the border on a circle: never folds."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    graph = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    graph = ((graph + graph.T) > 0).astype(float)
    laplacian = sparse.diags(np.asarray(graph.sum(1)).ravel()) - graph
    free = np.setdiff1d(np.arange(count), loop)
    flat = np.zeros((count, 2))
    flat[loop] = circle
    right = -(laplacian[free][:, loop] @ circle)
    flat[free] = sparse.linalg.splu(sparse.csc_matrix(laplacian[free][:, free])).solve(right)
    return flat


def upright(flat: Array, points: Array, weight: Array) -> Array:
    """The layout turned so that space's x runs to its right and y up, over the weighted vertices."""
    centre, middle = np.average(flat, axis=0, weights=weight), np.average(points[:, :2], axis=0, weights=weight)
    cross = ((flat - centre) * weight[:, None]).T @ (points[:, :2] - middle)
    u, _, vt = np.linalg.svd(cross)
    return (flat - centre) @ (u @ vt)


def into_box(flat: Array, box: tuple[float, float, float, float], *, gain: float = 1.0, keep: bool = False) -> Array:
    """Layout scaled into x0, y0, x1, y1; gain: the middle of x gets this much more room than the sides; keep: one
    scale for both axes."""
    low, high = flat.min(0), flat.max(0)
    t = (flat - low) / (high - low)
    a = (gain - 1) / (gain + 1)
    t[:, 0] = t[:, 0] - a * np.sin(2 * np.pi * t[:, 0]) / (2 * np.pi)
    size = np.array([box[2] - box[0], box[3] - box[1]])
    if keep:
        size = np.minimum(size, size[::-1] * 0 + (high - low) * min(size / (high - low)))
    return np.array(box[:2]) + t * size


def filled(points: Array, triangles: Array) -> tuple[Array, Array]:
    """Points and triangles with a fan over every border loop but the longest in space (the neck)."""
    follow = {int(a): int(b) for a, b in border_edges(triangles)}
    loops: list[list[int]] = []
    while follow:
        start, at = next(iter(follow.items()))
        loop = [start]
        del follow[start]
        while at != start:
            loop.append(at)
            at = follow.pop(at)
        loops.append(loop)
    loops.sort(key=lambda ring: np.linalg.norm(np.diff(points[ring], axis=0), axis=1).sum())
    for loop in loops[:-1]:
        middle = len(points)
        points = np.concatenate([points, points[loop].mean(0)[None]])
        fan = [[b, a, middle] for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]
        triangles = np.concatenate([triangles, fan])
    return points, triangles

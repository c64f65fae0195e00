"""A figure cut in planes, for cubist and low-poly looks: its surface is divided into pieces that face one way, and each
is laid onto its plane (after variational shape approximation, Cohen-Steiner, Alliez and Desbrun 2004).

Vertices move along their normals only, so that no triangle turns over. Lids, lips, nostrils and ears are spared: a
plane through an eye is a wound. Where a plane would run through other skin, it gives way there and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.values import FACE, NECK, SKULL, Figure, Part, Template
from twinbrush.shape.figure import named, template_vertices

NOSTRILS = (48, 64, 98, 97, 2, 326, 327, 294, 278)  # with the wings
# outline -> so near to it (mm) nothing moves; over so much more the planes set in
SPARED = {
    indices.EYE_LEFT: (4.0, 16.0), indices.EYE_RIGHT: (4.0, 16.0), indices.LIPS_OUTER: (2.0, 8.0), NOSTRILS: (5.0, 8.0)}
COLLAR_MM, COLLAR_OVER_MM = 5.0, 15.0  # the same where neck and clothes meet
CALM_ROUNDS = {"Head": 1, "Hair": 4, "Beard": 4}  # of the heights
LEAST_SLOPE = 0.3  # of a plane against the direction in which a vertex goes to it
SMOOTH_ROUNDS = {"Head": 3, "Hair": 20, "Beard": 12, "Bust": 10}  # of the normals: locks are no planes
OUTWARD = {"Hair": 0.85, "Headwear": 0.85, "Beard": 0.7}  # quantile of a piece's heights at which its plane lies
LARGER = {"Hair": 1.6, "Bust": 4.0}  # times the head's area for a plane
FAR = 0.4  # weight of a distance as large as a plane, against a turn of one radian
ROUNDS = 12  # of Lloyd's iteration
MOST_MM = {"Head": 4.0}  # farthest that a vertex moves
ELSEWHERE_MM = 14.0
BACK_OFF, BACK_ROUNDS = 0.5, 6  # where it would cross itself
INNER = ("Eye", "Teeth")
NO_PLANE = -1


@dataclass(frozen=True)
class _Surface:
    """A part without the copies along its uv seams. origin (m,): the vertex here of each vertex of the part."""

    points: Float[np.ndarray, "n 3"]
    faces: Int[np.ndarray, "f 3"]
    origin: Int[np.ndarray, "m"]


def in_planes(model: Template, figure: Figure, planes: int) -> Figure:
    """Returns the figure cut in planes; its parts know which triangle lies in which (`Part.facets`).

    planes: about how many the head has, at most 600; hair and clothes are cut as coarsely. 0: the figure as it is.
    """
    if planes == 0:
        return figure
    size = _area(named(figure, "Head")) / planes
    parts: list[Part] = []
    for part in figure.parts:
        parts.append(part if part.name.startswith(INNER) else _cut(model, figure, part, size))
    cut = replace(figure, parts=tuple(parts))
    vertices = template_vertices(model, named(cut, "Head").mesh.vertices)
    return replace(cut, landmarks_xyz=model.landmarks(vertices))


def _cut(model: Template, figure: Figure, part: Part, size: float) -> Part:
    """The part on its planes. size: area of a plane, square mm."""
    kind = part.name.rstrip("0123456789")
    surface = _welded(part)
    share = _share(model, figure, part, surface)
    larger = LARGER.get(kind, 1.0)
    count = max(4, round(_area(part) / (size * larger)))
    normals = _broad(surface, SMOOTH_ROUNDS.get(kind, 6))
    labels = _pieces(surface, normals, count)
    heights = _heights(surface, normals, labels, OUTWARD.get(kind, 0.5))
    most = MOST_MM.get(kind, ELSEWHERE_MM)
    heights = _calm(surface, np.clip(heights, -most, most), CALM_ROUNDS.get(kind, 3)) * share
    points = _apart(surface, heights, normals)
    planar = np.where(share[surface.faces].min(1) > 0.5, labels, NO_PLANE)
    mesh = replace(part.mesh, vertices=points[surface.origin])
    return replace(part, mesh=mesh, facets=planar)


def _welded(part: Part) -> _Surface:
    count = len(part.mesh.vertices)
    first = np.arange(count)
    if part.mesh.seam is not None and len(part.mesh.seam):
        first[part.mesh.seam[:, 1]] = part.mesh.seam[:, 0]
    kept, origin = np.unique(first, return_inverse=True)
    return _Surface(part.mesh.vertices[kept].astype(np.float64), origin[part.mesh.faces], origin)


def _area(part: Part) -> float:
    return float(_areas(part.mesh.vertices, part.mesh.faces).sum())


def _share(model: Template, figure: Figure, part: Part, surface: _Surface) -> Float[np.ndarray, "n"]:
    """How far each vertex goes onto its plane, 0..1."""
    share = np.ones(len(surface.points))
    if part.name == "Head":
        skin = np.isin(model.labels, (FACE, SKULL, NECK)).astype(float)
        origin = model.layout.origin
        copied = np.zeros(len(part.mesh.vertices))
        copied[: len(origin)] = skin[origin]
        np.minimum.at(share, surface.origin, copied)
        mean = mean_over_neighbours(surface.faces, len(share))
        for _ in range(4):  # the planes set in softly
            share = np.minimum(share, mean @ share)
    elif part.plinth is not None:
        np.minimum.at(share, surface.origin, 1 - np.clip(part.plinth, 0, 1))
    if part.name.startswith(("Head", "Beard")):
        for outline, (near, over) in SPARED.items():
            away = KDTree(figure.landmarks_xyz[list(outline)]).query(surface.points)[0]
            share = share * smoothstep((away - near) / over)
    if part.name in ("Head", "Bust"):
        collar = _collar(figure)
        if len(collar):
            away = KDTree(collar).query(surface.points)[0]
            share = share * smoothstep((away - COLLAR_MM) / COLLAR_OVER_MM)
    return share


def _broad(surface: _Surface, rounds: int) -> Float[np.ndarray, "n 3"]:
    """Unit normals averaged over `rounds` rings of neighbours."""
    normals = vertex_normals(surface.points, surface.faces)
    mean = mean_over_neighbours(surface.faces, len(normals))
    for _ in range(rounds):
        normals = mean @ normals
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _calm(surface: _Surface, heights: Float[np.ndarray, "n"], rounds: int) -> Float[np.ndarray, "n"]:
    """Without what single vertices do beside a plane's edge."""
    mean = mean_over_neighbours(surface.faces, len(heights))
    for _ in range(rounds):
        heights = (heights + mean @ heights) / 2
    return heights


def _collar(figure: Figure) -> Float[np.ndarray, "c 3"]:
    """Where clothes come out of the skin, or lie on it: vertices of the bust just outside the head. (Inside it goes on
    up the neck.)"""
    parts = {part.name: part.mesh for part in figure.parts}
    if "Bust" not in parts:
        return np.zeros((0, 3))
    head, bust = parts["Head"], parts["Bust"].vertices
    away, nearest = KDTree(head.vertices).query(bust)
    outward = ((bust - head.vertices[nearest]) * vertex_normals(head.vertices, head.faces)[nearest]).sum(1)
    return bust[(outward > 0) & (away < COLLAR_OVER_MM)]


def _pieces(surface: _Surface, normals: Float[np.ndarray, "n 3"], count: int) -> Int[np.ndarray, "f"]:
    """Which of `count` pieces each triangle belongs to: k-means of place and direction, by area, from a fixed start."""
    points, faces = surface.points, surface.faces
    direction = normals[faces].mean(1)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    area = _areas(points, faces)
    width = np.sqrt(area.sum() / count)
    features = np.column_stack([direction, points[faces].mean(1) * (FAR / width)])
    middles = features[_spread(features, count)]
    labels = np.zeros(len(faces), np.int64)
    for _ in range(ROUNDS):
        labels = np.argmin(
            (middles**2).sum(1)[None] - 2 * features @ middles.T, axis=1)
        weight = np.maximum(np.bincount(labels, area, minlength=count), 1e-12)
        middles = np.stack([np.bincount(labels, area * column, minlength=count) for column in features.T], 1)
        middles /= weight[:, None]
    return labels


def _spread(features: Float[np.ndarray, "f c"], count: int) -> Int[np.ndarray, "k"]:
    """Rows as far from each other as can be (farthest point first): the same for the same surface."""
    chosen = [int(np.argmax(features[:, -1]))]  # the foremost triangle
    away = ((features - features[chosen[0]]) ** 2).sum(1)
    while len(chosen) < min(count, len(features)):
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, ((features - features[chosen[-1]]) ** 2).sum(1))
    return np.array(chosen)


def _areas(points: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f"]:
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def _heights(
    surface: _Surface, normals: Float[np.ndarray, "n 3"], labels: Int[np.ndarray, "f"], quantile: float
) -> Float[np.ndarray, "n"]:
    """How far each vertex has to go along its normal to lie on the planes of its triangles, in the least squares sense;
    the planes lie at a quantile of their pieces' heights."""
    points, faces = surface.points, surface.faces
    count = int(labels.max()) + 1
    a, b, c = (points[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a) / 2
    area = np.linalg.norm(cross, axis=1)
    weight = np.maximum(np.bincount(labels, area, minlength=count), 1e-12)
    normal = np.stack([np.bincount(labels, column, minlength=count) for column in cross.T], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    middle = points[faces].mean(1)
    height = (middle * normal[labels]).sum(1)
    level = np.bincount(labels, area * height, minlength=count) / weight
    if quantile != 0.5:
        for piece in range(count):
            own = height[labels == piece]
            level[piece] = np.quantile(own, quantile) if len(own) else 0.0
    return _least_squares(surface, normals, normal[labels], level[labels], area)


def _least_squares(
    surface: _Surface, own: Float[np.ndarray, "n 3"], normal: Float[np.ndarray, "f 3"], level: Float[np.ndarray, "f"],
    area: Float[np.ndarray, "f"],
) -> Float[np.ndarray, "n"]:
    points, faces = surface.points, surface.faces
    above, below = np.zeros(len(points)), np.full(len(points), 1e-9)
    for corner in faces.T:
        slope = np.maximum((normal * own[corner]).sum(1), LEAST_SLOPE)
        gap = level - (normal * points[corner]).sum(1)
        above += np.bincount(corner, area * slope * gap, minlength=len(points))
        below += np.bincount(corner, area * (slope**2 + 0.02), minlength=len(points))
    return above / below


def _apart(
    surface: _Surface, heights: Float[np.ndarray, "n"], normals: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """The moved vertices; where the surface would newly run through itself, it goes less far."""
    faces, edges = surface.faces, edges_of(surface.faces)
    before = {tuple(row) for row in crossings(surface.points, faces, edges)}
    mean = mean_over_neighbours(faces, len(heights))
    less = np.ones(len(heights))
    for _ in range(BACK_ROUNDS):
        points = surface.points + (less * heights)[:, None] * normals
        new = [row for row in crossings(points, faces, edges) if tuple(row) not in before]
        if not new:
            return points
        touched = np.zeros(len(heights))
        for start, end, triangle in new:
            touched[[start, end, *faces[triangle]]] = 1.0
        for _ in range(3):
            touched = np.maximum(touched, mean @ touched)
        less *= 1 - (1 - BACK_OFF) * np.minimum(1, 2 * touched)
    return surface.points + (less * heights)[:, None] * normals

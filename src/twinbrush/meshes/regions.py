"""Regions of a head's vertices where no picture of its front tells them.

A head without colours: by place alone, for no picture of clay tells hair from skin. The hairline is a curve of the
head's profile (side view): from the top of the forehead over the temples down before the ear, over it, behind it down
to the nape. All lengths come from the head's own landmarks.

A head with colours: what the front does not show is what its colours are most like, hair behind hair.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from scipy import sparse
from scipy.sparse import csgraph

from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.meshes.values import SourceModel

FOREHEAD, CHIN, LIP = 10, 152, 0  # landmarks: middle of the hairline, chin, middle of the upper lip
TEMPLES, EARS = (54, 284), (127, 356)  # the face's border at the temples, and before the ears' upper ends
# In heights of the face (hairline to chin), from the landmark before the ear: up and back.
_EAR_TOP, _EAR_LENGTH, _BEHIND = 0.10, 0.30, 0.12
_EARS_OUT = 1.04  # times half the width of the face before the ears: what sticks out there is an ear, no hair
_A_BUST = 0.1  # a head that does not reach so far below the collar wears nothing
_SHOULDERS = 0.62  # below the chin cloth begins; it climbs toward the back by
_COLLAR = 0.35  # for each length backward


_ENOUGH = 0.01  # of the vertices: a region with fewer tells nothing about its colours
_SPREAD = 6.0  # Lab: least deviation of a region's colours
_ELSEWHERE = 1.0  # in squared deviations: what another region than the nearest one's has to be more alike
ISLAND = 0.0025  # of the surface: an ear has 0.01
_TEXELS = 512  # of the texture for one colour a vertex
_LONG = 0.03  # of what is seen below the chin: with more hair there it is long
_ROUNDS = 12  # of smoothing over the mesh: no speckles


def placed_regions(
    points: Float[np.ndarray, "n 3"], landmarks: Float[np.ndarray, "468 3"], lowest: float
) -> UInt8[np.ndarray, "n"]:
    """`Region` of each point of a head in the portrait's frame (x right, y up, z toward the viewer, mm). lowest: y of
    the whole head's lowest point."""
    height = float(landmarks[FOREHEAD, 1] - landmarks[CHIN, 1])
    x, y, z = points.T
    regions = np.full(len(points), Region.SKIN, np.uint8)
    back, level = _hairline(landmarks, height)
    ear = landmarks[list(EARS)]
    beside = np.abs(x - ear[:, 0].mean()) > _EARS_OUT * float(np.ptp(ear[:, 0])) / 2
    beside &= (y > landmarks[LIP, 1]) & (y < level[3]) & (-z < back[4] + 0.03 * height)
    regions[(y > np.interp(-z, back, level)) & ~beside] = Region.HAIR
    collar = landmarks[CHIN, 1] - _SHOULDERS * height + _COLLAR * (landmarks[CHIN, 2] - z)
    nape = landmarks[LIP, 1] - 0.25 * height
    if lowest < landmarks[CHIN, 1] - (_SHOULDERS + _A_BUST) * height:
        regions[y < np.minimum(collar, nape)] = Region.CLOTH
    return regions


def _hairline(
    landmarks: Float[np.ndarray, "468 3"], height: float
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """The profile's curve: how far back (-z, increasing) and how high."""
    forehead = landmarks[FOREHEAD]
    temple, ear = (landmarks[list(pair)].mean(0) for pair in (TEMPLES, EARS))
    top = ear[1] + _EAR_TOP * height
    places = [
        (-forehead[2], forehead[1]),
        (-temple[2], temple[1]),
        (-ear[2] - 0.04 * height, top + 0.06 * height),
        (-ear[2] + 0.02 * height, top),
        (-ear[2] + _EAR_LENGTH * height, top),
        (-ear[2] + (_EAR_LENGTH + _BEHIND) * height, landmarks[LIP, 1]),
    ]
    back, level = np.array(places).T
    return np.maximum.accumulate(back + 1e-6 * np.arange(len(back))), level


def continued_regions(
    model: SourceModel, labels: UInt8[np.ndarray, "v"], seen: Bool[np.ndarray, "v"], low: Bool[np.ndarray, "v"]
) -> UInt8[np.ndarray, "v"]:
    """labels: right where `seen`, else those of the nearest seen vertex. low: below the chin, where alone cloth may be,
    and hair only if some is seen there. Hidden vertices take the region whose seen colours (mean and deviation in Lab)
    are most like their own."""
    average = _averaging(model)
    colours = _colours(model)
    for _ in range(_ROUNDS // 2):
        colours = average @ colours
    known = [int(r) for r in np.unique(labels[seen]) if (labels[seen] == r).mean() > _ENOUGH]
    if len(known) < 2:
        return labels
    costs = np.empty((len(labels), len(known)))
    for column, region in enumerate(known):
        own = colours[seen & (labels == region)]
        deviation = np.maximum(own.std(0), _SPREAD)
        costs[:, column] = (((colours - own.mean(0)) / deviation) ** 2 + 2 * np.log(deviation)).sum(1)
        costs[:, column] += _ELSEWHERE * (labels != region)
        if region == Region.CLOTH:
            costs[~low, column] = np.inf
        if region == Region.HAIR and (labels[seen & low] == Region.HAIR).sum() <= _LONG * (seen & low).sum():
            costs[low, column] = np.inf
    never = ~np.isfinite(costs)
    found = np.where(seen, labels, np.array(known, np.uint8)[costs.argmin(1)])
    fixed = (labels[:, None] == known) & seen[:, None]
    votes = (found[:, None] == known).astype(np.float64)
    for _ in range(_ROUNDS):
        votes = np.where(seen[:, None], fixed, np.where(never, 0, average @ votes))
    return np.where(seen, labels, np.array(known, np.uint8)[votes.argmax(1)]).astype(np.uint8)


def without_islands(model: SourceModel, labels: UInt8[np.ndarray, "v"]) -> UInt8[np.ndarray, "v"]:
    """labels, but pieces of a region that are smaller than ISLAND of the surface take the region around them: a
    shadow on a neck is no lock of hair."""
    faces = model.welded_faces
    a, b, c = model.mesh.vertices[model.first][faces].transpose(1, 0, 2)
    thirds = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    area = np.bincount(faces.ravel(), np.repeat(thirds, 3), minlength=len(model.first))
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    found = labels[model.first].copy()
    count = len(found)
    for _ in range(3):  # an island in an island
        same = edges[found[edges[:, 0]] == found[edges[:, 1]]]
        graph = sparse.coo_matrix((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(count, count))
        number, piece = csgraph.connected_components(graph, directed=False)
        small = np.bincount(piece, area, minlength=number) < ISLAND * area.sum()
        shore = edges[found[edges[:, 0]] != found[edges[:, 1]]]
        shore = np.concatenate([shore, shore[:, ::-1]])
        shore = shore[small[piece[shore[:, 0]]] & ~small[piece[shore[:, 1]]]]
        if not len(shore):
            break
        votes = np.zeros((number, int(found.max()) + 1))
        np.add.at(votes, (piece[shore[:, 0]], found[shore[:, 1]]), 1)
        taken = small & (votes.sum(1) > 0)
        found = np.where(taken[piece], votes.argmax(1)[piece], found).astype(np.uint8)
    return found[model.welded]


def _averaging(model: SourceModel) -> sparse.csr_matrix:
    """The mean of each vertex (and its copies at one place) and its neighbours (v, v)."""
    faces, welded = model.welded_faces, model.welded
    count = int(welded.max()) + 1
    start, end = faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()
    rows, columns = np.concatenate([start, end, np.arange(count)]), np.concatenate([end, start, np.arange(count)])
    near = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    place = sparse.csr_matrix((np.ones(len(welded)), (np.arange(len(welded)), welded)), shape=(len(welded), count))
    mean = sparse.diags(1 / np.maximum(np.asarray(place.sum(0)).ravel(), 1)) @ place.T
    return sparse.csr_matrix(place @ sparse.diags(1 / np.asarray(near.sum(1)).ravel()) @ near @ mean)


def _colours(model: SourceModel) -> Float32[np.ndarray, "v 3"]:
    """The texture at the vertices, Lab."""
    texture, uv = model.mesh.texture, model.mesh.uv
    assert texture is not None
    assert uv is not None
    small = cv2.resize(np.ascontiguousarray(texture, np.float32), (_TEXELS, _TEXELS), interpolation=cv2.INTER_AREA)
    column, row = np.clip((uv * [_TEXELS, -_TEXELS] + [0, _TEXELS]).astype(int), 0, _TEXELS - 1).T
    return to_lab(small)[row, column]

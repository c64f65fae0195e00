"""Lips and lids that run through each other are drawn apart: smoothed where they cross, and each to its own side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from twinbrush.base.beside import once
from twinbrush.faces import indices
from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG, SOCKET_LEFT, Template

ROUNDS = 24  # of which each moves what still crosses
PUSH_MM = 0.07  # by which a round draws upper and lower side apart
SMOOTH = 0.35  # share of the way to the neighbours' mean in a round
MOUTH_MM, EYE_MM = 42.0, 20.0  # reach of the patches about the mouth's and the eyes' middles
MOUTH_HIGH_MM = 26.0  # and above and below the mouth's
BAG_MM = 42.0  # of the mouth's bag only what is this near to the lips' line
PATCHES = ("mouth", "eye left", "eye right")
HOLD_ROUNDS, HOLD = 20, 0.5  # of holding a move back where it crosses, each taking back that share of what is left
HOLD_WIDE = 4  # edges beside a crossing over which its hold fades out


@dataclass(frozen=True)
class Patch:
    """A piece of the head: its vertices, triangles and edges in their numbers, the mean over neighbours, and which way
    each vertex is drawn (+1 upper side, -1 lower)."""

    vertices: Int[np.ndarray, "p"]
    triangles: Int[np.ndarray, "t 3"]
    edges: Int[np.ndarray, "e 2"]
    average: sparse.csr_matrix
    side: Float[np.ndarray, "p"]


@once
def patch(name: str) -> Patch:
    """A piece of the packaged template about the mouth or an eye (in the picture's left or right)."""
    return make_patch(template(), name)


def make_patch(model: Template, name: str) -> Patch:
    """The piece of a template; sides are told by jawOpen, and by the line between the eye's corners."""
    at = model.landmarks(model.mean)
    if name == "mouth":
        middle, reach = at[list(indices.MOUTH_OPENING)].mean(0), MOUTH_MM
    else:
        ring = indices.EYE_LEFT if name == "eye left" else indices.EYE_RIGHT
        middle, reach = at[list(ring)].mean(0), EYE_MM
    away = np.linalg.norm(model.mean - middle, axis=1)
    chosen = (away < reach) & (model.labels < SOCKET_LEFT)
    chosen &= (model.labels != MOUTH_BAG) | (away < BAG_MM)
    if name == "mouth":
        chosen &= np.abs(model.mean[:, 1] - middle[1]) < MOUTH_HIGH_MM
    inside = chosen[model.triangles].all(1)
    vertices = np.unique(model.triangles[inside])
    number = np.full(len(chosen), -1)
    number[vertices] = np.arange(len(vertices))
    triangles = number[model.triangles[inside]]
    if name == "mouth":
        drop = -model.expressions.offsets[model.expressions.names.index("jawOpen")][vertices, 1]
        lower = drop > 0.5 * drop.max()
    else:
        lower = model.mean[vertices, 1] < middle[1]
    side = np.where(lower, -1.0, 1.0)
    return Patch(vertices, triangles, edges_of(triangles), mean_over_neighbours(triangles, len(vertices)), side)


def crosses_not(vertices: Float[np.ndarray, "n 3"], piece: Patch) -> bool:
    """Whether a patch of the head is free of crossings."""
    return len(crossings(vertices[piece.vertices], piece.triangles, piece.edges)) == 0


class _Watch:
    """The search for a patch's crossings: near the last ones only, and everywhere once none is left there.

    near (n,): vertices of the patch about which is looked next. free: whether the whole patch was found without any.
    """

    def __init__(self, piece: Patch) -> None:
        self.piece = piece
        self.near: np.ndarray = np.ones(len(piece.vertices), bool)
        self.whole = True
        self.free = False

    def touched(self, own: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"] | None:
        """Returns 1 at the vertices of what crosses, 0 elsewhere; None when nothing was found where it was looked."""
        piece = self.piece
        triangles = piece.triangles if self.whole else piece.triangles[self.near[piece.triangles].all(1)]
        found = crossings(own, triangles, piece.edges if self.whole else None)
        if len(found) == 0:
            self.free, self.whole = self.whole, True
            return None
        self.whole = False
        touched = np.zeros(len(own))
        touched[found[:, :2].ravel()] = 1.0
        touched[triangles[found[:, 2]].ravel()] = 1.0
        return touched


def untangled(
    vertices: Float[np.ndarray, "n 3"], piece: Patch, rounds: int = ROUNDS, push_mm: float = PUSH_MM
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with a patch that crosses itself no more, or less when the rounds are over."""
    own = vertices[piece.vertices]
    watch = _Watch(piece)
    for _ in range(rounds):
        touched = watch.touched(own)
        if watch.free:
            break
        if touched is None:
            continue
        wider = np.minimum(2 * (piece.average @ touched), 0.6)
        near = watch.near | (wider > 0)
        watch.near = near if near.mean() < 0.5 else piece.average @ wider > 0
        touched = np.maximum(touched, wider)[:, None]
        own = own + touched * SMOOTH * (piece.average @ own - own)
        own = own + touched * push_mm * piece.side[:, None] * np.array([0.0, 1.0, 0.0])
    out = vertices.copy()
    out[piece.vertices] = own
    return out


def held_back(
    rest: Float[np.ndarray, "n 3"], goal: Float[np.ndarray, "n 3"], piece: Patch, rounds: int = HOLD_ROUNDS
) -> Float[np.ndarray, "n 3"]:
    """Returns the goal with a patch that moves less where it would cross itself: as far as it stays free.

    rest: the head before the move, which does not cross itself; so the way back always leads out of a crossing.
    """
    start, way = rest[piece.vertices], (goal - rest)[piece.vertices]
    share = np.ones(len(start))
    watch = _Watch(piece)
    for _ in range(rounds):
        touched = watch.touched(start + share[:, None] * way)
        if watch.free:
            break
        if touched is None:
            continue
        core = (piece.average @ touched > 0) | (touched > 0)
        wide = core.astype(float)
        for _ in range(HOLD_WIDE):
            wide = np.maximum(core, piece.average @ wide)
        watch.near = piece.average @ (wide > 0) > 0
        share *= 1 - HOLD * wide
    out = goal.copy()
    out[piece.vertices] = start + share[:, None] * way
    return out

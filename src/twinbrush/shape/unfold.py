"""Displacements calmed where they make the skin run through itself, and only there.

A displacement that is a smooth function of space cannot fold. So where triangles cross, displacements are diffused
among vertices that lie near each other at rest, whether or not an edge joins them (an upper and a lower lip that touch
then move together), the wider the longer they cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.spatial import KDTree

from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG

NEIGHBOURS = 14  # at rest, between which displacements diffuse
LEVELS = (0, 2, 6, 16, 40, 100, 240, 600, 2000)  # rounds of diffusion; the reach grows with their root
WIDE_FROM, WIDE = 5, 5  # from that level on a round reaches so many times as many neighbours, and counts as so many
RAISE = 1.0  # of a level, in each round in which a vertex crosses
SPREAD_ROUNDS, SPREAD_MORE = 6, 2  # over so many neighbours the levels fade out, and more in every round: wide moves
# need room to fade
MOST_ROUNDS = 45


@dataclass(frozen=True)
class Surface:
    """The triangles that are kept apart, over all vertices, with the edges among them."""

    triangles: Int[np.ndarray, "t 3"]
    edges: Int[np.ndarray, "e 2"]


def unfolded(
    rest: Float[np.ndarray, "n 3"], goal: Float[np.ndarray, "n 3"], surface: Surface
) -> tuple[Float[np.ndarray, "n 3"], int]:
    """Returns the goal without the crossings that the surface at rest does not have, and how many triangles still
    cross. Where nothing crosses the goal is returned as it is."""
    found = crossings(goal, surface.triangles, surface.edges)
    if not len(found):
        return goal, 0
    used = np.unique(surface.triangles)
    average = nearness(rest[used], NEIGHBOURS)
    number = np.zeros(len(rest), np.int64)
    number[used] = np.arange(len(used))
    smooth = [(goal - rest)[used]]
    level = np.zeros(len(used))
    out = goal.copy()
    looked: np.ndarray = surface.triangles  # after the first search only near what crossed, at the end everywhere
    for turn in range(MOST_ROUNDS):
        core = np.zeros(len(used))
        core[number[found[:, :2].ravel()]] = 1.0
        core[number[looked[found[:, 2]].ravel()]] = 1.0
        wide = _spread(average, core, SPREAD_ROUNDS + SPREAD_MORE * turn)
        level = np.minimum(np.maximum(level, average @ level) + RAISE * wide, len(LEVELS) - 1.0)
        while len(smooth) < np.ceil(level.max()) + 1:
            smooth.append(_next_level(rest[used], average, smooth))
        out[used] = rest[used] + _between(smooth, level)
        looked = surface.triangles[(wide[number[surface.triangles]] > 0).any(1)]
        found = crossings(out, looked)
        if not len(found):
            looked = surface.triangles
            found = crossings(out, looked, surface.edges)
            if not len(found):
                break
    if len(found):
        found = crossings(out, surface.triangles, surface.edges)
    return out, len(np.unique(found[:, 2]))


@lru_cache(maxsize=1)
def kept_apart() -> Surface:
    """Returns the packaged template's visible skin: neither the mouth's inside nor the sockets."""
    model = template()
    triangles = model.triangles[(model.labels[model.triangles] < MOUTH_BAG).all(1)]
    return Surface(triangles, edges_of(triangles))


def nearness(points: Float[np.ndarray, "n 3"], count: int) -> sparse.csr_matrix:
    """Returns the matrix (n, n) of the mean over a vertex and those `count` that are nearest to it in space."""
    distance, nearest = KDTree(points).query(points, k=count)
    weight = np.exp(-((distance / np.maximum(distance[:, -1:], 1e-9)) ** 2) * 2)
    rows = np.repeat(np.arange(len(points)), count)
    graph = sparse.csr_matrix((weight.ravel(), (rows, nearest.ravel())), shape=(len(points),) * 2)
    graph = graph + graph.T
    return sparse.csr_matrix(sparse.diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph)


def _next_level(
    points: Float[np.ndarray, "n 3"], average: sparse.csr_matrix, smooth: list[Float[np.ndarray, "n 3"]]
) -> Float[np.ndarray, "n 3"]:
    """The displacements diffused from the last level to the next."""
    level = len(smooth)
    rounds, moves = LEVELS[level] - LEVELS[level - 1], smooth[-1]
    if level > WIDE_FROM:
        average, rounds = nearness(points, WIDE * NEIGHBOURS), rounds // WIDE
    for _ in range(rounds):
        moves = average @ moves
    return moves


def _between(smooth: list[Float[np.ndarray, "n 3"]], level: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 3"]:
    """Each vertex' displacement at its level, linear between whole ones."""
    out = np.zeros_like(smooth[0])
    for number, moves in enumerate(smooth):
        out += np.clip(1 - np.abs(level - number), 0, 1)[:, None] * moves
    return out


def _spread(average: sparse.csr_matrix, core: Float[np.ndarray, "n"], rounds: int) -> Float[np.ndarray, "n"]:
    """1 where something crosses, fading out beside it."""
    wide = core
    for _ in range(rounds):
        wide = np.maximum(core, average @ wide)
    return wide

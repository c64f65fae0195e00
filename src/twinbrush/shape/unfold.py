"""Displacements mended where they make the skin run through itself, and only there.

First skin that lies against other skin is kept on its own side (contact.py): that moves it by tenths of a millimetre.
What still crosses is calmed: a displacement that is a smooth function of space cannot fold, so displacements are
diffused among vertices that lie near each other at rest, whether or not an edge joins them, the wider the longer
they cross, and fade out over as far as they were diffused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.spatial import KDTree

from twinbrush.base.beside import once
from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG
from twinbrush.shape.contact import Contacts

NEIGHBOURS = 14  # at rest, between which displacements diffuse
LEVELS = (0, 2, 6, 16, 40, 100, 240, 600)  # rounds of diffusion; the reach grows with their root
FADE_ROUNDS, FADE = 4.0, 3.0  # a level fades out over so many rounds, and so many times its reach
CONTACT_ROUNDS, CALM_ROUNDS, CYCLES = 4, 3, 8  # at most
WORTHWHILE = 0.7  # while so few of the crossings are left by a round of contacts, another one follows


@dataclass(frozen=True)
class Surface:
    """The triangles that are kept apart, over all vertices, with the edges among them."""

    triangles: Int[np.ndarray, "t 3"]
    edges: Int[np.ndarray, "e 2"]


@dataclass(frozen=True)
class Unfolded:
    """vertices (n, 3), mm; found (c, 3): rows (first vertex, second vertex, triangle) of what still crosses."""

    vertices: Float[np.ndarray, "n 3"]
    found: Int[np.ndarray, "c 3"]

    @property
    def crossing(self) -> int:
        """How many triangles still run through others."""
        return len(np.unique(self.found[:, 2]))


class Unfolder:
    """Takes out the crossings that a surface does not have at rest: what is shared by all that it is brought to."""

    def __init__(self, rest: Float[np.ndarray, "n 3"], surface: Surface) -> None:
        self.rest, self.surface = rest, surface

    def unfolded(self, goal: Float[np.ndarray, "n 3"], since: Unfolded | None = None) -> Unfolded:
        """Returns the goal without crossings, and what is left of them; where nothing crosses it is returned as it is.

        since: what it came from by moving some vertices: only these are looked at.
        """
        state = self.looked(goal, since)
        for _ in range(CYCLES):
            if len(state.found):
                state = self._apart(state)
            if len(state.found):
                state = self._calmed(state)
        return state

    @cached_property
    def _contacts(self) -> Contacts:
        return Contacts(self.rest, self.surface.triangles, self.surface.edges)

    @cached_property
    def _used(self) -> Int[np.ndarray, "u"]:
        return np.unique(self.surface.triangles)

    @cached_property
    def _average(self) -> sparse.csr_matrix:
        """The mean over neighbours in space, on all vertices; those that aren't used keep what they have."""
        return nearness(self.rest, self._used, NEIGHBOURS)

    def looked(self, vertices: Float[np.ndarray, "n 3"], since: Unfolded | None) -> Unfolded:
        """Returns the vertices with their crossings; what neither moved nor crossed since is left out of the search."""
        moved = None
        if since is not None:
            changed = vertices != since.vertices
            moved = changed[:, 0] | changed[:, 1] | changed[:, 2]
            moved[self.surface.triangles[since.found[:, 2]]] = True
        return Unfolded(vertices, crossings(vertices, self.surface.triangles, self.surface.edges, moved))

    def _apart(self, state: Unfolded) -> Unfolded:
        """Skin kept on its side of what it lies against, and of what it was found to cross."""
        goal, sides = state.vertices, self._contacts.pairs
        correction = self._contacts.apart(goal, sides)
        for turn in range(CONTACT_ROUNDS):
            before = len(state.found)
            state = self.looked(goal + correction.moves, state)
            little = turn > 0 and len(state.found) > WORTHWHILE * before
            if not len(state.found) or little or turn == CONTACT_ROUNDS - 1:
                break
            more = self._contacts.with_found(sides, state.vertices, state.found)
            if len(more.least) == len(sides.least):
                break
            correction, sides = self._contacts.apart(goal, more, correction), more
        return state

    def _calmed(self, state: Unfolded) -> Unfolded:
        """Displacements diffused where triangles still cross."""
        smooth = [state.vertices - self.rest]
        peak = level = np.zeros(len(self.rest))
        for _ in range(CALM_ROUNDS):
            core = np.zeros(len(self.rest), bool)
            core[state.found[:, :2]] = True
            core[self.surface.triangles[state.found[:, 2]]] = True
            peak = np.where(core, np.minimum(np.maximum(peak, level) + 1, len(LEVELS) - 1), peak)
            level = self._faded(peak)
            while len(smooth) < np.ceil(level.max()) + 1:
                smooth.append(self._diffused(smooth[-1], LEVELS[len(smooth)] - LEVELS[len(smooth) - 1]))
            state = self.looked(self.rest + _between(smooth, level), state)
            if not len(state.found):
                break
        return state

    def _diffused(self, moves: Float[np.ndarray, "n 3"], rounds: int) -> Float[np.ndarray, "n 3"]:
        for _ in range(rounds):
            moves = self._average @ moves
        return moves

    def _faded(self, peak: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """The level about its peaks: each whole level fades out over its own reach, so that no step of it folds."""
        out = np.zeros_like(peak)
        for number in range(1, int(np.ceil(peak.max())) + 1):
            core = (peak > number - 1) * np.minimum(peak - number + 1, 1)
            wide = core
            for _ in range(int(FADE_ROUNDS + FADE * np.sqrt(LEVELS[number]))):
                wide = np.maximum(core, self._average @ wide)
            out += np.minimum(wide, 1.0)
        return out


@once
def kept_apart() -> Surface:
    """Returns the packaged template's visible skin: neither the mouth's inside nor the sockets."""
    model = template()
    triangles = model.triangles[(model.labels[model.triangles] < MOUTH_BAG).all(1)]
    return Surface(triangles, edges_of(triangles))


@once
def mean_unfolder() -> Unfolder:
    """Returns what unfolds heads that come from the packaged template's mean: the styles'."""
    return Unfolder(np.asarray(template().mean, np.float64), kept_apart())


def nearness(points: Float[np.ndarray, "n 3"], used: Int[np.ndarray, "u"], count: int) -> sparse.csr_matrix:
    """Returns the matrix (n, n) of the mean over a vertex and those `count` of the used that are nearest to it in
    space; a vertex that isn't used keeps its own."""
    distance, nearest = KDTree(points[used]).query(points[used], k=count)
    weight = np.exp(-((distance / np.maximum(distance[:, -1:], 1e-9)) ** 2) * 2)
    rows = np.repeat(used, count)
    graph = sparse.csr_matrix((weight.ravel(), (rows, used[nearest.ravel()])), shape=(len(points),) * 2)
    rest = np.ones(len(points))
    rest[used] = 0
    graph = graph + graph.T + sparse.diags(rest)
    return sparse.csr_matrix(sparse.diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph)


def _between(smooth: list[Float[np.ndarray, "n 3"]], level: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 3"]:
    """Each vertex' displacement at its level, linear between whole ones."""
    out = np.zeros_like(smooth[0])
    for number, moves in enumerate(smooth):
        out += np.clip(1 - np.abs(level - number), 0, 1)[:, None] * moves
    return out

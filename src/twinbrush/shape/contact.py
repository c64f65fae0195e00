"""Skin that lies against other skin at rest (lips, lids, nostrils, creases) stays on its own side of it.

Every pair of vertices that lie near each other at rest and face each other, or away from each other (a thin wall), is a
linear constraint: along the normal they stay as far apart as they were, or LEAST_MM if that was more. Crossings that
are found give such constraints between a vertex and a triangle. The smoothest correction of the goal that obeys them
is found by the alternating direction method of multipliers (Boyd et al. 2011); only skin near a pair moves at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse.linalg import SuperLU
from scipy.spatial import KDTree

from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.gradients import frames
from twinbrush.maths.linear import factorised

NEAR_MM, OPPOSED = 2.5, -0.2  # apart at rest, and the cosine of their normals, up to which two vertices are a pair
ALONG = 0.3  # least share of their distance that lies along the normal
LEAST_MM, FOUND_LEAST_MM = 0.3, 0.15  # gaps that stay: of pairs, of what was found crossing
FAR_MM, SIDE_MM = 6.0, 0.02  # at rest: beyond the one, or nearer than the other to a triangle's plane, no side is known
FORCE, FOUND_FORCE = 4.0, 0.7  # penalties of the constraints, against stretching the correction
BEND, HOLD = 3.0, 0.02  # what bending the correction costs (per ring of vertices), and moving at all
RINGS = 6  # of vertices about the pairs that may move
ROUNDS, MORE_ROUNDS = 30, 15  # of the multipliers: at first, and after crossings were added
GOOD_MM = 0.01  # a gap that lacks less is kept


@dataclass(frozen=True)
class Sides:
    """Constraints: direction . (matrix @ vertices) >= least.

    matrix (m, n); direction (m, 3); least (m,) mm; force (m,). keys (m,): of those that come from crossings, which
    vertex and triangle (-1: a pair).
    """

    matrix: sparse.csr_matrix
    direction: Float[np.ndarray, "m 3"]
    least: Float[np.ndarray, "m"]
    force: Float[np.ndarray, "m"]
    keys: Int[np.ndarray, "m"]


@dataclass(frozen=True)
class _System:
    """Which vertices are free (f,), the constraints' matrix on them, and the factorised normal equations."""

    free: Int[np.ndarray, "f"]
    matrix: sparse.csr_matrix
    weighted: sparse.csr_matrix
    solver: SuperLU


@dataclass(frozen=True)
class Correction:
    """moves (n, 3): of the goal, mm; multipliers (m, 3), scaled: where the next round goes on."""

    moves: Float[np.ndarray, "n 3"]
    multipliers: Float[np.ndarray, "m 3"]


class Contacts:
    """A surface at rest with the pairs that touch: what does not depend on where it is brought."""

    def __init__(
        self, rest: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], edges: Int[np.ndarray, "e 2"]
    ) -> None:
        self.rest, self.triangles = rest, triangles
        self.normals = frames(rest[triangles])[:, :, 2]
        count = len(rest)
        ends = np.concatenate([edges, edges[:, ::-1]])
        self.joined = sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
        laplacian = sparse.diags(np.asarray(self.joined.sum(1)).ravel()) - self.joined
        self.energy = sparse.csr_matrix(
            laplacian + BEND * (laplacian @ laplacian) + HOLD * sparse.identity(count))
        self.pairs = _pairs(rest, triangles)
        self.system = self._system(self.pairs)

    def apart(
        self, goal: Float[np.ndarray, "n 3"], sides: Sides, start: Correction | None = None
    ) -> Correction:
        """Returns the smoothest correction with which the goal obeys the constraints, as far as the rounds go.

        start: the correction under the first of these constraints, from which it goes on.
        """
        system = self.system if sides is self.pairs else self._system(sides)
        dual = np.zeros((len(sides.least), 3))
        moves = np.zeros((len(system.free), 3))
        if start is not None:
            dual[: len(start.multipliers)] = start.multipliers
            moves = start.moves[system.free]
        own, moved = sides.matrix @ goal, system.matrix @ moves
        for turn in range(ROUNDS if start is None else MORE_ROUNDS):
            wanted = moved + dual
            wanted += _lacking(sides, own + wanted)[:, None] * sides.direction
            if turn or start is not None:
                dual = dual + moved - wanted
            moves = system.solver.solve(system.weighted @ (wanted - dual))
            moved = system.matrix @ moves
            if _lacking(sides, own + moved).max(initial=0.0) < GOOD_MM:
                break
        out = np.zeros_like(goal)
        out[system.free] = moves
        return Correction(out, dual)

    def with_found(self, sides: Sides, points: Float[np.ndarray, "n 3"], found: Int[np.ndarray, "c 3"]) -> Sides:
        """Returns the constraints and those that crossings tell: both ends of each edge stay on that side of the
        triangle on which they are at rest. found: rows (first vertex, second vertex, triangle)."""
        corners = self.triangles[found[:, 2]]
        shares = _pierced_at(points[found[:, 0]], points[found[:, 1]], points[corners])
        ends, number = found[:, :2].T.ravel(), np.tile(np.arange(len(found)), 2)
        keys = ends * len(self.triangles) + found[number, 2]
        away = self.rest[ends] - (shares[..., None] * self.rest[corners]).sum(1)[number]
        normal = self.normals[found[number, 2]]
        height = (away * normal).sum(1)
        known = (np.linalg.norm(away, axis=1) < FAR_MM) & (np.abs(height) > SIDE_MM) & ~np.isin(keys, sides.keys)
        first = np.unique(keys[known], return_index=True)[1]
        chosen = np.flatnonzero(known)[np.sort(first)]
        count = len(chosen)
        columns = np.concatenate([ends[chosen, None], corners[number[chosen]]], 1)
        values = np.concatenate([np.ones((count, 1)), -shares[number[chosen]]], 1)
        matrix = sparse.csr_matrix(
            (values.ravel(), (np.repeat(np.arange(count), 4), columns.ravel())), shape=(count, len(points)))
        return Sides(
            sparse.csr_matrix(sparse.vstack([sides.matrix, matrix])),
            np.concatenate([sides.direction, np.sign(height[chosen])[:, None] * normal[chosen]]),
            np.concatenate([sides.least, np.minimum(np.abs(height[chosen]), FOUND_LEAST_MM)]),
            np.concatenate([sides.force, np.full(count, FOUND_FORCE)]), np.concatenate([sides.keys, keys[chosen]]))

    def _system(self, sides: Sides) -> _System:
        """The normal equations over the vertices about these constraints, factorised."""
        near = np.zeros(len(self.rest))
        near[sides.matrix.indices] = 1.0
        for _ in range(RINGS):
            near += self.joined @ near > 0
        free = np.flatnonzero(near)
        matrix = sparse.csr_matrix(sides.matrix[:, free])
        weighted = sparse.csr_matrix((sparse.diags(sides.force) @ matrix).T)
        whole = sparse.csc_matrix(self.energy[np.ix_(free, free)] + weighted @ matrix)
        solver = factorised(whole)
        return _System(free, matrix, weighted, solver)


def _lacking(sides: Sides, differences: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m"]:
    """Returns how much too small each gap is, mm."""
    return np.maximum(sides.least - np.einsum("ij,ij->i", differences, sides.direction), 0)


def _pairs(rest: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"]) -> Sides:
    """The constraints between vertices that lie against each other at rest, each from both sides."""
    used = np.unique(triangles)
    normals = vertex_normals(rest, triangles)
    pairs = used[KDTree(rest[used]).query_pairs(NEAR_MM, output_type="ndarray")]
    pairs = pairs[(normals[pairs[:, 0]] * normals[pairs[:, 1]]).sum(1) < OPPOSED]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    away = rest[both[:, 0]] - rest[both[:, 1]]
    height = (away * normals[both[:, 1]]).sum(1)
    along = np.abs(height) > ALONG * np.linalg.norm(away, axis=1)
    both, height = both[along], height[along]
    count = len(both)
    values = np.tile([1.0, -1.0], count)
    matrix = sparse.csr_matrix(
        (values, (np.repeat(np.arange(count), 2), both.ravel())), shape=(count, len(rest)))
    often = np.bincount(both.ravel(), minlength=len(rest))
    return Sides(
        matrix, np.sign(height)[:, None] * normals[both[:, 1]], np.minimum(np.abs(height), LEAST_MM),
        FORCE / np.sqrt(often[both[:, 0]] * often[both[:, 1]]), np.full(count, -1))


def _pierced_at(
    first: Float[np.ndarray, "c 3"], second: Float[np.ndarray, "c 3"], corners: Float[np.ndarray, "c 3 3"]
) -> Float[np.ndarray, "c 3"]:
    """Barycentric coordinates of the points at which edges run through triangles."""
    axes = frames(corners)
    above, below = (((ends - corners[:, 0]) * axes[:, :, 2]).sum(1) for ends in (first, second))
    share = above / np.where(above == below, 1.0, above - below)
    hit = first + share[:, None] * (second - first) - corners[:, 0]
    one, other = axes[:, :, 0], axes[:, :, 1]
    products = [(a * b).sum(1) for a, b in ((one, one), (one, other), (other, other), (hit, one), (hit, other))]
    aa, ab, bb, ha, hb = products
    size = np.maximum(aa * bb - ab**2, 1e-12)
    second_share, third = (bb * ha - ab * hb) / size, (aa * hb - ab * ha) / size
    shares = np.clip(np.stack([1 - second_share - third, second_share, third], 1), 0, 1)
    return shares / shares.sum(1, keepdims=True)

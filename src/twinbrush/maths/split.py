"""Meshes fine enough to show a relief: triangles split until no edge is longer than asked for, then displaced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

MOST_ROUNDS = 6
SLIVER = 0.08  # height over longest side, under which a triangle's sides stay whole: middles, rounded, would cross


@dataclass(frozen=True)
class FineMesh:
    """values (n, c): the vertices' attributes, linear in each old triangle. faces (f, 3). twins (n,): the first vertex
    at the same place (copies along uv seams have one place)."""

    values: Float[np.ndarray, "n c"]
    faces: Int[np.ndarray, "f 3"]
    twins: Int[np.ndarray, "n"]


def split(
    values: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"], twins: Int[np.ndarray, "v"], most_mm: float,
    whole: Int[np.ndarray, "_"] | None = None,
) -> FineMesh:
    """Returns the mesh with all edges at most `most_mm` long, but for those of slivers, and for those between vertices
    of `whole`. The first three columns of `values` are places in mm."""
    for _ in range(MOST_ROUNDS):
        count = len(values)
        ends = np.stack([faces, np.roll(faces, -1, 1)], 2).reshape(-1, 2)
        low, high = np.minimum(ends[:, 0], ends[:, 1]), np.maximum(ends[:, 0], ends[:, 1])
        long = ((values[low, :3] - values[high, :3]) ** 2).sum(1) > most_mm**2
        if whole is not None:
            long &= ~(np.isin(low, whole) & np.isin(high, whole))
        long &= ~_among(low * count + high, np.repeat(_slivers(values[:, :3], faces), 3))
        if not long.any():
            break
        _, first, number = np.unique(low[long] * count + high[long], return_index=True, return_inverse=True)
        a, b = low[long][first], high[long][first]
        middle = np.full(len(ends), -1, np.int64)
        middle[long] = count + number
        s, t = np.minimum(twins[a], twins[b]), np.maximum(twins[a], twins[b])
        _, leader, same = np.unique(s * count + t, return_index=True, return_inverse=True)
        values = np.concatenate([values, 0.5 * (values[a] + values[b])])
        twins = np.concatenate([twins, count + leader[same]])
        faces = _pieces(faces, middle.reshape(-1, 3), values)
    return FineMesh(values, faces, twins)


def _slivers(points: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "f 3"]) -> Bool[np.ndarray, "f"]:
    a, b, c = (points[faces[:, k]] for k in range(3))
    longest = np.maximum(np.maximum(((b - a) ** 2).sum(1), ((c - b) ** 2).sum(1)), ((a - c) ** 2).sum(1))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) < SLIVER * longest


def _among(keys: Int[np.ndarray, "e"], chosen: Bool[np.ndarray, "e"]) -> Bool[np.ndarray, "e"]:
    """Which keys are those of a chosen one."""
    return np.isin(keys, keys[chosen]) if chosen.any() else chosen


def _pieces(
    faces: Int[np.ndarray, "f 3"], middle: Int[np.ndarray, "f 3"], values: Float[np.ndarray, "n c"]
) -> Int[np.ndarray, "g 3"]:
    """The triangles with the edges that have a middle (-1: none) cut there."""
    cut = middle >= 0
    number = cut.sum(1)
    out = [faces[number == 0]]
    whole, m = faces[number == 3], middle[number == 3]
    out += [np.stack([whole[:, 0], m[:, 0], m[:, 2]], 1), np.stack([m[:, 0], whole[:, 1], m[:, 1]], 1),
            np.stack([m[:, 2], m[:, 1], whole[:, 2]], 1), m]
    rows = np.flatnonzero(number == 1)
    turn = np.argmax(cut[rows], 1)[:, None] + np.arange(3)
    f, m = np.take_along_axis(faces[rows], turn % 3, 1), np.take_along_axis(middle[rows], turn % 3, 1)
    out += [np.stack([f[:, 0], m[:, 0], f[:, 2]], 1), np.stack([m[:, 0], f[:, 1], f[:, 2]], 1)]
    rows = np.flatnonzero(number == 2)
    turn = np.argmin(cut[rows], 1)[:, None] + np.arange(1, 4)  # the whole edge comes last: c -> a
    f, m = np.take_along_axis(faces[rows], turn % 3, 1), np.take_along_axis(middle[rows], turn % 3, 1)
    out.append(np.stack([m[:, 0], f[:, 1], m[:, 1]], 1))
    p, q = f[:, 0], f[:, 2]
    shorter = ((values[p, :3] - values[m[:, 1], :3]) ** 2).sum(1) < ((values[q, :3] - values[m[:, 0], :3]) ** 2).sum(1)
    first = np.where(shorter[:, None], np.stack([p, m[:, 0], m[:, 1]], 1), np.stack([p, m[:, 0], q], 1))
    second = np.where(shorter[:, None], np.stack([p, m[:, 1], q], 1), np.stack([m[:, 0], m[:, 1], q], 1))
    return np.concatenate([*out, first, second])

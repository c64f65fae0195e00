"""Vertices at one place made one: what a surface is, whatever its texture coordinates cut it into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Weld:
    """index (V,): the welded vertex of every vertex. vertices (W, 3), faces (G, 3): the welded surface, without faces
    that lost a corner. first (W,): one of the vertices at each place."""

    index: Int[np.ndarray, "v"]
    vertices: Float[np.ndarray, "w 3"]
    faces: Int[np.ndarray, "g 3"]
    first: Int[np.ndarray, "w"]

    def gathered(self, values: Float[np.ndarray, "v *c"]) -> Float[np.ndarray, "w *c"]:
        """Sums over the vertices of each place."""
        flat = values.reshape(len(values), -1)
        columns = [np.bincount(self.index, column, minlength=len(self.first)) for column in flat.T]
        return np.stack(columns, 1).reshape(len(self.first), *values.shape[1:])


def weld(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Weld:
    """Join vertices with exactly the same coordinates (how files that split vertices at seams write them)."""
    _, first, index = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1)
    joined = index[faces]
    a, b, c = joined.T
    return Weld(index, vertices[first], joined[(a != b) & (b != c) & (c != a)], first)

"""The frozen mesh that every room passes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numba import njit


class Region(IntEnum):
    """What a pixel or a vertex shows."""

    BACKGROUND = 0
    SKIN = 1  # face, ears, neck
    HAIR = 2  # hair of the head, hats; a beard counts as skin
    CLOTH = 3  # clothes, and whatever is worn below the neck


@dataclass(frozen=True)
class Mesh:
    """vertices (V, 3) mm in the world frame of camera.py; faces (F, 3) 0-based, counter-clockwise seen from outside;
    uv (V, 2) in [0, 1] with (0, 0) the BOTTOM-left corner of the texture (OBJ/OpenGL; glTF flips v on export);
    texture (H, W, 3) float32 in [0, 1], row 0 on top; regions (V,) of `Region`; seam (S, 2): a vertex
    and a copy of it that differs only in uv, so that light shall not show a crease between them; a vertex may have
    several copies, each copy stands in one pair, on the right."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    uv: Float[np.ndarray, "v 2"] | None = None
    texture: Float[np.ndarray, "h w 3"] | None = None
    regions: UInt8[np.ndarray, "v"] | None = None
    seam: Int[np.ndarray, "s 2"] | None = None

    def check_sound(self) -> None:
        """Raises ValueError when faces or seam name vertices that are not there (compiled code would read anywhere)."""
        for rows in (self.faces, self.seam):
            if rows is not None and rows.size and not 0 <= rows.min() <= rows.max() < len(self.vertices):
                raise ValueError("a vertex that is not there")

    def normals(self) -> Float[np.ndarray, "v 3"]:
        """Unit vertex normals, the same on both sides of the seam."""
        return vertex_normals(self.vertices, self.faces, self.seam)

    def moved(self, vertices: Float[np.ndarray, "v 3"]) -> Mesh:
        """The same mesh with other vertex positions (same topology, uv, texture, regions)."""
        if vertices.shape != self.vertices.shape:
            raise ValueError(f"expected {self.vertices.shape}, got {vertices.shape}")
        return replace(self, vertices=vertices)

    def painted(self, texture: Float[np.ndarray, "h w 3"]) -> Mesh:
        """The same mesh with another texture."""
        return replace(self, texture=texture)


def vertex_normals(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "s 2"] | None = None
) -> Float[np.ndarray, "v 3"]:
    """Area-weighted unit normals, pointing outward for counter-clockwise faces; zero for unreferenced vertices.

    seam: pairs of a vertex and its copy (see `Mesh`); a vertex and all its copies get one common normal.
    """
    sums = np.zeros((3, len(vertices), 3))
    _sum_at_corners(np.ascontiguousarray(vertices), np.ascontiguousarray(faces, np.int64), sums)
    normals = np.zeros_like(vertices)
    for own in sums:
        normals += own
    if seam is not None:
        original = np.arange(len(vertices))
        original[seam[:, 1]] = seam[:, 0]
        total = np.stack([np.bincount(original, n, len(vertices)) for n in normals.T], 1)
        normals = total[original].astype(normals.dtype)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(length > 0, length, 1)


@njit(cache=True, nogil=True)
@no_type_check
def _sum_at_corners(vertices: Any, faces: Any, sums: Any) -> None:
    """Add every face's normal (twice its area long) to its first, second and third corner."""
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        bx, by, bz = (
            vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2])
        cx, cy, cz = (
            vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2])
        x, y, z = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        for corner in range(3):
            vertex = faces[f, corner]
            sums[corner, vertex, 0] += x
            sums[corner, vertex, 1] += y
            sums[corner, vertex, 2] += z


def border_edges(faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "e 2"]:
    """Directed edges that only one triangle has, in the direction in which that triangle walks them."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    count = int(edges.max()) + 1 if len(edges) else 1
    key, opposite = edges[:, 0] * count + edges[:, 1], np.sort(edges[:, 1] * count + edges[:, 0])
    place = np.minimum(np.searchsorted(opposite, key), max(len(key) - 1, 0))
    single: Bool[np.ndarray, "e"] = opposite[place] != key
    return edges[single]

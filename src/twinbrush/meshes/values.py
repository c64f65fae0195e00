"""What this room hands on: a mesh file in, a SourceModel out; and all that writing the file back needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.mesh import Mesh, vertex_normals

Format = Literal["obj", "ply", "stl", "glb", "gltf"]


@dataclass(frozen=True)
class Material:
    """One material of the file. colour (3,): sRGB 0..1, multiplies the texture; texture (H, W, 3): float32 sRGB or
    None; alpha (H, W): the texture's opacity where it has one (kept, never painted); texture_key: equal for materials
    that share one picture (None without one)."""

    name: str
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    texture: Float[np.ndarray, "h w 3"] | None = None
    alpha: Float[np.ndarray, "h w"] | None = None
    texture_key: str | None = None


@dataclass(frozen=True)
class Polygons:
    """The file's surface in the file's own frame, order and indices (0-based); nothing is dropped here.

    positions (p, 3): float64. sizes (n,): corners of each polygon (3, 4...). corners (c,): position of each corner,
    polygon after polygon. corner_uv (c,): row of `uv`, -1 for none. uv (t, 2): v upward. material (n,): index of the
    polygon's material. colours (p, 3): sRGB colours of the positions, or None.
    """

    positions: Float[np.ndarray, "p 3"]
    sizes: Int[np.ndarray, "n"]
    corners: Int[np.ndarray, "c"]
    corner_uv: Int[np.ndarray, "c"]
    uv: Float[np.ndarray, "t 2"]
    material: Int[np.ndarray, "n"]
    colours: Float[np.ndarray, "p 3"] | None = None

    @property
    def starts(self) -> Int[np.ndarray, "n"]:
        """Index of each polygon's first corner."""
        return np.cumsum(self.sizes) - self.sizes


@dataclass(frozen=True)
class FileModel:
    """One mesh file as read: surface, materials, and `payload`, what only the writer of its format understands.

    metres_per_unit: None where the format does not say. y_up: True where the format says that y is up.
    """

    format: Format
    polygons: Polygons
    materials: tuple[Material, ...]
    payload: Any
    path: str
    sha256: str
    metres_per_unit: float | None = None
    y_up: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tile:
    """A rectangle of the internal texture that stands for one texture of the file.

    origin, size: its corner and sides in the internal uv (v upward). cell, span: corner and sides of the rectangle of
    the file's own uv that it shows. materials: which materials it paints. kept: the file's uv are used as they are
    (False: the file gets new ones, scaled into the unit square or newly unwrapped).
    """

    origin: tuple[float, float]
    size: tuple[float, float]
    materials: tuple[int, ...]
    kept: bool
    cell: tuple[float, float] = (0.0, 0.0)
    span: tuple[float, float] = (1.0, 1.0)

    def to_internal(self, uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """The file's uv, as read -> internal uv."""
        return (uv - self.cell) / self.span * self.size + self.origin

    def to_file(self, uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Internal uv -> the uv of the file as it is written."""
        local = (uv - self.origin) / self.size
        return local + self.cell if self.kept else local


@dataclass(frozen=True)
class Source:
    """The file and how the working mesh hangs together with it.

    vertex_position (v,): the file's position that each working vertex is a copy of. position_welded (p,): geometric
    vertex at the place of each of the file's positions (-1: none is there). corner_vertex (c,): the working vertex at
    each corner of the file's polygons (-1: none is there; polygons that the working mesh lacks get that of a twin).
    tiles: the internal texture's parts; every material is in at most one.
    """

    file: FileModel
    tiles: tuple[Tile, ...]
    vertex_position: Int[np.ndarray, "v"]
    position_welded: Int[np.ndarray, "p"]
    corner_vertex: Int[np.ndarray, "c"]


@dataclass(frozen=True)
class SourceModel:
    """A mesh file, ready for work, and on the way back.

    mesh: triangles in our world frame (mm, y up, z toward the viewer, bounding box centred at the origin, its diagonal
        `orient.WORLD_DIAGONAL_MM` whatever the file's unit); uv and float32 texture are ALWAYS there; uv is injective
        (no two triangles overlap in the texture, so it can be baked into); vertices are split along uv seams; without
        degenerate and duplicate triangles.
    welded (v,): geometric vertex of each vertex, 0 .. g - 1: equal positions share one. Whoever moves vertices must
        move the copies alike: work on g vertices with `welded_faces`, then `values[welded]`.
    to_world (4, 4): the file's frame -> world (a similarity). real_mm_per_mm: the real size of one world mm (1 where
        the unit is not known); GLBs are written in real metres.
    coloured: False: the file has no colours; the texture is neutral clay with soft shading.
    sha256: of the file; if it names materials or pictures, of all of them together (a key for results made from it).
    repairs: what was mended or left out; warnings: what the user should know. Both go into output and manifest.
    """

    mesh: Mesh
    welded: Int[np.ndarray, "v"]
    to_world: Float[np.ndarray, "4 4"]
    real_mm_per_mm: float
    source: Source
    path: Path
    sha256: str
    coloured: bool
    repairs: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def welded_count(self) -> int:
        """g, the number of geometric vertices."""
        return int(self.welded.max()) + 1

    @property
    def welded_faces(self) -> Int[np.ndarray, "f 3"]:
        """The triangles over geometric vertices."""
        return self.welded[self.mesh.faces]

    @property
    def first(self) -> Int[np.ndarray, "g"]:
        """One vertex for each geometric vertex: `mesh.vertices[first]` are the geometric positions."""
        return np.unique(self.welded, return_index=True)[1]

    def normals(self, vertices: Float[np.ndarray, "v 3"] | None = None) -> Float[np.ndarray, "v 3"]:
        """Unit normals, smooth across uv seams; of `vertices` (v, 3), else of the mesh's own."""
        points = self.mesh.vertices if vertices is None else vertices
        return vertex_normals(points[self.first], self.welded_faces)[self.welded]

    def is_seam(self) -> Bool[np.ndarray, "v"]:
        """Vertices that have a copy at the same place."""
        return np.bincount(self.welded)[self.welded] > 1

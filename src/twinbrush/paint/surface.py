"""A figure as one surface to paint: all its parts as one mesh, and how every point of it faces the painter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Mesh, Region, vertex_normals
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.views.surface_paint import broad_normals

BROAD_MM = 18.0  # radius of the normals that decide which view paints what


@dataclass(frozen=True)
class FigureSurface:
    """All parts of a figure as one mesh.

    mesh: the photo's colours as its texture, each vertex' region known by its part.
    landmarks_xyz: (468, 3) the face's landmarks on it, mm.
    place: (v,) number of each vertex' place; the copies along a uv seam share one.
    normals, broad: (v, 3) unit normals, and the same averaged over BROAD_MM.
    part: (v,) number of the figure's part that each vertex belongs to; names: (p,) the parts' names.
    plinth: (v,) where it is socle or cut surface, 0..1.
    coloured: False: the content has only form, no colours of its own.
    """

    mesh: Mesh
    landmarks_xyz: Float[np.ndarray, "468 3"]
    place: Int[np.ndarray, "v"]
    normals: Float[np.ndarray, "v 3"]
    broad: Float[np.ndarray, "v 3"]
    part: Int[np.ndarray, "v"]
    names: tuple[str, ...]
    plinth: Float[np.ndarray, "v"]
    coloured: bool = True

    def of(self, *prefixes: str) -> Bool[np.ndarray, "v"]:
        """True on the vertices of the parts whose names begin so."""
        wanted = [number for number, name in enumerate(self.names) if name.startswith(prefixes)]
        return np.isin(self.part, wanted)


def surface_of_mesh(
    mesh: Mesh, landmarks_xyz: Float[np.ndarray, "468 3"], place: Int[np.ndarray, "v"], *, coloured: bool
) -> FigureSurface:
    """Returns the surface of a head that came as a mesh, in the frame of a portrait (origin between the eyes, mm).

    place: number of each vertex' place; copies along uv seams share one.
    """
    normals, broad = _normals(mesh, place)
    count = len(mesh.vertices)
    return FigureSurface(
        mesh, landmarks_xyz, place, normals, broad, np.zeros(count, int), ("Mesh",), np.zeros(count), coloured)


def _normals(mesh: Mesh, place: Int[np.ndarray, "v"]) -> tuple[Float[np.ndarray, "v 3"], Float[np.ndarray, "v 3"]]:
    """Unit normals, and the same averaged over BROAD_MM."""
    first = np.unique(place, return_index=True)[1]
    solid, faces = mesh.vertices[first], place[mesh.faces]
    normals = vertex_normals(solid, faces)
    return normals[place], broad_normals(solid, faces, normals, BROAD_MM)[place]


def places(mesh: Mesh) -> Int[np.ndarray, "v"]:
    """Returns the number of each vertex' place; the copies along the mesh's uv seams share one."""
    assert mesh.seam is not None
    original = np.arange(len(mesh.vertices))
    original[mesh.seam[:, 1]] = mesh.seam[:, 0]
    return np.unique(original, return_inverse=True)[1]


def surface_of_figure(figure: Figure) -> FigureSurface:
    """Returns the figure's surface; its parts are left as they are."""
    mesh = figure.whole()
    place = places(mesh)
    normals, broad = _normals(mesh, place)
    counts = [len(part.mesh.vertices) for part in figure.parts]
    plinth = np.concatenate([
        np.zeros(len(part.mesh.vertices)) if part.plinth is None else part.plinth for part in figure.parts])
    return FigureSurface(
        mesh, figure.landmarks_xyz, place, normals, broad, np.repeat(np.arange(len(counts)), counts),
        tuple(part.name for part in figure.parts), plinth)


def lab_at(texture: Float[np.ndarray, "h w 3"], uv: Float[np.ndarray, "n 2"]) -> Float32[np.ndarray, "n 3"]:
    """Returns the texture's CIELAB at texture coordinates."""
    return to_lab(sample_texture(texture, uv).astype(np.float32)[None])[0]


def head_rows(surface: FigureSurface) -> Int[np.ndarray, "n"] | None:
    """Returns the rows of the surface's vertices that are the template's, in the order of its layout (what closes the
    head below comes after them); None: the surface is no figure's, or its content has no colours of its own."""
    rows, count = np.flatnonzero(surface.of("Head")), len(template().layout.origin)
    return rows[:count] if surface.coloured and surface.mesh.texture is not None and len(rows) >= count else None


def hairy(surface: FigureSurface) -> Bool[np.ndarray, "v"]:
    """True on hair, beard and headwear."""
    assert surface.mesh.regions is not None
    return surface.mesh.regions == int(Region.HAIR)

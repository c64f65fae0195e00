"""A watertight bust for printing: the whole head that all other files show, on a flat base.

The two sheets of the closed portrait (closed.py) are welded along their seam, folds and walls too thin to print are
mended (mend.py), and the head is cut level as low as it stands (base.py). A portrait that was left open gets another
bust: relief_bust.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from twinbrush.errors import BadMesh
from twinbrush.export.base import base_level, on_flat_base
from twinbrush.export.mend import thickened, uncrossed
from twinbrush.export.surface import sample_texture, surface_of, used_vertices
from twinbrush.export.topology import largest_piece, split_fans
from twinbrush.mesh import Mesh, border_edges

MIN_WALL_MM = 1.2  # in the print: three lines of a 0.4 mm nozzle


@dataclass(frozen=True)
class Solid:
    """A closed surface: vertices (V, 3) mm in the print's frame (z up, base on z = 0, the face looks along -y, centred
    on x = y = 0), faces counter-clockwise from outside, colours (V, 3) sRGB 0..1 or None without a texture.
    made_from: the head that the other files show, or the open relief with a back of its own."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    colours: Float[np.ndarray, "v 3"] | None
    made_from: Literal["closed head", "open relief", "figure"]


def bust_of_head(mesh: Mesh, print_height_mm: float) -> Solid:
    """The bust of a closed portrait, `print_height_mm` high. Raises BadMesh when `mesh` is open or cannot stand."""
    vertices, faces, colours = _welded(mesh)
    if len(border_edges(faces)):
        raise BadMesh("The portrait is open behind.", "Close it first, or make the bust of an open relief.")
    level = base_level(vertices, faces)
    wall = MIN_WALL_MM * (float(vertices[:, 1].max()) - level) / print_height_mm
    vertices = uncrossed(thickened(uncrossed(vertices, faces), faces, wall), faces)
    rows = vertices if colours is None else np.concatenate([vertices, colours], axis=1)
    rows, faces, level = on_flat_base(rows, faces, level)
    placed = standing(rows[:, :3], level, print_height_mm)
    return Solid(placed, faces, None if colours is None else np.clip(rows[:, 3:], 0, 1), "closed head")


def standing(
    vertices: Float[np.ndarray, "v 3"], base_y: float, print_height_mm: float
) -> Float[np.ndarray, "v 3"]:
    """Portrait frame (y up, z to the viewer) -> print frame (z up, facing -y), scaled, base on 0, centred."""
    x, y, z = vertices.T
    out = np.stack([x, -z, y - base_y], 1) * (print_height_mm / (y.max() - base_y))
    out[:, :2] -= (out[:, :2].min(0) + out[:, :2].max(0)) / 2
    return out


def _welded(
    mesh: Mesh,
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"], Float[np.ndarray, "v 3"] | None]:
    """Positions, faces and colours of the largest piece, without the copies that the texture needs along the seam."""
    surface = surface_of(mesh)
    one = np.arange(len(surface.vertices))
    if surface.seam is not None:
        one[surface.seam[:, 1]] = surface.seam[:, 0]
    rows = surface.vertices.astype(np.float64)
    if mesh.texture is not None and surface.uv is not None:
        rows = np.concatenate([rows, sample_texture(mesh.texture, surface.uv)], axis=1)
    faces = one[surface.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(1)]
    kept, renumbered = used_vertices(faces, len(rows))
    rows, faces = largest_piece(*split_fans(rows[kept], renumbered[faces]))
    return rows[:, :3], faces, rows[:, 3:] if rows.shape[1] > 3 else None

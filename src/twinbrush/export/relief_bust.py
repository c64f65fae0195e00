"""The printable bust of a portrait that stays open behind: a back is made for the print alone.

The relief is cut by a level plane near its lower edge. Behind it comes a back of the same triangles (back.py): a
membrane that spans the relief's rim (a harmonic map of the rim over the texture plane), blown up backward like a
balloon. Front and back are joined along the border by a strip of quads; along the cut both sides lie in the plane, so
there the strip is the flat base. All of it is watertight by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.errors import BadMesh
from twinbrush.export.back import balloon, fair_seam, laplacian_of, smoothed_loop, solve_fixed
from twinbrush.export.bust import MIN_WALL_MM, Solid, standing
from twinbrush.export.surface import sample_texture, surface_of
from twinbrush.export.topology import border_loops, cut_level, fill_holes, largest_piece, split_fans
from twinbrush.mesh import Mesh

BASE_SHARES = tuple(np.linspace(0.02, 0.3, 15).tolist())  # heights tried for the cut, shares of the whole
BASE_WIDTH_SHARE = 0.6  # the base shall be this wide, measured by the widest part of the lower third


@dataclass(frozen=True)
class _Front:
    """The cut relief: manifold, one piece, one border, in the portrait's frame.

    plane: (x, y) on which it is spread out flat (the texture's plane; without texture, seen from the front).
    """

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    plane: Float[np.ndarray, "v 2"]
    uv: Float[np.ndarray, "v 2"] | None
    base_y: float


def bust_of_relief(mesh: Mesh, print_height_mm: float) -> Solid:
    """The bust of an open relief, `print_height_mm` high. Raises BadMesh when the mesh has no border to close."""
    front = _cut_front(mesh)
    loops = border_loops(front.faces)
    if not loops:
        raise BadMesh("The mesh is already closed.", "Only an open relief can be made into a bust.")
    border = loops[0]  # the others have been filled
    height = float(np.ptp(front.vertices[:, 1]))
    back, colours = _back(front, border, MIN_WALL_MM * height / print_height_mm, mesh.texture)
    count = len(front.vertices)
    i, j = border, np.roll(border, -1)
    strip = np.concatenate([np.stack([j, i, i + count], 1), np.stack([j, i + count, j + count], 1)])
    faces = np.concatenate([front.faces, front.faces[:, ::-1] + count, strip])
    vertices = fair_seam(np.concatenate([front.vertices, back]), faces, np.concatenate([i, i + count]), front.base_y)
    return Solid(standing(vertices, front.base_y, print_height_mm), faces, colours, "open relief")


# ---- the front: one manifold piece, cut level ------------------------------------------------------------------------


def _cut_front(mesh: Mesh) -> _Front:
    """Choose the height of the cut and cut there."""
    surface = surface_of(mesh)
    riding = surface.uv if surface.uv is not None else surface.vertices[:, :2]
    vertices = np.concatenate([surface.vertices, riding], 1)
    low, high = surface.vertices[:, 1].min(), surface.vertices[:, 1].max()
    base_y = low + _base_share(surface.vertices, surface.faces, low, high) * (high - low)
    vertices, faces = cut_level(vertices, surface.faces, float(base_y))
    vertices, faces = largest_piece(*split_fans(vertices, faces))
    vertices, faces = fill_holes(vertices, faces)
    plane = vertices[:, 3:]
    return _Front(vertices[:, :3], faces, plane, plane if surface.uv is not None else None, float(base_y))


def _base_share(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], low: float, high: float
) -> float:
    """The lowest cut that is wide enough to stand on: busts end in a curve, and its last tip is no base."""
    y = vertices[faces][:, :, 1]
    x = vertices[faces][:, :, 0]
    widths = []
    for share in BASE_SHARES:
        level = low + share * (high - low)
        crossing = (y.min(1) <= level) & (y.max(1) >= level)
        widths.append(float(np.ptp(x[crossing])) if crossing.any() else 0.0)
    wide = np.flatnonzero(np.array(widths) >= BASE_WIDTH_SHARE * max(widths))
    return BASE_SHARES[int(wide[0])]


# ---- the back --------------------------------------------------------------------------------------------------------


def _back(
    front: _Front, border: Int[np.ndarray, "n"], wall: float, texture: Float[np.ndarray, "h w 3"] | None
) -> tuple[Float[np.ndarray, "v 3"], Float[np.ndarray, "v2 3"] | None]:
    """Where every front vertex' twin lies on the back, and the colours of front and back.

    On the back the rim's colours spread harmonically: hair behind hair, cloth below.
    """
    count, height = len(front.vertices), float(np.ptp(front.vertices[:, 1]))
    base = border[front.vertices[border, 1] < front.base_y + 1e-9 * height]
    rim = np.setdiff1d(border, base)
    if len(rim) == 0:
        raise BadMesh("The bust's border lies in one plane.", "Use a relief with an upper rim.")
    target = front.vertices.copy()
    target[border] = smoothed_loop(front.vertices[border], front.vertices[border])
    target[base, 1] = front.base_y
    width = float(np.ptp(front.vertices[:, :2], axis=0).max())
    laplacian, areas = laplacian_of(front.plane, front.faces, width)
    x, y, z = target.T
    across = solve_fixed(laplacian, np.zeros((count, 2)), border, np.stack([x, y], 1))
    load, fixed = np.zeros((count, 5)), np.zeros((count, 5))
    load[:, 1], fixed[:, 0] = areas, z
    colours = None if texture is None or front.uv is None else sample_texture(texture, front.uv)
    if colours is not None:
        fixed[:, 2:] = colours
    membrane = solve_fixed(laplacian, load, rim, fixed)
    behind = membrane[:, 0] - wall - balloon(membrane[:, 1], across[:, 1], height)
    behind = np.minimum(behind, front.vertices[:, 2] - wall)  # wherever the front itself reaches far back
    back = np.column_stack([across, behind])
    return back, None if colours is None else np.clip(np.concatenate([colours, membrane[:, 2:]]), 0, 1)

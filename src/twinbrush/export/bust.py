"""A watertight bust for printing, made from the open relief.

The relief is cut by a level plane near its lower edge. Behind it comes a back of the same triangles: a membrane that
spans the relief's rim (a harmonic map of the rim over the texture plane), blown up backward like a balloon
(thickness t with t^2 / 2 the solution of a Poisson equation: over a disc that is exactly half an ellipsoid, so a head
gets a round skull and a neck a thin nape). Front and back are joined along every border by a strip of quads; along
the cut both sides lie in the plane, so that strip is the flat base. All of it is watertight by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from twinbrush.errors import BadMesh
from twinbrush.export.surface import sample_texture, surface_of
from twinbrush.export.topology import border_loops, cut_level, fill_holes, largest_piece, split_fans
from twinbrush.mesh import Mesh

HEAD_ROUNDNESS, NECK_ROUNDNESS = 1.25, 0.75  # depth of the back over half the width, about: a long skull, a flat nape
_EAR_Y_MM, _NAPE_Y_MM = -45.0, -125.0  # where the skull ends and the nape begins, below the eyes (see camera.py)
_RIM_SMOOTHING_MM, _SEAM_WIDTH_MM = 6.0, 14.0  # of the curve at which the back begins; of the band that is faired
MOST_DEPTH_SHARE = 0.42  # of the height: shoulders, which are wide, shall not get a back like a barrel
MIN_WALL_MM = 1.2  # in the print: three lines of a 0.4 mm nozzle
BASE_SHARES = tuple(np.linspace(0.02, 0.3, 15).tolist())  # heights tried for the cut, shares of the whole
BASE_WIDTH_SHARE = 0.6  # the base shall be this wide, measured by the widest part of the lower third


@dataclass(frozen=True)
class Solid:
    """A closed surface: vertices (V, 3) mm in the print's frame (z up, base on z = 0, the face looks along -y, centred
    on x = y = 0), faces counter-clockwise from outside, colours (V, 3) sRGB 0..1 or None without a texture."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    colours: Float[np.ndarray, "v 3"] | None


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


def printable_solid(mesh: Mesh, print_height_mm: float) -> Solid:
    """The bust as one closed solid, `print_height_mm` high. Raises BadMesh when the mesh has no border to close."""
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
    vertices = _faired(np.concatenate([front.vertices, back]), faces, np.concatenate([i, i + count]), front.base_y)
    return Solid(_standing(vertices, front.base_y, print_height_mm), faces, colours)


def _standing(
    vertices: Float[np.ndarray, "v 3"], base_y: float, print_height_mm: float
) -> Float[np.ndarray, "v 3"]:
    """Portrait frame (y up, z to the viewer) -> print frame (z up, facing -y), scaled, base on 0, centred."""
    x, y, z = vertices.T
    out = np.stack([x, -z, y - base_y], 1) * (print_height_mm / (y.max() - base_y))
    out[:, :2] -= (out[:, :2].min(0) + out[:, :2].max(0)) / 2
    return out


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
    target[border] = _smoothed(front.vertices[border], _RIM_SMOOTHING_MM)
    target[base, 1] = front.base_y
    laplacian, areas = _laplacian(front)
    x, y, z = target.T
    across = _solve(laplacian, np.zeros((count, 2)), border, np.stack([x, y], 1))
    load, fixed = np.zeros((count, 5)), np.zeros((count, 5))
    load[:, 1], fixed[:, 0] = areas, z
    colours = None if texture is None or front.uv is None else sample_texture(texture, front.uv)
    if colours is not None:
        fixed[:, 2:] = colours
    membrane = _solve(laplacian, load, rim, fixed)
    skull = _smoothstep(_NAPE_Y_MM, _EAR_Y_MM, across[:, 1])
    depth = (NECK_ROUNDNESS + (HEAD_ROUNDNESS - NECK_ROUNDNESS) * skull) * np.sqrt(np.maximum(2 * membrane[:, 1], 0))
    most = MOST_DEPTH_SHARE * height
    behind = membrane[:, 0] - wall - most * np.tanh(depth / most)
    behind = np.minimum(behind, front.vertices[:, 2] - wall)  # wherever the front itself reaches far back
    back = np.column_stack([across, behind])
    return back, None if colours is None else np.clip(np.concatenate([colours, membrane[:, 2:]]), 0, 1)


def _smoothed(loop: Float[np.ndarray, "n 3"], sigma_mm: float) -> Float[np.ndarray, "n 3"]:
    """A closed curve without its small teeth (the relief's rim follows pixels): Gaussian along its vertices."""
    spacing = float(np.linalg.norm(loop - np.roll(loop, 1, axis=0), axis=1).mean())
    return ndimage.gaussian_filter1d(loop, sigma_mm / max(spacing, 1e-9), axis=0, mode="wrap")


def _faired(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], seam: Int[np.ndarray, "n"], base_y: float
) -> Float[np.ndarray, "v 3"]:
    """Smooth the seam between front and back, fading out over a few millimetres; heights on the base stay."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)  # closed: every edge comes in both directions
    size = len(vertices)
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(size, size)).tocsr()
    average = sparse.diags(1 / np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)) @ adjacency
    spacing = float(np.median(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)))
    rings = int(np.clip(round(_SEAM_WIDTH_MM / max(spacing, 1e-9)), 1, 24))
    weight, reached = np.zeros(size), np.zeros(size)
    reached[seam] = 1
    for ring in range(rings):
        weight = np.maximum(weight, (reached > 0) * (1 - ring / rings))
        reached = reached + adjacency @ reached > 0
    weight = 0.7 * weight[:, None] * np.where(vertices[:, 1:2] <= base_y + 1e-6, (1.0, 0.0, 1.0), 1.0)
    for _ in range(2 * rings):
        vertices = vertices + weight * (average @ vertices - vertices)
    return vertices


def _smoothstep(low: float, high: float, x: Float[np.ndarray, "v"]) -> Float[np.ndarray, "v"]:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _laplacian(front: _Front) -> tuple[sparse.csc_matrix, Float[np.ndarray, "v"]]:
    """Cotangent Laplacian (positive semi-definite) and vertex areas over the texture plane, scaled to the mesh's mm.

    Triangles without area there (or turned over by a warp) count with their absolute, floored cotangents.
    """
    spread = np.ptp(front.vertices[:, :2], axis=0).max() / max(float(np.ptp(front.plane, axis=0).max()), 1e-12)
    points, faces = front.plane * spread, front.faces
    rows, columns, values = [], [], []
    a, b, c = (points[faces[:, k]] for k in range(3))
    double_area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    typical = float(np.median(double_area))
    for k in range(3):
        i, j, o = faces[:, (k + 1) % 3], faces[:, (k + 2) % 3], faces[:, k]
        cotangent = np.einsum("ij,ij->i", points[i] - points[o], points[j] - points[o])
        weight = np.clip(0.5 * cotangent / np.maximum(double_area, 0.05 * typical), 1e-3, 10.0)
        rows += [i, j]
        columns += [j, i]
        values += [weight, weight]
    size = len(points)
    weights = sparse.coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    ).tocsc()
    laplacian = sparse.diags(np.asarray(weights.sum(1)).ravel()).tocsc() - weights
    areas = np.bincount(faces.ravel(), np.repeat(double_area / 6, 3), minlength=size)
    return laplacian, areas


def _solve(
    laplacian: sparse.csc_matrix,
    load: Float[np.ndarray, "v c"],
    fixed: Int[np.ndarray, "n"],
    values: Float[np.ndarray, "v c"],
) -> Float[np.ndarray, "v c"]:
    """Solve laplacian @ u = load with u = values at the vertices `fixed`."""
    free = np.setdiff1d(np.arange(len(values)), fixed)
    out = values.copy()
    if len(free):
        inner = laplacian[free]
        right = load[free] - inner[:, fixed] @ values[fixed]
        factors = splu(inner[:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        out[free] = factors.solve(right)
    return out

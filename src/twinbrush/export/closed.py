"""The portrait with a back: the open relief becomes a head that can be seen from every side.

The back (see back.py) is a second, coarser sheet behind the relief, joined to it along the rim. It has no picture of
its own: the rim's colours spread over it (hair behind hair, cloth below), with the brushwork of the hair, painted into
the largest empty rectangle of the texture, so that the result is still one mesh with one texture for every format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse, spatial

from twinbrush.errors import BadMesh
from twinbrush.export.back import (
    balloon,
    laplacian_of,
    located,
    smoothed_loop,
    solve_fixed,
    unfolded,
)
from twinbrush.export.chart import find_chart, painted
from twinbrush.export.seam import plated_seam
from twinbrush.export.skull import Depth, pushed_back, squared_depth
from twinbrush.export.surface import sample_texture, surface_of
from twinbrush.export.topology import border_loops, fill_holes, largest_piece, split_fans
from twinbrush.export.wrap import dense, wrapped
from twinbrush.maths.filters import smoothstep
from twinbrush.mesh import Mesh, Region, border_edges
from twinbrush.portrait.values import HeadShape

_BACK_EDGE_MM = 3.5
_RIM_CALM_MM, _WAVES_MM = 18.0, 9.0  # blur of the rim as the back follows it; how far the rest of it reaches
_WALL_MM = 1.0  # at least between front and back, away from the rim
_COLOUR_SMOOTHING_MM = 12.0  # of the rim's colours: single strokes at the edge shall not become stripes over the back
_HAIR_REACH_MM = 20.0  # skin at the rim takes the hair's colour from about so far around the nearest hair
_LEAST_STROKES = 0.2  # of the hair's brushwork on neck and clothes
_CHIN_Y_MM = -75.0  # above it the back of a head with hair is hair, also behind ears and cheeks


@dataclass(frozen=True)
class _Sheet:
    """The relief made fit: manifold, one piece, one border; `shapes` are its vertices in every given mesh.

    Triangles and colours are decided on the first shape alone, the photo's: another strength of the geometry then
    leaves the texture as it is, to the last byte.
    """

    shapes: list[Float[np.ndarray, "v 3"]]
    faces: Int[np.ndarray, "f 3"]
    uv: Float[np.ndarray, "v 2"]
    regions: Int[np.ndarray, "v"] | None
    rim: Int[np.ndarray, "n"]


@dataclass(frozen=True)
class _Layout:
    """The back laid out flat in the front's texture plane: `rim` are its vertices at `_Sheet.rim`, in that order;
    `near` is the front's vertex nearest to each."""

    uv: Float[np.ndarray, "b 2"]
    faces: Int[np.ndarray, "g 3"]
    rim: Int[np.ndarray, "n"]
    near: Int[np.ndarray, "b"]


def close_portrait(
    mesh: Mesh, before: Mesh | None = None, head: HeadShape | None = None
) -> tuple[Mesh, Mesh | None]:
    """`mesh`, and `before` (same topology and uv, its own shape and texture), with a back.

    head: the one that belongs to the photo's face, whose skull, neck and shoulders the back follows (see skull.py).
    Without it, or as far as it is not to be trusted, the back is a balloon's (see back.py).

    Raises BadMesh when there is no border, no texture, no room in the texture, or another topology.
    """
    meshes = [mesh] if before is None else [before, mesh]
    sheet = _sheet(meshes)
    count = len(sheet.uv)
    layout = _layout(sheet)
    hair = None if sheet.regions is None else (sheet.regions[sheet.faces] == Region.HAIR).all(1)
    colours = [sample_texture(m.texture, sheet.uv) for m in meshes if m.texture is not None]
    backs, near, ears = _shapes(sheet, layout, head)
    back_colours, strokes = _colours(sheet, layout, backs[0], colours)
    chart = find_chart(sheet.uv, sheet.faces, hair, unfolded(layout.uv, layout.faces, layout.rim, backs[0]))
    faces = np.concatenate([sheet.faces, layout.faces[:, ::-1] + count])
    seam = np.stack([sheet.rim, layout.rim + count], 1)
    welded = np.arange(count + len(layout.uv))
    welded[seam[:, 1]] = seam[:, 0]
    regions = None if sheet.regions is None else sheet.regions[np.r_[:count, near]].astype(np.uint8)
    uv = np.concatenate([sheet.uv, chart.uv])
    closed: list[Mesh] = []
    for m, shape, back, colour in zip(meshes, sheet.shapes, backs, back_colours, strict=True):
        vertices = plated_seam(np.concatenate([shape, back]), welded[faces], sheet.rim, ears)
        vertices[seam[:, 1]] = vertices[seam[:, 0]]
        assert m.texture is not None
        texture = painted(m.texture, chart, layout.faces, colour, strokes)
        closed.append(replace(m, vertices=vertices, faces=faces, uv=uv, texture=texture, regions=regions, seam=seam))
    return closed[-1], closed[0] if before is not None else None


# ---- shape -----------------------------------------------------------------------------------------------------------


def _sheet(meshes: list[Mesh]) -> _Sheet:
    """All shapes go through the same repairs, as columns beside each other."""
    first = meshes[0]
    if any(m.texture is None or m.uv is None for m in meshes):
        raise BadMesh("Only a textured portrait can get a painted back.", "Bake a texture first.")
    if any(m.vertices.shape != first.vertices.shape or not np.array_equal(m.faces, first.faces) for m in meshes):
        raise BadMesh("The meshes before and after have different topologies.", "Give both the same triangles.")
    surface = surface_of(first)
    regions = np.full(len(surface.kept), np.nan) if first.regions is None else first.regions[surface.kept].astype(float)
    columns = [*(m.vertices[surface.kept] for m in meshes), surface.uv, regions[:, None]]
    rows, faces = largest_piece(*split_fans(np.concatenate([c for c in columns if c is not None], 1), surface.faces))
    rows, faces = fill_holes(rows, faces)
    loops = border_loops(faces)
    if not loops:
        raise BadMesh("The mesh is already closed.", "Only an open relief needs a back.")
    shapes = [rows[:, 3 * i : 3 * i + 3] for i in range(len(meshes))]
    uv, regions = rows[:, -3:-1], rows[:, -1]
    return _Sheet(shapes, faces, uv, None if np.isnan(regions).any() else _labelled(regions, uv), loops[0])


def _labelled(regions: Float[np.ndarray, "v"], uv: Float[np.ndarray, "v 2"]) -> Int[np.ndarray, "v"]:
    """The labels; along the rim, where a pixel is already background, that of the nearest vertex of the person."""
    labels = np.round(regions).astype(int)
    beside, person = np.flatnonzero(labels == Region.BACKGROUND), np.flatnonzero(labels != Region.BACKGROUND)
    if len(person) and len(beside):
        labels[beside] = labels[person[spatial.KDTree(uv[person]).query(uv[beside])[1]]]
    return labels


def _layout(sheet: _Sheet) -> _Layout:
    """Triangles of about `_BACK_EDGE_MM` inside the rim: the back is smooth and needs no more.

    Delaunay's triangles of the rim and a grid of points inside; where the rim is so jagged that one of its edges is
    not among theirs, the front's own triangles serve.
    """
    outline, count = sheet.uv[sheet.rim], len(sheet.rim)
    size_mm = float(np.ptp(sheet.shapes[0][:, :2], axis=0).max())
    step = _BACK_EDGE_MM / size_mm * float(np.ptp(sheet.uv, axis=0).max())
    low, high = outline.min(0), outline.max(0)
    u, v = np.meshgrid(*(np.arange(low[k], high[k], step) for k in range(2)))
    u[1::2] += step / 2
    grid = np.stack([u, v], -1).reshape(-1, 2)
    distance, _ = spatial.KDTree(outline).query(grid)
    grid = grid[(distance > 0.7 * step) & _inside(outline, grid)]
    points = np.concatenate([outline, grid])
    faces = spatial.Delaunay(points).simplices.astype(np.int64)
    faces = faces[_inside(outline, points[faces].mean(1))]
    a, b, c = points[faces].transpose(1, 0, 2)
    double_area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    faces = np.where(double_area[:, None] < 0, faces[:, ::-1], faces)[np.abs(double_area) > 1e-12]
    border = border_edges(faces) if len(faces) else np.zeros((0, 2), np.int64)
    rim = np.stack([np.arange(count), np.roll(np.arange(count), -1)], 1)
    if sorted(border.tolist()) != sorted(rim.tolist()):
        return _Layout(sheet.uv, sheet.faces, sheet.rim, np.arange(len(sheet.uv)))
    near = spatial.KDTree(sheet.uv).query(grid)[1] if len(grid) else np.zeros(0, np.int64)
    return _Layout(points, faces, np.arange(count), np.concatenate([sheet.rim, near]))


def _inside(outline: Float[np.ndarray, "n 2"], points: Float[np.ndarray, "p 2"]) -> Bool[np.ndarray, "p"]:
    """Even-odd rule: a ray to the right crosses the closed polygon an odd number of times."""
    inside = np.zeros(len(points), bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        rows = (y0 <= y) != (y1 <= y)
        inside[rows] ^= x[rows] < x0 + (y[rows] - y0) / (y1 - y0) * (x1 - x0)
    return inside


def _shapes(
    sheet: _Sheet, layout: _Layout, head: HeadShape | None
) -> tuple[list[Float[np.ndarray, "b 3"]], Int[np.ndarray, "b"], Bool[np.ndarray, "n"]]:
    """Where the back lies, for every shape (one factorisation for all of them), the front's vertex nearest to each, and
    which of the rim's vertices run over an ear.

    The depth behind the membrane over the rim is found for the first shape, the photo's; others take it along, scaled.
    """
    rim, count, first = layout.rim, len(layout.uv), sheet.shapes[0]
    laplacian, areas = laplacian_of(layout.uv, layout.faces, float(np.ptp(first[:, :2], axis=0).max()))
    fixed = np.zeros((count, 1 + 3 * len(sheet.shapes)))
    load = np.zeros_like(fixed)
    load[:, 0] = areas
    for i, shape in enumerate(sheet.shapes):
        fixed[rim, 1 + 3 * i : 4 + 3 * i] = smoothed_loop(shape[sheet.rim], shape[sheet.rim], _RIM_CALM_MM)
    solved = solve_fixed(laplacian, load, rim, fixed)
    # the rim's own waves (locks of hair, an ear) die out within a short way behind it, else they become pleats
    waves = np.zeros((count, 3 * len(sheet.shapes)))
    waves[rim] = np.hstack([shape[sheet.rim] for shape in sheet.shapes]) - fixed[rim, 1:]
    damped = (laplacian + sparse.diags(areas / _WAVES_MM**2)).tocsc()
    membranes = solved[:, 1:] + solve_fixed(damped, np.zeros_like(waves), rim, waves)
    found = _depth(sheet, layout, head, solved[:, :4], laplacian, areas)
    squared = found.squared
    # the layout is even in the plane of the picture; behind the rim the surface runs away from it
    uneven = pushed_back(membranes[:, :3], np.sqrt(squared))
    flat = unfolded(layout.uv, layout.faces, rim, uneven)
    corners, weights = located(flat, layout.faces, layout.uv)
    plain = np.column_stack([membranes, found.loose, squared, layout.uv])
    even = (plain[corners] * weights[..., None]).sum(1)
    even[rim] = plain[rim]
    near = layout.near.copy()
    inner = np.setdiff1d(np.arange(count), rim)
    near[inner] = spatial.KDTree(sheet.uv).query(even[inner, -2:])[1]
    backs: list[Float[np.ndarray, "b 3"]] = []
    drawn = np.zeros((count, 3))
    for i, shape in enumerate(sheet.shapes):
        size = np.sqrt(_outline_area(shape[sheet.rim]) / _outline_area(first[sheet.rim]))
        membrane = even[:, 3 * i : 3 * i + 3]
        behind = np.minimum(membrane[:, 2] - size * np.sqrt(even[:, -3]), shape[near, 2] - _WALL_MM)
        back = pushed_back(membrane, membrane[:, 2] - behind)
        back[rim] = shape[sheet.rim]
        if i == 0 and head is not None:
            target = dense(found.skin, head.faces)
            drawn = wrapped(back, layout.faces, rim, target, even[:, -4]) - back
        backs.append(back + size * drawn)
    return backs, near, found.ears


def _depth(
    sheet: _Sheet, layout: _Layout, head: HeadShape | None, solved: Float[np.ndarray, "b 4"],
    laplacian: sparse.csc_matrix, areas: Float[np.ndarray, "b"],
) -> Depth:
    """As the predicted head tells it; as far as there is none to trust, a balloon's.

    solved: the Poisson solution, the membrane.
    """
    plain = balloon(solved[:, 0], solved[:, 2], float(np.ptp(sheet.shapes[0][:, 1]))) ** 2
    if head is None:
        return Depth(plain, np.zeros(len(plain)), np.zeros((0, 3)), np.zeros(len(layout.rim), bool))
    regions = np.full(len(layout.rim), Region.SKIN) if sheet.regions is None else sheet.regions[sheet.rim]
    share = min(1.0, 2 * head.trust)
    depth = squared_depth(head, solved[:, 1:], layout.rim, regions, laplacian, areas)
    squared = share * depth.squared + (1 - share) * plain
    return Depth(squared, share * depth.loose, depth.skin, depth.ears & (share > 0))


def _outline_area(loop: Float[np.ndarray, "n 3"]) -> float:
    """Of the picture that a closed curve surrounds."""
    x, y = loop[:, :2].T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _colours(
    sheet: _Sheet, layout: _Layout, back: Float[np.ndarray, "b 3"], colours: list[Float[np.ndarray, "v 3"]]
) -> tuple[list[Float[np.ndarray, "b 3"]], Float[np.ndarray, "b"]]:
    """The rim's colours, spread over the back (of the first shape), and how much the hair's brushwork shows there: less
    on neck and clothes than on the head."""
    rim, count, place = layout.rim, len(back), sheet.shapes[0][sheet.rim]
    laplacian, areas = laplacian_of(back, layout.faces, float(np.ptp(back, axis=0).max()))
    fixed, waves = np.zeros((count, 3 * len(colours) + 1)), np.zeros((count, 3 * len(colours)))
    spread = [*(_rim_colours(sheet, c) for c in colours), _rim_hair(sheet)[:, None]]
    fixed[rim] = np.hstack([smoothed_loop(values, place, _COLOUR_SMOOTHING_MM) for values in spread])
    own = np.hstack([smoothed_loop(c[sheet.rim], place, _COLOUR_SMOOTHING_MM / 3) for c in colours])
    waves[rim] = own - fixed[rim, :-1]  # skin, light from behind: stripes, if they did not end soon
    damped = (laplacian + sparse.diags(areas / _WAVES_MM**2)).tocsc()
    solved = solve_fixed(laplacian, np.zeros_like(fixed), rim, fixed)
    solved[:, :-1] += solve_fixed(damped, np.zeros_like(waves), rim, waves)
    strokes = _LEAST_STROKES + (1 - _LEAST_STROKES) * smoothstep(2 * solved[:, -1] - 0.5)
    return [np.clip(solved[:, 3 * i : 3 * i + 3], 0, 1) for i in range(len(colours))], strokes


def _rim_hair(sheet: _Sheet) -> Float[np.ndarray, "n"]:
    """1 where what lies behind the rim is hair: also behind skin above the chin."""
    if sheet.regions is None:
        return np.ones(len(sheet.rim))
    regions, head = sheet.regions[sheet.rim], sheet.shapes[0][sheet.rim, 1] > _CHIN_Y_MM
    return ((regions == Region.HAIR) | (head & (regions != Region.CLOTH))).astype(float)


def _rim_colours(sheet: _Sheet, colours: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "n 3"]:
    """The colours that go from the rim to the back: its own, but hair's for skin above the chin."""
    rim = sheet.rim
    out, place = colours[rim], sheet.shapes[0][rim]
    if sheet.regions is None:
        return out
    hair = np.flatnonzero((sheet.regions[rim] == Region.HAIR) & _like_hair(sheet.regions, colours)[rim])
    other = sheet.regions[rim] != Region.CLOTH
    other[hair] = False
    skin = np.flatnonzero(other & (place[:, 1] > _CHIN_Y_MM))
    if len(hair) < 0.1 * len(rim):  # bald, or a stray label
        return out
    distance = np.linalg.norm(place[skin, None] - place[None, hair], axis=2)
    # not the nearest alone: at the hairline the labels are least certain
    weight = np.exp((distance.min(1, keepdims=True) - distance) / _HAIR_REACH_MM)
    out[skin] = weight @ out[hair] / weight.sum(1, keepdims=True)
    return out


def _like_hair(regions: Int[np.ndarray, "v"], colours: Float[np.ndarray, "v 3"]) -> Bool[np.ndarray, "v"]:
    """Whose colour is nearer to the hair's than to the skin's: labels along the rim are the least certain of all."""
    medians = [np.median(colours[regions == r], axis=0) for r in (Region.HAIR, Region.SKIN) if (regions == r).any()]
    if len(medians) < 2:
        return np.ones(len(colours), bool)
    to_hair, to_skin = (np.linalg.norm(colours - median, axis=1) for median in medians)
    return to_hair <= to_skin

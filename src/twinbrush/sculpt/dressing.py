"""Hair, beard, headwear and bust join the figure: charts in its atlas' right half, the photo's colours on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from twinbrush.base.beside import Works, mapped
from twinbrush.base.camera import project
from twinbrush.base.mesh import Mesh, Region, vertex_normals
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.charts import box_charts
from twinbrush.maths.gather import interpolated
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.sculpt.assemble import joined, seam_of
from twinbrush.sculpt.follow import followed
from twinbrush.sculpt.roots import with_roots
from twinbrush.sculpt.skin import lookup, spread
from twinbrush.sculpt.solid_colours import Material, Skin, materials_of
from twinbrush.sculpt.strand_lines import drawn_out, in_texture, texture_maps
from twinbrush.sculpt.values import Figure, Part, Solid, Surroundings

DENSITY = {"Bust": 0.62}  # texels a mm compared with hair: clothes are plainer and larger
PEEL_TEXELS_MM = 2.5  # overlaps are told apart at so many texels a mm
REGIONS = {"Bust": Region.CLOTH}
BARE = 0.5  # a vertex is of skin from there
DRAWN_LIGHT = 0.16  # how much lighter locks are than their mass, darker the furrows, where nothing is seen
SEEN_LIGHT = 0.05  # ... and where the photo has its own light


@dataclass(frozen=True)
class Layout:
    """All solids as one mesh. vertex (u,): the vertex each texture vertex is; faces (t, 3) over texture vertices; uv
    (u, 2) in the right half alone; starts: the first vertex and triangle of each solid."""

    vertex: Int[np.ndarray, "u"]
    faces: Int[np.ndarray, "t 3"]
    uv: Float[np.ndarray, "u 2"]
    vertex_starts: Int[np.ndarray, "k"]
    face_starts: Int[np.ndarray, "k"]


def dressed(figure: Figure, solids: tuple[Solid, ...], photo: Surroundings) -> Figure:
    """Returns the figure with the solids as parts of their names, its atlas twice as wide.

    The head's and eyes' colours lie in the left half. No solids: the figure as it is.
    """
    if not solids:
        return figure
    layout = laid_out(solids)
    half = _halved(figure.parts, 0)
    parts = _parts(solids, layout, figure.parts[0])
    whole = joined((*figure.parts, *parts), None)
    right = _painted(figure, solids, layout, photo, whole)
    left = with_roots(figure.texture, figure.parts[0].mesh, figure.landmarks_xyz, parts, right)
    texture = np.concatenate([left, right], 1).astype(figure.texture.dtype)
    return replace(figure, parts=(*half, *_halved(parts, 1)), texture=texture)


def laid_out(solids: tuple[Solid, ...]) -> Layout:
    """Charts of all solids, injective, in one unit square."""
    points = np.concatenate([solid.vertices * DENSITY.get(solid.name, 1.0) for solid in solids])
    counts = [len(solid.vertices) for solid in solids]
    starts = np.r_[0, np.cumsum(counts)[:-1]]
    faces = np.concatenate([s.triangles + start for s, start in zip(solids, starts, strict=True)])
    vertex, over, uv = box_charts(points, faces, PEEL_TEXELS_MM)
    return Layout(vertex, over, uv, starts, np.r_[0, np.cumsum([len(s.triangles) for s in solids])[:-1]])


def _halved(parts: tuple[Part, ...], right: int) -> tuple[Part, ...]:
    """The parts with their uv in the left or right half of a wider atlas."""
    out: list[Part] = []
    for part in parts:
        uv = part.mesh.uv
        assert uv is not None
        moved = np.stack([(uv[:, 0] + right) / 2, uv[:, 1]], 1)
        out.append(replace(part, mesh=replace(part.mesh, uv=moved)))
    return tuple(out)


def _parts(solids: tuple[Solid, ...], layout: Layout, head: Part) -> tuple[Part, ...]:
    """One part a solid; hair, beard and headwear turn with the head, and a beard moves with the face's expressions."""
    ends = [*layout.face_starts[1:], len(layout.faces)]
    out: list[Part] = []
    for solid, first, start, end in zip(solids, layout.vertex_starts, layout.face_starts, ends, strict=True):
        used, index = np.unique(layout.faces[start:end], return_inverse=True)
        vertex = layout.vertex[used] - first
        mesh = Mesh(solid.vertices[vertex], index.reshape(-1, 3), layout.uv[used], seam=seam_of(vertex),
                    regions=_regions(solid)[vertex])
        targets = followed(head, mesh.vertices) if solid.name.startswith("Beard") else {}
        plinth = None if solid.plinth is None else solid.plinth[vertex]
        out.append(Part(solid.name, mesh, head.pivot, targets=targets, plinth=plinth))
    return tuple(out)


def _regions(solid: Solid) -> UInt8[np.ndarray, "n"]:
    """What each vertex is of: a bust's bare parts are skin."""
    own = np.full(len(solid.vertices), REGIONS.get(solid.name, Region.HAIR), np.uint8)
    return own if solid.bare is None else np.where(solid.bare > BARE, np.uint8(Region.SKIN), own)


def _painted(
    figure: Figure, solids: tuple[Solid, ...], layout: Layout, photo: Surroundings, whole: Mesh
) -> Float[np.ndarray, "s s 3"]:
    """The right half of the atlas."""
    size = len(figure.texture)
    texels = texels_of(layout.uv, layout.faces, size)
    corners = layout.vertex[layout.faces[texels.face]]
    number = np.searchsorted(layout.face_starts, texels.face, side="right") - 1
    near = nearest_depth(whole, photo)
    points, normals, strands = (np.concatenate(rows) for rows in zip(*(_surface(s) for s in solids), strict=True))
    place, look = _blend(points, corners, texels), _blend(normals, corners, texels)
    look /= np.maximum(np.linalg.norm(look, axis=1, keepdims=True), 1e-9)
    skin = Skin.of(figure)
    colour = np.zeros((len(texels.place), 3))

    def paint(index: int) -> None:
        """One solid's own rows of `colour`."""
        solid, rows = solids[index], np.flatnonzero(number == index)
        own = corners[rows] - layout.vertex_starts[index]
        weights = texels.weights[rows]
        materials = materials_of(solid, photo, near, skin)
        lines = drawn.result()[rows]
        for material in materials:
            shown = _shown(material, solid, own, weights, place[rows], look[rows], lines)
            share = material.at(own, weights)
            colour[rows] = (1 - share) * colour[rows] + share * shown

    with Works() as works:
        drawn = works.begin(partial(_lines, texels, corners, points, strands, layout, number))
        mapped(paint, range(len(solids)))
    atlas = np.zeros((size, size, 3), np.float32)
    covered: Bool[np.ndarray, "s s"] = np.zeros((size, size), bool)
    atlas.reshape(-1, 3)[texels.place] = np.clip(colour, 0, 1)
    covered.reshape(-1)[texels.place[texels.inside]] = True
    return spread(atlas, covered)


def _shown(
    material: Material, solid: Solid, corners: Int[np.ndarray, "s 3"], weights: Float[np.ndarray, "s 3"],
    place: Float[np.ndarray, "s 3"], look: Float[np.ndarray, "s 3"], drawn: Float[np.ndarray, "s"],
) -> Float[np.ndarray, "s 3"]:
    """The colour at a solid's texels: the photo where it shows the material, elsewhere its field with drawn detail."""
    field = _corner_sum(material.field, corners, weights)
    relief = np.zeros(len(solid.vertices)) if solid.relief is None else solid.relief
    light = _corner_sum(relief[:, None], corners, weights)
    unseen = field * (1 + DRAWN_LIGHT * light + material.lines * drawn[:, None])
    if material.sight is None:
        return unseen
    pixels, weight = material.sight.weight(place, look)
    seen = lookup(material.sight.image, pixels) * (1 + SEEN_LIGHT * light)
    return (1 - weight[:, None]) * unseen + weight[:, None] * seen


def nearest_depth(whole: Mesh, photo: Surroundings) -> Float[np.ndarray, "h w"]:
    """Depth of the figure's nearest surface in the photo, grown by a pixel; far where there is none."""
    height, width = photo.labels.shape
    pixels, depth = project(photo.camera, whole.vertices)
    nearest = rasterize(pixels, depth, whole.faces, width, height).depth
    near = cv2.dilate(np.where(np.isfinite(nearest), nearest, 0.0).astype(np.float32), np.ones((3, 3), np.uint8))
    near[near == 0] = 1e6
    return near


def _surface(solid: Solid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, normals and strands."""
    strands = np.zeros_like(solid.vertices) if solid.strands is None else solid.strands
    return solid.vertices, vertex_normals(solid.vertices, solid.triangles), strands


def _corner_sum(
    values: Float[np.ndarray, "v c"], corners: Int[np.ndarray, "s 3"], weights: Float[np.ndarray, "s 3"]
) -> Float[np.ndarray, "s c"]:
    return interpolated(values, corners, weights).astype(np.float64)


def _blend(values: Float[np.ndarray, "v 3"], corners: Int[np.ndarray, "s 3"], texels: Texels) -> np.ndarray:
    return _corner_sum(values, corners, texels.weights)


def _lines(
    texels: Texels, corners: Int[np.ndarray, "s 3"], points: Float[np.ndarray, "v 3"],
    strands: Float[np.ndarray, "v 3"], layout: Layout, number: Int[np.ndarray, "s"],
) -> Float[np.ndarray, "s"]:
    """Fine lines along the strands at every texel, standard deviation 1; 0 on what has none."""
    out = np.zeros(len(texels.place))
    stranded: Bool[np.ndarray, "v"] = np.abs(strands).sum(1) > 0
    hairy = np.flatnonzero(stranded[corners[:, 0]])
    if not len(hairy):
        return out
    size = texels.shape[0]
    along = interpolated(strands, corners[hairy], texels.weights[hairy])
    maps = texture_maps(points[layout.vertex[layout.faces]], layout.uv[layout.faces] * (size, -size))
    direction = np.zeros((size * size, 2), np.float32)
    direction[texels.place[hairy]] = in_texture(along, maps, texels.face[hairy])
    covered = np.zeros(size * size, np.int64)
    covered[texels.place[hairy]] = number[hairy] + 1
    lines = drawn_out(direction.reshape(size, size, 2), covered.reshape(size, size))
    out[hairy] = lines.reshape(-1)[texels.place[hairy]]
    return out

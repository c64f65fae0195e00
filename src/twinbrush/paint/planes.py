"""Paint plane by plane: on a figure cut in planes, each has one broad colour of its own, with the strokes on it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int

from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.maths.texels import texels_of
from twinbrush.paint.surface import FigureSurface
from twinbrush.sculpt.values import Figure

FLAT = 0.6  # share of a plane's broad colour that is the plane's own
BROAD_ROUNDS = 8  # rings of neighbours over which a colour is broad
LEAST_TEXELS = 12  # of a plane; a smaller one keeps its paint


def planes_of(figure: Figure) -> Int[np.ndarray, "f"] | None:
    """Returns the number of each triangle's plane over all parts in their order, -1 for none; None: no part is cut."""
    if all(part.facets is None for part in figure.parts):
        return None
    out: list[np.ndarray] = []
    used = 0
    for part in figure.parts:
        own = np.full(len(part.mesh.faces), -1) if part.facets is None else part.facets
        out.append(np.where(own >= 0, own + used, -1))
        used = max(used, int(out[-1].max(initial=-1)) + 1)
    return np.concatenate(out)


def plane_by_plane(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, planes: Int[np.ndarray, "f"]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the texture with broad colours that change from plane to plane. planes: of `planes_of`."""
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, (texture.shape[0], texture.shape[1]))
    flat = texture.reshape(-1, 3).copy()
    colour = flat[texels.place].astype(np.float64)
    own = planes[texels.face]
    counted = texels.inside & (own >= 0)
    count = int(planes.max()) + 1
    number = np.bincount(own[counted], minlength=count)
    mean = np.stack([np.bincount(own[counted], c, minlength=count) for c in colour[counted].T], 1)
    mean /= np.maximum(number, 1)[:, None]
    broad = texels.at(_broad(surface, texels.face, colour), mesh.faces)
    chosen = (own >= 0) & (number[own] >= LEAST_TEXELS)
    colour[chosen] += FLAT * (mean[own[chosen]] - broad[chosen])
    flat[texels.place] = np.clip(colour, 0, 1)
    return flat.reshape(texture.shape).astype(np.float32)


def _broad(surface: FigureSurface, face: Int[np.ndarray, "s"], colour: np.ndarray) -> np.ndarray:
    """The colours' broad part at every vertex."""
    faces = surface.place[surface.mesh.faces]
    count = int(surface.place.max()) + 1
    sums, number = np.zeros((count, 3)), np.zeros(count)
    for corner in faces[face].T:
        number += np.bincount(corner, minlength=count)
        sums += np.stack([np.bincount(corner, c, minlength=count) for c in colour.T], 1)
    mean = mean_over_neighbours(faces, count)
    for _ in range(BROAD_ROUNDS):  # weights run along: vertices without texels borrow
        sums, number = mean @ sums, mean @ number
    return (sums / np.maximum(number, 1e-9)[:, None])[surface.place]

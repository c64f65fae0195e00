"""The pair's colours go on round the head: the ring's guide of the skin is bent to what the pair has painted.

The pair brings the style's own lights to the face, the guide knows only palette and person. Where the one ends and the
other begins lay a step in the cheek's colour, which the ring's patches made stripes and clouds of.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import sparse
from scipy.spatial import KDTree

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.sampling import sampled
from twinbrush.maths.linear import quick_solver
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.maths.texels import texel_places, texels_of
from twinbrush.paint.surface import FigureSurface, lab_at

LEAST_WEIGHT = 0.2  # of the pair's paint at a vertex that tells its colour
FACING = (0.45, 0.8)  # of the broad normal toward the front, from where to where a vertex tells it: not the style's rim
ALIKE = (-0.1, 0.6)  # of the same: below the one both sides are alike, above the other each is its own
SMOOTH_MM = 15.0  # over so much the difference is smoothed
UNLIKE = 6.0  # L*a*b* off the smooth difference from where a vertex (a brow, a lip) tells less
ROUNDS = 3  # of weighing anew
FAR = 1e-4  # of the pull to the mean difference


def with_pairs_colours(
    guide: Mesh, surface: FigureSurface, layer: Float32[np.ndarray, "h w 4"]
) -> Mesh:
    """Returns the guide with its skin in the broad colours of the paint, continued where nothing is painted yet.

    guide: the surface's mesh with the guide as texture. layer: the painted atlas, premultiplied colours and weights.
    """
    mesh = surface.mesh
    assert mesh.uv is not None
    assert mesh.regions is not None
    assert guide.texture is not None
    skin = mesh.regions == int(Region.SKIN)
    rows = np.flatnonzero(skin & surface.of("Head", "Mesh"))
    places = texel_places(mesh.uv[rows], (layer.shape[0], layer.shape[1])).astype(np.float32)
    painted = sampled(layer, places, cv2.INTER_LINEAR)
    weight = np.clip(painted[:, 3], 0, 1)
    facing = np.clip((surface.broad[rows, 2] - FACING[0]) / (FACING[1] - FACING[0]), 0, 1)
    hold = np.where(weight > LEAST_WEIGHT, weight * facing, 0.0)
    if hold.sum() < 1:
        return guide
    now = to_lab(np.clip(painted[None, :, :3] / np.maximum(painted[None, :, 3:], 1e-6), 0, 1).astype(np.float32))[0]
    apart = now - lab_at(guide.texture, mesh.uv[rows])
    change = np.zeros((len(mesh.vertices), 3))
    change[rows] = _alike(_smooth(apart, hold, surface, rows), surface, rows)
    others = np.flatnonzero(skin & ~surface.of("Head", "Mesh", "Eye", "Teeth"))  # a bare neckline
    if len(others):
        change[others] = change[rows[KDTree(mesh.vertices[rows]).query(mesh.vertices[others])[1]]]
    return guide.painted(_added(guide, change, skin & ~surface.of("Eye", "Teeth")))


def _alike(
    change: Float[np.ndarray, "n 3"], surface: FigureSurface, rows: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """The change, the same on both sides of the head where it turns away from the front: the style's light comes from
    one side, and would make one profile red and the other pale."""
    points = surface.mesh.vertices[rows]
    other = KDTree(points).query(points * [-1, 1, 1])[1]
    own = np.clip((surface.broad[rows, 2:] - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0, 1)
    return own * change + (1 - own) * (change + change[other]) / 2


def _smooth(
    apart: Float[np.ndarray, "n 3"], hold: Float[np.ndarray, "n"], surface: FigureSurface, rows: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """The differences as smooth over the surface as can be (Laplace's equation where nothing holds them)."""
    place, first, back = np.unique(surface.place[rows], return_index=True, return_inverse=True)
    number = np.full(int(surface.place.max()) + 1, -1)
    number[place] = np.arange(len(place))
    faces = number[surface.place[surface.mesh.faces]]
    faces = faces[(faces >= 0).all(1)]
    stiffness, areas = cotangent_laplacian(surface.mesh.vertices[rows][first], faces)
    held = np.bincount(back, hold) * areas
    value = np.stack([np.bincount(back, hold * apart[:, c]) for c in range(3)], axis=1)
    value /= np.maximum(np.bincount(back, hold), 1e-9)[:, None]
    weight, out = held, np.zeros_like(value)
    for _ in range(ROUNDS):
        mean = (value * weight[:, None]).sum(0) / weight.sum()
        system = sparse.diags(weight + FAR * areas) + SMOOTH_MM**2 * stiffness
        out = mean + quick_solver(system)(weight[:, None] * (value - mean))
        weight = held / (1 + ((value - out) ** 2).sum(1) / UNLIKE**2)  # Cauchy's weights
    return out[back]


def _added(
    guide: Mesh, change: Float[np.ndarray, "v 3"], where: Bool[np.ndarray, "v"]
) -> Float32[np.ndarray, "h w 3"]:
    """The guide's texture with a change of L*a*b* on the faces all of whose vertices lie `where`."""
    assert guide.uv is not None
    assert guide.texture is not None
    faces = guide.faces[where[guide.faces].all(1)]
    texels = texels_of(guide.uv, faces, (guide.texture.shape[0], guide.texture.shape[1]))
    flat = guide.texture.reshape(-1, 3).copy()
    lab = to_lab(flat[texels.place][None])[0] + texels.at(change, faces)
    lab[:, 0] = np.clip(lab[:, 0], 1, 99)
    flat[texels.place] = np.clip(to_rgb(lab[None].astype(np.float32))[0], 0, 1)
    return flat.reshape(guide.texture.shape)

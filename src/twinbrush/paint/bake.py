"""The painted atlas completed: unseen parts filled over the surface, seams welded, gutters padded.

Colours come from all views through `views/surface_paint.py`: each texel's surface point from the view that looks at it
most squarely, with a narrow transition (averaging two paintings would blur them). Both sides of a uv seam look up the
same surface points, texels beside the charts too, so seams differ only by interpolation; what remains is welded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy import sparse

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh
from twinbrush.maths.fill import push_pull
from twinbrush.maths.linear import quick_solver
from twinbrush.maths.texels import Texels
from twinbrush.shape.smooth import umbrella
from twinbrush.shape.weld import Weld, weld
from twinbrush.views.surface_paint import SurfacePaint

SURE = 0.12  # weight from which a texel's paint counts in full
FILL_STIFFNESS = 0.05  # of the fill's smoothness against the paint beside it
LEAST = 1e-7
UNDER_PULL = 1e-4  # of what shows through: it is left as it is some five edges away from the paint


@dataclass(frozen=True)
class Baked:
    """texture (h, w, 3): float32 in [0, 1], row 0 on top. metrics: texels_seen: share of the surface's texels that some
    view painted; seam_difference: mean absolute difference of colour across uv seams."""

    texture: Float32[np.ndarray, "h w 3"]
    metrics: dict[str, float] = field(default_factory=dict)


def bake_views(
    paint: SurfacePaint, pictures: Callable[[], Iterable[tuple[Camera, Float32[np.ndarray, "h w 3"]]]]
) -> None:
    """Lay finished pictures of the surface onto it. pictures: called twice (bids, then paint), so that one picture at a
    time is in memory."""
    for camera, _ in pictures():
        paint.claim(paint.look(camera))
    for camera, image in pictures():
        look = paint.look(camera)
        paint.add(look, image, paint.share(look))


def finish_texture(paint: SurfacePaint, under: Float32[np.ndarray, "a b 3"] | None = None) -> Baked:
    """The complete texture of a painted surface.

    under: a texture that shows through where no view has painted (the inside of a mouth, teeth behind closed lips),
    bent to the paint beside it; None: unseen parts continue the paint smoothly.
    """
    mesh, texels = paint.mesh, paint.texels
    joined = weld(mesh.vertices, mesh.faces)
    layer = paint.layer.reshape(-1, 4)[texels.place]
    weight = layer[:, 3]
    colour = layer[:, :3] / np.maximum(weight, 1e-6)[:, None]
    below = np.zeros_like(colour) if under is None else _at_texels(under, mesh, texels)
    pull = LEAST if under is None else UNDER_PULL
    fill = below + texels.at(_vertex_colours(mesh, joined, paint, colour - below, weight, pull), mesh.faces)
    sure = np.clip(weight / SURE, 0, 1)[:, None]
    done = fill + sure * (colour - fill)
    known = texels.picture(np.ones((len(texels.place), 1), np.float32))[..., 0]
    texture = push_pull(texels.picture(np.clip(done, 0, 1)), known)
    seen = float((weight[texels.inside] > 0.5 * SURE).mean())
    metrics = {"texels_seen": seen, "seam_difference": seam_difference(mesh, joined, texture)}
    return Baked(np.clip(texture, 0, 1).astype(np.float32), metrics)


def _at_texels(picture: Float32[np.ndarray, "a b 3"], mesh: Mesh, texels: Texels) -> Float32[np.ndarray, "s 3"]:
    """Another texture of the mesh, of any size, at the texels."""
    assert mesh.uv is not None
    return _bilinear(picture, texels.at(mesh.uv, mesh.faces).astype(np.float64)).astype(np.float32)


def _vertex_colours(
    mesh: Mesh, joined: Weld, paint: SurfacePaint, colour: Float32[np.ndarray, "s 3"],
    weight: Float32[np.ndarray, "s"], pull: float,
) -> Float[np.ndarray, "v 3"]:
    """Colours of all vertices: the paint around them where there is some, else as smooth over the surface as can be,
    pulled by `pull` to their mean (to 0 where they are differences: UNDER_PULL)."""
    texels, count = paint.texels, len(joined.first)
    total, sums = np.zeros(count), np.zeros((count, 3))
    trusted = np.where(texels.inside, np.minimum(weight, 1), 0)
    for corner in range(3):
        vertex = joined.index[mesh.faces[texels.face, corner]]
        share = trusted * np.clip(texels.weights[:, corner], 0, 1) ** 2
        total += np.bincount(vertex, share, minlength=count)
        for c in range(3):
            sums[:, c] += np.bincount(vertex, share * colour[:, c], minlength=count)
    own = sums / np.maximum(total, 1e-9)[:, None]
    hold = np.clip(total / max(float(np.median(total[total > 0])) if (total > 0).any() else 1.0, 1e-9), 0, 1)
    laplacian = sparse.identity(count, format="csr") - umbrella(joined.faces, count, joined.vertices)
    system = sparse.diags(hold + pull) + FILL_STIFFNESS * (laplacian.T @ laplacian)
    mean = (own * hold[:, None]).sum(0) / max(float(hold.sum()), 1e-9) if pull == LEAST else np.zeros(3)
    solved = quick_solver(system)(hold[:, None] * (own - mean)) + mean
    return np.clip(solved, -1, 1)[joined.index]


def seam_edges(mesh: Mesh, joined: Weld) -> Int[np.ndarray, "e 4"]:
    """Edges with different texture coordinates on their two sides: vertices (a, b) of one side, (c, d) of the other, a
    and c (b and d) at one place."""
    start = mesh.faces.ravel()
    end = mesh.faces[:, [1, 2, 0]].ravel()
    low, high = joined.index[start], joined.index[end]
    swap = low > high
    key = np.where(swap, high, low).astype(np.int64) * (len(joined.first) + 1) + np.where(swap, low, high)
    first, second = np.where(swap, end, start), np.where(swap, start, end)
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    a, b = order[:-1][same], order[1:][same]
    apart = (first[a] != first[b]) | (second[a] != second[b])
    a, b = a[apart], b[apart]
    return np.stack([first[a], second[a], first[b], second[b]], axis=1)


def seam_difference(mesh: Mesh, joined: Weld, texture: Float32[np.ndarray, "h w 3"]) -> float:
    """Mean absolute difference of bilinear colours on both sides of all uv seams (three points an edge)."""
    if mesh.uv is None:
        return 0.0
    edges = seam_edges(mesh, joined)
    if len(edges) == 0:
        return 0.0
    total = 0.0
    for t in (0.2, 0.5, 0.8):
        sides = []
        for a, b in ((0, 1), (2, 3)):
            uv = mesh.uv[edges[:, a]] * (1 - t) + mesh.uv[edges[:, b]] * t
            sides.append(_bilinear(texture, uv))
        total += float(np.abs(sides[0] - sides[1]).mean())
    return total / 3


def _bilinear(texture: Float32[np.ndarray, "h w 3"], uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    height, width = texture.shape[:2]
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1.001)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1.001)
    column, row = x.astype(int), y.astype(int)
    fx, fy = (x - column)[:, None], (y - row)[:, None]
    top = texture[row, column] * (1 - fx) + texture[row, column + 1] * fx
    bottom = texture[row + 1, column] * (1 - fx) + texture[row + 1, column + 1] * fx
    return top * (1 - fy) + bottom * fy

"""Which pixel of one view shows the same surface point as a pixel of another (paper, Eq. 2 and 5): exact, sub-pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.camera import project
from twinbrush.base.rasterize import visible_points
from twinbrush.views.values import ViewSet


def transfer_map(
    views: ViewSet, a: int, b: int
) -> tuple[Float[np.ndarray, "h w 2"], Bool[np.ndarray, "h w"]]:
    """T_ab of Eq. 2: for every pixel of view `a` the pixel (x, y) of view `b` that shows the same surface point, and
    whether that point is seen by both. Also for warped views (Eq. 5), whose `vertex_pixels` are warped.

    Pixels of `a` that see no surface get NaN; hidden or out-of-frame points of `b` get their place, but not valid.
    """
    covered = views.face_index[a] >= 0
    place = surface_pixels(views, b, views.face_index[a][covered], views.barycentric[a][covered])
    transfer = np.full((*covered.shape, 2), np.nan)
    transfer[covered] = place.pixels_xy
    valid = covered.copy()
    valid[covered] = place.visible
    return transfer, valid


@dataclass(frozen=True)
class SurfacePixels:
    """Where points of the surface appear in one view."""

    pixels_xy: Float[np.ndarray, "p 2"]
    depth: Float[np.ndarray, "p"]
    visible: Bool[np.ndarray, "p"]


def surface_pixels(
    views: ViewSet, view: int, face: Int[np.ndarray, "p"], barycentric: Float[np.ndarray, "p 3"]
) -> SurfacePixels:
    """Surface points (face and weights) -> their pixels in a view, with an exact occlusion test.

    A point w_i X_i projects to sum(w_i z_i p_i) / sum(w_i z_i): what Eq. 1 says, in terms of projected vertices, and
    therefore right for warped vertices too.
    """
    camera, faces, pixels = views.cameras[view], views.mesh.faces, views.vertex_pixels[view]
    vertex_depth = project(camera, views.mesh.vertices)[1]
    corners = faces[face]
    weight = barycentric.astype(np.float64) * vertex_depth[corners]
    depth = weight.sum(1)
    total = np.where(depth != 0, depth, 1)
    pixels_xy = np.einsum("pk,pkc->pc", weight, pixels[corners]) / total[:, None]
    depth = depth / barycentric.sum(1, dtype=np.float64)
    visible = visible_points(pixels_xy, depth, pixels, vertex_depth, faces, camera.width, camera.height)
    return SurfacePixels(pixels_xy, depth, visible)


@dataclass(frozen=True)
class MutualPoints:
    """Surface points that two views both see: first those at pixel centres of view `a`, then those at centres of `b`.

    face: the triangle each point lies on. seen_a (h, w): pixels of `a` whose centre shows such a point; seen_b alike.
    """

    pixels_a: Float[np.ndarray, "p 2"]
    pixels_b: Float[np.ndarray, "p 2"]
    face: Int[np.ndarray, "p"]
    seen_a: Bool[np.ndarray, "h w"]
    seen_b: Bool[np.ndarray, "h w"]


def mutual_points(views: ViewSet, a: int, b: int) -> MutualPoints:
    """All surface points seen at a pixel centre of one view and visible in the other, from both sides."""
    there, valid_a = transfer_map(views, a, b)
    back, valid_b = transfer_map(views, b, a)
    return MutualPoints(
        np.concatenate([_centres(valid_a), back[valid_b]]),
        np.concatenate([there[valid_a], _centres(valid_b)]),
        np.concatenate([views.face_index[a][valid_a], views.face_index[b][valid_b]]),
        valid_a, valid_b,
    )  # fmt: skip


def _centres(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "p 2"]:
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], axis=1).astype(float)

"""Two pictures of one surface at the coarser of their resolutions, point by point.

A pixel averages what it shows of the surface, its footprint (Heckbert, Fundamentals of Texture Mapping and Image
Warping, UCB/CSD 89/516, 1989, ch. 3): ten times as long in a view that looks along the surface as in one that looks
straight at it. To say whether the two agree, the finer picture is averaged over the coarser one's footprint.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.base.camera import project
from twinbrush.base.rasterize import interpolate
from twinbrush.base.sampling import bands, face_areas, sampled
from twinbrush.views.correspondence import MutualPoints
from twinbrush.views.values import ViewSet

# Along each side of a pixel: other places than the renderer's 2 x 2, so that what it misses between them is not missed
# here as well (with the same places aliasing hides); 4 and 6 differ from 3 by 0.0001.
SAMPLES = 3


@dataclass(frozen=True)
class Compared:
    """shown: colour of the pixel that shows a point in the coarser view. averaged: the other view's over what that
    pixel shows. known: the pixel's centre is seen by both (elsewhere the colours mean nothing)."""

    shown: Float32[np.ndarray, "p 3"]
    averaged: Float32[np.ndarray, "p 3"]
    known: Bool[np.ndarray, "p"]


def in_coarser_pixels(
    images: Float[np.ndarray, "n h w 3"], views: ViewSet, a: int, b: int, points: MutualPoints
) -> Compared:
    """Every point in the view where its triangle is smaller, nothing interpolated there: its pixel as it is. Only the
    finer picture is averaged, never both, so what only one of them shows is not averaged away."""
    area_a, area_b = (face_areas(views.vertex_pixels[k], views.mesh.faces) for k in (a, b))
    in_b = (area_b < area_a)[points.face]
    found = Compared(
        np.zeros((len(in_b), 3), np.float32), np.zeros((len(in_b), 3), np.float32), np.zeros(len(in_b), bool)
    )
    for coarse, fine, chosen, pixels, seen in (
        (a, b, ~in_b, points.pixels_a, points.seen_a), (b, a, in_b, points.pixels_b, points.seen_b),
    ):  # fmt: skip
        column, row = np.floor(pixels[chosen] + 0.5).astype(int).T  # both see it: so it lies in the picture
        wanted = np.zeros(seen.shape, bool)
        wanted[row, column] = seen[row, column]
        found.shown[chosen] = images[coarse][row, column]
        found.averaged[chosen] = averaged_onto(images[fine], views, fine, coarse, wanted)[row, column]
        found.known[chosen] = wanted[row, column]
    return found


def averaged_onto(
    image: Float[np.ndarray, "h w 3"], views: ViewSet, fine: int, coarse: int, wanted: Bool[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """The picture of view `fine`, averaged over what each wanted pixel of `coarse` shows of the surface; 0 elsewhere.
    Geometry is exact, colours are bicubic."""
    camera, faces = views.cameras[coarse], views.mesh.faces
    depth, other = (project(views.cameras[k], views.mesh.vertices)[1] for k in (coarse, fine))
    # Eq. 1 in projected vertices, as in correspondence.py: weights times depth
    place = np.concatenate([views.vertex_pixels[fine] * other[:, None], other[:, None]], axis=1)
    out = np.zeros((camera.height, camera.width, 3), np.float32)
    for band in bands(views.vertex_pixels[coarse], depth, faces, camera.width, camera.height, SAMPLES):
        rows = slice(band.start, band.stop)
        used = band.covered & wanted[rows].repeat(SAMPLES, axis=0).repeat(SAMPLES, axis=1)
        if not used.any():
            continue
        index, weights = band.raster.face_index[used][None], band.raster.barycentric[used][None]
        x, y, z = interpolate(index, weights, faces, place)[0].T
        colour = np.zeros((*used.shape, 3), np.float32)
        colour[used] = sampled(image, np.stack([x, y], axis=1) / np.where(z > 0, z, 1)[:, None], cv2.INTER_CUBIC)
        size = (camera.width, band.stop - band.start)
        share = cv2.resize(used.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        out[rows] = cv2.resize(colour, size, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-6)[..., None]
    return np.clip(out, 0, 1)

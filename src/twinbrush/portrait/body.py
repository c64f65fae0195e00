"""Everything but the face as one round volume: hair and skull, ears, neck and shoulders.

With z_rim the depth of the silhouette, q = (z - z_rim)^2 solves  q / L^2 - laplace(q) = c  on the matte, with q = 0 on
the silhouette and the face's own q where the face is. Without a face and for L = infinity the surface over a disc is a
sphere's, over an ellipse an ellipsoid's; L limits how far a wide body (shoulders, long hair) rises.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import blur, fill_holes, masked_blur, signed_distance
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.harmonic import solve_screened

RIM_DEPTH_MM = -92.0  # the silhouette lies half a head's length behind the eyes
REACH_MM = 75.0  # L
HEAD_SOURCE, BODY_SOURCE = 7.0, 2.1  # c: an adult skull's ellipsoid has 5.1; a neck of 110 mm comes out round with 2.1
CHEST_MM = 58.0  # throat and chest stay this near to the rim's depth: the chin stands well before them
COARSE = 3  # solved on every third pixel
CLOSE_MM = 16.0  # notches narrower than this (behind the jaw, between strands) don't pull the surface back
GROW_MM = 4.5  # the volume's silhouette lies this far outside the matte's, so that the cut is not infinitely steep
SMOOTH_MM = 5.0  # and is smoothed by this
SLOPE_SMOOTH_MM = 6.0  # blur of q's slope along it


def volume_depth(
    person_mm: Float[np.ndarray, "h w"], free: Bool[np.ndarray, "h w"], face_z: Float[np.ndarray, "h w"],
    attach: Bool[np.ndarray, "h w"], head: Float[np.ndarray, "h w"], frame: Frame,
) -> Float[np.ndarray, "h w"]:
    """World z (mm) of the volume over the whole crop.

    person_mm: the matte's `grown_silhouette`. free: beyond the photo's edge (no silhouette). face_z: the face's depth
    where `attach`. head: 1 on the head, 0 on the body, soft between.
    """
    pick = np.s_[::COARSE, ::COARSE]
    level_mm = person_mm[pick]
    domain = level_mm > 0
    fixed = attach[pick]
    outside = ~domain & ~free[pick] & ~fixed
    step = COARSE / frame.pixels_per_mm
    height = np.maximum(np.where(fixed, face_z[pick] - RIM_DEPTH_MM, 0.0), 0.0)
    source = (BODY_SOURCE + (HEAD_SOURCE - BODY_SOURCE) * head[pick]) * step**2
    q = solve_screened(domain, fixed | outside, height**2, source, (step / REACH_MM) ** 2)
    if outside.any():
        ring = np.where(fixed, height**2, _ring_values(q, level_mm, outside, step))
        q = solve_screened(domain, fixed | outside, ring, source, (step / REACH_MM) ** 2)
    rise = np.sqrt(np.maximum(upsample(q, COARSE, person_mm.shape), 0))
    body = rise / (1 + (rise / CHEST_MM) ** 4) ** 0.25
    return RIM_DEPTH_MM + head * rise + (1 - head) * body


def _ring_values(
    q: Float[np.ndarray, "h w"], level_mm: Float[np.ndarray, "h w"], outside: Bool[np.ndarray, "h w"], step: float
) -> Float[np.ndarray, "h w"]:
    """q on the pixels just outside, so that it is zero on the silhouette itself and not on whole pixels (whose stairs
    its root shows as ripples): the slope of a first solution, smoothed, times the distance to the silhouette."""
    away = cv2.distanceTransform((~outside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * step
    near = ~outside & (away > 1.5 * step) & (away < 6 * step)
    slope = masked_blur(q / np.maximum(away, step), near, SLOPE_SMOOTH_MM / step)
    return np.where(outside, np.clip(level_mm, -2 * step, 0) * slope, 0.0)


def grown_silhouette(person: Bool[np.ndarray, "h w"], unit: float) -> Float[np.ndarray, "h w"]:
    """Signed distance (mm, positive inside) to the matte's outline, closed, grown and smoothed."""
    size = max(3, round(2 * CLOSE_MM * unit) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    padded = cv2.copyMakeBorder(person.astype(np.uint8), size, size, size, size, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[size:-size, size:-size] > 0
    closed = fill_holes(closed | person)
    level = np.clip(signed_distance(closed) / unit, -30, 30)
    return blur(level, SMOOTH_MM * unit) + GROW_MM


def jaw_side(
    landmarks_xy: Float[np.ndarray, "468 2"], shape: tuple[int, int]
) -> tuple[Bool[np.ndarray, "h w"], Float[np.ndarray, "h w 2"]]:
    """Where the nearest part of the face's outline is the jaw, and the pixel (x, y) of that nearest outline point."""
    oval = landmarks_xy[list(indices.OVAL)]
    fine = np.concatenate([np.linspace(oval[k - 1], oval[k], 24, endpoint=False) for k in range(len(oval))])
    on_jaw = np.repeat([indices.OVAL[k - 1] in indices.JAW and indices.OVAL[k] in indices.JAW
                        for k in range(len(oval))], 24)
    canvas = np.ones(shape, np.uint8)
    pixels = np.clip(np.round(fine).astype(int), 0, [shape[1] - 1, shape[0] - 1])
    canvas[pixels[:, 1], pixels[:, 0]] = 0
    labels = np.asarray(
        cv2.distanceTransformWithLabels(canvas, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1], np.int64)
    jaw, place = np.zeros(int(labels.max()) + 1, bool), np.zeros((int(labels.max()) + 1, 2))
    at = labels[pixels[:, 1], pixels[:, 0]]
    jaw[at], place[at] = on_jaw, fine
    return jaw[labels], place[labels]


def upsample(small: Float[np.ndarray, "h w"], factor: int, shape: tuple[int, int]) -> Float[np.ndarray, "h2 w2"]:
    """Values on every `factor`-th pixel -> all pixels (cubic)."""
    map_x, map_y = np.meshgrid(np.arange(shape[1], dtype=np.float32) / factor,
                               np.arange(shape[0], dtype=np.float32) / factor)
    return cv2.remap(small, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

"""Buns and high bunches: what stands apart from the head's hair as masses of their own."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import project
from twinbrush.maths.filters import disc, signed_distance
from twinbrush.sculpt.hair.outline import Outline
from twinbrush.sculpt.values import Surroundings

COARSE = 4  # pixels of the photo a cell of this search has
HEAD_RADIUS_MM = 60.0  # masses rounder than this belong to the head
OPEN_MM, LEAST_CM2, LEAST_RADIUS_MM = 9.0, 14.0, 17.0  # what counts as a bun: neither strands nor a corner of the hair
LEAST_INSIDE = 0.7  # share of a bun that the photo must show
LOWEST_MM = -20.0  # buns sit above the ears' middle; what is lower falls


def without_buns(outline: Outline, buns: Bool[np.ndarray, "h w"], seen: Surroundings) -> Outline:
    """Returns the outline of the hair that covers the head, its buns cut off; the same outline when there are none."""
    if not buns.any():
        return outline
    mask = outline.mask & ~buns
    return replace(outline, mask=mask, fine=(signed_distance(mask) / seen.pixels_per_mm).astype(np.float32))


def seen_buns(
    outline: Outline, vertices: Float[np.ndarray, "n 3"], seen: Surroundings
) -> Bool[np.ndarray, "h w"]:
    """Returns the pixels of buns: round masses of hair beyond the head and its own hair.

    vertices: of the finished head, mm.
    """
    height, width = outline.mask.shape
    small = (width // COARSE + 1, height // COARSE + 1)
    mask = cv2.resize(outline.mask.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST)
    pixels, _ = project(seen.camera, vertices[vertices[:, 1] > LOWEST_MM - 60])
    whole = cv2.fillConvexPoly(
        mask.copy(), cv2.convexHull((pixels / COARSE).astype(np.int32)), 1)
    density = seen.pixels_per_mm / COARSE
    head = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc(HEAD_RADIUS_MM * density)))
    rest = ((mask > 0) & (head == 0)).astype(np.uint8)
    rest = cv2.morphologyEx(rest, cv2.MORPH_OPEN, disc(OPEN_MM * density))
    lowest = project(seen.camera, np.array([[0.0, LOWEST_MM, -90.0]]))[0][0, 1] / COARSE
    count, pieces, stats, middles = cv2.connectedComponentsWithStats(rest)
    deep = cv2.distanceTransform(np.pad(rest, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] / density
    inside = cv2.resize(seen.inside.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) > 0
    out = np.zeros_like(rest)
    for piece in range(1, count):
        own = pieces == piece
        if inside[own].mean() < LEAST_INSIDE:
            continue  # hair that the photo's border cuts goes on beyond it as a column
        area = stats[piece, cv2.CC_STAT_AREA] / density**2 / 100
        if area > LEAST_CM2 and deep[own].max() > LEAST_RADIUS_MM and middles[piece][1] < lowest:
            out[own] = 1
    return cv2.resize(out, (width, height), interpolation=cv2.INTER_NEAREST) > 0

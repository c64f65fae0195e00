"""The portrait's outline: the matte's contour, the bust's cut, the photo's edge; as one smooth level set."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.faces import indices
from twinbrush.maths.filters import blur, keep_component, polygon_mask, signed_distance
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.geometry import Frame

CUT_HALF_WIDTH, CUT_DEPTH, CUT_POWER = 0.93, 0.56, 2.4  # the bust's lower outline, a superellipse, in face heights
CUT_START = 0.12  # ... begins this far above the chin
EDGE_MARGIN_MM = 2.0  # the bust ends this far inside the photo's edge
CORNER_MM, SHOULDER_MM = 14.0, 34.0  # radius with which outlines meet; the cut and the shoulders
WISP_MM = 3.5  # strands thinner than twice this are cut off: as a surface they are spikes
SMOOTH_MM = 1.4  # the matte's contour is smoothed by this much


def outline(crop: Crop, frame: Frame) -> Float[np.ndarray, "s s"]:
    """Signed distance (mm, positive inside) to the portrait's outline; smooth enough for its zero contour to be cut."""
    unit = frame.pixels_per_mm
    size = round(2 * WISP_MM * unit) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    whole = cv2.copyMakeBorder((crop.matte > 0.5).astype(np.uint8), size, size, size, size, cv2.BORDER_REPLICATE)
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc)[size:-size, size:-size] > 0
    person = signed_distance(whole) / unit
    person = blur(np.clip(person, -40, 40), SMOOTH_MM * unit)
    edge = signed_distance(crop.inside) / unit - EDGE_MARGIN_MM
    cut = _bust_cut(crop, frame)
    level = smooth_minimum(smooth_minimum(person, cut, SHOULDER_MM), edge, CORNER_MM)
    seed = polygon_mask(level.shape, crop.face.landmarks[list(indices.OVAL), :2])
    kept = keep_component(level > 0, seed)
    return np.where((level > 0) & ~kept, -0.5, level)


def smooth_minimum(a: Float[np.ndarray, "h w"], b: Float[np.ndarray, "h w"], radius: float) -> (
    Float[np.ndarray, "h w"]
):
    """Minimum with a rounded corner: differs from min(a, b) only where both are below `radius` of each other."""
    overlap = np.maximum(radius - np.abs(a - b), 0) / radius
    return np.minimum(a, b) - overlap**2 * radius / 4


def _bust_cut(crop: Crop, frame: Frame) -> Float[np.ndarray, "s s"]:
    """Signed distance (mm) to the sculptor's cut: above the chin free, below it inside a superellipse that stays
    within the photo."""
    points = crop.face.landmarks
    height = float(np.linalg.norm(points[indices.CHIN] - points[indices.FOREHEAD_TOP]))
    ys, xs = np.mgrid[: crop.matte.shape[0], : crop.matte.shape[1]].astype(np.float64)
    centre_x = 0.5 * points[indices.CHIN, 0] + 0.5 * points[list(indices.OVAL), 0].mean()
    start_y = points[indices.CHIN, 1] - CUT_START * height
    columns, rows = np.flatnonzero(crop.inside.any(0)), np.flatnonzero(crop.inside.any(1))
    margin = EDGE_MARGIN_MM * frame.pixels_per_mm
    wide = CUT_HALF_WIDTH * height
    left = np.clip(centre_x - columns[0] - margin, 0.5 * wide, wide)
    right = np.clip(columns[-1] - centre_x - margin, 0.5 * wide, wide)
    deep = np.clip(rows[-1] - margin - start_y, 0.25 * height, (CUT_DEPTH + CUT_START) * height)
    x = np.abs(xs - centre_x) / np.where(xs < centre_x, left, right)
    y = np.maximum(ys - start_y, 0) / deep
    inside = x**CUT_POWER + y**CUT_POWER <= 1
    return signed_distance(inside) / frame.pixels_per_mm

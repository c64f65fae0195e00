"""What stands apart from the hair on the head: buns, bunches, ponytails, puffs beside the ears."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import project
from twinbrush.sculpt.hair.fall import EAR_PLANE_MM, Fall
from twinbrush.sculpt.hair.outline import Outline
from twinbrush.sculpt.hair.scalp import RIM_COSINE, Scalp
from twinbrush.sculpt.hair.voxels import Voxels
from twinbrush.sculpt.implicit import intersection, union
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings

UNION_MM = 10.0  # fillet to the rest of the hair
PUFF_LEAST_CM2, BUNCH_LEAST_CM2, BUNCH_LEAST_BESIDE_CM2 = 4.0, 14.0, 5.0  # what stands apart; what gathers the strands
BUNCH_OPEN_MM = 7.0
BUNCH_HALF_MM, BUNCH_BACK_MM = 28.0, -30.0  # its largest half depth, and how far behind the silhouette it lies
BUN_HALF_MM, BUN_BACK_MM = 40.0, -20.0  # the same of buns
RIM_COUNT, FOREMOST_MM = 24, -40.0  # vertices of the silhouette beside it that say how far in front; never farther
BUNCH_HIGHEST_MM = 20.0  # a bunch's middle lies lower
BUNCH_LOWEST_MM = -110.0  # beside falling hair nothing stands apart farther down: it lies on the shoulders


def with_bunches(
    grid: Voxels, fall: Fall, seen: Surroundings, outline: Outline, buns: Bool[np.ndarray, "h w"], scalp: Scalp
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "3"] | None]:
    """The mass with what the mask shows beyond it, inflated: buns, and bunches and ponytails beside the neck."""
    points = grid.points()
    pixels, _ = project(seen.camera, points)
    density, coarse = seen.pixels_per_mm, 4
    height, width = (side // coarse + 2 for side in outline.mask.shape)
    covered = np.zeros((height, width), np.uint8)
    cell = np.round(pixels[grid.values.ravel() > 0] / coarse).astype(int)
    cell = cell[((cell >= 0) & (cell < (width, height))).all(1)]
    covered[cell[:, 1], cell[:, 0]] = 1
    gap = round(max(3, grid.step * density / coarse)) * 2 + 1
    covered = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    mask = cv2.resize(outline.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    radius = max(1, round(BUNCH_OPEN_MM * density / coarse))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    shown = cv2.resize(seen.inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    top = int(np.flatnonzero(shown.any(1))[0])
    apart = (mask > 0) & (covered == 0)
    apart[:top] = False  # hair that the photo's upper border cuts would go on above it as a column
    rest = cv2.morphologyEx(apart.astype(np.uint8), cv2.MORPH_OPEN, element)
    if fall.any:  # what is lower is the end of what falls
        lowest = max(fall.end + grid.step, BUNCH_LOWEST_MM)
        end = project(seen.camera, np.array([[0.0, lowest, EAR_PLANE_MM]]))[0][0, 1]
        rest[max(0, int(end / coarse)) :] = 0
    high = project(seen.camera, np.array([[0.0, BUNCH_HIGHEST_MM, EAR_PLANE_MM]]))[0][0, 1] / coarse
    bun = cv2.resize(buns.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    count, pieces, stats, middles = cv2.connectedComponentsWithStats(rest)
    per_cell = (coarse / density) ** 2 / 100
    least = BUNCH_LEAST_BESIDE_CM2 if fall.bunched else BUNCH_LEAST_CM2
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5) * coarse / density
    values, largest, middle = grid.values, 0.0, None
    for piece in range(1, count):
        area = stats[piece, cv2.CC_STAT_AREA] * per_cell
        own = (pieces == piece).astype(np.uint8)
        if area < PUFF_LEAST_CM2:
            continue
        deepest, back = (BUN_HALF_MM, BUN_BACK_MM) if bun[own > 0].any() else (BUNCH_HALF_MM, BUNCH_BACK_MM)
        from_z = _silhouette_z(scalp, seen, np.argwhere(own > 0)[:, ::-1].mean(0) * coarse)
        half = min(float(depth[own > 0].max()), deepest)
        near = cv2.GaussianBlur(cv2.dilate(own, element, iterations=2).astype(np.float32), (0, 0), radius)
        inner = np.minimum(lookup(depth, pixels / coarse), half)
        lens = np.sqrt(np.maximum(inner * (2 * half - inner), 0)) - np.abs(points[:, 2] - from_z - back)
        shape = intersection(lens, lookup(outline.fine, pixels), 8.0)
        shape = np.minimum(shape, (lookup(near, pixels / coarse) - 0.35) * 30)
        values = union(values, shape.reshape(values.shape), UNION_MM)
        if area > max(largest, least) and middles[piece][1] > high:
            largest, middle = area, points[np.argmax(np.where(lookup(near, pixels / coarse) > 0.5, shape, -99))]
    return values, middle


def _silhouette_z(scalp: Scalp, seen: Surroundings, place: Float[np.ndarray, "2"]) -> float:
    """How far before the head's middle its silhouette lies beside a place of the photo, mm; at most the ears' plane."""
    rim = np.flatnonzero(np.abs(scalp.facing) < RIM_COSINE)
    away = np.linalg.norm(project(seen.camera, scalp.vertices[rim])[0] - place, axis=1)
    near = rim[np.argsort(away, kind="stable")[:RIM_COUNT]]
    return float(np.clip(np.median(scalp.vertices[near, 2]), EAR_PLANE_MM, FOREMOST_MM))

"""The hair's mass: a shell on the scalp, what falls, what stands apart, cut by what the photo shows to be no hair."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from scipy import ndimage, spatial

from twinbrush.camera import project
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.hair.fall import EAR_PLANE_MM, Fall, fall_of, fallen
from twinbrush.sculpt.hair.grid import Grid, grid_points, one_body, smooth_max, smooth_min
from twinbrush.sculpt.hair.outline import Outline
from twinbrush.sculpt.hair.scalp import OUTER_EAR_MM, Scalp
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings

STEP_MM = 4.0  # of the grid of masses
REACH_X_MM, TOP_MM, FRONT_MM, BACK_MM, BOTTOM_MM = 175.0, 190.0, 75.0, -262.0, -115.0
DEEP_MM, OVER_MM = 17.0, 16.0  # the shell is worked out this far under and over the skin
SINK_MM = 9.0  # the shell's inside lies so far under the skin: it is closed, and hidden
LIP_MM, LIP_LONG_MM, FRINGE_LIP_MM = 2.4, 3.0, 6.5  # height of the hair's edge: growing back, long, hanging over the brow
LIP_ROUND_MM = 4.0  # over which the edge rises
GROW_MM, GROW_MORE_MM, GROW_NAPE_MM = 24.0, 14.0, 26.0  # over which the edge becomes the full thickness
UNION_MM, FALL_UNION_MM = 10.0, 12.0  # fillets
EAR_FREE_MM, EAR_FILLET_MM = 4.5, 5.0  # about an ear that is seen
BUNCH_LEAST_CM2, BUNCH_LEAST_BESIDE_CM2, BUNCH_HALF_MM = 14.0, 5.0, 28.0  # what stands apart; its largest half depth
BUNCH_OPEN_MM, BUNCH_BACK_MM = 9.0, -30.0
CONE_SLACK_MM, CONE_FILLET_MM = 1.0, 3.0  # over the person's outline; softness of that cut
SKIN_SLACK_MM = 0.6  # hair before the skin ends so far inside its outline
SKIN_FILLET_MM = 6.0  # the edge is rounded, so that locks run over it to their tips


@dataclass(frozen=True)
class Mass:
    """grid: the hair's implicit shape. skin: signed mm to the bare head on the same grid, positive outside. fall: what
    falls. fringe: share of the scalp that hangs over the forehead. bunch: middle of what stands apart, or None."""

    grid: Grid
    skin: Grid
    fall: Fall
    fringe: float
    bunch: Float[np.ndarray, "3"] | None


def mass_of(scalp: Scalp, head: Float[np.ndarray, "v 3"], seen: Surroundings, outline: Outline) -> Mass:
    """Returns the hair's mass. head: the bare head's vertices with its ears."""
    fall = fall_of(scalp, seen, outline)
    bottom = min(fall.end - 30, BOTTOM_MM) if fall.any else BOTTOM_MM
    low = np.array([-REACH_X_MM, max(bottom, -285.0), BACK_MM])
    count = np.ceil((np.array([REACH_X_MM, TOP_MM, FRONT_MM]) - low) / STEP_MM).astype(int) + 1
    shell, skin, fringe = _shell(scalp, Grid(low, STEP_MM, np.zeros(count, np.float32)), long=fall.any)
    values = shell.values
    if fall.any:
        values = smooth_max(values, fallen(fall, shell, seen, outline), FALL_UNION_MM)
    values, bunch = _with_bunches(Grid(low, STEP_MM, values), fall, seen, outline)
    values = _cut_by_photo(Grid(low, STEP_MM, values), scalp, head, seen, outline)
    values = _ears_freed(Grid(low, STEP_MM, values), scalp, head, fall)
    values = one_body(ndimage.gaussian_filter(values.astype(np.float32), 0.7))
    return Mass(Grid(low, STEP_MM, values), skin, fall, fringe, bunch)


def _shell(scalp: Scalp, empty: Grid, *, long: bool) -> tuple[Grid, Grid, float]:
    """The thickness on the scalp, as an implicit shape; signed distances to the skin; the fringe's share."""
    profile, fringe = _profile(scalp, long=long)
    points = grid_points(empty.origin, empty.step, empty.values.shape)
    tree = spatial.cKDTree(scalp.vertices)
    reach = float(min(62.0, scalp.thickness.max() + OVER_MM))
    distance, nearest = tree.query(points, k=4, distance_upper_bound=reach + 8)
    found = np.isfinite(distance[:, 3])
    near, weights = nearest[found], 1 / (distance[found] ** 2 + 0.3)
    weights /= weights.sum(1, keepdims=True)
    away = points[found, None] - scalp.vertices[near]
    plane = ((away * scalp.normals[near]).sum(2) * weights).sum(1)
    sign = np.where(plane >= 0, 1.0, -1.0)
    signed = np.where(distance[found, 0] < 6, plane, sign * distance[found, 0])
    height = (profile[near] * weights).sum(1)
    values = np.full(len(points), -30.0, np.float32)
    values[found] = np.maximum(np.minimum(height - signed, signed + SINK_MM), -30)
    skin = np.full(len(points), 50.0, np.float32)
    skin[found] = signed
    inner = (scalp.vertices.mean(0) - points[~found])
    skin[~found] = np.where(np.linalg.norm(inner * (1.3, 1, 1), axis=1) < 60, -50, 50)
    shape = empty.values.shape
    return Grid(empty.origin, empty.step, values.reshape(shape)), Grid(empty.origin, empty.step, skin.reshape(shape)), fringe


def _profile(scalp: Scalp, *, long: bool) -> tuple[Float[np.ndarray, "v"], float]:
    """Height of the hair over each vertex: an edge, growing to the full thickness; hair that hangs over the forehead has
    a thick edge, hair that grows back from it a thin one."""
    points, line = scalp.vertices, scalp.hairline
    hanging = smoothstep((-scalp.template_hairline - 11) / 14) * (line > -6) * (points[:, 1] > 0)
    over = hanging > 0.5
    near = np.zeros(len(points))
    if over.any():
        away = spatial.cKDTree(points[over]).query(points)[0]
        near = np.exp(-np.minimum(away, 90) ** 2 / (2 * 14.0**2)) * smoothstep((points[:, 2] + 62) / 30)
    nape = smoothstep((-20 - points[:, 1]) / 50) * smoothstep((-points[:, 2] - 105) / 20)
    thin = LIP_LONG_MM if long else LIP_MM
    lip = thin + (np.clip(0.32 * scalp.median, 2.2, FRINGE_LIP_MM) - thin) * near
    grow = GROW_MM + (1 - near) * GROW_MORE_MM + (0 if long else GROW_NAPE_MM) * nape
    full = np.maximum(scalp.thickness, lip + 0.5)
    rise = lip * (1 - np.exp(-np.maximum(line, 0) / LIP_ROUND_MM)) + (full - lip) * smoothstep(line / grow)
    return np.where(line > 0, rise, 0.8 * line), float(over.mean())


def _with_bunches(
    grid: Grid, fall: Fall, seen: Surroundings, outline: Outline
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "3"] | None]:
    """The mass with what the mask shows beyond it: buns, bunches, ponytails, inflated beside the neck."""
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
    rest = cv2.morphologyEx(((mask > 0) & (covered == 0)).astype(np.uint8), cv2.MORPH_OPEN, element)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(rest)
    per_cell = (coarse / density) ** 2 / 100
    least = BUNCH_LEAST_BESIDE_CM2 if fall.bunched else BUNCH_LEAST_CM2
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5) * coarse / density
    values, largest, middle = grid.values, 0.0, None
    for piece in range(1, count):
        area = stats[piece, cv2.CC_STAT_AREA] * per_cell
        if area < least:
            continue
        own = (pieces == piece).astype(np.uint8)
        half = min(float(depth[own > 0].max()), BUNCH_HALF_MM)
        near = cv2.GaussianBlur(cv2.dilate(own, element, iterations=2).astype(np.float32), (0, 0), radius)
        inner = np.minimum(lookup(depth, pixels / coarse), half)
        lens = np.sqrt(np.maximum(inner * (2 * half - inner), 0)) - np.abs(points[:, 2] - EAR_PLANE_MM - BUNCH_BACK_MM)
        shape = smooth_min(lens, lookup(outline.fine, pixels), 8.0)
        shape = np.minimum(shape, (lookup(near, pixels / coarse) - 0.35) * 30)
        values = smooth_max(values, shape.reshape(values.shape), UNION_MM)
        if area > largest:
            largest, middle = area, points[np.argmax(np.where(lookup(near, pixels / coarse) > 0.5, shape, -99))]
    return values, middle


def _cut_by_photo(
    grid: Grid, scalp: Scalp, head: Float[np.ndarray, "v 3"], seen: Surroundings, outline: Outline
) -> Float[np.ndarray, "x y z"]:
    """The mass inside the person's outline, and not before skin that is seen."""
    from twinbrush.rasterize import rasterize

    points = grid.points()
    pixels, depth = project(seen.camera, points)
    known = lookup(seen.inside.astype(np.float32), pixels) > 0.999
    person = np.where(known, lookup(outline.person, pixels) + CONE_SLACK_MM, 60.0)
    values = smooth_min(grid.values.ravel(), np.minimum(person, 60), CONE_FILLET_MM)
    skin_pixels, skin_depth = project(seen.camera, head)
    height, width = outline.mask.shape
    seen_depth = rasterize(skin_pixels, skin_depth, scalp.triangles, width, height).depth
    far = np.where(np.isfinite(seen_depth), seen_depth, 0).astype(np.float32)
    surface = lookup(cv2.dilate(far, np.ones((5, 5), np.uint8)), pixels)
    before = smoothstep((surface + SINK_MM - depth) / SINK_MM) * known
    skin = np.where(before > 0, lookup(outline.skin, pixels) + SKIN_SLACK_MM, -60.0)
    cut = np.where(before > 0, np.minimum(-skin, 60) + 30 * (1 - before), 60)
    return smooth_min(values, cut, SKIN_FILLET_MM).reshape(grid.values.shape)


def _ears_freed(grid: Grid, scalp: Scalp, head: Float[np.ndarray, "v 3"], fall: Fall) -> Float[np.ndarray, "x y z"]:
    """The mass without what lies about an ear that is seen."""
    points, values = grid.points(), grid.values.ravel()
    for side, sign in enumerate((-1, 1)):
        if scalp.lobes[side] >= 0.5 or fall.sides[side].falls:
            continue
        ear = head[scalp.ears & (head[:, 0] * sign > OUTER_EAR_MM - 2)]
        if not len(ear):
            continue
        near = np.flatnonzero((points[:, 0] * sign > 60) & (np.abs(points[:, 1]) < 80) & (points[:, 2] < -40) & (points[:, 2] > -150))
        away = np.full(len(points), 50.0)
        away[near] = spatial.cKDTree(ear).query(points[near])[0]
        values = smooth_min(values, away - EAR_FREE_MM, EAR_FILLET_MM)
    return values.reshape(grid.values.shape)

"""The hair's mass: a shell on the scalp, what falls, what stands apart, cut by what the photo shows to be no hair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage, spatial

from twinbrush.base.camera import project
from twinbrush.maths.filters import signed_distance, smoothstep
from twinbrush.sculpt.hair.bunches import with_bunches
from twinbrush.sculpt.hair.fall import EAR_PLANE_MM, LOWEST_MM, Fall, fall_of, fallen
from twinbrush.sculpt.hair.outline import Outline
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.scalp import EAR_TOP_MM, OUTER_EAR_MM, Scalp
from twinbrush.sculpt.hair.voxels import Voxels, grid_points, in_pieces, one_body
from twinbrush.sculpt.implicit import intersection, union
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings, Template

GRID_MARGIN_MM, BORDER_FILLET_MM = 10.0, 10.0  # what would reach the grid's border is rounded off before it
STEP_MM = 4.0  # of the grid of masses
LEAST_REACH_MM, REACH_X_MM, TOP_MM, FRONT_MM, BACK_MM, BOTTOM_MM = 130.0, 230.0, 190.0, 75.0, -262.0, -115.0
BAND_MM, FAR_MM = 22.0, 30.0  # the shell is worked out in full so near to its surface; values farther off
SINK_MM = 9.0  # the shell's inside lies so far under the skin: it is closed, and hidden
LIP_MM, LIP_LONG_MM, FRINGE_LIP_MM = 2.4, 3.0, 6.5  # height of the edge: growing back, long, hanging over the brow
LIP_ROUND_MM = 2.5  # over which the edge rises
GROW_MM, GROW_MORE_MM, GROW_NAPE_MM = 24.0, 14.0, 26.0  # over which the edge becomes the full thickness
GENTLE, GROW_MOST_MM = 2.0, 75.0  # a fringe rises over so many times its thickness, so far at most: else it is a visor
GENTLE_FROM, GENTLE_OVER = 0.3, 0.35  # cosine to the camera from which it does so: there its depth is not seen
TEMPLE_TOP_MM, TEMPLE_BACK_MM = 90.0, -95.0  # long hair beside the face does so as well, below and before this
FALL_UNION_MM = 12.0  # fillet
EAR_FREE_MM, EAR_FILLET_MM = 2.8, 5.0  # about an ear that is seen
TEMPLES_Y_MM, TEMPLES_Z_MM, TEMPLES_MM = (-30.0, 62.0), (-78.0, -49.0), 5.0  # where, and how high over the skin
SIDEBURN_MM, SIDEBURN_BACK_MM = 9.0, -76.0  # before the ear hair lies so near to the skin nevertheless
HEAD_COVER_MM = 2.0  # hair about a fitted skull that is larger than the photo's
CONE_SLACK_MM = 0.5  # over the person's outline
LOCK_CALM_MM, LOCK_SLACK_MM = 3.0, 0.2  # locks are cut by a calmer outline: a jagged one is drawn out to grooves along
# the line of sight
FALL_SLACK_MM, FALL_SLOPE, FREE_MM, NEAR_MM = 1.0, 3.0, 60.0, 8.0
SKIN_SLACK_MM = 0.6  # hair before the skin ends so far inside its outline
SKIN_FILLET_MM = 5.0  # the edge is rounded, so that locks run over it to their tips


@dataclass(frozen=True)
class PhotoCut:
    """What the photo shows to be no hair.

    person (h, w): signed mm to the outline of the person and the fitted head (which the hair must cover even where
    it is too large). surface (h, w): depth of the head's nearest surface, mm, 0 where there is none. temples: where the
    photo, which sees them edge-on, does not cut (an implicit shape), or None.
    """

    seen: Surroundings
    outline: Outline
    person: Float[np.ndarray, "h w"]
    surface: Float[np.ndarray, "h w"]
    temples: Voxels | None = None

    def room(
        self, points: Float[np.ndarray, "n 3"], within: Float[np.ndarray, "h w"], *, falls: bool
    ) -> Float[np.ndarray, "n"]:
        """Returns an implicit shape, mm: inside the person's outline, and `within` (signed mm) before the head.

        falls: long hair also keeps `within` before the ears' plane.
        """
        pixels, depth = project(self.seen.camera, points)
        known = lookup(self.seen.inside.astype(np.float32), pixels) > 0.999
        allowed = lookup(within, pixels)
        before = smoothstep((lookup(self.surface, pixels) + SINK_MM - depth) / SINK_MM)
        front = np.where(before > 0, allowed + SKIN_SLACK_MM + 30 * (1 - before), FREE_MM)
        if falls:
            fallen = lookup(self.outline.fine, pixels)
            front = np.minimum(front, fallen + FALL_SLACK_MM + FALL_SLOPE * np.maximum(EAR_PLANE_MM - points[:, 2], 0))
        person = lookup(self.person, pixels) + CONE_SLACK_MM
        if self.temples is not None:
            front = np.maximum(front, self.temples.at(points))
        return np.minimum(np.where(known, np.minimum(person, front), FREE_MM), FREE_MM)


@dataclass(frozen=True)
class Mass:
    """The hair without its locks.

    grid: its implicit shape. skin: signed mm to the bare head on the same grid, positive outside. fall: what falls.
    fringe: share of the scalp that hangs over the forehead. bunch: middle of what stands apart, or None. cut: by the
    photo.
    """

    grid: Voxels
    skin: Voxels
    fall: Fall
    fringe: float
    bunch: Float[np.ndarray, "3"] | None
    cut: PhotoCut


def mass_of(
    template: Template, vertices: Float[np.ndarray, "n 3"], scalp: Scalp, seen: Surroundings, outline: Outline,
    rest: Rest, buns: Bool[np.ndarray, "h w"],
) -> Mass:
    """Returns the hair's mass.

    vertices: of the finished head (n template vertices). rest: what long hair lies on. buns: their pixels.
    """
    head = vertices[scalp.original]
    fall = fall_of(scalp, seen, outline)
    bottom = min(fall.end - 30, BOTTOM_MM) if fall.any else BOTTOM_MM
    wide = _half_width(seen, outline)
    low = np.array([-wide, max(bottom, LOWEST_MM - 30), BACK_MM])
    count = np.ceil((np.array([wide, TOP_MM, FRONT_MM]) - low) / STEP_MM).astype(int) + 1
    profile, fringe = _profile(scalp, long=fall.any)
    cut = photo_cut(template, vertices, seen, outline)
    within = np.maximum(-outline.skin, outline.fine)
    shell, skin = shell_on(scalp, profile, Voxels(low, STEP_MM, np.zeros(count, np.float32)))
    values = shell.values
    if fall.any:
        values = union(values, fallen(fall, shell, seen, outline, rest), FALL_UNION_MM)
    values, bunch = with_bunches(Voxels(low, STEP_MM, values), fall, seen, outline, buns, scalp)
    grid = Voxels(low, STEP_MM, values)
    cut = replace(cut, temples=None if fall.any else _temples(grid, skin))  # long hair covers its own
    room = cut.room(grid.points(), within, falls=False).reshape(values.shape)
    values = intersection(values, room, SKIN_FILLET_MM)
    border = wide - GRID_MARGIN_MM - np.abs(low[0] + STEP_MM * np.arange(count[0]))
    values = intersection(values, np.broadcast_to(border[:, None, None], values.shape), BORDER_FILLET_MM)
    bare = _bare(head, seen, outline) | (template.mean[scalp.original, 1] < EAR_TOP_MM)
    values = _ears_freed(Voxels(low, STEP_MM, values), skin, scalp, head[scalp.ears & bare], fall)
    values = one_body(ndimage.gaussian_filter(values.astype(np.float32), 0.7))
    return Mass(Voxels(low, STEP_MM, values), skin, fall, fringe, bunch, cut)


def _temples(grid: Voxels, skin: Voxels) -> Voxels:
    """Where hair lies thinly at the temples and before the ears, as an implicit shape. skin: signed mm on the grid."""
    _, y, z = (part.reshape(grid.values.shape) for part in grid.points().T)
    low, high = TEMPLES_Y_MM
    within = np.minimum(np.minimum(y - low, high - y), np.minimum(TEMPLES_Z_MM[1] - z, z - TEMPLES_Z_MM[0]))
    return Voxels(grid.origin, grid.step, np.minimum(within, TEMPLES_MM - skin.values).astype(np.float32))


def _half_width(seen: Surroundings, outline: Outline) -> float:
    """How far the grid must reach to both sides."""
    columns = np.flatnonzero((outline.mask & seen.inside).any(0))
    if not len(columns):
        return LEAST_REACH_MM
    middle = project(seen.camera, np.array([[0.0, 0.0, EAR_PLANE_MM]]))[0][0, 0]
    reach = max(middle - columns[0], columns[-1] - middle) / seen.pixels_per_mm
    return float(np.clip(1.15 * reach + 20, LEAST_REACH_MM, REACH_X_MM))


def shell_on(scalp: Scalp, heights: Float[np.ndarray, "v"], empty: Voxels) -> tuple[Voxels, Voxels]:
    """Returns a shell of the given heights (mm) on the bare head as an implicit shape, and signed mm to the skin.

    empty: a grid whose values are not used. Below the skin the shell goes on for SINK_MM.
    """
    tree = spatial.KDTree(scalp.vertices)
    half = tuple((side + 1) // 2 for side in empty.values.shape)
    rough = _shell_at(tree, scalp, heights, grid_points(empty.origin, 2 * empty.step, half), 1)
    values, skin = (
        part.reshape(half).repeat(2, 0).repeat(2, 1).repeat(2, 2)[tuple(map(slice, empty.values.shape))]
        for part in rough)
    values = np.clip(values, -FAR_MM, FAR_MM).astype(np.float32)
    near = np.abs(values) < BAND_MM
    points = empty.origin + empty.step * np.argwhere(near)
    values[near], skin[near] = _shell_at(tree, scalp, heights, points, 4)
    return Voxels(empty.origin, empty.step, values), Voxels(empty.origin, empty.step, skin.astype(np.float32))


def _shell_at(
    tree: spatial.KDTree, scalp: Scalp, heights: Float[np.ndarray, "v"], points: Float[np.ndarray, "n 3"], count: int
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """The shell's implicit shape and the signed distance to the skin, from the `count` nearest vertices."""
    distance, nearest = tree.query(points, k=count)
    distance, nearest = distance.reshape(len(points), count), nearest.reshape(len(points), count)
    weights = 1 / (distance**2 + 0.3)
    weights /= weights.sum(1, keepdims=True)
    away = points[:, None] - scalp.vertices[nearest]
    plane = (np.einsum("nkc,nkc->nk", away, scalp.normals[nearest]) * weights).sum(1)
    signed = np.where(distance[:, 0] < 6, plane, np.where(plane >= 0, 1.0, -1.0) * distance[:, 0])
    height = (heights[nearest] * weights).sum(1)
    return np.minimum(height - signed, signed + SINK_MM), signed


def _profile(scalp: Scalp, *, long: bool) -> tuple[Float[np.ndarray, "v"], float]:
    """Height of the hair over each vertex, mm, and the share of the scalp that hangs over the forehead.

    An edge grows to the full thickness; hair that hangs over the forehead has a thick one, hair that grows back from it
    a thin one.
    """
    points, line = scalp.vertices, scalp.hairline
    hanging = smoothstep((-scalp.template_hairline - 11) / 14) * (line > -6) * (points[:, 1] > 0)
    over = hanging > 0.5
    near = np.zeros(len(points))
    if over.any():
        away = spatial.KDTree(points[over]).query(points)[0]
        near = np.exp(-np.minimum(away, 90) ** 2 / (2 * 14.0**2)) * smoothstep((points[:, 2] + 62) / 30)
    nape = smoothstep((-20 - points[:, 1]) / 50) * smoothstep((-points[:, 2] - 105) / 20)
    thin = LIP_LONG_MM if long else LIP_MM
    lip = thin + (np.clip(0.32 * scalp.median, 2.2, FRINGE_LIP_MM) - thin) * near
    grow = GROW_MM + (1 - near) * GROW_MORE_MM + (0 if long else GROW_NAPE_MM) * nape
    full = np.maximum(scalp.thickness, lip + 0.5)
    front = near * smoothstep((scalp.facing - GENTLE_FROM) / GENTLE_OVER)
    if long:  # its outline beside the face is that of what falls
        beside = smoothstep((TEMPLE_TOP_MM - points[:, 1]) / 40) * smoothstep((points[:, 2] - TEMPLE_BACK_MM) / 30)
        front = np.maximum(front, beside)
    grow = grow + front * np.maximum(np.minimum(GENTLE * (full - lip), GROW_MOST_MM) - grow, 0)
    rise = lip * (1 - np.exp(-np.maximum(line, 0) / LIP_ROUND_MM)) + (full - lip) * smoothstep(line / grow)
    return np.where(line > 0, rise, 0.8 * line), float(over.mean())


def photo_cut(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline
) -> PhotoCut:
    """Returns the photo's cut for a finished head, with the bags behind eyes and lips: nothing is seen through them."""
    from twinbrush.base.rasterize import rasterize

    pixels, depth = project(seen.camera, vertices)
    height, width = outline.mask.shape
    nearest = rasterize(pixels, depth, template.triangles, width, height).depth
    surface = np.where(np.isfinite(nearest), nearest, 0).astype(np.float32)
    own = (signed_distance(surface > 0) / seen.pixels_per_mm).astype(np.float32) + HEAD_COVER_MM
    return PhotoCut(seen, outline, np.maximum(outline.person, own), cv2.dilate(surface, np.ones((5, 5), np.uint8)))


def cut_tips(grid: Voxels, cut: PhotoCut, *, falls: bool) -> Voxels:
    """Returns the locks cut by the photo's sharp outline (the mass was cut already: only what is near the surface)."""
    near = (grid.values > -1) & (grid.values < NEAR_MM)
    calm = cv2.GaussianBlur(cut.person, (0, 0), LOCK_CALM_MM * cut.seen.pixels_per_mm) + LOCK_SLACK_MM
    calmed = replace(cut, person=calm)
    room = in_pieces(
        lambda points: calmed.room(points, cut.outline.sharp, falls=falls), grid, np.argwhere(near))
    values = grid.values.copy()
    values[near] = np.minimum(values[near], room)
    return Voxels(grid.origin, grid.step, values)


def _bare(points: Float[np.ndarray, "v 3"], seen: Surroundings, outline: Outline) -> Bool[np.ndarray, "v"]:
    """Where no hair is seen before the points."""
    return lookup(outline.fine, project(seen.camera, points)[0]) < 0


def _ears_freed(
    grid: Voxels, skin: Voxels, scalp: Scalp, ears: Float[np.ndarray, "e 3"], fall: Fall
) -> Float[np.ndarray, "x y z"]:
    """The mass without what lies about an ear that is seen; a sideburn stays. skin: signed mm to it on the grid. ears:
    what is seen of them."""
    points, values = grid.points(), grid.values.ravel()
    for side, sign in enumerate((-1, 1)):
        if scalp.lobes[side] >= 0.5 or fall.sides[side].falls:
            continue
        ear = ears[ears[:, 0] * sign > OUTER_EAR_MM - 2]
        if not len(ear):
            continue
        beside = (points[:, 0] * sign > 60) & (np.abs(points[:, 1]) < 80)
        near = np.flatnonzero(beside & (points[:, 2] < -40) & (points[:, 2] > -150))
        away = np.full(len(points), 50.0)
        away[near] = spatial.KDTree(ear).query(points[near])[0]
        outside, low = near[points[near, 0] * sign > OUTER_EAR_MM], ear[ear[:, 1] < EAR_TOP_MM]
        if len(low):  # nor does hair lie beside its lower half
            away[outside] = np.minimum(away[outside], spatial.KDTree(low[:, 1:]).query(points[outside, 1:])[0])
        free = np.maximum(away - EAR_FREE_MM, (SIDEBURN_MM - skin.values.ravel()) * (points[:, 2] > SIDEBURN_BACK_MM))
        values = intersection(values, free, EAR_FILLET_MM)
    return values.reshape(grid.values.shape)

"""The predicted head under the portrait: how deep skull, temples, ears and neck lie behind the photo's pixels.

The head (head_prior.py) is seen through the photo's camera. Its outline, ears included, is brought onto the person's
(silhouette.py), hair and all: so hair is as thick as it looks, ears are where they are seen, and the depth at every
pixel is that of the head at the place it came from.

Toward a silhouette depth falls infinitely steeply. With z_rim the depth of the head's silhouette, continued inward,
(z - z_rim)^2 is nearly linear there: that is what is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import spatial

from twinbrush.camera import project
from twinbrush.faces import indices
from twinbrush.maths.filters import blur, masked_blur, signed_distance, smoothstep
from twinbrush.mesh import Region, border_edges
from twinbrush.portrait.body import GROW_MM, upsample
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.harmonic import solve_screened
from twinbrush.portrait.head_prior import HeadShape, ears, laid_flat
from twinbrush.portrait.silhouette import STEP_MM, Outline, registered, trace
from twinbrush.rasterize import Raster, interpolate, rasterize

COARSE = 3  # smooth fields are solved for on every third pixel
FAR_MM = (25.0, 45.0)  # hair thicker than that hangs, and its depth is not the skull's
HANGS_MM = (-40.0, -10.0)  # hair below the ears (height over the eyes) hangs too
LONG_MM, LONG_REACH_MM = (20.0, 70.0), 40.0  # ... and, where hair falls below them, so much of it above them
LONG_SHARE = (0.05, 0.25)
EAR_SKIN, EAR_SLOPE = 0.6, 1.5  # share of an ear that must be seen as skin; the most that its depth is of its width
ALIKE_MM = 15.0  # smoothing of that judgement along the outline
JOIN_MM = 28.0  # head and face are joined over this width
GAP_SMOOTH_MM = 2.0  # ... their distance along the face's edge being smoothed, whose two slopes are steep there
BELOW_MM = (30.0, 80.0)  # below the chin the neck's depth passes into the body's
PHOTO_EDGE_PX = 2  # so near to the photo's edge an outline is none
BORDER_MM = 4.0  # so near to the head's open lower border an outline is none


@dataclass(frozen=True)
class SeenHead:
    """The head in the photo's picture. rim_mm: z of its silhouette, continued over everything. square:
    (z - rim) |z - rim| where it is seen, zero elsewhere. outline."""

    rim_mm: Float[np.ndarray, "s s"]
    square: Float[np.ndarray, "s s"]
    outline: Outline


def see_head(head: HeadShape, frame: Frame, size: int) -> SeenHead | None:
    """Rendered from the photo's camera on size x size pixels. None when nothing of it has an outline there."""
    found = outlined(head, frame, size)
    if found is None:
        return None
    raster, outline = found
    seen = raster.face_index >= 0
    z = interpolate(raster.face_index, raster.barycentric, head.faces, head.vertices[:, 2:])[..., 0]
    rim = _rim(head, frame, outline, seen)
    rise = np.where(seen, z - rim, 0.0)
    return SeenHead(rim, rise * np.abs(rise), outline)


def outlined(head: HeadShape, frame: Frame, size: int) -> tuple[Raster, Outline] | None:
    """The head rendered from the photo's camera on size x size pixels, and its outline there. None without one."""
    unit = frame.pixels_per_mm
    pixels, depth = project(frame.camera, head.vertices)
    raster = rasterize(pixels, depth, head.faces, size, size)
    seen = raster.face_index >= 0
    if seen.sum() < 100:
        return None
    border = pixels[np.unique(border_edges(head.faces))]
    outline = trace(signed_distance(seen), ~_near(border, seen.shape, BORDER_MM * unit), unit)
    return None if outline is None else (raster, outline)


def _near(points_xy: Float[np.ndarray, "n 2"], shape: tuple[int, int], radius: float) -> Bool[np.ndarray, "s s"]:
    mask = np.zeros(shape, np.uint8)
    for x, y in points_xy:
        cv2.circle(mask, (round(float(x)), round(float(y))), max(1, round(radius)), 1, -1)
    return mask > 0


def _rim(
    head: HeadShape, frame: Frame, outline: Outline, seen: Bool[np.ndarray, "s s"]
) -> Float[np.ndarray, "s s"]:
    """z of the silhouette, carried inward harmonically and outward to the nearest."""
    middles = head.vertices[turning_edges(head, frame)].mean(1)
    _, nearest = spatial.KDTree(project(frame.camera, middles)[0]).query(outline.points_xy)
    z = outline.smoothed(middles[nearest, 2:], 2.0)[:, 0]
    points, z = outline.points_xy[outline.real], z[outline.real]
    return carried(points, z[:, None], ~seen, seen, seen.shape)[..., 0]


def turning_edges(head: HeadShape, frame: Frame) -> Int[np.ndarray, "n 2"]:
    """The head's silhouettes: edges between a triangle that faces the camera and one that does not."""
    a, b, c = head.vertices[head.faces].transpose(1, 0, 2)
    facing = (np.cross(b - a, c - a) * (frame.camera.centre_xyz - a)).sum(1) > 0
    edges = np.sort(head.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, number = np.unique(edges, axis=0, return_inverse=True)
    count = np.bincount(number)
    front = np.bincount(number, np.repeat(facing, 3))
    return unique[(count == 2) & (front == 1)]


def carried(
    points_xy: Float[np.ndarray, "n 2"], values: Float[np.ndarray, "n c"], outside: Bool[np.ndarray, "s s"],
    domain: Bool[np.ndarray, "s s"], shape: tuple[int, int], zero: Bool[np.ndarray, "s s"] | None = None,
) -> Float[np.ndarray, "s s c"]:
    """Values known on a curve: outside it the nearest one's, inside harmonic (zero where `zero`). Their mean everywhere
    when nothing lies outside."""
    pick = np.s_[::COARSE, ::COARSE]
    beyond = outside[pick]
    if not beyond.any():
        return np.broadcast_to(values.mean(0), (*shape, values.shape[1])).copy()
    held = np.zeros_like(beyond) if zero is None else zero[pick]
    ys, xs = np.nonzero(beyond & ~held)
    tree = spatial.KDTree(points_xy)
    _, nearest = tree.query(np.stack([xs, ys], 1) * float(COARSE))
    out = np.zeros((*beyond.shape, values.shape[1]))
    for k in range(values.shape[1]):
        known = np.zeros(beyond.shape)
        known[ys, xs] = values[nearest, k]
        out[..., k] = solve_screened(domain[pick], (beyond | held), known, np.zeros(beyond.shape), 0.0)
    return np.stack([upsample(out[..., k], COARSE, shape) for k in range(values.shape[1])], -1)


def on_skull(
    rest: Float[np.ndarray, "s s"], head: HeadShape, frame: Frame, crop: Crop, person_mm: Float[np.ndarray, "s s"],
    face_z: Float[np.ndarray, "s s"], attach: Bool[np.ndarray, "s s"], wanted: Float[np.ndarray, "s s"],
) -> tuple[Float[np.ndarray, "s s"], Float[np.ndarray, "s s"]]:
    """`rest` (world z, mm), replaced by the head's depth as far as the head tells it; and how thick the hair is there
    (mm; what the person's outline stands off the head's).

    person_mm: signed distance to the outline of the person (mm). face_z: the face's own depth, to which the head's is
    joined where `attach`. wanted: 0..1, where the head may have a say.
    """
    unit, free = frame.pixels_per_mm, ~crop.inside
    seen = see_head(shown_ears(head, frame, crop), frame, len(person_mm))
    person = trace(person_mm, crop.within(PHOTO_EDGE_PX), unit)
    if seen is None or person is None:
        return rest, np.full(rest.shape, np.inf)
    moved = (registered(person, seen.outline, unit) - person.points_xy)
    far = np.linalg.norm(moved, axis=1, keepdims=True) / unit
    alike = smoothstep((FAR_MM[1] - far) / (FAR_MM[1] - FAR_MM[0]))
    alike = alike * (1 - _hanging(person, person.points_xy + moved, frame, crop)[:, None])
    alike = person.smoothed(alike, ALIKE_MM / STEP_MM)
    inside, real = person_mm > 0, person.real
    outside, domain, points = ~inside & ~free, inside | free, person.points_xy[person.real]
    way = carried(points, moved[real], outside, domain, inside.shape, attach)
    off = -(moved * person.normals).sum(1, keepdims=True) / unit - GROW_MM
    thick = carried(points, off[real], outside, domain, inside.shape)[..., 0]
    share = blur(_nearest(points, alike[real, 0], inside.shape), ALIKE_MM * unit)
    ys, xs = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    at_x, at_y = xs + way[..., 0].astype(np.float32), ys + way[..., 1].astype(np.float32)
    rim, square = (
        cv2.remap(v.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(float)
        for v in (seen.rim_mm, seen.square)
    )
    depth = rim + np.sign(square) * np.sqrt(np.abs(square))
    gap = masked_blur(face_z - depth, attach, GAP_SMOOTH_MM * unit)
    depth = depth + _joint(gap, attach, inside | free, unit)
    below = (ys - crop.face.landmarks[indices.CHIN, 1]) / unit
    share = wanted * share * smoothstep((BELOW_MM[1] - below) / (BELOW_MM[1] - BELOW_MM[0])) * min(1.0, 2 * head.trust)
    return rest + share * (depth - rest), np.where(share > 0.05, thick, np.inf)


def _nearest(
    points_xy: Float[np.ndarray, "n 2"], values: Float[np.ndarray, "n"], shape: tuple[int, int]
) -> Float[np.ndarray, "s s"]:
    """For every pixel the value of the nearest point."""
    ys, xs = np.mgrid[: shape[0] : COARSE, : shape[1] : COARSE]
    small = values[spatial.KDTree(points_xy).query(np.stack([xs, ys], -1))[1]]
    return upsample(small, COARSE, shape)


def _hanging(
    person: Outline, goal_xy: Float[np.ndarray, "n 2"], frame: Frame, crop: Crop
) -> Float[np.ndarray, "n"]:
    """1 where the person's outline is hair that hangs off the head: below the ears, above them too where it is long.

    goal_xy: the places of the head's outline that the points belong to.
    """
    unit = frame.pixels_per_mm
    ys, xs = np.nonzero(crop.regions[::COARSE, ::COARSE] != Region.BACKGROUND)
    labels = crop.regions[::COARSE, ::COARSE][ys, xs]
    nearest = spatial.KDTree(np.stack([xs, ys], 1) * float(COARSE)).query(person.points_xy)[1]
    hair = np.isin(labels[nearest], (Region.HAIR, Region.CLOTH))  # cloth up here: a hood, or hair taken for it
    height, own = ((frame.camera.intrinsics[1, 2] - p[:, 1]) / unit for p in (goal_xy, person.points_xy))
    long = person.smoothed((hair & (own < HANGS_MM[0]))[:, None].astype(float), LONG_REACH_MM / STEP_MM)[:, 0]
    long = smoothstep((long - LONG_SHARE[0]) / (LONG_SHARE[1] - LONG_SHARE[0]))
    low = 1 - smoothstep((height - HANGS_MM[0]) / (HANGS_MM[1] - HANGS_MM[0]))
    lower = 1 - smoothstep((own - LONG_MM[0]) / (LONG_MM[1] - LONG_MM[0]))
    return hair * np.maximum(low, long * lower)


def _joint(
    gap: Float[np.ndarray, "s s"], attach: Bool[np.ndarray, "s s"], domain: Bool[np.ndarray, "s s"], unit: float
) -> Float[np.ndarray, "s s"]:
    """What is added so that head and face meet: the gap at the face, fading out beside it."""
    pick = np.s_[::COARSE, ::COARSE]
    held, zero = attach[pick], np.zeros(gap[pick].shape)
    known = np.where(held, gap[pick], 0.0)
    fading = solve_screened(domain[pick], held, known, zero, (COARSE / (JOIN_MM * unit)) ** 2)
    return upsample(fading, COARSE, gap.shape)


def shown_ears(head: HeadShape, frame: Frame, crop: Crop) -> HeadShape:
    """The head; an ear that the photo does not show as skin is laid flat, one that it shows at a slant is pressed
    toward the viewer: drawn out over its whole depth the little that is seen of it would be streaks."""
    size, unit = len(crop.matte), frame.pixels_per_mm
    pixels = project(frame.camera, head.vertices)[0]
    at = np.clip(np.round(pixels).astype(int), 0, size - 1)
    is_skin = crop.regions[at[:, 1], at[:, 0]] == Region.SKIN
    hidden = np.zeros(len(head.vertices), bool)
    vertices = head.vertices.copy()
    for ear in ears(head):
        hidden[ear] = is_skin[ear].mean() < EAR_SKIN
        z = vertices[ear, 2]
        slope = float(np.ptp(z)) * unit / max(float(np.ptp(pixels[ear, 0])), 1e-6)
        vertices[ear, 2] = z.max() + (z - z.max()) * min(1.0, EAR_SLOPE / slope)
    return laid_flat(replace(head, vertices=vertices), hidden)

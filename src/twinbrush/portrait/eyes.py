"""Eyes as a sculptor cuts them: an eyeball set behind the lids, a lid crease, an iris dish with a drilled pupil."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.faces import indices
from twinbrush.image import to_lab
from twinbrush.maths.filters import blur, polyline_distance, soft_polygon
from twinbrush.portrait.geometry import Frame

EYEBALL_MM, IRIS_MM, PUPIL_MM = 12.0, 5.9, 2.3  # anatomical radii (the pupil's as drilled in busts)
LID_MM = 1.5  # the lids' margin stands this far before the eyeball
LID_ROLL_MM, LID_ROLL_WIDTH_MM = 0.5, 1.5  # and is slightly rolled
CREASE_MM, CREASE_WIDTH_MM = 1.3, 1.3  # groove above the upper lid
DISH_MM, DRILL_MM = 0.55, 1.5  # depth of the iris dish and of the pupil
LID_UNLIKE = 11.0  # Lab units: what lies below the lid's margin differs from its skin by more
LEAST_LOWERED, MOST_LOWERED = 0.15, 0.8  # of the landmarks' opening
MIN_OPENING_MM = 3.5  # a narrower eye is closed: only the line between the lids
CREASES = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
EYES = ((indices.EYE_LEFT_UPPER, indices.EYE_LEFT_LOWER), (indices.EYE_RIGHT_UPPER, indices.EYE_RIGHT_LOWER))


def carve_eyes(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"],
    frame: Frame,
) -> Float[np.ndarray, "h w"]:
    """The face's depth (mm) with both eyes modelled; the image shows where the irises are."""
    lowered = lowered_lids(image, landmarks_xy, frame.pixels_per_mm)
    for (upper, lower), crease in zip(EYES, CREASES, strict=True):
        centre = landmarks_xy[list(upper + lower)].mean(0)
        reach = int(26 * frame.pixels_per_mm)
        x0, y0 = np.maximum(np.round(centre).astype(int) - reach, 0)
        x1, y1 = np.minimum(np.round(centre).astype(int) + reach, [depth.shape[1] - 1, depth.shape[0] - 1])
        window = np.s_[y0 : y1 + 1, x0 : x1 + 1]
        shift = np.array([x0, y0], float)
        lines = [smooth_line(landmarks_xy[list(part)] - shift) for part in (upper, lower, crease)]
        arch = np.sin(np.pi * np.linspace(0, 1, len(lines[0])))[:, None] ** 0.5  # the corners stay
        lines[0] = lines[0] + lowered * arch * (lines[1] - lines[0])
        depth = depth.copy()
        depth[window] = _carve(depth[window], image[window], lines, frame.pixels_per_mm)
    return depth


def lowered_lids(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"], unit: float
) -> float:
    """How far the upper lids hang below their landmarks, as a share of the landmarks' opening: those of a lowered gaze
    stay open. 0 unless both do: shadows and strands of hair fall on one eye."""
    curves = [[smooth_line(landmarks_xy[list(part)]) for part in eye] for eye in EYES]
    shares = [_lowered(image, upper, lower, unit) for upper, lower in curves]
    return float(np.mean(shares)) if min(shares) >= LEAST_LOWERED else 0.0


def _lowered(
    image: Float[np.ndarray, "h w 3"], upper: Float[np.ndarray, "m 2"], lower: Float[np.ndarray, "m 2"], unit: float
) -> float:
    """The lid's skin is followed below its line as far as the colours between the corners stay those above it."""
    reach = round(8 * unit)
    x0, y0 = np.maximum(np.floor(np.minimum(upper, lower).min(0)).astype(int) - reach, 0)
    x1, y1 = np.maximum(np.ceil(np.maximum(upper, lower).max(0)).astype(int) + reach, [x0 + 1, y0 + 1])
    image, upper, lower = image[y0:y1, x0:x1], upper - [x0, y0], lower - [x0, y0]
    if 0 in image.shape:
        return 0.0
    lab = blur(to_lab(image).astype(np.float64), max(0.5 * unit, 0.5))
    middle = slice(len(upper) // 4, 3 * len(upper) // 4)
    across = lower[middle] - upper[middle]

    def colour(share: float) -> Float[np.ndarray, "3"]:
        at = np.round(upper[middle] + share * across).astype(int)
        return lab[np.clip(at[:, 1], 0, lab.shape[0] - 1), np.clip(at[:, 0], 0, lab.shape[1] - 1)].mean(0)

    lid = np.mean([colour(share) for share in (-0.3, -0.2, -0.1)], axis=0)
    reached = 0.0
    for share in np.arange(0.0, MOST_LOWERED + 1e-6, 0.05):
        if np.linalg.norm(colour(float(share)) - lid) > LID_UNLIKE:
            break
        reached = float(share)
    return reached


def smooth_line(points_xy: Float[np.ndarray, "n 2"], samples: int = 40) -> Float[np.ndarray, "m 2"]:
    """A smooth curve through the points (not-a-knot cubic over chord length)."""
    from scipy.interpolate import CubicSpline

    lengths = np.maximum(np.linalg.norm(np.diff(points_xy, axis=0), axis=1), 1e-3)
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(lengths))])
    return CubicSpline(along, points_xy)(np.linspace(0, along[-1], samples))


def closed_curve(points_xy: Float[np.ndarray, "n 2"], samples: int = 180) -> Float[np.ndarray, "m 2"]:
    """A smooth closed curve through the points (periodic cubic over the root of chord length)."""
    from scipy.interpolate import CubicSpline

    ring = np.concatenate([points_xy, points_xy[:1]])
    lengths = np.maximum(np.linalg.norm(np.diff(ring, axis=0), axis=1), 1e-3)
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(lengths))])
    return CubicSpline(along, ring, bc_type="periodic")(np.linspace(0, along[-1], samples, endpoint=False))


def _carve(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], lines: list[Float[np.ndarray, "m 2"]],
    unit: float,
) -> Float[np.ndarray, "h w"]:
    upper, lower, crease = lines
    shape = depth.shape
    ring = np.concatenate([upper, lower[-2:0:-1]])
    opening = soft_polygon(shape, ring)
    to_upper, along_upper = polyline_distance(shape, upper)
    to_crease, along_crease = polyline_distance(shape, crease)
    crease_cut = CREASE_MM * np.exp(-((to_crease / (CREASE_WIDTH_MM * unit)) ** 2)) * _taper(along_crease)
    height = np.linalg.norm(upper - lower, axis=1).max() / unit
    if height < MIN_OPENING_MM:
        line = np.exp(-((to_upper / (0.9 * unit)) ** 2)) * _taper(along_upper)
        return depth - 1.2 * line - 0.5 * crease_cut
    to_lower, along_lower = polyline_distance(shape, lower)
    roll = LID_ROLL_MM * np.maximum(
        np.exp(-(((to_upper / unit - 0.8) / LID_ROLL_WIDTH_MM) ** 2)) * _taper(along_upper) * 1.6,
        np.exp(-(((to_lower / unit - 0.8) / LID_ROLL_WIDTH_MM) ** 2)) * _taper(along_lower))
    lids = depth - crease_cut * (1 - opening) + roll * (1 - opening)
    ball = _eyeball(depth, image, ring, opening, unit)
    return lids * (1 - opening) + ball * opening


def _taper(along: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """0 at a line's ends, 1 in its middle."""
    return np.sqrt(np.clip(4 * along * (1 - along), 0, 1))


def _eyeball(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], ring: Float[np.ndarray, "m 2"],
    opening: Float[np.ndarray, "h w"], unit: float,
) -> Float[np.ndarray, "h w"]:
    """A sphere behind the lids' margin, following the face's own tilt, with dish and pupil."""
    ys, xs = np.mgrid[: depth.shape[0], : depth.shape[1]].astype(np.float64)
    centre = ring.mean(0)
    radius = np.hypot(xs - centre[0], ys - centre[1]) / unit
    sphere = np.sqrt(np.maximum(EYEBALL_MM**2 - radius**2, 4.0)) - EYEBALL_MM
    at = np.clip(np.round(ring).astype(int), 0, [depth.shape[1] - 1, depth.shape[0] - 1])
    margin = depth[at[:, 1], at[:, 0]] - sphere[at[:, 1], at[:, 0]]
    plane = np.linalg.lstsq(np.column_stack([ring - centre, np.ones(len(ring))]), margin, rcond=None)[0]
    tilt = 0.7 * (plane[0] * (xs - centre[0]) + plane[1] * (ys - centre[1])) + plane[2]
    iris_xy = _iris_centre(image, ring, opening, unit)
    to_iris = np.hypot(xs - iris_xy[0], ys - iris_xy[1]) / unit
    dish = DISH_MM * _disc(to_iris, IRIS_MM) + DRILL_MM * _disc(to_iris, PUPIL_MM)
    glint = np.hypot(xs - iris_xy[0] + 1.5 * unit, ys - iris_xy[1] + 1.5 * unit) / unit
    dish = dish * (1 - 0.9 * _disc(glint, 1.1))
    return sphere + tilt - LID_MM - dish


def _disc(distance_mm: Float[np.ndarray, "h w"], radius_mm: float) -> Float[np.ndarray, "h w"]:
    return np.clip((radius_mm - distance_mm) / 0.7 + 0.5, 0, 1)


def _iris_centre(
    image: Float[np.ndarray, "h w 3"], ring: Float[np.ndarray, "m 2"], opening: Float[np.ndarray, "h w"], unit: float
) -> Float[np.ndarray, "2"]:
    """Where a disc of the iris' size is darkest inside the opening, pulled to the opening's middle."""
    dark = 1 - image.mean(-1).astype(np.float64)
    inside = opening > 0.6
    if inside.sum() < 12:
        return ring.mean(0)
    mean = float(dark[inside].mean())
    weight = np.where(inside, np.maximum(dark - mean, 0), 0)
    score = blur(weight, 0.6 * IRIS_MM * unit)
    ys, xs = np.mgrid[: dark.shape[0], : dark.shape[1]]
    middle = ring.mean(0)
    span = np.ptp(ring[:, 0]) / 2
    near = np.exp(-((xs - middle[0]) / (0.8 * span)) ** 2 - ((ys - middle[1]) / (0.5 * span)) ** 2)
    best = np.unravel_index(int((score * near).argmax()), dark.shape)
    return np.array([best[1], 0.5 * best[0] + 0.5 * middle[1]], float)

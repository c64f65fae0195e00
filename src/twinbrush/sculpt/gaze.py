"""Where the eyes look: the limbus (iris against white) is searched in the photo, both eyes turn alike.

The search maximises the contrast across a circle of the iris' size to the left and right, where the eye is open
(Daugman 1993's idea, without its upper and lower arcs, which lids cover).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import Camera
from twinbrush.faces import indices
from twinbrush.sculpt.values import Eyeball

IRIS_MM = 5.85
HALF = 40  # pixels of half the search window, which is 1.3 times as wide as the eye
WINDOW = 1.3
INNER, OUTER = 0.8, 1.22  # circles compared, in iris radii
LEAST_OPEN = 60  # open pixels of the window below which there is no search
REACH_XY = (24, 10)  # of the centre, window pixels
USUAL_XY = (14.0, 7.0)  # reach of usual gazes, window pixels
TOWARD_CAMERA_DEGREES, SEARCH_DEGREES = 14.0, 6.0  # standard deviations: people look near the camera; of the search
GOOD_SCORE = 0.6  # of both eyes together
CONVERGENCE_DEGREES = (-0.5, 4.0)  # half of the angle between the eyes
MOST_YAW, LEAST_PITCH, MOST_PITCH = 0.6, -0.4, 0.35  # radians
SIDE = np.radians(np.r_[np.arange(-50, 51, 8), np.arange(130, 231, 8)])
EYES = ((indices.EYE_LEFT_UPPER, indices.EYE_LEFT_LOWER), (indices.EYE_RIGHT_UPPER, indices.EYE_RIGHT_LOWER))


@dataclass(frozen=True)
class Iris:
    """centre_xy: pixels; score: contrast of the limbus (0: not found)."""

    centre_xy: Float[np.ndarray, "2"]
    score: float


def find_irises(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"], pixels_per_mm: float
) -> tuple[Iris, Iris]:
    """Returns the irises of the eye on the picture's left and of that on its right."""
    left, right = (_find(image, landmarks_xy[list(indices.ring(*eye))], pixels_per_mm) for eye in EYES)
    return left, right


def _find(image: Float[np.ndarray, "h w 3"], ring: Float[np.ndarray, "r 2"], unit: float) -> Iris:
    middle, half = ring.mean(0), float(np.ptp(ring[:, 0])) / 2 * WINDOW
    scale = HALF / max(half, 1e-3)
    matrix = np.array([[scale, 0, HALF - middle[0] * scale], [0, scale, HALF - middle[1] * scale]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.warpAffine(image.astype(np.float32), matrix, (2 * HALF, 2 * HALF), flags=flags).mean(-1)
    polygon = np.round((ring - middle) * scale + HALF).astype(np.int32)
    drawn = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(drawn, [polygon], 1)
    if drawn.sum() < LEAST_OPEN:
        return Iris(middle, 0.0)
    low, high = np.quantile(grey[drawn > 0], [0.05, 0.95])
    dark = cv2.GaussianBlur((high - np.clip(grey, low, high)) / max(high - low, 1e-3), (0, 0), 1.2)
    open_ = cv2.erode(drawn, np.ones((3, 3), np.uint8)) > 0
    score, place = _best_circle(dark, open_, IRIS_MM * unit * scale)
    return Iris((place - HALF) / scale + middle, score)


def _best_circle(
    dark: Float[np.ndarray, "s s"], open_: np.ndarray, radius: float
) -> tuple[float, Float[np.ndarray, "2"]]:
    """The best centre's score and place, over a grid of whole pixels."""
    xs, ys = np.meshgrid(np.arange(-REACH_XY[0], REACH_XY[0] + 1), np.arange(-REACH_XY[1], REACH_XY[1] + 1))
    centres = np.stack([xs.ravel(), ys.ravel()], 1) + HALF
    inner, inner_ok = _around(dark, open_, centres, INNER * radius)
    outer, outer_ok = _around(dark, open_, centres, OUTER * radius)
    known = inner_ok & outer_ok
    half = len(SIDE) // 2
    contrast = np.where(known, inner - outer, 0.0)
    sides = np.stack([
        np.where(known[:, part].sum(1) > 1, contrast[:, part].sum(1) / np.maximum(known[:, part].sum(1), 1), 0.0)
        for part in (slice(0, half), slice(half, None))])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(int(0.85 * radius), 1) + 1,) * 2).astype(np.float32)
    weight = cv2.filter2D(open_.astype(np.float32), -1, disc, borderType=cv2.BORDER_CONSTANT)
    filling = cv2.filter2D(dark * open_, -1, disc, borderType=cv2.BORDER_CONSTANT) / np.maximum(weight, 1e-6)
    inside = filling[centres[:, 1], centres[:, 0]]
    unusual = (((centres - HALF) / USUAL_XY) ** 2).sum(1)
    score = 0.5 * sides.sum(0) + 0.5 * sides.min(0) + 0.35 * (inside - 0.5) - 0.05 * unusual
    score[(known.sum(1) < 5) | (weight[centres[:, 1], centres[:, 0]] < 12)] = -np.inf
    best = int(np.argmax(score))
    if not np.isfinite(score[best]):
        return 0.0, np.array([HALF, HALF], float)
    return float(score[best]), centres[best].astype(float)


def _around(
    dark: Float[np.ndarray, "s s"], open_: np.ndarray, centres: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Darkness (c, a) on the circle's left and right about each centre, and whether the eye is open there."""
    x = np.round(centres[:, :1] + radius * np.cos(SIDE)).astype(int)
    y = np.round(centres[:, 1:] + radius * np.sin(SIDE)).astype(int)
    within = (x >= 0) & (y >= 0) & (x < 2 * HALF) & (y < 2 * HALF)
    x, y = np.clip(x, 0, 2 * HALF - 1), np.clip(y, 0, 2 * HALF - 1)
    return dark[y, x], within & open_[y, x]


def turned(eyes: tuple[Eyeball, Eyeball], irises: tuple[Iris, Iris], camera: Camera) -> tuple[Eyeball, Eyeball]:
    """Returns the eyes with their gazes: yaw and pitch of both from the irises found and a prior toward the camera."""
    found = np.array([_angles(_hit(eye, iris, camera) - eye.centre) for eye, iris in zip(eyes, irises, strict=True)])
    score = np.array([max(iris.score, 0.02) for iris in irises])
    mean = (score[:, None] * found).sum(0) / score.sum()
    usual = _angles(camera.centre_xyz)
    trust = float(np.clip(score.sum() / GOOD_SCORE, 0.15, 1.3)) / SEARCH_DEGREES**2
    both = (trust * mean + usual / TOWARD_CAMERA_DEGREES**2) / (trust + 1 / TOWARD_CAMERA_DEGREES**2)
    half = float(np.clip((found[0, 0] - found[1, 0]) / 2, *np.radians(CONVERGENCE_DEGREES)))
    pitch = float(np.clip(both[1], LEAST_PITCH, MOST_PITCH))
    left, right = (
        replace(eye, gaze=direction(float(np.clip(both[0] + side * half, -MOST_YAW, MOST_YAW)), pitch))
        for eye, side in zip(eyes, (1, -1), strict=True))
    return left, right


def direction(yaw: float, pitch: float) -> Float[np.ndarray, "3"]:
    """Returns the unit vector of a gaze; radians, yaw > 0 toward +x, pitch > 0 upward."""
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])


def _angles(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "2"]:
    return np.array([np.arctan2(vector[0], vector[2]), np.arcsin(vector[1] / np.linalg.norm(vector))])


def _hit(eye: Eyeball, iris: Iris, camera: Camera) -> Float[np.ndarray, "3"]:
    """Where the ray of the iris' pixel meets the eyeball (or passes nearest to it)."""
    x, y = (iris.centre_xy - camera.intrinsics[:2, 2]) / camera.intrinsics[0, 0]
    ray = np.array([x, y, 1.0]) @ camera.world_to_camera[:, :3]
    ray /= np.linalg.norm(ray)
    start = camera.centre_xyz
    along = float((eye.centre - start) @ ray)
    missed = float(np.linalg.norm(start + along * ray - eye.centre))
    return start + (along - np.sqrt(max(eye.radius**2 - missed**2, 0.0))) * ray

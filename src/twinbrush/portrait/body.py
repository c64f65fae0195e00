"""Everything but the face: skull, hair, neck and shoulders as depth over the crop."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.portrait import indices
from twinbrush.portrait.filters import blur, fill_holes
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.harmonic import round_inflation

SKULL_CENTRE_MM = np.array([0.0, 14.0, -86.0])  # of an adult's skull in the head frame (anthropometric means)
SKULL_RADII_MM = np.array([76.0, 102.0, 98.0])
RIM_DEPTH_MM = -92.0  # where the silhouette lies: half the head's length behind the eyes
DEEPEST_MM = 108.0  # the inflated body rises at most this far above the rim
COARSE = 3  # inflation is solved on every third pixel
CLOSE_MM = 16.0  # notches narrower than this (behind the jaw, between strands) don't pull the surface back


def skull_depth(frame: Frame, rotation: Float[np.ndarray, "3 3"], shape: tuple[int, int], face_scale: float) -> (
    Float[np.ndarray, "h w"]
):
    """World z (mm) where each pixel's ray meets the posed skull ellipsoid; -inf beside it."""
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    focal = frame.camera.intrinsics[0, 0]
    ray = np.stack([(xs - frame.camera.intrinsics[0, 2]) / focal, -(ys - frame.camera.intrinsics[1, 2]) / focal,
                    -np.ones(shape)], axis=-1)
    origin = np.array([0.0, 0.0, frame.distance_mm])
    inverse = np.diag(1 / (SKULL_RADII_MM * face_scale)) @ rotation.T
    start = inverse @ (origin - rotation @ (SKULL_CENTRE_MM * face_scale))
    step = ray @ inverse.T
    a, b, c = (step**2).sum(-1), step @ start, float(start @ start) - 1
    root = b**2 - a * c
    along = (-b - np.sqrt(np.maximum(root, 0))) / a
    return np.where(root > 0, frame.distance_mm - along, -np.inf)


def face_width_scale(frame: Frame) -> float:
    """The person's face width (temple to temple) over the mean's 141 mm."""
    width = float(np.linalg.norm(frame.landmarks_xyz[234] - frame.landmarks_xyz[454]))
    return float(np.clip(width / 141.0, 0.85, 1.2))


def inflated_depth(
    person: Bool[np.ndarray, "h w"], free: Bool[np.ndarray, "h w"], frame: Frame
) -> Float[np.ndarray, "h w"]:
    """World z (mm) of the matte blown up to a round body that goes back to RIM_DEPTH_MM at the silhouette.

    free: outside the person, but not a silhouette (beyond the photo's edge).
    """
    unit = frame.pixels_per_mm
    size = max(3, int(round(2 * CLOSE_MM * unit)) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    pad = size
    closed = cv2.copyMakeBorder(person.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, disc)[pad:-pad, pad:-pad] > 0
    closed = fill_holes(closed | person)
    small = closed[::COARSE, ::COARSE]
    height = round_inflation(small, free[::COARSE, ::COARSE] & ~small) * COARSE / unit
    squared = cv2.resize(height**2, person.shape[::-1], interpolation=cv2.INTER_LINEAR)
    height = np.sqrt(np.maximum(squared, 0))
    return RIM_DEPTH_MM + height / (1 + (height / DEEPEST_MM) ** 4) ** 0.25


def jaw_side(landmarks_xy: Float[np.ndarray, "468 2"], shape: tuple[int, int], fade_px: float) -> (
    Float[np.ndarray, "h w"]
):
    """1 where the nearest part of the face's outline is the jaw (neck, below), 0 above, soft between."""
    oval = landmarks_xy[list(indices.OVAL)]
    fine = np.concatenate([np.linspace(oval[k - 1], oval[k], 24, endpoint=False) for k in range(len(oval))])
    on_jaw = np.repeat([indices.OVAL[k - 1] in indices.JAW and indices.OVAL[k] in indices.JAW
                        for k in range(len(oval))], 24)
    canvas = np.ones(shape, np.uint8)
    pixels = np.clip(np.round(fine).astype(int), 0, [shape[1] - 1, shape[0] - 1])
    canvas[pixels[:, 1], pixels[:, 0]] = 0
    _, labels = cv2.distanceTransformWithLabels(canvas, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(labels.max() + 1)
    table[labels[pixels[:, 1], pixels[:, 0]]] = on_jaw
    return blur(table[labels], fade_px)


def soft_maximum(a: Float[np.ndarray, "h w"], b: Float[np.ndarray, "h w"], softness: float) -> (
    Float[np.ndarray, "h w"]
):
    """Smooth maximum: sqrt-type, exact far from equality."""
    b = np.where(np.isfinite(b), b, a - 1e3)
    return 0.5 * (a + b + np.sqrt((a - b) ** 2 + softness**2))

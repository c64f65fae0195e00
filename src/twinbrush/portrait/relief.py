"""Depth of the whole portrait over the crop: face, skull and hair joined, a step under the chin, neck, shoulders."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.mesh import Region
from twinbrush.portrait import indices
from twinbrush.portrait.body import (
    face_width_scale,
    inflated_depth,
    jaw_side,
    skull_depth,
    soft_maximum,
)
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.face_depth import spline_depth
from twinbrush.portrait.filters import blur, polygon_mask, signed_distance
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.harmonic import solve_screened

JOIN_INSIDE_MM = 5.0  # the face's own depth counts from this far inside its outline
JOIN_BLEND_MM = 6.0  # and takes over within this width
JOIN_REACH_MM = 32.0  # how far the face's outline pulls hair and ears to itself
COARSE = 3
JAW_WALL_MM = 1.2  # softness of the step under the chin
LAYER_MM = {Region.HAIR: 7.0, Region.CLOTH: 3.0}  # hair and cloth lie on the neck, not in it
LAYER_SOFT_MM = 2.5


def relief_depth(crop: Crop, frame: Frame, person: Bool[np.ndarray, "s s"]) -> Float[np.ndarray, "s s"]:
    """World z (mm) for every pixel (meaningful on the person and a few pixels around)."""
    shape = person.shape
    landmarks = crop.face.landmarks[:, :2]
    face = spline_depth(frame, landmarks, shape)
    oval = signed_distance(polygon_mask(shape, landmarks[list(indices.OVAL)])) / frame.pixels_per_mm
    face_known = np.isfinite(face)
    jaw = jaw_side(landmarks, shape, 4.0 * frame.pixels_per_mm)
    body = inflated_depth(person, ~crop.inside, frame)
    skull = skull_depth(frame, crop.face.rotation, shape, face_width_scale(frame))
    head = soft_maximum(body, skull, 12.0)
    rest = (1 - jaw) * head + jaw * (body + _layers(crop, frame))
    pull = _pull(np.where(face_known, face - head, 0.0), oval, jaw, person, frame)
    rest = rest + (1 - jaw) * pull
    inner = np.clip((oval - JOIN_INSIDE_MM) / JOIN_BLEND_MM, 0, 1)
    open_jaw = np.clip(0.5 + oval / (2 * JAW_WALL_MM), 0, 1)
    weight = (1 - jaw) * _smooth(inner) + jaw * _smooth(open_jaw)
    return np.where(face_known & (weight > 0), weight * np.where(face_known, face, 0) + (1 - weight) * rest, rest)


def _smooth(t: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    return t * t * (3 - 2 * t)


def _layers(crop: Crop, frame: Frame) -> Float[np.ndarray, "s s"]:
    total = np.zeros(crop.matte.shape)
    for region, height in LAYER_MM.items():
        total += height * blur((crop.regions == region).astype(np.float64), LAYER_SOFT_MM * frame.pixels_per_mm)
    return total


def _pull(
    gap: Float[np.ndarray, "s s"], oval: Float[np.ndarray, "s s"], jaw: Float[np.ndarray, "s s"],
    person: Bool[np.ndarray, "s s"], frame: Frame,
) -> Float[np.ndarray, "s s"]:
    """Screened-harmonic extension of the gap between face and head, from just inside the outline outward."""
    pick = np.s_[::COARSE, ::COARSE]
    fixed = (oval[pick] > JOIN_INSIDE_MM) & (oval[pick] < JOIN_INSIDE_MM + 8)
    domain = (oval[pick] <= JOIN_INSIDE_MM) & (jaw[pick] < 0.9) & cv2.dilate(
        person[pick].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    step = COARSE / frame.pixels_per_mm
    small = solve_screened(domain, fixed, gap[pick], np.zeros(domain.shape), (step / JOIN_REACH_MM) ** 2)
    known = (domain | fixed).astype(np.float64)
    small = np.where(known > 0, small, blur(small * known, 3.0) / np.maximum(blur(known, 3.0), 1e-6))
    return _upsample(small, oval.shape)


def _upsample(small: Float[np.ndarray, "h w"], shape: tuple[int, int]) -> Float[np.ndarray, "h2 w2"]:
    """Values on every COARSE-th pixel -> all pixels (cubic)."""
    xs = (np.arange(shape[1]) / COARSE).astype(np.float32)
    ys = (np.arange(shape[0]) / COARSE).astype(np.float32)
    map_x, map_y = np.meshgrid(xs, ys)
    return cv2.remap(small, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

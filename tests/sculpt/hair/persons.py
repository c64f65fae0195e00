"""A made person: the mean head in a plain picture with hair, beard and hat drawn by rule."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from twinbrush.base.camera import Camera, project
from twinbrush.base.rasterize import rasterize
from twinbrush.regions.values import Label
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Surroundings

DENSITY, WIDTH, HEIGHT, DISTANCE_MM = 1.0, 520, 560, 700.0
EYES_XY = (259.5, 230.0)
HAIR_MM = 12  # the drawn hair stands so far beyond the head
HAIRLINE_MM, PARTING_SLOPE = 52.0, 0.15  # height above the eyes of the drawn hairline, leaning to one side


def camera() -> Camera:
    """A camera straight before the head that shows DENSITY pixels a mm at the eyes."""
    intrinsics = np.array([[DENSITY * DISTANCE_MM, 0, EYES_XY[0]], [0, DENSITY * DISTANCE_MM, EYES_XY[1]], [0, 0, 1.0]])
    return Camera(intrinsics, np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, DISTANCE_MM]]), WIDTH, HEIGHT)


@lru_cache(maxsize=8)
def person(
    hair: bool = True, beard: bool = False, hat: bool = False, long_mm: float = 0.0, buns: bool = False
) -> Surroundings:
    """The mean head seen from the front: hair to the temples, a goatee, a hat down to the forehead.

    long_mm: how far below the eyes hair falls at both sides, over the shoulders. buns: one at each side above the ears.
    """
    head = template()
    pixels, depth = project(camera(), head.mean.astype(float))
    face_index = np.asarray(rasterize(pixels, depth, head.triangles, WIDTH, HEIGHT).face_index)
    skin = face_index >= 0
    labels = np.where(skin, Label.SKIN, Label.GROUND).astype(np.uint8)
    x, y = np.meshgrid(np.arange(WIDTH) - EYES_XY[0], EYES_XY[1] - np.arange(HEIGHT))
    grown = cv2.dilate(skin.astype(np.uint8), np.ones((2 * HAIR_MM + 1,) * 2, np.uint8)) > 0
    above = y > HAIRLINE_MM + PARTING_SLOPE * x
    sides = (y > 25) & ~skin
    if hair:
        labels[grown & (above | sides)] = Label.HAIR
    if long_mm:
        labels[(y < 60) & (y > -long_mm) & (np.abs(x) > 62) & (np.abs(x) < 98)] = Label.HAIR
    if buns:
        labels[np.hypot(np.abs(x) - 104, y - 95) < 36] = Label.HAIR
    if beard:
        labels[(np.abs(x) < 22) & (y < -78) & (y > -125)] = Label.BEARD
    if hat:
        labels[grown & (y > 75)] = Label.HEADWEAR
    brown = [0.3, 0.2, 0.1]
    shades = np.array([[0.8, 0.8, 0.8], [0.8, 0.6, 0.5], brown, brown, [0.2, 0.2, 0.5], [0.6, 0.1, 0.2]])
    stripes = 1 + 0.15 * np.sin(x / 2.0 + 0.3 * y)[..., None]
    image = np.clip(shades[labels] * stripes, 0, 1).astype(np.float32)
    everywhere = np.ones(labels.shape, bool)
    return Surroundings(image, labels, np.ones(labels.shape), everywhere, camera(), DENSITY)

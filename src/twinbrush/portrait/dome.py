"""When the photo cuts off the top of the head, a plausible dome is put on: a bust with a flat top looks sawn off."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.faces.values import Face
from twinbrush.portrait.crop import moved_face
from twinbrush.regions.values import Label, RegionMap

LEAST_CHORD, REACH = 0.12, 0.75  # in face heights: a shorter cut is left alone; it is looked for this far to both sides
RISE = 0.36  # height of the arch over half of the cut's width
ROOM = 0.2  # free rows above it, in face heights


def with_dome(
    image: Float[np.ndarray, "h w 3"], segmentation: RegionMap, face: Face
) -> tuple[Float[np.ndarray, "h2 w 3"], RegionMap, Face]:
    """The same picture with rows added on top, where an arch closes the head; colours mirrored upward.

    Unchanged when the head does not touch the photo's upper edge.
    """
    height_px = face.height_px
    middle = float(face.landmarks[:, 0].mean())
    low, high = np.clip([middle - REACH * height_px, middle + REACH * height_px], 0, image.shape[1] - 1).astype(int)
    row = min(2, image.shape[0] - 1)  # the very edge is often a dark or blurred line
    columns = low + np.flatnonzero(segmentation.matte[row, low : high + 1] > 0.5)
    if len(columns) < LEAST_CHORD * height_px:
        return image, segmentation, face
    left, right = float(columns[0]), float(columns[-1])
    half = (right - left) / 2
    rows = int(np.clip(np.ceil(RISE * half + ROOM * height_px), 1, image.shape[0] - 1))
    ys, xs = np.mgrid[:rows, : image.shape[1]].astype(np.float64)
    arch = RISE * half * (1 - ((xs - (left + right) / 2) / half) ** 2)  # a parabola meets the head's slope best
    dome = np.clip(arch - (rows - ys) + 0.5, 0, 1)
    taller = cv2.copyMakeBorder(image, rows, 0, 0, 0, cv2.BORDER_REFLECT_101)
    part = RegionMap(
        np.concatenate([dome, segmentation.matte]),
        np.concatenate([np.where(dome > 0.5, Label.HAIR, Label.GROUND).astype(np.uint8), segmentation.labels]),
        np.concatenate([0.3 * dome, segmentation.confidence]),
        np.concatenate([np.zeros(dome.shape, bool), segmentation.glasses]),
        (*segmentation.warnings, "The photo cuts off the top of the head; it was completed."),
    )
    return taller, part, moved_face(replace(face), 1.0, np.array([0.0, rows]))

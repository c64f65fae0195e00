"""Ears as far out as the photo's outline shows them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.camera import Camera, project
from twinbrush.mesh import Region
from twinbrush.portrait.crop import Crop
from twinbrush.sculpt.eyeball import step
from twinbrush.sculpt.values import EAR, Template

INWARD_MM, FARTHEST_MM = 14.0, 34.0  # the walk to the outline starts so far inside the ear's edge, and ends
ROW_MM = 2.0  # vertices so near to a pixel row tell where the ear's edge is in it
HEIGHTS = (0.1, 0.8)  # of the ear: which rows are looked at
LEAST_MM, MOST_MM = -5.0, 6.0  # by which an ear is moved
LEAST_ROWS = 0.5  # share of the rows that must show the outline


def fitted_ears(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, crop: Crop, pixels_per_mm: float
) -> tuple[Float[np.ndarray, "n 3"], tuple[float | None, float | None]]:
    """Returns the head with each ear stretched outward (or in) to the outline of the skin beside it, and by how much,
    mm, left in the picture first; None where hair or the photo's edge hides it."""
    out = vertices.copy()
    reach: list[float | None] = []
    for side in (-1, 1):
        members, share = ear_weights(template, side)
        gap = _gap(vertices[members], camera, crop, pixels_per_mm, side)
        reach.append(gap)
        if gap is not None:
            out[members, 0] += share * side * gap
    return out, (reach[0], reach[1])


def ear_weights(template: Template, side: int) -> tuple[Int[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """Returns an ear's vertices and how far each goes with its rim: not at all where it grows out of the head."""
    members = np.flatnonzero((template.labels == EAR) & (template.mean[:, 0] * side > 0))
    away = np.abs(template.mean[members, 0])
    return members, step(np.quantile(away, 0.25) - 1, away.max() - 3, away)


def _gap(
    ear: Float[np.ndarray, "m 3"], camera: Camera, crop: Crop, unit: float, side: int
) -> float | None:
    pixels, _ = project(camera, ear)
    person: Bool[np.ndarray, "h w"] = (crop.matte > 0.5) & crop.inside
    height, width = person.shape
    top, bottom = np.quantile(pixels[:, 1], HEIGHTS)
    if top < 2 or bottom > height - 2:
        return None
    gaps: list[float] = []
    rows = np.arange(int(top), int(bottom), max(1, int(unit)))
    for row in rows:
        near = np.abs(pixels[:, 1] - row) < ROW_MM * unit
        if near.sum() < 3:
            continue
        edge = float(pixels[near, 0].max() if side > 0 else pixels[near, 0].min())
        start = int(np.clip(edge - side * INWARD_MM * unit, 0, width - 1))
        line = person[row, start:] if side > 0 else person[row, start::-1]
        ends = np.flatnonzero(~line)
        length = int(ends[0]) if len(ends) else len(line)
        if not 0 < length < FARTHEST_MM * unit or not 1 < start + side * length < width - 2:
            continue
        inner = int(np.clip(start + side * (length - 2 * unit), 0, width - 1))
        if crop.regions[row, inner] == Region.SKIN:
            gaps.append(side * (start + side * length - edge) / unit)
    if len(rows) == 0 or len(gaps) < LEAST_ROWS * len(rows):
        return None
    return float(np.clip(np.median(gaps), LEAST_MM, MOST_MM))

"""Ears as high, as large and as far out as the photo's outline shows them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import spatial

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Region
from twinbrush.base.rasterize import rasterize
from twinbrush.sculpt.eyeball import step
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.values import EAR, Template

INWARD_MM, FARTHEST_MM = 14.0, 34.0  # the walk to the outline starts so far inside the ear's edge, and ends
ROW_MM = 2.0  # vertices so near to a pixel row tell where the ear's edge is in it
HEIGHTS = (0.1, 0.8)  # of the ear: which rows are looked at
LEAST_MM, MOST_MM = -5.0, 7.0  # by which an ear is moved
LEAST_ROWS = 0.5  # share of the rows that must show the outline
WINDOW_MM = (34.0, 26.0, 58.0)  # outward, inward, and up and down of an ear's middle: what is compared, 1 pixel a mm
RAISES_MM, SIZES, OUTS_MM = np.arange(-6.0, 7.6, 1.5), np.arange(0.84, 1.21, 0.06), np.arange(-4.0, 8.1, 2.0)
RAISE_SIGMA_MM, SIZE_SIGMA, PRIOR_MM2 = 6.0, 0.09, 20.0  # how unusual a place or size costs, as mm2 of a wrong outline
HAIR_COST = 0.35  # of a mm2 of ear where the photo has hair, which may lie over it
NEAREST = 6  # ear vertices that a neighbour follows
FOLLOW_MM = 14.0  # skin follows a moved ear over this distance


@dataclass(frozen=True)
class Placing:
    """raise_mm: how much higher, size: how much larger an ear is than the fit's."""

    raise_mm: float
    size: float


def fitted_ears(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, crop: Crop, pixels_per_mm: float
) -> tuple[Float[np.ndarray, "n 3"], tuple[float | None, float | None]]:
    """Returns the head with each ear as high and large as the photo shows it and stretched outward (or in) to the
    outline of the skin beside it, and by how much, mm, left in the picture first; None where hair or the photo's edge
    hides it: then it is placed like the other one."""
    placings = [_placing(template, vertices, camera, crop, side) for side in (-1, 1)]
    gaps = []
    for side, placing in zip((-1, 1), placings, strict=True):
        moved = placed(template, vertices, side, placing)
        members, _ = ear_weights(template, side)
        gaps.append(_gap(moved[members], camera, crop, pixels_per_mm, side))
    seen = [placing for placing, gap in zip(placings, gaps, strict=True) if gap is not None]
    out = vertices.copy()
    if seen:
        both = Placing(float(np.mean([p.raise_mm for p in seen])), float(np.mean([p.size for p in seen])))
        for side in (-1, 1):
            out = placed(template, out, side, both)
    reach: list[float | None] = []
    for side in (-1, 1):
        members, share = ear_weights(template, side)
        gap = _gap(vertices[members], camera, crop, pixels_per_mm, side)
        reach.append(gap)
        if gap is not None:
            out[members, 0] += share * side * gap
    return out, (reach[0], reach[1])


def placed(
    template: Template, vertices: Float[np.ndarray, "n 3"], side: int, placing: Placing
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with one ear moved up and made larger about where it grows out of the head, skin following."""
    members, share = ear_weights(template, side)
    ear = vertices[members]
    root = np.array([side * np.abs(ear[:, 0]).min(), ear[:, 1].mean(), ear[:, 2].mean()])
    members, ear = members[share > 0], ear[share > 0]  # what lies flat on the head follows: else it would be a ledge
    move = (placing.size - 1) * (ear - root) + [0.0, placing.raise_mm, 0.0]
    near = np.flatnonzero(np.linalg.norm(vertices - root, axis=1) < np.ptp(ear[:, 1]) + 3 * FOLLOW_MM)
    near = near[template.labels[near] <= 3]
    distance, nearest = spatial.KDTree(ear).query(vertices[near], k=NEAREST)
    weight = 1 / (distance + 0.05) ** 2
    mean = (weight[..., None] * move[nearest]).sum(1) / weight.sum(1, keepdims=True)
    out = vertices.copy()
    out[near] += mean * np.exp(-((distance[:, :1] / FOLLOW_MM) ** 2))
    out[members] = ear + move
    return out


def _placing(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, crop: Crop, side: int
) -> Placing:
    """The place and size whose outline, with the head's, explains best which pixels beside the head are skin."""
    members, share = ear_weights(template, side)
    pixels, depth = project(camera, vertices)
    middle = pixels[members].mean(0)
    scale = float(camera.intrinsics[0, 0] / depth[members].mean())  # pixels a mm
    outward, inward, tall = WINDOW_MM
    width, height = round(outward + inward), round(2 * tall)
    corner = np.array([inward if side > 0 else outward, tall])
    window = (pixels - middle) / scale + corner
    back = np.c_[scale * np.eye(2), middle - scale * corner]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    skin, hair, inside = (cv2.warpAffine(mask.astype(np.float32), back, (width, height), flags=flags) for mask in (
        (crop.regions == Region.SKIN) & (crop.matte > 0.5), crop.regions == Region.HAIR, crop.inside))
    index = np.full(len(vertices), -1)
    index[members] = np.arange(len(members))
    faces = template.triangles
    head = rasterize(window, depth, faces[(index[faces] < 0).all(1)], width, height).face_index >= 0
    ears = index[faces[(index[faces] >= 0).all(1)]]
    cost = np.where(hair > 0.5, HAIR_COST, 1 - 2 * skin) * (inside > 0.5) * ~head  # of a pixel that the ear covers
    best, found = np.inf, Placing(0.0, 1.0)
    points = window[members]
    root = np.array([points[:, 0].min() if side > 0 else points[:, 0].max(), points[:, 1].mean()])
    for size in SIZES:
        for out in OUTS_MM:
            moved = root + size * (points - root) + np.stack([share * side * out, np.zeros(len(points))], 1)
            mask = rasterize(moved, depth[members], ears, width, height).face_index >= 0
            for up in RAISES_MM:
                shifted = np.roll(mask, -round(up), axis=0)
                odd = (up / RAISE_SIGMA_MM) ** 2 + ((size - 1) / SIZE_SIGMA) ** 2
                value = float(cost[shifted].sum()) + PRIOR_MM2 * odd
                if value < best:
                    best, found = value, Placing(float(up), float(size))
    return found


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

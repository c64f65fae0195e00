"""Fine relief read from the photo's shading: locks and strands of hair, brows, and a little of the skin's creases."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import blur, masked_blur, polygon_mask, signed_distance, smoothstep
from twinbrush.mesh import Region
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.geometry import Frame

STRAND_MM, LOCK_MM = (0.9, 3.0), (3.0, 9.0)  # band limits (Gaussian sigmas) of strands and locks
STRAND_HEIGHT_MM, LOCK_HEIGHT_MM = 0.9, 2.2  # about one local standard deviation becomes this high
HAIR_SOFT_MM = 1.6
HAIR_THICK_MM, HAIR_RISE_MM, HAIR_EDGE_MM = 4.2, 13.0, 0.8  # hair that hangs over skin rises after a small step
FLAT_RISE_MM, FLAT_SOFT_MM = 22.0, 6.0  # hair that grows out of it rises gently, its strands fade in over that
OVERHANG_MM = (3.0, 9.0)  # hair is taken to hang over skin where it reaches this far into the face's outline
HAIRLINE_SMOOTH_MM = 1.2
SKIN_MM, SKIN_HEIGHT_MM = (0.8, 2.6), 2.2  # band of creases; mm per unit of log luminance
BROW_HEIGHT_MM = 0.7
EAR_MM, EAR_HEIGHT_MM = (1.0, 6.0), 1.8
FOLD_MM, FOLD_HEIGHT_MM = (1.6, 8.0), 0.7
STREAM_STEPS, STREAM_STEP_MM = 6, 0.7  # strands are smoothed along themselves over this many steps to both sides


def hair_relief(
    crop: Crop, frame: Frame, oval_mm: Float[np.ndarray, "s s"], thick_mm: Float[np.ndarray, "s s"]
) -> Float[np.ndarray, "s s"]:
    """Height (mm) that hair adds: thickness from the hairline on, locks and strands.

    oval_mm: signed distance to the face's outline. Hair within it hangs over the skin and has an edge; outside it grows
    out of the skin, and an edge there would be the rim of a cap. thick_mm: how far the hair stands off the head at its
    silhouette: cropped hair is no thicker in front.
    """
    unit = frame.pixels_per_mm
    hair = crop.regions == Region.HAIR
    if hair.sum() < 200:
        return np.zeros(hair.shape)
    blurred = blur(hair.astype(np.float64), HAIR_SOFT_MM * unit)
    skin = cv2.dilate((crop.regions == Region.SKIN).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    from_skin = -signed_distance(skin & ~hair) / unit
    from_skin = blur(np.clip(from_skin, -30, 60), HAIRLINE_SMOOTH_MM * unit)  # labels' serrations are no hairline
    hanging = blur(np.clip((oval_mm - OVERHANG_MM[0]) / (OVERHANG_MM[1] - OVERHANG_MM[0]), 0, 1), 2.0 * unit)
    over = HAIR_EDGE_MM + HAIR_THICK_MM * np.sin(0.5 * np.pi * np.clip(from_skin / HAIR_RISE_MM, 0, 1))
    flat = (HAIR_EDGE_MM + HAIR_THICK_MM) * 0.5 * (1 - np.cos(np.pi * np.clip(from_skin / FLAT_RISE_MM, 0, 1)))
    thickness = flat + hanging * (over - flat)
    faded = np.clip(from_skin / FLAT_SOFT_MM, 0, 1)
    carved = faded + hanging * (1 - faded)
    edge = np.clip((blurred - 0.2) / 0.6, 0, 1)
    soft = blur(hair.astype(np.float64), 2 * HAIR_SOFT_MM * unit)
    soft = soft + hanging * (edge - soft)
    tone = np.log(crop.image.mean(-1).astype(np.float64) + 0.04)
    strands = _normalised(_along_strands(_band(tone, hair, STRAND_MM, unit), hair, unit), hair, unit)
    locks = _normalised(_band(tone, hair, LOCK_MM, unit), hair, unit)
    inner = np.clip(signed_distance(crop.matte > 0.5) / unit / 4, 0, 1)
    cropped = smoothstep(thick_mm / (HAIR_EDGE_MM + HAIR_THICK_MM))
    return soft * cropped * (thickness + carved * inner * (STRAND_HEIGHT_MM * strands + LOCK_HEIGHT_MM * locks))


def skin_relief(crop: Crop, frame: Frame, oval_mm: Float[np.ndarray, "s s"]) -> Float[np.ndarray, "s s"]:
    """Height (mm) of creases and brows inside the face, read as "darker is deeper" at small scales."""
    unit = frame.pixels_per_mm
    points = crop.face.landmarks[:, :2]
    shape = crop.matte.shape
    skin = (crop.regions == Region.SKIN) & (oval_mm > 3)
    features = np.zeros(shape, bool)
    for part in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.LIPS_OUTER):
        features |= polygon_mask(shape, points[list(part)])
    features = cv2.dilate(features.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=round(2 * unit)) > 0
    brows = np.zeros(shape, bool)
    for part in (indices.BROW_LEFT, indices.BROW_RIGHT):
        brows |= polygon_mask(shape, points[list(part)])
    tone = np.log(crop.image.mean(-1).astype(np.float64) + 0.08)
    where = skin & ~features
    band = np.clip(_band(tone, where, SKIN_MM, unit), -0.25, 0.12)
    ears = (crop.regions == Region.SKIN) & (oval_mm < -1) & ear_rows(points, shape)
    ear = EAR_HEIGHT_MM * _normalised(_band(tone, ears, EAR_MM, unit), ears, unit) if ears.sum() > 60 else 0.0
    band = np.where(ears, 0.0, band)
    brow = blur(brows.astype(np.float64), 1.6 * unit)
    weight = blur((where & ~brows).astype(np.float64), 1.5 * unit)
    return SKIN_HEIGHT_MM * band * weight + BROW_HEIGHT_MM * brow * (1 + 3 * np.abs(band)) + (
        ear * blur(ears.astype(np.float64), 1.0 * unit))


def ear_rows(points_xy: Float[np.ndarray, "468 2"], shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Rows between the brows and the mouth, along the face's own axis: where ears are."""
    down = points_xy[indices.CHIN] - points_xy[indices.FOREHEAD_TOP]
    height = float(np.linalg.norm(down))
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    along = ((xs - points_xy[indices.FOREHEAD_TOP, 0]) * down[0] + (ys - points_xy[indices.FOREHEAD_TOP, 1]) * down[1])
    share = along / height**2
    return (share > 0.25) & (share < 0.82)


def cloth_relief(crop: Crop, frame: Frame) -> Float[np.ndarray, "s s"]:
    """Height (mm) of folds: darker is deeper, and little of it, for patterns are not folds."""
    unit = frame.pixels_per_mm
    cloth = crop.regions == Region.CLOTH
    if cloth.sum() < 200:
        return np.zeros(cloth.shape)
    tone = np.log(crop.image.mean(-1).astype(np.float64) + 0.08)
    folds = _normalised(_band(tone, cloth, FOLD_MM, unit), cloth, unit)
    inner = cv2.erode(cloth.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=round(2 * unit))
    return FOLD_HEIGHT_MM * folds * blur(inner.astype(np.float64), 1.5 * unit)


def _band(
    tone: Float[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"], limits_mm: tuple[float, float], unit: float
) -> Float[np.ndarray, "h w"]:
    fine = masked_blur(tone, where, limits_mm[0] * unit)
    return np.where(where, fine - masked_blur(tone, where, limits_mm[1] * unit), 0.0)


def _normalised(band: Float[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"], unit: float) -> (
    Float[np.ndarray, "h w"]
):
    """Divided by its local contrast (dark hair shows as much as fair), softly limited to about -1.5..1.5."""
    local = np.sqrt(masked_blur(band**2, where, 18 * unit))
    overall = float(np.sqrt((band[where] ** 2).mean()))
    scaled = band / np.maximum(0.7 * local + 0.3 * overall, 0.012)
    return np.where(where, 1.5 * np.tanh(scaled / 1.5), 0.0)


def _along_strands(band: Float[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"], unit: float) -> (
    Float[np.ndarray, "h w"]
):
    """Mean along the local strand direction (structure tensor), so that noise goes and strands stay."""
    gx, gy = cv2.Sobel(band, cv2.CV_64F, 1, 0), cv2.Sobel(band, cv2.CV_64F, 0, 1)
    sigma = 2.0 * unit
    xx, xy, yy = blur(gx * gx, sigma), blur(gx * gy, sigma), blur(gy * gy, sigma)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    step = STREAM_STEP_MM * unit
    dx, dy = (step * np.cos(angle)).astype(np.float32), (step * np.sin(angle)).astype(np.float32)
    ys, xs = np.mgrid[: band.shape[0], : band.shape[1]].astype(np.float32)
    weight, values = where.astype(np.float32), (band * where).astype(np.float32)
    total, count = values.copy(), weight.copy()
    for sign in (1, -1):
        x, y = xs.copy(), ys.copy()
        for _ in range(STREAM_STEPS):
            # bilinear look-up of the step would flip where angles wrap: the nearest pixel's direction is enough
            ix = np.clip(np.round(x).astype(np.intp), 0, band.shape[1] - 1)
            iy = np.clip(np.round(y).astype(np.intp), 0, band.shape[0] - 1)
            same = np.sign(dx[iy, ix] * dx + dy[iy, ix] * dy)
            same = np.where(same == 0, 1, same).astype(np.float32)
            x, y = x + sign * same * dx[iy, ix], y + sign * same * dy[iy, ix]
            total += cv2.remap(values, x, y, cv2.INTER_LINEAR)
            count += cv2.remap(weight, x, y, cv2.INTER_LINEAR)
    return np.where(where, total / np.maximum(count, 1e-6), 0.0).astype(np.float64)

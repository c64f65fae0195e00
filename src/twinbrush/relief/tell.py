"""Which medium a style portrait is in, told by measured properties of its person at a fixed scale.

Colourless and of strong contrast: ink. Small closed cells without a direction: mosaic. Strong lines of one direction:
a woodcut. Coloured strokes without a direction: pastel. Else oil. The thresholds lie between the bundled styles and
fourteen portraits beside them (docs/relief.md lists what they measure): nothing was set aside.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.base.image import to_lab
from twinbrush.faces import indices
from twinbrush.faces.values import Face
from twinbrush.regions.values import Label, RegionMap
from twinbrush.relief.gates import NOSTRILS

FACE_PX = 320.0  # height of the face at which all is measured
BROAD_PX, GRADIENT_PX, TENSOR_PX = 5.0, 1.0, 6.0  # of the band; of its gradients; of their tensor
MARGIN_PX, FEATURE_PX = 9, 13  # from a region's border and about features, nothing is measured
INK_CHROMA, INK_CONTRAST = 14.0, 0.12  # at most and at least, of the person
MOSAIC_CELLS, MOSAIC_COHERENCE = 0.25, 0.35  # at least and at most, of the skin
CUT_CONTRAST, CUT_COHERENCE = 0.09, 0.70  # at least, of the person
CHALK_COHERENCE, CHALK_CHROMA = 0.50, 30.0  # at most and at least, of the person
FULL_CONTRAST, FAINTEST = 0.042, 0.4  # of the skin's brushwork from which the relief is full; its least share
WALL_PX, WALL_CONTRAST = 9, 1.0  # width of what may be a joint; its depth, in standard deviations of the band
CELL_PX2 = (25, 900)  # area of a stone


def medium_of(picture: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap) -> tuple[str, dict[str, float]]:
    """Returns the medium, and what it was told by; `strength`, 0..1, is the share of the medium's relief."""
    seen = measured(picture, face, regions)
    if seen["cells"] > MOSAIC_CELLS and seen["skin_coherence"] < MOSAIC_COHERENCE:
        medium = "mosaic"
    elif seen["chroma"] < INK_CHROMA and seen["contrast"] > INK_CONTRAST:
        medium = "ink"
    elif seen["contrast"] > CUT_CONTRAST and seen["coherence"] > CUT_COHERENCE:
        medium = "woodcut"
    elif seen["coherence"] < CHALK_COHERENCE and seen["chroma"] > CHALK_CHROMA:
        medium = "pastel"
    else:
        medium = "oil"
    return medium, seen | {"strength": float(np.clip(seen["skin_contrast"] / FULL_CONTRAST, FAINTEST, 1))}


def measured(picture: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap) -> dict[str, float]:
    """Returns the properties: contrast (of the band, L / 100), coherence (of directions, weighted by gradients), chroma
    (median) of the person; contrast and coherence of the skin; share of the skin in small closed cells."""
    scale = FACE_PX / face.height_px
    size = [max(round(side * scale), 1) for side in picture.shape[1::-1]]
    small = cv2.resize(
        picture.astype(np.float32), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    labels = cv2.resize(regions.labels, size, interpolation=cv2.INTER_NEAREST)
    lab = to_lab(np.clip(small, 0, 1).astype(np.float32))
    light = lab[..., 0] / 100
    features = _features(face.landmarks[:, :2] * scale, light.shape)
    skin = _inside(labels == Label.SKIN) & ~features
    person = _inside(labels != Label.GROUND) & ~features
    band = light - cv2.GaussianBlur(light, (0, 0), BROAD_PX)
    clear, weight = _directions(light)
    out = {"chroma": _median(np.hypot(lab[..., 1], lab[..., 2])[person])}
    for name, where in (("", person), ("skin_", skin)):
        total = float(weight[where].sum())
        out[f"{name}contrast"] = float(band[where].std()) if where.any() else 0.0
        out[f"{name}coherence"] = float((clear * weight)[where].sum()) / total if total > 0 else 0.0
    return out | {"cells": _cells(light, out["skin_contrast"], skin)}


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _features(xy: Float[np.ndarray, "468 2"], shape: tuple[int, ...]) -> Bool[np.ndarray, "h w"]:
    mask = np.zeros(shape, np.uint8)
    brows = indices.BROW_LEFT, indices.BROW_RIGHT
    for ring in (indices.EYE_LEFT, indices.EYE_RIGHT, *brows, indices.LIPS_OUTER, NOSTRILS):
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(xy[list(ring)]).astype(np.int32)), 1)
    return cv2.dilate(mask, np.ones((FEATURE_PX, FEATURE_PX), np.uint8)) > 0


def _inside(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    return cv2.erode(mask.astype(np.uint8), np.ones((MARGIN_PX, MARGIN_PX), np.uint8)) > 0


def _directions(light: Float32[np.ndarray, "h w"]) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Coherence of the structure tensor, and the mean length of gradients about there."""
    smooth = cv2.GaussianBlur(light, (0, 0), GRADIENT_PX)
    x, y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    a, b, c = (cv2.GaussianBlur(product, (0, 0), TENSOR_PX) for product in (x * x, x * y, y * y))
    return np.hypot(a - c, 2 * b) / (a + c + 1e-6), np.sqrt(a + c)


def _cells(light: Float32[np.ndarray, "h w"], contrast: float, skin: Bool[np.ndarray, "h w"]) -> float:
    """Share of the skin that lies in small areas shut off by dark joints."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WALL_PX, WALL_PX))
    joints = cv2.morphologyEx(cv2.GaussianBlur(light, (0, 0), 0.7), cv2.MORPH_BLACKHAT, disc)
    open_ = skin & (joints <= max(WALL_CONTRAST * contrast, 0.02))
    area = cv2.connectedComponentsWithStats(open_.astype(np.uint8), connectivity=4)[2][1:, 4]
    stones = (area > CELL_PX2[0]) & (area < CELL_PX2[1])
    return float(area[stones].sum()) / max(int(skin.sum()), 1)

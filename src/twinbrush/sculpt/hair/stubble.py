"""Stubble is skin: what is called a beard but lets the skin be seen through it has no mass."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import project
from twinbrush.maths.filters import hull_mask, morphed
from twinbrush.regions.values import Label
from twinbrush.sculpt.hair.whiskers import ON_FACE_MM, other_side
from twinbrush.sculpt.values import FACE, Surroundings, Template

LONG_MM = 12.0  # a beard whose outermost tenth stands out so far beyond the face is none of stubble, in light or shadow
OUTERMOST = 0.9
DENSE = 0.35  # share of the way from bare skin's colour to the densest beard's from which it has a mass
DENSEST = 0.7  # quantile of the beard's difference to skin from which it is the densest
CALM_MM, CLOSE_MM, OPEN_MM = 1.5, 3.0, 1.0  # blur of colours; gaps closed; specks opened
LEAST_SKIN_CM2 = 3.0  # of bare skin seen: with less there is nothing to compare with


def without_stubble(template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings) -> Surroundings:
    """Returns the photo with SKIN where its BEARD is stubble; the same photo where there is none or it is long.

    vertices: of the fitted head (n template vertices), mm.
    """
    beard = (seen.labels == Label.BEARD) & seen.inside
    bare = (seen.labels == Label.SKIN) & seen.inside
    per_mm = seen.pixels_per_mm
    if not beard.any() or bare.sum() < LEAST_SKIN_CM2 * 100 * per_mm**2 or _is_long(template, vertices, seen, beard):
        return seen
    dense = (beard_density(seen, beard, bare) > DENSE) & beard
    dense |= other_side(template, vertices, seen, beard, dense, ON_FACE_MM) > 0  # light seldom falls on both alike
    dense = morphed(morphed(dense, cv2.MORPH_CLOSE, CLOSE_MM * per_mm) & beard, cv2.MORPH_OPEN, OPEN_MM * per_mm)
    return replace(seen, labels=np.where(beard & ~dense, np.uint8(Label.SKIN), seen.labels))


def beard_density(
    seen: Surroundings, beard: Bool[np.ndarray, "h w"], bare: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """Returns how far each pixel's colour (CIELAB) lies on the way from bare skin (0) to the densest beard (1)."""
    lab = cv2.cvtColor(seen.image.astype(np.float32), cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), CALM_MM * seen.pixels_per_mm)
    skin = np.median(lab[bare], axis=0)
    away = np.linalg.norm(lab[beard] - skin, axis=1)
    way = np.median(lab[beard][away >= np.quantile(away, DENSEST)], axis=0) - skin
    return np.clip((lab - skin) @ way / max(float(way @ way), 1e-6), 0, 1)


def _is_long(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, beard: Bool[np.ndarray, "h w"]
) -> bool:
    pixels, _ = project(seen.camera, vertices[template.labels == FACE])
    beside = 1 - hull_mask(beard.shape, pixels)
    beyond = cv2.distanceTransform(beside, cv2.DIST_L2, 5)[beard]
    return float(np.quantile(beyond, OUTERMOST)) > LONG_MM * seen.pixels_per_mm

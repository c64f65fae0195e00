"""The hair's mask cleaned, as signed distances in mm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.maths.filters import disc, fill_holes, signed_distance
from twinbrush.regions.values import Label
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Surroundings

CLOSE_MM, OPEN_MM = 2.0, 6.0  # gaps between strands are hair; strands thinner than this are no masses
LEAST_SHARE = 0.06  # of the largest piece: smaller ones are specks
HOLE_CM2 = 6.0  # an earring or a gap between locks that shows skin is hair
CALM_MM = 1.6  # blur of the outline
SHARP_OPEN_MM, SHARP_CALM_MM = 0.8, 0.6  # the same for the sharp outline, which tips are cut by
BROAD_MM, BROAD_CALM_MM = 9.0, 5.0  # the same for the broad outline, which long hair falls by
LEAST_AREA_CM2 = 25.0  # less hair than this is none: the head is bald
BEYOND_MM = -9.0  # distance told for what lies outside the wide picture


@dataclass(frozen=True)
class Outline:
    """What one class (hair, or headwear) covers in the wide picture; signed mm, positive inside.

    fine, broad: to its outline, with and without details finer than BROAD_MM; sharp: with single strands' tips.
    person: to the person's outline. skin: to skin and face. cloth: to clothes. mask: the cleaned mask.
    """

    fine: Float[np.ndarray, "h w"]
    broad: Float[np.ndarray, "h w"]
    sharp: Float[np.ndarray, "h w"]
    person: Float[np.ndarray, "h w"]
    skin: Float[np.ndarray, "h w"]
    cloth: Float[np.ndarray, "h w"]
    mask: Bool[np.ndarray, "h w"]

    def area_cm2(self, pixels_per_mm: float) -> float:
        """Returns the mask's area at the eyes' distance."""
        return float(self.mask.sum()) / pixels_per_mm**2 / 100


def outline_of(seen: Surroundings, label: Label, *, open_mm: float = OPEN_MM) -> Outline:
    """Returns the outline of one class. Beyond the photo's border its labels go on. open_mm: width below which what is
    there counts as strands, not as a mass."""
    labels = _continued(seen)
    density = seen.pixels_per_mm
    closed = _morphed((labels == label).astype(np.uint8), cv2.MORPH_CLOSE, CLOSE_MM * density)
    opened = _blurred(_morphed(closed, cv2.MORPH_OPEN, open_mm * density / 2), CALM_MM * density)
    largest = HOLE_CM2 * 100 * density**2
    mask = fill_holes(_without_specks(opened), largest)
    broad = _morphed(mask.astype(np.uint8), cv2.MORPH_CLOSE, BROAD_MM * density)
    broad = _blurred(_morphed(broad, cv2.MORPH_OPEN, BROAD_MM * density), BROAD_CALM_MM * density)
    tips = _morphed((labels == label).astype(np.uint8), cv2.MORPH_OPEN, SHARP_OPEN_MM * density)
    sharp = _blurred(tips, SHARP_CALM_MM * density)
    sharp = fill_holes(sharp > 0, largest).astype(np.uint8)
    ground = labels == Label.GROUND
    person = _blurred(~ground | mask, CALM_MM * density) > 0
    skin = np.isin(labels, tuple({Label.SKIN, Label.BEARD} - {label})) & ~mask
    fine, wide, tips, whole, bare, clothes = (
        (signed_distance(part) / density).astype(np.float32)
        for part in (mask, broad > 0, sharp > 0, person, skin, (labels == Label.CLOTH) & ~mask))
    return Outline(fine, wide, tips, whole, bare, clothes, mask)


def outside_by(values: Float[np.ndarray, "h w"], xy: Float[np.ndarray, "n 2"], beyond: float = BEYOND_MM) -> (
    Float[np.ndarray, "n"]
):
    """Returns bilinear values at pixels, `beyond` outside the picture."""
    if not len(xy):
        return np.zeros(0)
    height, width = values.shape
    within = ((xy >= 0) & (xy <= (width - 1, height - 1))).all(1)
    return np.where(within, lookup(values, xy), beyond)


def _continued(seen: Surroundings) -> np.ndarray:
    """The labels with what lies beyond the photo's border like the border's nearest pixel."""
    rows, columns = np.flatnonzero(seen.inside.any(1)), np.flatnonzero(seen.inside.any(0))
    height, width = seen.labels.shape
    row = np.clip(np.arange(height), rows[0], rows[-1])
    column = np.clip(np.arange(width), columns[0], columns[-1])
    return seen.labels[np.ix_(row, column)]


def _morphed(mask: np.ndarray, operation: int, radius: float) -> np.ndarray:
    return cv2.morphologyEx(mask, operation, disc(radius), borderType=cv2.BORDER_REPLICATE)


def _blurred(mask: np.ndarray, sigma: float) -> np.ndarray:
    return (cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma) > 0.5).astype(np.uint8)


def _without_specks(mask: np.ndarray) -> Bool[np.ndarray, "h w"]:
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept: np.ndarray = areas > LEAST_SHARE * areas.max() if count > 1 else np.zeros(count, bool)
    return kept[np.asarray(pieces, np.int64)]

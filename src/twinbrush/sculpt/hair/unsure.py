"""What the regions call hair without being sure, apart from the sure hair and not of its colours: a thing before it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from twinbrush.base.camera import project
from twinbrush.maths.filters import disc, hull_mask
from twinbrush.regions.values import Label
from twinbrush.sculpt.values import Surroundings

SURE = 0.6  # confidence from which hair is sure
OPEN_MM = 3.0  # half width of the narrowest sure mass
LEAST_SHARE = 0.06  # of the largest sure mass: smaller ones are none
REACH_MM = 5.0  # so far beside sure hair unsure hair is its border
STEP, SMOOTH, CALM_MM = 8.0, 1.0, 2.5  # cells of the colours' histogram (CIELAB), their blur, and the evidence's
BESIDE_MM, FLOOR = 60.0, 1e-4  # ground so near to the hair is compared; share of a cell that any colour has
CLEARLY = 0.5  # log of how much commoner a colour must be in the hair than in the ground: then it is hair
LEAST_HAIR_MM = 16.0  # hair so near to the head's outline is hair


def without_unsure(seen: Surroundings, vertices: Float[np.ndarray, "n 3"]) -> Surroundings:
    """Returns the photo with hair called ground that is neither sure, nor beside sure hair, nor about the head, nor
    clearly of the hair's colours.

    vertices: of the fitted head, mm.
    """
    hair = (seen.labels == Label.HAIR) & seen.inside
    density = seen.pixels_per_mm
    own = _sure(hair, seen)
    if not own.any():
        return seen
    away = cv2.distanceTransform((~own).astype(np.uint8), cv2.DIST_L2, 5)
    wrong = hair & (away > REACH_MM * density) & ~_about_head(seen, vertices)
    if wrong.any():
        wrong &= _commoner(seen, own, hair) < CLEARLY
    return replace(seen, labels=np.where(wrong, np.uint8(Label.GROUND), seen.labels))


def ground_coloured(seen: Surroundings) -> Bool[np.ndarray, "h w"]:
    """Returns the hair's pixels that have the ground's colours and not the hair's: gaps between strands."""
    hair = (seen.labels == Label.HAIR) & seen.inside
    own = _sure(hair, seen)
    if not own.any():
        return np.zeros(hair.shape, bool)
    return hair & (_commoner(seen, own, hair) < -CLEARLY)


def _sure(hair: Bool[np.ndarray, "h w"], seen: Surroundings) -> Bool[np.ndarray, "h w"]:
    """The sure hair without narrow and small pieces."""
    sure = (hair & (seen.confidence > SURE)).astype(np.uint8)
    sure = cv2.morphologyEx(sure, cv2.MORPH_OPEN, disc(OPEN_MM * seen.pixels_per_mm))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(sure)
    if count < 2:
        return np.zeros(hair.shape, bool)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return np.isin(np.asarray(pieces), 1 + np.flatnonzero(areas > LEAST_SHARE * areas.max()))


def _commoner(
    seen: Surroundings, own: Bool[np.ndarray, "h w"], hair: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """Log of how much commoner each pixel's colour is in the sure hair than in the ground beside it."""
    density = seen.pixels_per_mm
    far = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, 5)
    ground = seen.inside & (seen.labels == Label.GROUND) & (far < BESIDE_MM * density)
    lab = cv2.cvtColor(seen.image.astype(np.float32), cv2.COLOR_RGB2LAB)
    cells = np.rint((lab + np.array([0, 128, 128])) / STEP).astype(np.int64)
    shares: list[np.ndarray] = []
    for chosen in (own, ground):
        counts = np.zeros(np.ceil(np.array([100, 256, 256]) / STEP).astype(int) + 2)
        np.add.at(counts, tuple(cells[chosen].T), 1.0)
        smooth = ndimage.gaussian_filter(counts / max(1, int(chosen.sum())), SMOOTH)
        shares.append(smooth[tuple(np.moveaxis(cells, -1, 0))] + FLOOR)
    return cv2.GaussianBlur((np.log(shares[0]) - np.log(shares[1])).astype(np.float32), (0, 0), CALM_MM * density)


def _about_head(seen: Surroundings, vertices: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, "h w"]:
    """The head's convex outline with the hair beside it that is believed anyhow."""
    pixels, _ = project(seen.camera, vertices)
    return cv2.dilate(hull_mask(seen.labels.shape, pixels), disc(LEAST_HAIR_MM * seen.pixels_per_mm)) > 0

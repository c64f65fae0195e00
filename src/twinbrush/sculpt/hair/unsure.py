"""What the regions call hair without being sure, apart from the sure hair: a chair's carving, a cushion, ground."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.camera import project
from twinbrush.maths.filters import disc
from twinbrush.regions.values import Label
from twinbrush.sculpt.values import Surroundings

SURE = 0.6  # confidence from which hair is sure
OPEN_MM = 3.0  # half width of the narrowest sure mass
LEAST_SHARE = 0.06  # of the largest sure mass: smaller ones are none
REACH_MM = 5.0  # so far beside sure hair unsure hair is its border
LEAST_HAIR_MM = 14.0  # hair so near to the head's outline is hair


def without_unsure(seen: Surroundings, vertices: Float[np.ndarray, "n 3"]) -> Surroundings:
    """Returns the photo with hair that is neither sure nor beside sure hair nor about the head called ground.

    vertices: of the fitted head, mm.
    """
    hair = (seen.labels == Label.HAIR) & seen.inside
    density = seen.pixels_per_mm
    sure = cv2.morphologyEx((hair & (seen.confidence > SURE)).astype(np.uint8), cv2.MORPH_OPEN, disc(OPEN_MM * density))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(sure)
    if count < 2:
        return seen
    areas = stats[1:, cv2.CC_STAT_AREA]
    own = np.isin(np.asarray(pieces), 1 + np.flatnonzero(areas > LEAST_SHARE * areas.max()))
    away = cv2.distanceTransform((~own).astype(np.uint8), cv2.DIST_L2, 5)
    wrong = hair & (away > REACH_MM * density) & ~_about_head(seen, vertices)
    return replace(seen, labels=np.where(wrong, np.uint8(Label.GROUND), seen.labels))


def _about_head(seen: Surroundings, vertices: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, "h w"]:
    """The head's convex outline with the hair beside it that is believed anyhow."""
    pixels, _ = project(seen.camera, vertices)
    hull = cv2.convexHull(np.rint(pixels).astype(np.int32))
    head = cv2.fillConvexPoly(np.zeros(seen.labels.shape, np.uint8), hull, 1)
    return cv2.dilate(head, disc(LEAST_HAIR_MM * seen.pixels_per_mm)) > 0

"""Region labels checked against colours: a patch of forehead that was called hair is skin after all.

Labels near their borders are often wrong by a few percent of the face height. Each painted region is a Gaussian in Lab
(from its core); a pixel's weights are its blurred label times how well its colour fits each region.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.mesh import Region
from twinbrush.stylize.colour import PAINTED, core, soft_regions

_REACH = 0.06  # of the face height: how far a label may be wrong
_DOUBT = 0.04  # prior of every region within that reach
_STRENGTH = 0.5  # exponent of the colours' likelihood: neighbouring pixels are not independent evidence
_MIN_CORE = 200
_ENOUGH_CLOTH = 0.1  # of the squared face height
_LEAST_APART = 1.0  # deviations between skin and hair: less tells nothing (clay)
_FLOOR_VARIANCE = 36.0  # Lab units squared; shading within a region


def checked_labels(
    lab: Float32[np.ndarray, "h w 3"], regions: UInt8[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"],
    features: Float32[np.ndarray, "h w"], unit_px: float,
) -> UInt8[np.ndarray, "h w"]:
    """Labels with skin and hair near their common border given to the region whose colours fit.

    features: 1 where eyes, brows and lips are (dark, but never hair). Cloth and background are left alone, and
    everything where skin and hair have the same colours, as on a head of clay.
    """
    samples = {}
    for region in (Region.SKIN, Region.HAIR):
        inside = core(known & (regions == int(region)), 0.04 * unit_px)
        samples[region] = lab[inside & (features < 0.1)]
    if min(len(sample) for sample in samples.values()) < _MIN_CORE or _apart(*samples.values()) < _LEAST_APART:
        return regions
    prior = soft_regions(regions, known, _REACH * unit_px / 2)
    score = {}
    for region, sample in samples.items():
        mean = np.median(sample, axis=0)
        covariance = np.cov(sample.T.astype(np.float64)) + _FLOOR_VARIANCE * np.eye(3)
        offset = (lab - mean).astype(np.float32)
        distance = np.einsum("hwc,cd,hwd->hw", offset, np.linalg.inv(covariance).astype(np.float32), offset)
        likelihood = -0.5 * _STRENGTH * (np.minimum(distance, 60) + np.log(np.linalg.det(covariance)))
        score[region] = np.log(prior[PAINTED.index(region)] + _DOUBT) + likelihood
    evidence = score[Region.HAIR] - score[Region.SKIN]
    evidence = cv2.GaussianBlur(evidence.astype(np.float32), (0, 0), max(0.5, 0.008 * unit_px))
    either = known & ((regions == int(Region.SKIN)) | (regions == int(Region.HAIR)))
    is_hair = (evidence > 0) & (features < 0.1)
    checked = regions.copy()
    checked[either] = np.where(is_hair, int(Region.HAIR), int(Region.SKIN))[either]
    return checked


def _apart(a: Float32[np.ndarray, "m 3"], b: Float32[np.ndarray, "n 3"]) -> float:
    """Mahalanobis distance of the medians under the mean of both covariances."""
    covariance = (np.cov(a.T.astype(np.float64)) + np.cov(b.T.astype(np.float64))) / 2 + np.eye(3)
    offset = np.median(a, axis=0) - np.median(b, axis=0)
    return float(np.sqrt(offset @ np.linalg.solve(covariance, offset)))


def with_cloth(
    regions: UInt8[np.ndarray, "h w"], trusted: Bool[np.ndarray, "h w"], valid: Bool[np.ndarray, "h w"],
    chin_xy: Float[np.ndarray, "2"], unit_px: float,
) -> tuple[UInt8[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Where the style shows hardly any sure cloth, whatever of the person lies below its chin and is not surely skin or
    hair counts as cloth: clothes take their paint from there rather than from the face. What the labels call background
    stays background: walls lend nothing. Returns labels and trust."""
    cloth = trusted & (regions == int(Region.CLOTH))
    if cloth.sum() >= _ENOUGH_CLOTH * unit_px**2:
        return regions, trusted
    y, x = np.indices(regions.shape)
    below = (y > chin_xy[1] + 0.12 * unit_px) & (np.abs(x - chin_xy[0]) < 1.3 * unit_px)
    body = trusted & ((regions == int(Region.SKIN)) | (regions == int(Region.HAIR)))
    added = valid & below & ~body & (regions != int(Region.BACKGROUND))
    return np.where(added, np.uint8(Region.CLOTH), regions), trusted | added

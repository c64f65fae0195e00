"""What of a picture is the object: the user's mask, transparency, or GrabCut from what the picture's border shows.

GrabCut (Rother, Kolmogorov, Blake 2004) needs a start. Ours is the minimum barrier distance to the border (Strand et
al. 2013; Zhang et al. 2015, "Minimum Barrier Salient Object Detection"): a pixel belongs to the ground when some way
from the border reaches it without crossing a range of colours. The picture's border is taken for ground.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numba import njit
from scipy.ndimage import binary_fill_holes

from twinbrush.base.errors import BadMask

WORK_SIZE = 320  # longer side at which the cut is made
RIM = 0.02  # share of the picture's side that is ground for sure
SWEEPS = 6
CUTS = 6  # rounds of GrabCut
BAND = 0.035  # half width of the band in which the outline is cut again at full size, in object sizes
AREA = (0.01, 0.85)  # an object covers this share of its picture, or it is doubtful
LEAST_CONTRAST = 0.10  # Lab (0..1) between the two sides of the outline
LEAST_AGREEMENT = 0.35  # intersection over union of the start and the cut
MOST_RAGGED = 2.5  # length of the outline, in those of a disc of the same area (animals on four legs: about 2)
MOST_BORDER = 0.25  # share of the object's outline on the picture's border


@dataclass(frozen=True)
class Foreground:
    """mask (h, w): True on the object (one piece without holes unless the user gave it); source: where it is from."""

    mask: Bool[np.ndarray, "h w"]
    source: Literal["mask", "alpha", "grabcut"]
    warnings: tuple[str, ...] = field(default=())


def foreground(
    image: Float[np.ndarray, "h w 3"],
    *,
    mask: Float[np.ndarray, "h w"] | None = None,
    alpha: Float[np.ndarray, "h w"] | None = None,
    seed: int = 0,
) -> Foreground:
    """The object of a picture: the user's `mask` (0..1), else `alpha` if it cuts anything out, else GrabCut.

    Raises BadMask when the user's mask is empty or all white.
    """
    if mask is not None:
        return Foreground(_checked(mask), "mask")
    if alpha is not None and 0.005 < float((alpha > 0.5).mean()) < 0.995:
        return Foreground(alpha > 0.5, "alpha")
    found, agreement = _cut(image, seed)
    return Foreground(found, "grabcut", _doubts(image, found, agreement))


def largest_piece(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The largest 4-connected component with its holes filled; empty stays empty."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros(mask.shape, bool)
    best = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(binary_fill_holes(labels == best), bool)


def barrier_distance(image: Float[np.ndarray, "h w c"]) -> Float[np.ndarray, "h w"]:
    """Minimum barrier distance of every pixel to the picture's border, summed over the channels.

    The barrier of a path is the range (largest minus smallest value) along it. Raster scans forth and back give the
    usual approximation.
    """
    total = np.zeros(image.shape[:2])
    for channel in range(image.shape[2]):
        total += _barrier(np.ascontiguousarray(image[..., channel], np.float64), SWEEPS)
    return total


@njit(cache=True, nogil=True)
@no_type_check
def _barrier(values, sweeps):
    height, width = values.shape
    distance = np.full((height, width), np.inf)
    high, low = values.copy(), values.copy()
    distance[0, :], distance[-1, :], distance[:, 0], distance[:, -1] = 0, 0, 0, 0
    for sweep in range(sweeps):
        step = 1 if sweep % 2 == 0 else -1
        for row in range(1, height - 1):
            y = row if step == 1 else height - 1 - row
            for column in range(1, width - 1):
                x = column if step == 1 else width - 1 - column
                for k in range(2):
                    py, px = (y - step, x) if k == 0 else (y, x - step)
                    if distance[py, px] == np.inf:
                        continue
                    top, bottom = max(high[py, px], values[y, x]), min(low[py, px], values[y, x])
                    if top - bottom < distance[y, x]:
                        distance[y, x] = top - bottom
                        high[y, x], low[y, x] = top, bottom
    return distance


def _checked(mask: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    white = mask > 0.5
    if not np.isfinite(mask).all() or white.sum() < 16 or white.all():
        share = 100 * float(white.mean())
        raise BadMask(
            f"The mask of the object is white in {share:.1f}% of the picture.",
            "Give a mask that is white on the object and black elsewhere.",
        )
    return white


def _cut(image: Float[np.ndarray, "h w 3"], seed: int) -> tuple[Bool[np.ndarray, "h w"], float]:
    """The mask at full size, and how well the start and GrabCut's answer agree (intersection over union)."""
    height, width = image.shape[:2]
    factor = min(1.0, WORK_SIZE / max(height, width))
    size = (max(round(width * factor), 8), max(round(height * factor), 8))
    small = cv2.resize(np.ascontiguousarray(image, np.float32), size, interpolation=cv2.INTER_AREA)
    start = _start(small)
    trimap = np.where(start, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    rim = max(1, round(RIM * min(size)))
    trimap[:rim], trimap[-rim:], trimap[:, :rim], trimap[:, -rim:] = (cv2.GC_BGD,) * 4
    cut = largest_piece(_opened(_grabcut(small, trimap, CUTS, seed)))
    if not cut.any():  # the colours do not part: what stands out is all we know
        cut = largest_piece(start)
    union = int((cut | start).sum())
    agreement = float((cut & start).sum() / union) if union else 0.0
    if factor == 1.0 or not cut.any():
        return cv2.resize(cut.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0, agreement
    return _sharpened(image, cut, seed), agreement


def _start(small: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """What stands out of the ground: barrier distance, and colours the border does not have, above Otsu's threshold."""
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.2), cv2.COLOR_RGB2LAB) / np.float32(100)
    height, width = lab.shape[:2]
    barrier = barrier_distance(lab)
    strip = max(2, round(3 * RIM * min(height, width)))
    ground = np.ones((height, width), bool)
    ground[strip:-strip, strip:-strip] = False
    rarity = _rarity(lab, ground)
    ys, xs = np.mgrid[:height, :width]
    centred = np.exp(-(((xs / width - 0.5) / 0.45) ** 2 + ((ys / height - 0.5) / 0.45) ** 2))
    salient = _unit(barrier) * (0.3 + _unit(rarity)) * (0.25 + 0.75 * centred)
    bytes_ = np.round(255 * _unit(cv2.GaussianBlur(salient.astype(np.float32), (0, 0), 2.0))).astype(np.uint8)
    threshold, _ = cv2.threshold(bytes_, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return bytes_ > threshold


def _rarity(lab: Float[np.ndarray, "h w 3"], ground: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """How rare a colour is on the border: minus the logarithm of a smoothed histogram of the border's colours."""
    bins = np.clip(((lab - [0.0, -0.6, -0.6]) / [1.0, 1.2, 1.2] * 16).astype(int), 0, 15)
    histogram = np.zeros((16, 16, 16))
    np.add.at(histogram, tuple(bins[ground].T), 1.0)
    for axis in range(3):
        histogram = (np.roll(histogram, 1, axis) + 2 * histogram + np.roll(histogram, -1, axis)) / 4
    share = histogram / histogram.sum()
    return np.minimum(-np.log(share[tuple(np.moveaxis(bins, -1, 0))] + 1e-4), 9.0)


def _unit(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    low, high = np.percentile(values, (1, 99.5))
    return np.clip((values - low) / max(float(high - low), 1e-9), 0, 1)


def _grabcut(
    image: Float[np.ndarray, "h w 3"], trimap: np.ndarray, rounds: int, seed: int
) -> Bool[np.ndarray, "h w"]:
    labels = trimap.copy()
    pixels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    inside = (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)
    if inside.sum() < 16 or (~inside).sum() < 16:
        return inside
    cv2.setRNGSeed(seed)  # its k-means draws from OpenCV's own generator
    cv2.grabCut(pixels, labels, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)


def _opened(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Without hair-thin bridges to neighbours."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0


def _sharpened(
    image: Float[np.ndarray, "h w 3"], cut: Bool[np.ndarray, "a b"], seed: int
) -> Bool[np.ndarray, "h w"]:
    """The small cut enlarged, then cut again at full size within a band along its outline."""
    height, width = image.shape[:2]
    large = cv2.resize(cut.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC) > 0.5
    reach = max(2.0, BAND * float(np.sqrt(large.sum())))
    inside = cv2.distanceTransform(large.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~large).astype(np.uint8), cv2.DIST_L2, 3)
    trimap = np.where(large, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[inside > reach] = cv2.GC_FGD
    trimap[outside > reach] = cv2.GC_BGD
    sharp = largest_piece(_opened(_grabcut(image, trimap, 2, seed)))
    return sharp if sharp.sum() > 0.7 * large.sum() else large


def _doubts(
    image: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"], agreement: float
) -> tuple[str, ...]:
    advice = "Give a mask of the object."
    share = float(mask.mean())
    if not AREA[0] <= share <= AREA[1]:
        return (f"The object found in the style covers {100 * share:.1f}% of the picture: this is doubtful. {advice}",)
    edge = mask & ~(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0)
    frame = np.ones(mask.shape, bool)
    frame[1:-1, 1:-1] = False
    doubts: list[str] = []
    if float((edge & frame).sum() / max(edge.sum(), 1)) > MOST_BORDER:
        doubts.append("runs along the picture's border")
    if _contrast(image, mask) < LEAST_CONTRAST:
        doubts.append("hardly differs in colour from its ground")
    if agreement < LEAST_AGREEMENT:
        doubts.append("does not stand out clearly")
    if _raggedness(mask) > MOST_RAGGED:
        doubts.append("has a ragged outline")
    return (f"The object found in the style {' and '.join(doubts)}: this is doubtful. {advice}",) if doubts else ()


def _raggedness(mask: Bool[np.ndarray, "h w"]) -> float:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    length = max(cv2.arcLength(contour, True) for contour in contours)
    return float(length / np.sqrt(4 * np.pi * mask.sum()))


def _contrast(image: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> float:
    """Median colour distance between a point just inside the outline and the one just outside."""
    lab = cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB) / 100
    radius = max(2, round(0.02 * float(np.sqrt(mask.sum()))))
    kernel = np.ones((2 * radius + 1,) * 2, np.uint8)
    inner = mask & ~(cv2.erode(mask.astype(np.uint8), kernel) > 0)
    outer = (cv2.dilate(mask.astype(np.uint8), kernel) > 0) & ~mask
    if not inner.any() or not outer.any():
        return 0.0
    means = [cv2.blur(lab * part[..., None], (4 * radius + 1,) * 2) for part in (inner, outer)]
    shares = [cv2.blur(part.astype(np.float32), (4 * radius + 1,) * 2) for part in (inner, outer)]
    both = (shares[0] > 0.02) & (shares[1] > 0.02) & (inner | outer)
    if not both.any():
        return 0.0
    a, b = (mean[both] / share[both][:, None] for mean, share in zip(means, shares, strict=True))
    return float(np.median(np.linalg.norm(a - b, axis=1)))

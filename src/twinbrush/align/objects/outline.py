"""An object's outline as evenly spaced points, and what every point sees of the rest: shape contexts.

Shape contexts: Belongie, Malik, Puzicha 2002, "Shape Matching and Object Recognition Using Shape Contexts". (OpenCV's
implementation is in the `shape` module of its contrib build, which the headless wheel lacks.)
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import gaussian_filter1d

from twinbrush.align.objects.foreground import largest_piece
from twinbrush.base.errors import BadMask

RADII = (0.125, 2.0)  # in mean distances between points (Belongie 2002)
RADIAL_BINS, ANGULAR_BINS = 5, 12
SMOOTH = 0.006  # smoothing of the outline, in shares of its length
CURVATURE_SCALES = (0.012, 0.03)  # likewise
TIP_TURN = 0.45  # radians that an outline turns within the coarser scale at a tip
CORNER_TURN, LEAST_CORNERS = 1.0, 3  # likewise at a corner, as every object with a shape of its own has


@dataclass(frozen=True)
class Outline:
    """points_xy (n, 2): evenly spaced along the outer outline, in pixels, clockwise as seen in the picture; scale:
    square root of the area, px; centre_xy: of the area; bend (n, 2): turning angle in radians at two scales, > 0 where
    the outline is convex."""

    points_xy: Float[np.ndarray, "n 2"]
    scale: float
    centre_xy: Float[np.ndarray, "2"]
    bend: Float[np.ndarray, "n 2"]

    @property
    def normalised(self) -> Float[np.ndarray, "n 2"]:
        """Points about the centre in units of the scale."""
        return (self.points_xy - self.centre_xy) / self.scale

    @property
    def tangents(self) -> Float[np.ndarray, "n"]:
        """Direction of the outline in radians."""
        ahead = np.roll(self.points_xy, -2, axis=0) - np.roll(self.points_xy, 2, axis=0)
        return np.arctan2(ahead[:, 1], ahead[:, 0])


def outline_of(mask: Bool[np.ndarray, "h w"], count: int) -> Outline:
    """The outer outline of a mask's largest piece by `count` points. Raises BadMask for (nearly) empty masks."""
    piece = largest_piece(mask)
    if piece.sum() < 64:
        raise BadMask(f"The object covers {int(piece.sum())} pixels: too few for an outline.", "Give a larger object.")
    padded = np.pad(piece.astype(np.uint8), 1)
    contours, _ = cv2.findContours(padded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(contours, key=len)[:, 0].astype(np.float64) - 1
    if _signed_area(longest) < 0:
        longest = longest[::-1]
    smooth = gaussian_filter1d(longest, max(SMOOTH * len(longest), 0.8), axis=0, mode="wrap")
    dense = _resampled(smooth, 8 * count)
    points = dense[::8]
    area = float(piece.sum())
    ys, xs = np.nonzero(piece)
    centre = np.array([xs.mean(), ys.mean()])
    bends = [_turning(dense, scale)[::8] for scale in CURVATURE_SCALES]
    return Outline(points, float(np.sqrt(area)), centre, np.stack(bends, axis=1))


def mirrored(outline: Outline) -> Outline:
    """Seen in a mirror: x -> -x about the centre, order reversed so that it runs clockwise again."""
    points = outline.points_xy.copy()
    points[:, 0] = 2 * outline.centre_xy[0] - points[:, 0]
    return Outline(points[::-1].copy(), outline.scale, outline.centre_xy, outline.bend[::-1].copy())


def shape_contexts(
    points: Float[np.ndarray, "n 2"], unit: float, turn_radians: float = 0.0
) -> Float[np.ndarray, "n b"]:
    """Log-polar histograms (sum 1) of where the other points lie from each point; counts are spread linearly over
    neighbouring bins, so that noise moves little.

    unit: length that counts as 1 (the mean distance between points). turn_radians: the points are turned clockwise
    in the picture by this angle first.
    """
    away = points[None] - points[:, None]
    distance = np.linalg.norm(away, axis=2) / unit
    angle = np.arctan2(away[..., 1], away[..., 0]) + turn_radians
    low, high = np.log(RADII[0]), np.log(RADII[1])
    ring = (np.log(np.maximum(distance, 1e-9)) - low) / (high - low) * RADIAL_BINS - 0.5
    ring = np.clip(ring, 0, None)
    sector = angle / (2 * np.pi) * ANGULAR_BINS
    count = len(points)
    histogram = np.zeros((count, RADIAL_BINS + 1, ANGULAR_BINS))
    row = np.broadcast_to(np.arange(count)[:, None], ring.shape)
    counted = ~np.eye(count, dtype=bool) & (ring < RADIAL_BINS)
    for r in range(2):
        for s in range(2):
            r_bin = np.floor(ring).astype(int) + r
            s_bin = np.floor(sector).astype(int) + s
            weight = (1 - np.abs(ring - r_bin)) * (1 - np.abs(sector - s_bin)) * counted
            place = np.clip(r_bin, 0, RADIAL_BINS), s_bin % ANGULAR_BINS
            np.add.at(histogram, (row, *place), weight)
    flat = histogram[:, :RADIAL_BINS].reshape(count, -1)
    return flat / np.maximum(flat.sum(1, keepdims=True), 1e-9)


def chi_squared(a: Float[np.ndarray, "n b"], b: Float[np.ndarray, "m b"]) -> Float[np.ndarray, "n m"]:
    """0 (same) to 1 (nothing in common): half the chi-squared distance of all pairs of histograms."""
    out = np.empty((len(a), len(b)))
    for number, histogram in enumerate(a):
        total = histogram + b
        out[number] = 0.5 * ((histogram - b) ** 2 / np.maximum(total, 1e-12)).sum(1)
    return out


def tips(outline: Outline) -> Int[np.ndarray, "t"]:
    """Where the outline turns most, convex (ears, nose, feet, tail) or concave (between them): extrema of curvature,
    the sharpest first."""
    bend = outline.bend[:, 1]
    size = np.abs(bend)
    count = len(bend)
    reach = max(2, round(count * CURVATURE_SCALES[1]))
    window = np.stack([np.roll(size, shift) for shift in range(-reach, reach + 1)])
    peaks = np.flatnonzero((size >= window.max(0)) & (size > TIP_TURN))
    return peaks[np.argsort(-size[peaks], kind="stable")]


def has_features(outline: Outline) -> bool:
    """False for discs and blobs: their outlines have no corners to go by."""
    return int((np.abs(outline.bend[tips(outline), 1]) > CORNER_TURN).sum()) >= LEAST_CORNERS


def _signed_area(points: Float[np.ndarray, "n 2"]) -> float:
    """> 0 for outlines that run clockwise in the picture (y down)."""
    x, y = points.T
    return 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def _resampled(points: Float[np.ndarray, "n 2"], count: int) -> Float[np.ndarray, "count 2"]:
    closed = np.concatenate([points, points[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    places = np.arange(count) * length[-1] / count
    return np.stack([np.interp(places, length, closed[:, axis]) for axis in range(2)], axis=1)


def _turning(points: Float[np.ndarray, "n 2"], scale: float) -> Float[np.ndarray, "n"]:
    """The angle between the outline `scale` (share of its length) behind and ahead of every point."""
    reach = max(1, round(scale * len(points)))
    behind = points - np.roll(points, reach, axis=0)
    ahead = np.roll(points, -reach, axis=0) - points
    cross = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    return np.arctan2(cross, (behind * ahead).sum(1))

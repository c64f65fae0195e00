"""Small image filters shared by this room."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

WIDE_SIGMA = 4.0  # pixels of the smaller picture's blur: less, and its pixels would show


def smoothstep(t: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """0 up to t = 0, 1 from t = 1, and 3 t^2 - 2 t^3 between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def box_mean(values: Float[np.ndarray, "h w *c"], radius: int) -> Float[np.ndarray, "h w *c"]:
    """Mean over a (2 radius + 1) square window, borders replicated."""
    size = (2 * radius + 1, 2 * radius + 1)
    return cv2.blur(values, size, borderType=cv2.BORDER_REPLICATE)


def blur(values: Float[np.ndarray, "h w *c"], sigma: float) -> Float[np.ndarray, "h w *c"]:
    """Gaussian blur, borders replicated."""
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def wide_blur(values: Float[np.ndarray, "h w"], sigma: float) -> Float[np.ndarray, "h w"]:
    """Gaussian blur by a sigma of many pixels, worked out on a smaller picture (float32) at a narrow one's cost."""
    height, width = values.shape
    reduce = max(1, int(sigma / WIDE_SIGMA))
    small = (-(-width // reduce), -(-height // reduce))
    picture = cv2.resize(values.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), sigma * small[0] / width)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


def masked_blur(
    values: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"] | Float[np.ndarray, "h w"], sigma: float
) -> Float[np.ndarray, "h w"]:
    """Gaussian blur of the pixels of `mask` only (normalised convolution); outside extrapolated, far off unchanged."""
    weight = mask.astype(np.float64)
    total = blur(weight, sigma)
    return np.where(total > 1e-6, blur(values.astype(np.float64) * weight, sigma) / np.maximum(total, 1e-6), values)


def calmed(
    values: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"], sigma: float
) -> Float[np.ndarray, "h w"]:
    """`masked_blur` that sinks nowhere where the values curve: what blurring takes from the blurred is put back
    (Tukey's twicing, 1977)."""
    once = masked_blur(values, mask, sigma)
    return 2 * once - masked_blur(once, mask, sigma)


class GuidedFilter:
    """Guided filter with a colour guide (He, Sun, Tang 2013): smooths values but keeps edges that the guide has.

    The guide's share of the work is done once for all values. guide: (h, w, 3) in 0..1. epsilon: variance (in the
    guide's unit squared) below which there is no edge.
    """

    def __init__(self, guide: Float[np.ndarray, "h w 3"], radius: int, epsilon: float) -> None:
        self.guide, self.radius = guide.astype(np.float32), radius
        self.mean = box_mean(self.guide, radius)
        r, g, b = (self.guide[..., k] for k in range(3))
        mr, mg, mb = (self.mean[..., k] for k in range(3))
        one = np.float32(epsilon)
        rr, gg, bb = self._variance(r, r, mr, mr) + one, self._variance(g, g, mg, mg) + one, (
            self._variance(b, b, mb, mb) + one)
        rg, rb, gb = self._variance(r, g, mr, mg), self._variance(r, b, mr, mb), self._variance(g, b, mg, mb)
        # inverse of the symmetric 3 x 3 covariance by its adjugate
        inverse = [gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb,
                   rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg]
        determinant = np.maximum(rr * inverse[0] + rg * inverse[1] + rb * inverse[2], 1e-20)
        self.inverse = [entry / determinant for entry in inverse]

    def _variance(
        self, a: Float[np.ndarray, "h w"], b: Float[np.ndarray, "h w"], mean_a: Float[np.ndarray, "h w"],
        mean_b: Float[np.ndarray, "h w"],
    ) -> Float[np.ndarray, "h w"]:
        return box_mean((a - mean_a.mean()) * (b - mean_b.mean()), self.radius) - (mean_a - mean_a.mean()) * (
            mean_b - mean_b.mean())

    def __call__(self, values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        """The filtered values."""
        values = values.astype(np.float32)
        mean = box_mean(values, self.radius)
        covariance = [self._variance(self.guide[..., k], values, self.mean[..., k], mean) for k in range(3)]
        rr, rg, rb, gg, gb, bb = self.inverse
        cr, cg, cb = covariance
        slope = np.stack([rr * cr + rg * cg + rb * cb, rg * cr + gg * cg + gb * cb, rb * cr + gb * cg + bb * cb], -1)
        offset = mean - np.einsum("hwc,hwc->hw", slope, self.mean)
        return np.einsum("hwc,hwc->hw", box_mean(slope, self.radius), self.guide) + box_mean(offset, self.radius)


def signed_distance(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Distance in pixels to the mask's border: positive inside, negative outside."""
    if not mask.any():
        return np.full(mask.shape, -float(max(mask.shape)))
    if mask.all():
        return np.full(mask.shape, float(max(mask.shape)))
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float64)


def polygon_mask(shape: tuple[int, int], points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "h w"]:
    """Pixels inside a closed polygon."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points_xy * 16).astype(np.int32)], 1, shift=4)
    return mask > 0


def soft_polygon(shape: tuple[int, int], points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "h w"]:
    """Anti-aliased inside of a closed polygon, 0..1 (4x4 samples a pixel)."""
    fine = np.zeros((shape[0] * 4, shape[1] * 4), np.uint8)
    cv2.fillPoly(fine, [np.round((points_xy * 4 + 1.5) * 16).astype(np.int32)], 255, shift=4)
    return cv2.resize(fine, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).astype(np.float64) / 255


def hull_mask(shape: tuple[int, ...], points_xy: Float[np.ndarray, "n 2"]) -> UInt8[np.ndarray, "h w"]:
    """1 inside the points' convex hull, to whole pixels."""
    hull = cv2.convexHull(np.rint(points_xy).astype(np.int32))
    return cv2.fillConvexPoly(np.zeros(shape[:2], np.uint8), hull, 1)


def morphed(mask: Bool[np.ndarray, "h w"], operation: int, radius: float) -> Bool[np.ndarray, "h w"]:
    """The mask opened, closed, grown or shrunk (`operation`: cv2.MORPH_*) by a disc of that radius, pixels."""
    return cv2.morphologyEx(mask.astype(np.uint8), operation, disc(radius)) > 0


def disc(radius: float) -> UInt8[np.ndarray, "d d"]:
    """Returns the round structuring element of a radius in pixels, at least 1."""
    size = max(1, round(radius))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1)), np.uint8)


def keep_component(mask: Bool[np.ndarray, "h w"], seed: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The 4-connected component of `mask` that shares most pixels with `seed` (empty if none does)."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    counts = np.bincount(labels[seed & mask], minlength=2)
    counts[0] = 0
    return labels == int(counts.argmax()) if counts.max() > 0 else np.zeros_like(mask)


def fill_holes(mask: Bool[np.ndarray, "h w"], largest: float = np.inf) -> Bool[np.ndarray, "h w"]:
    """Fill background components that do not touch the border and have at most `largest` pixels."""
    _, labels, stats, _ = _components(~mask)
    touching = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    fill = np.ones(len(stats), bool)
    fill[touching] = False
    fill[0] = False
    fill &= stats[:, cv2.CC_STAT_AREA] <= largest
    return mask | fill[labels]


def _components(mask: Bool[np.ndarray, "h w"]) -> tuple[int, Int[np.ndarray, "h w"], Int[np.ndarray, "n 5"], Any]:
    return cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)


def push_colours(
    image: Float[np.ndarray, "h w 3"], weight: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w 3"]:
    """Push-pull: pixels with weight 1 keep their colour; where it is lower, colours come from the neighbourhood with
    weight (Gortler et al. 1996, section 4.2, on a Gaussian pyramid)."""
    height, width = weight.shape
    if min(height, width) <= 2:
        total = max(float(weight.sum()), 1e-12)
        mean = (image * weight[..., None]).sum((0, 1)) / total
        return image * weight[..., None] + mean.astype(image.dtype) * (1 - weight[..., None])
    smaller = ((width + 1) // 2, (height + 1) // 2)
    total = cv2.resize(weight, smaller, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(image * weight[..., None], smaller, interpolation=cv2.INTER_AREA)
    colours = colours / np.maximum(total, 1e-12)[..., None]
    coarse = push_colours(colours.astype(image.dtype), np.minimum(1, total * 4).astype(weight.dtype))
    filled = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return image * weight[..., None] + filled * (1 - weight[..., None])

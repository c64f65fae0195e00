"""Frequency bands of pictures, in shares of the face height: contrast matching, injection of features, strengths."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.paint.colour import PAINTED, soft_regions

SIGMAS = (0.004, 0.008, 0.016, 0.032, 0.064)
"""Blurs between bands, in face heights: fine strokes, strokes, lines of the face, features, shading; rest below."""
_GAINS = ((0.7, 1.5), (0.7, 2.0), (0.7, 2.0), (0.7, 1.8), (0.8, 1.5))  # limits per band, against noise and posters
_STYLE_PIXELS = 300  # fewer style pixels in a region say nothing about its contrast


def split(lab: Float32[np.ndarray, "h w c"], unit_px: float) -> list[Float32[np.ndarray, "h w c"]]:
    """Bands from fine to coarse, then the rest; they add up to the picture."""
    bands = []
    blurred = lab
    previous = 0.0
    for share in SIGMAS:
        sigma = share * unit_px
        step = float(np.sqrt(max(sigma**2 - previous**2, 0.05)))
        coarser = _blurred(blurred, step).reshape(lab.shape)
        bands.append(blurred - coarser)
        blurred, previous = coarser, sigma
    return [*bands, blurred]


def _blurred(image: Float32[np.ndarray, "h w *c"], sigma_px: float) -> Float32[np.ndarray, "h w *d"]:
    """A Gaussian blur; a wide one is done at reduced size (cost independent of the picture's resolution)."""
    factor = 1
    while sigma_px / factor > 5 and min(image.shape[:2]) // (factor * 2) >= 16:
        factor *= 2
    if factor == 1:
        return cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / factor, borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _spread(values: Float32[np.ndarray, "n"]) -> float:
    """Standard deviation without the 2% largest values (outlines of labels, specks)."""
    size = np.abs(values)
    return float(np.sqrt(np.mean(np.minimum(size, np.percentile(size, 98)) ** 2)))


def contrast_gains(
    lightness: Float32[np.ndarray, "n h w"], regions: UInt8[np.ndarray, "n h w"], coverage: Bool[np.ndarray, "n h w"],
    unit_px: float, style_lightness: Float32[np.ndarray, "a b"], style_regions: UInt8[np.ndarray, "a b"],
    style_trusted: Bool[np.ndarray, "a b"], style_unit_px: float,
) -> Float[np.ndarray, "r bands"]:
    """Per painted region and band: how much more contrast the style has than the photo, within limits."""
    style_bands = split(style_lightness[..., None], style_unit_px)
    photo_bands = [split(view[..., None], unit_px) for view in lightness]
    gains = np.ones((len(PAINTED), len(SIGMAS)))
    for i, region in enumerate(PAINTED):
        there = style_trusted & (style_regions == int(region))
        here = (regions == int(region)) & coverage
        if there.sum() < _STYLE_PIXELS or here.sum() < _STYLE_PIXELS:
            continue
        for b in range(len(SIGMAS)):
            mine = np.concatenate([photo_bands[k][b][..., 0][here[k]] for k in range(len(lightness))])
            ratio = _spread(style_bands[b][..., 0][there]) / max(_spread(mine), 0.2)
            gains[i, b] = np.clip(ratio, *_GAINS[b])
    return gains


def match_contrast(
    image: Float32[np.ndarray, "h w 3"], regions: UInt8[np.ndarray, "h w"], coverage: Bool[np.ndarray, "h w"],
    gains: Float[np.ndarray, "r bands"], unit_px: float,
) -> Float32[np.ndarray, "h w 3"]:
    """The picture with the lightness bands of each region scaled by `gains`."""
    lab = to_lab(image)
    bands = split(lab[..., :1], unit_px)
    soft = soft_regions(regions, coverage, 0.02 * unit_px)
    lightness = bands[-1][..., 0].copy()
    for b in range(len(SIGMAS)):
        lightness += bands[b][..., 0] * np.tensordot(gains[:, b], soft, 1)
    lab[..., 0] = np.clip(lightness, 0, 100)
    return to_rgb(lab).astype(np.float32)


def blend(
    base: Float32[np.ndarray, "h w 3"], other: Float32[np.ndarray, "h w 3"], unit_px: float,
    shares: tuple[Float32[np.ndarray, "h w"] | float, ...],
) -> Float32[np.ndarray, "h w 3"]:
    """Lerp from `base` to `other`, band by band (fine to coarse, then the rest), in Lab."""
    base_bands, other_bands = split(to_lab(base), unit_px), split(to_lab(other), unit_px)
    total = np.zeros_like(base)
    for here, there, share in zip(base_bands, other_bands, shares, strict=True):
        weight = share[..., None] if isinstance(share, np.ndarray) else share
        total += here + weight * (there - here)
    return to_rgb(total).astype(np.float32)

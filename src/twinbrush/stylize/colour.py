"""The colour-matched start: region-wise colour transfer from the photo to the style's palette.

Within one region (skin, hair, cloth) colours follow the linear Monge-Kantorovich map between two Gaussians (Pitie and
Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer", 2007) in CIE Lab,
and lightness a monotone curve through five quantiles with limited slopes, so that neither a nearly singular palette
(ink, woodcut) nor flat dark hair is stretched into noise or posterised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from scipy.interpolate import PchipInterpolator

from twinbrush.image import to_lab, to_rgb
from twinbrush.mesh import Region

PAINTED = (Region.SKIN, Region.HAIR, Region.CLOTH)
"""The regions that are ever painted; background takes no part."""

_QUANTILES = (3.0, 25.0, 50.0, 75.0, 97.0)
_HAIR_QUANTILES = (10.0, 30.0, 50.0, 70.0, 90.0)  # hair: the style's 10-90% range only (else camouflage)
_SLOPES = (0.45, 1.9)  # of the lightness curve: below, tones merge into posters; above, noise and JPEG blocks grow
_GAINS = (0.0, 2.0)  # of the Monge-Kantorovich matrix's eigenvalues
_NOISE_VARIANCE = 4.0  # added to both covariances, Lab units squared (a just visible difference is about 2)
_KEPT_STEP = 0.65
_CLEAR_GAP = 25.0  # CIE76 distance between skin and hair from which the labels count in full
_MIN_SAMPLES = 150
_MAX_SAMPLES = 20000


@dataclass(frozen=True)
class ColourMap:
    """Lab -> Lab: `matrix` and means are the Monge-Kantorovich map; lightness follows the knots instead."""

    matrix: Float[np.ndarray, "3 3"]
    mean_from: Float[np.ndarray, "3"]
    mean_to: Float[np.ndarray, "3"]
    knots_from: Float[np.ndarray, "k"]
    knots_to: Float[np.ndarray, "k"]

    def __call__(self, lab: Float[np.ndarray, "*shape 3"]) -> Float[np.ndarray, "*shape 3"]:
        """Map colours of any array shape."""
        mapped = (lab - self.mean_from) @ self.matrix.T + self.mean_to
        curve: Any = PchipInterpolator(self.knots_from, self.knots_to)
        mapped[..., 0] = curve(np.clip(lab[..., 0], self.knots_from[0], self.knots_from[-1]))
        return mapped.astype(np.float32)


def _root(matrix: Float[np.ndarray, "3 3"], power: float) -> Float[np.ndarray, "3 3"]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-9) ** power) @ vectors.T


def monge_kantorovich(
    covariance_from: Float[np.ndarray, "3 3"], covariance_to: Float[np.ndarray, "3 3"], gains: tuple[float, float]
) -> Float[np.ndarray, "3 3"]:
    """The symmetric matrix T with T A T = B, of least mean squared displacement; eigenvalues clamped to `gains`."""
    root, inverse = _root(covariance_from, 0.5), _root(covariance_from, -0.5)
    transport = inverse @ _root(root @ covariance_to @ root, 0.5) @ inverse
    values, vectors = np.linalg.eigh((transport + transport.T) / 2)
    return (vectors * np.clip(values, *gains)) @ vectors.T


def _robust_moments(lab: Float[np.ndarray, "n 3"]) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3 3"]]:
    """Mean and covariance without the 3% darkest and lightest colours."""
    low, high = np.percentile(lab[:, 0], (3, 97))
    kept = lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)]
    kept = (kept if len(kept) > 10 else lab).astype(float)
    return kept.mean(0), np.cov(kept.T) + _NOISE_VARIANCE * np.eye(3)


def lightness_knots(
    lightness_from: Float[np.ndarray, "n"], lightness_to: Float[np.ndarray, "m"], quantiles_to: tuple[float, ...]
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Knots of a monotone lightness curve, medians matched, slopes limited on both sides of the median."""
    start = np.percentile(lightness_from, _QUANTILES).astype(float)
    goal = np.percentile(lightness_to, quantiles_to).astype(float)
    start = start + np.arange(len(start)) * 1e-3  # strictly increasing even for a flat region
    curve = goal.copy()
    middle = len(start) // 2
    for step in (1, -1):
        for i in range(middle + step, len(start) if step > 0 else -1, step):
            width = start[i] - start[i - step]
            slope = np.clip((goal[i] - curve[i - step]) / width, *_SLOPES)
            curve[i] = curve[i - step] + slope * width
    ends = np.array([curve[0] - (start[0] - 0) * 0.6, curve[-1] + (100 - start[-1]) * 0.6])
    knots_to = np.clip(np.concatenate([[ends[0]], curve, [ends[1]]]), 0, 100)
    knots_from = np.concatenate([[min(0.0, start[0] - 1)], start, [max(100.0, start[-1] + 1)]])
    return knots_from, np.maximum.accumulate(knots_to)


def fit_colour_map(
    photo_lab: Float[np.ndarray, "n 3"], style_lab: Float[np.ndarray, "m 3"], region: Region
) -> ColourMap:
    """Fit one region's colour map from samples."""
    mean_from, covariance_from = _robust_moments(photo_lab)
    mean_to, covariance_to = _robust_moments(style_lab)
    matrix = monge_kantorovich(covariance_from, covariance_to, _GAINS)
    quantiles = _HAIR_QUANTILES if region == Region.HAIR else _QUANTILES
    knots = lightness_knots(photo_lab[:, 0], style_lab[:, 0], quantiles)
    return ColourMap(matrix, mean_from, mean_to, *knots)


def soft_regions(
    regions: UInt8[np.ndarray, "h w"], coverage: Bool[np.ndarray, "h w"], sigma_px: float
) -> Float[np.ndarray, "r h w"]:
    """Weights of `PAINTED` in each pixel, summing to 1: labels blurred inside the coverage, nearest label outside."""
    known = coverage & (regions != Region.BACKGROUND)
    labels = nearest_fill(regions, known)
    hard = np.stack([(labels == int(r)).astype(np.float32) for r in PAINTED])
    soft = np.stack([cv2.GaussianBlur(plane, (0, 0), max(sigma_px, 0.3)) for plane in hard])
    return (soft / np.maximum(soft.sum(0), 1e-6)).astype(np.float32)


def edge_aware(
    weights: Float32[np.ndarray, "r h w"], guide: Float32[np.ndarray, "h w"], radius_px: float, epsilon: float
) -> Float32[np.ndarray, "r h w"]:
    """Guided filter (He et al. 2010): weights change where the guide (0..1) has an edge, and fade elsewhere.

    So a label border that misses the real edge leaves no step in the picture.
    """
    size = (2 * max(1, round(radius_px)) + 1,) * 2
    mean = cv2.blur(guide, size)
    variance = cv2.blur(guide * guide, size) - mean * mean
    result = np.empty_like(weights)
    for i, plane in enumerate(weights):
        plane_mean = cv2.blur(plane, size)
        slope = (cv2.blur(guide * plane, size) - mean * plane_mean) / (variance + epsilon)
        offset = plane_mean - slope * mean
        result[i] = cv2.blur(slope, size) * guide + cv2.blur(offset, size)
    result = np.clip(result, 0, 1)
    return (result / np.maximum(result.sum(0), 1e-6)).astype(np.float32)


def nearest_fill(values: UInt8[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Each unknown pixel takes the value of the nearest known one (unchanged where nothing is known)."""
    if not known.any():
        return values
    unknown = (~known).astype(np.uint8)
    _, index = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    lookup = np.zeros(int(index.max()) + 1, values.dtype)
    lookup[index[known].astype(np.int64)] = values[known]
    return lookup[index.astype(np.int64)]


def core(mask: Bool[np.ndarray, "h w"], margin_px: float) -> Bool[np.ndarray, "h w"]:
    """The mask without its rim, where labels are least sure; the mask itself where little would remain."""
    size = 2 * max(1, round(margin_px)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    inner = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    return inner if inner.sum() > max(_MIN_SAMPLES, 0.15 * mask.sum()) else mask


def _samples(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    return colours[:: max(1, len(colours) // _MAX_SAMPLES)]


def colour_match(
    images: Float[np.ndarray, "n h w 3"], regions: UInt8[np.ndarray, "n h w"], coverage: Bool[np.ndarray, "n h w"],
    canvas: Float[np.ndarray, "h2 w2 3"], canvas_regions: UInt8[np.ndarray, "h2 w2"],
    canvas_trusted: Bool[np.ndarray, "h2 w2"], face_height_px: float,
) -> tuple[Float[np.ndarray, "n h w 3"], tuple[str, ...]]:
    """Photo views in the style's palette (sRGB), one map per region for all views; and warnings.

    The style's statistics are those of its tone (`style_tone`).
    """
    tone = style_tone(canvas, face_height_px)
    lab = to_lab(images)
    rim_px = 0.02 * face_height_px
    maps, warnings = fit_colour_maps(lab, regions, coverage, tone, canvas_regions, canvas_trusted, rim_px)
    matched = np.zeros_like(lab)
    weights = np.stack([
        edge_aware(soft_regions(r, c, 0.006 * face_height_px), view[..., 0] / 100, 0.05 * face_height_px, 3e-3)
        for r, c, view in zip(regions, coverage, lab, strict=True)
    ])
    for i, colour_map in enumerate(maps):
        matched += weights[:, i, :, :, None] * colour_map(lab)
    return to_rgb(matched), warnings


def style_tone(canvas: Float[np.ndarray, "h w 3"], face_height_px: float) -> Float32[np.ndarray, "h w 3"]:
    """The style's Lab colours blurred by 1% of the face height, so that hatching counts as grey."""
    blurred = cv2.GaussianBlur(np.ascontiguousarray(canvas, np.float32), (0, 0), max(0.5, 0.01 * face_height_px))
    return to_lab(blurred)


def fit_colour_maps(
    lab: Float[np.ndarray, "n h w 3"], regions: UInt8[np.ndarray, "n h w"], coverage: Bool[np.ndarray, "n h w"],
    tone: Float[np.ndarray, "h2 w2 3"], canvas_regions: UInt8[np.ndarray, "h2 w2"],
    canvas_trusted: Bool[np.ndarray, "h2 w2"], rim_px: float,
) -> tuple[tuple[ColourMap, ...], tuple[str, ...]]:
    """One map for each of PAINTED; a region missing in the style takes the palette of its whole figure, hair that of
    its skin and the lines in it (clothes, and walls mistaken for them, have no say in hair)."""
    person = canvas_trusted & (canvas_regions != Region.BACKGROUND)
    everything = tone[person] if person.sum() >= _MIN_SAMPLES else tone.reshape(-1, 3)
    warnings: list[str] = []
    maps: list[ColourMap] = []
    for region in PAINTED:
        photo_samples = lab[(regions == int(region)) & coverage]
        style_samples = tone[core(canvas_trusted & (canvas_regions == int(region)), rim_px)]
        present = len(photo_samples) >= _MIN_SAMPLES
        if not present:
            photo_samples = lab[coverage] if coverage.any() else lab.reshape(-1, 3)
        if len(style_samples) < _MIN_SAMPLES:
            skin_samples = tone[canvas_trusted & (canvas_regions == int(Region.SKIN))]
            lent_by_skin = region == Region.HAIR and len(skin_samples) >= _MIN_SAMPLES
            style_samples, lender = (skin_samples, "skin") if lent_by_skin else (everything, "whole figure")
            if present:
                warnings.append(
                    f"The style shows no {region.name.lower()} that can be trusted: its {lender} lends the colours."
                )
        maps.append(fit_colour_map(_samples(photo_samples), _samples(style_samples), region))
    floor = float(np.percentile(everything[:, 0], 2))
    skin = maps[PAINTED.index(Region.SKIN)]
    for i, region in enumerate(PAINTED):
        if region != Region.SKIN:
            maps[i] = darkened_like_photo(maps[i], skin, floor)
    return tuple(maps), tuple(warnings)


def darkened_like_photo(other: ColourMap, skin: ColourMap, floor: float) -> ColourMap:
    """Dark hair or clothes stay visibly darker than the skin (a pale palette would else take the person's hair away).

    At least 65% of the photo's lightness step is kept, as far as the style's darkest tone (`floor`, L) allows.
    """
    middle = len(skin.knots_from) // 2
    step_photo = skin.knots_from[middle] - other.knots_from[middle]
    step_now = skin.knots_to[middle] - other.knots_to[middle]
    wanted = _KEPT_STEP * step_photo
    if step_photo <= 0 or step_now >= wanted:
        return other
    shift = min(wanted - step_now, max(0.0, other.knots_to[middle] - floor))
    knots_to = np.maximum.accumulate(np.clip(other.knots_to - shift, 0, 100))
    # A darker paint is also a greyer one: chroma falls with lightness, else brown hair turns olive or orange.
    dim = float(np.clip((other.knots_to[middle] - shift) / max(other.knots_to[middle], 1.0), 0, 1))
    fade = np.array([1.0, dim, dim])
    return replace(other, knots_to=knots_to, matrix=fade[:, None] * other.matrix, mean_to=fade * other.mean_to)


def region_separation(
    tone: Float[np.ndarray, "h w 3"], regions: UInt8[np.ndarray, "h w"], trusted: Bool[np.ndarray, "h w"]
) -> float:
    """0..1: how different the style's skin and hair look (0: monochrome line art, where labels hardly matter)."""
    samples = [tone[trusted & (regions == int(region))] for region in (Region.SKIN, Region.HAIR)]
    if min(len(sample) for sample in samples) < _MIN_SAMPLES:
        return 1.0
    gap = np.linalg.norm(np.median(samples[0], axis=0) - np.median(samples[1], axis=0))
    return float(np.clip(gap / _CLEAR_GAP, 0, 1))


def with_photo_colours(
    painted: Float[np.ndarray, "n h w 3"], photo: Float[np.ndarray, "n h w 3"], coverage: Bool[np.ndarray, "n h w"],
    detail_sigma_px: float,
) -> Float[np.ndarray, "n h w 3"]:
    """The painting's brushwork with the photo's colours: photo's broad lightness and chroma, painting's detail.

    Chroma detail is kept at half strength, so that strokes of several hues still read as strokes.
    """
    result = np.empty_like(painted)
    for k in range(len(painted)):
        art, real = to_lab(painted[k]), to_lab(photo[k])
        mask = np.maximum(coverage[k].astype(np.float32), 1e-3)
        broad = cv2.GaussianBlur(mask, (0, 0), detail_sigma_px)[..., None]
        art_base = cv2.GaussianBlur(art * mask[..., None], (0, 0), detail_sigma_px) / broad
        real_base = cv2.GaussianBlur(real * mask[..., None], (0, 0), detail_sigma_px) / broad
        result[k] = to_rgb(real_base + (art - art_base) * np.array([1.0, 0.5, 0.5], np.float32))
    return result

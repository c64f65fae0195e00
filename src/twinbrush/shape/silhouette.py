"""Hair and shoulders go part of the way to the style's outline, seen from the front."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree

from twinbrush.align.faces.art_outline import CROWN_CENTRE, CROWN_DEGREES, SHOULDER_ROWS_MM, Outline
from twinbrush.maths.filters import smoothstep

MOST, LEAST = np.log(1.6), np.log(0.6)  # of the logarithm of one outline over the other
CROWN_BLUR = 3.0  # steps of 5 degrees
LEAST_KNOWN = 12  # directions in which both outlines must be seen
ROOTED_MM, FREE_MM = 2.0, 22.0  # from the skin: nearer hair stays, farther hair goes the whole way
FALLS_DEGREES = (-35.0, 0.0)  # hair that hangs lower than these directions keeps its width
BEHIND_SHARE = 0.7  # of the growth in depth beside that across
SHOULDER_SHARE = 0.6  # how far the bust goes to the style's shoulders at strength 1
SHOULDER_BOUNDS = np.log([0.82, 1.22])
SHOULDER_NEAR_MM, SHOULDER_FADE_MM = 3.0, 45.0  # from the skin, over which the bust begins to follow


def hair_outline(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "72"]:
    """Returns how far a figure's hair reaches from CROWN_CENTRE in the style outline's directions, nan: none there."""
    flat = points[:, :2] - CROWN_CENTRE
    angle = np.degrees(np.arctan2(flat[:, 1], flat[:, 0]))
    length = np.linalg.norm(flat, axis=1)
    step = CROWN_DEGREES[1] - CROWN_DEGREES[0]
    place = np.round((angle - CROWN_DEGREES[0]) / step).astype(int) % len(CROWN_DEGREES)
    out = np.full(len(CROWN_DEGREES), -np.inf)
    np.maximum.at(out, place, length)
    return np.where(np.isfinite(out), out, np.nan)


def growth_by_direction(style: Float[np.ndarray, "72"], own: Float[np.ndarray, "72"]) -> Float[np.ndarray, "72"]:
    """Returns the logarithm of style over own, smooth round the head; 0 where too little of both is seen."""
    ratio = np.log(style / own)
    known = np.isfinite(ratio)
    if known.sum() < LEAST_KNOWN:
        return np.zeros(len(style))
    filled = gaussian_filter1d(np.where(known, np.clip(ratio, LEAST, MOST), 0), CROWN_BLUR, mode="wrap")
    weight = gaussian_filter1d(known.astype(float), CROWN_BLUR, mode="wrap")
    return filled / np.maximum(weight, 0.15)


def with_crown(
    hair: Float[np.ndarray, "n 3"], whole: Float[np.ndarray, "m 3"], skin: Float[np.ndarray, "s 3"], outline: Outline,
    share: float,
) -> Float[np.ndarray, "n 3"]:
    """Returns hair or headwear grown toward the style's outline.

    hair: of one part, whole: of all parts on the head together, mm; skin: the head's. share: 0 leaves it, 1 follows.
    """
    growth = growth_by_direction(outline.crown, hair_outline(whole))
    if share == 0 or not growth.any():
        return hair
    flat = hair[:, :2] - CROWN_CENTRE
    angle = np.degrees(np.arctan2(flat[:, 1], flat[:, 0]))
    own = np.interp(angle, CROWN_DEGREES, growth, period=360)
    over = np.degrees(np.arctan2(flat[:, 1], np.abs(flat[:, 0])))  # over the horizontal, on either side
    falls = smoothstep((over - FALLS_DEGREES[0]) / (FALLS_DEGREES[1] - FALLS_DEGREES[0]))
    free = smoothstep((KDTree(skin).query(hair, distance_upper_bound=FREE_MM)[0] - ROOTED_MM) / (FREE_MM - ROOTED_MM))
    amount = share * falls * free
    out = hair.copy()
    out[:, :2] = CROWN_CENTRE + flat * np.exp(amount * own)[:, None]
    middle = skin[:, 2].mean()
    out[:, 2] = middle + (hair[:, 2] - middle) * np.exp(BEHIND_SHARE * amount * growth.mean())
    return out


def with_shoulders(
    bust: Float[np.ndarray, "n 3"], skin: Float[np.ndarray, "s 3"], chin: float, outline: Outline, strength: float
) -> Float[np.ndarray, "n 3"]:
    """Returns the bust with shoulders part of the way to the style's."""
    own = np.array([_half_width(bust, chin - below) for below in SHOULDER_ROWS_MM])
    ratio = np.log(outline.shoulders / own)
    known: Bool[np.ndarray, "k"] = np.isfinite(ratio)
    if known.sum() < 3:
        return bust
    rows = gaussian_filter1d(np.interp(SHOULDER_ROWS_MM, SHOULDER_ROWS_MM[known], ratio[known]), 2.0)
    below = chin - bust[:, 1]
    growth = np.clip(np.interp(below, SHOULDER_ROWS_MM, rows), *SHOULDER_BOUNDS)
    away, _ = KDTree(skin).query(bust, distance_upper_bound=SHOULDER_NEAR_MM + SHOULDER_FADE_MM)
    near = smoothstep((away - SHOULDER_NEAR_MM) / SHOULDER_FADE_MM)
    out = bust.copy()
    out[:, 0] *= np.exp(SHOULDER_SHARE * strength * near * growth)
    return out


def _half_width(bust: Float[np.ndarray, "n 3"], height: float) -> float:
    row = np.abs(bust[:, 1] - height) < 5
    return float(np.ptp(bust[row, 0]) / 2) if row.any() else float("nan")

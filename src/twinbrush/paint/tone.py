"""The person's skin stays the person's: how dark skin and hair are, and how far apart, within the style's palette.

The style is made to fit the person before anything is painted: its own skin and hair pixels become lighter or darker,
along a curve that keeps its darkest and lightest tones. So all engines go on painting with "the style's own pixels".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.faces.facemap import face_height, feature_mask
from twinbrush.paint.colour import style_tone
from twinbrush.paint.palette import TRUSTED
from twinbrush.views.values import ViewSet

APART = 0.10  # of the style's range of lightness: how far skin from hair may be off the person's own step
LEVEL = 0.22  # ... and either of them from its own level: a fair style may lighten, not whiten
DARK_LIGHTER = 0.04  # that limit for a dark skin
DARK_FAIR_DEGREES = (18.0, 30.0)  # typology angles of skins that count as dark, and as fair: tan, and intermediate
ENDS = (2.0, 98.0)  # percentiles of lightness that count as a picture's darkest and lightest
GLAZE, GLAZED = 0.7, 0.22  # how far darkened skin and lightened hair take the person's hue; from which change fully
CALM_PX = 31  # of the canvas: over so much lightened hair keeps its mean hue
EDGE = 0.012  # face heights: softness of the regions' borders
COLOURFUL = 90.0  # percentile of the figure's chroma that tells how colourful a style is
LEAST_PIXELS = 150
MOST_POWER, MOST_DARKENING = 2.5, 1.25  # of the curve that lightens; that darkens: a stronger one makes shadows black
LIT, MIDDLE = 75.0, 50.0  # percentiles: a skin is as light as its lit side, however much of a picture lies in shadow
KNEE, WHITEST = 84.0, 9.0  # L* from which skin's lights are compressed, and what is left to them above it
LEAST_HUE = 8.0  # chroma of a skin that is painted and no bare paper
PHOTO_RANGE = (5.0, 95.0)  # L* of black and white things in ordinary photos


@dataclass(frozen=True)
class Levels:
    """Lightness of skin and of hair (None: there is none), 0..1 from the picture's darkest to its lightest.

    fair: how fair a person's skin is, 0..1: a fair one in a dim photo is no dark one (see `fairness`).
    """

    skin: float
    hair: float | None
    fair: float = 1.0


def levels_of_person(views: ViewSet) -> Levels | None:
    """Returns the person's levels in the pictures of the figure; None without skin."""
    lab = to_lab(np.ascontiguousarray(views.images, np.float32))
    own, grown = (lab[views.coverage & (views.regions == int(region))] for region in (Region.SKIN, Region.HAIR))
    skin = level_of(own[:, 0], PHOTO_RANGE, LIT)
    return None if skin is None else Levels(skin, level_of(grown[:, 0], PHOTO_RANGE, MIDDLE), fairness(own))


def fairness(skin: Float32[np.ndarray, "n 3"]) -> float:
    """Returns how fair a skin is from its colours (L*a*b*), 0 dark to 1 fair: by the individual typology angle
    arctan((L* - 50) / b*) of its lit side (Chardon, Cretois and Hourseau 1991)."""
    angle = np.degrees(np.arctan2(np.percentile(skin[:, 0], LIT) - 50, max(float(np.median(skin[:, 2])), 1e-3)))
    low, high = DARK_FAIR_DEGREES
    return float(np.clip((angle - low) / (high - low), 0, 1))


def level_of(lightness: Float[np.ndarray, "n"], ends: tuple[float, float], percent: float) -> float | None:
    """Returns the lightness at a percentile, 0..1 between two ends (L*); None when there are too few pixels."""
    if len(lightness) < LEAST_PIXELS:
        return None
    return float(np.clip((np.percentile(lightness, percent) - ends[0]) / max(ends[1] - ends[0], 1.0), 0, 1))


def wanted_levels(style: Levels, person: Levels) -> Levels:
    """Returns the style's levels moved as little toward the person's as leaves the step between skin and hair within
    APART of the person's, and each within LEVEL of its own; a dark skin is hardly lightened at all."""
    share = _needed(style.skin - person.skin, most_lighter(person.fair), LEVEL)
    if style.hair is None or person.hair is None:
        return Levels(style.skin + share * (person.skin - style.skin), style.hair)
    share = max(share, _needed(style.hair - person.hair, LEVEL, LEVEL))
    share = max(share, _needed((style.skin - style.hair) - (person.skin - person.hair), APART, APART))
    return Levels(
        style.skin + share * (person.skin - style.skin), style.hair + share * (person.hair - style.hair))


def most_lighter(fair: float) -> float:
    """Returns how much lighter than a person's skin, so fair, the painted one may be, as a level."""
    return float(np.interp(fair, (0, 1), (DARK_LIGHTER, LEVEL)))


def _needed(gap: float, above: float, below: float) -> float:
    """The share of a gap that has to be closed to leave no more than `above` of it, or `below` of a negative one."""
    return max(0.0, 1 - (above if gap > 0 else below) / max(abs(gap), 1e-9))


def like_person(aligned: AlignedStyle, views: ViewSet) -> AlignedStyle:
    """Returns the style with its skin and hair as light as the person's ask for (see `wanted_levels`)."""
    person = levels_of_person(views)
    unit = face_height(aligned.canvas_landmarks_xy)
    tone = style_tone(aligned.canvas, unit)[..., 0]
    known = aligned.canvas_valid & (aligned.canvas_confidence >= TRUSTED)
    figure = known & (aligned.canvas_regions != int(Region.BACKGROUND))
    if person is None or figure.sum() < LEAST_PIXELS:
        return aligned
    low, high = (float(value) for value in np.percentile(tone[figure], ENDS))
    regions = {region: known & (aligned.canvas_regions == int(region)) for region in (Region.SKIN, Region.HAIR)}
    skin = level_of(tone[regions[Region.SKIN]], (low, high), LIT)
    if skin is None:
        return aligned
    style = Levels(skin, level_of(tone[regions[Region.HAIR]], (low, high), MIDDLE))
    wanted = wanted_levels(style, person)
    canvas = np.ascontiguousarray(aligned.canvas, np.float32)
    lab = to_lab(canvas)
    change = {Region.SKIN: style.skin - wanted.skin, Region.HAIR: (wanted.hair or 0.0) - (style.hair or 0.0)}
    tint = {region: _glaze(views, lab, region, regions[region], figure, size) for region, size in change.items()}
    tint[Region.SKIN] *= 1 - person.fair  # a fair skin finds its hue among the style's
    height, width = regions[Region.SKIN].shape
    eyes = feature_mask(aligned.canvas_landmarks_xy, ("eyes",), height, width, 0.01, 0.008)  # whites stay white
    for region, now, then in (
        (Region.SKIN, style.skin, wanted.skin), (Region.HAIR, style.hair, wanted.hair),
    ):
        if now is not None and then is not None and abs(then - now) > 1e-3:
            share = _soft(aligned.canvas_regions == int(region), EDGE * unit) * (1 - eyes)
            lighter = relit(canvas, now, then, (low, high), tint[region], calm=region == Region.HAIR)
            canvas = canvas + share[..., None] * (lighter - canvas)
    share = _soft(aligned.canvas_regions == int(Region.SKIN), EDGE * unit) * (1 - eyes)
    canvas = _unburnt(np.clip(canvas, 0, 1).astype(np.float32), share, regions[Region.SKIN])
    return replace(aligned, canvas=canvas)


def _unburnt(
    canvas: Float32[np.ndarray, "h w 3"], share: Float32[np.ndarray, "h w"], skin: Bool[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """The picture with skin's lights below white, in skin's own hue: a figure is lit once more, and what is white
    already burns out. A drawing's paper stays paper."""
    lab = to_lab(canvas)
    hue = np.median(lab[skin][:, 1:], axis=0)
    if np.hypot(*hue) < LEAST_HUE:
        return canvas
    over = np.maximum(lab[..., 0] - KNEE, 0)
    lower = over - WHITEST * (1 - np.exp(-over / WHITEST))
    tinted = np.clip(lower / WHITEST, 0, 1)[..., None] * (hue - lab[..., 1:])
    calm = to_rgb(np.concatenate([(lab[..., 0] - lower)[..., None], lab[..., 1:] + tinted], -1).astype(np.float32))
    return canvas + share[..., None] * (calm - canvas)


def _soft(region: Bool[np.ndarray, "h w"], sigma: float) -> Float32[np.ndarray, "h w"]:
    return cv2.GaussianBlur(region.astype(np.float32), (0, 0), max(0.5, sigma))


def relit(
    image: Float32[np.ndarray, "h w 3"], now: float, then: float, ends: tuple[float, float],
    tint: Float[np.ndarray, "2"], *, calm: bool,
) -> Float32[np.ndarray, "h w 3"]:
    """The picture with the level `now` brought to `then` by a power curve between its ends; chroma falls with lightness
    where it is lowered, so that a dark brown does not glow. tint: added to a* and b*. calm: what is made lighter keeps
    less of its differences in hue, which in black paint are noise."""
    lab = to_lab(image)
    low, high = ends
    now, then = (float(np.clip(value, 0.02, 0.98)) for value in (now, then))
    power = float(np.clip(np.log(then) / np.log(now), 1 / MOST_POWER, MOST_DARKENING))
    level = np.clip((lab[..., 0] - low) / max(high - low, 1.0), 0, 1) ** power
    reached = now**power  # what a curve of moderate power leaves to do, a scale does: paper white has no curve
    level = level * (then / reached) if then < reached else 1 - (1 - level) * ((1 - then) / (1 - reached))
    outside = lab[..., 0] - np.clip(lab[..., 0], low, high)
    lightness = low + (high - low) * level + outside
    dim = np.clip(lightness / np.maximum(lab[..., 0], 1.0), 0.5, 1.0) ** 0.5
    hue = lab[..., 1:] * dim[..., None] + tint
    if calm:
        middle = cv2.blur(hue, (CALM_PX, CALM_PX))
        hue = middle + (hue - middle) * np.clip(lab[..., 0] / np.maximum(lightness, 1.0), 0.0, 1.0)[..., None]
    return to_rgb(np.concatenate([lightness[..., None], hue], -1).astype(np.float32))


def _glaze(
    views: ViewSet, lab: Float32[np.ndarray, "h w 3"], region: Region, own: Bool[np.ndarray, "h w"],
    figure: Bool[np.ndarray, "h w"], change: float,
) -> Float[np.ndarray, "2"]:
    """What darkened skin and lightened hair need in a* and b* (change: of their level): a fair style has only shadows
    of that lightness, which are grey, and of black hair nobody knows the hue: it becomes as grey as the person's. No
    more than the style has colour: a grey drawing stays grey."""
    seen = views.coverage & (views.regions == int(region))
    if change <= 0 or not seen.any() or not own.any():
        return np.zeros(2)
    person = np.median(to_lab(np.ascontiguousarray(views.images, np.float32))[seen][:, 1:], axis=0)
    style = np.median(lab[own][:, 1:], axis=0)
    if region == Region.HAIR and np.hypot(*person) > np.hypot(*style):
        return np.zeros(2)  # no blond in a palette of black and blue
    colourful = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2])[figure], COLOURFUL))
    has = min(1.0, colourful / max(float(np.hypot(*person)), 1.0))
    return GLAZE * has * float(np.clip(change / GLAZED, 0, 1)) * (person - style)

"""What is compared: a face's form as 62 points seen from the front, and how deviations from the mean relate.

A descriptor (62, 2) has the points 17 to 67 (brows, nose, eyes, lips) and the jaw's outline in eleven fixed directions
from the middle between eyes and mouth: along the outline nobody places a point twice at the same height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinbrush.base.camera import INTERPUPILLARY_MM
from twinbrush.maths.similarity import weighted_similarity

DIRECTIONS = np.radians(np.arange(-10, -171, -16))  # of the jaw's points, 0: to the picture's right
CORNERS = [36, 39, 42, 45]  # of the eyes
SPAN = 2  # known jaw points that are more than so many numbers apart have nothing known between them
SHARES = ((10, 0.14), (9, 0.16), (12, 0.28), (12, 0.14), (8, 0.04), (len(DIRECTIONS), 0.24))
"""How many points brows, nose, eyes, lips, inner mouth and jaw have, and what they count together."""
WEIGHTS = np.concatenate([np.full(count, share / count) for count, share in SHARES])
PARTS = {"brows": (0, 10), "nose": (10, 19), "eyes": (19, 31), "lips": (31, 43), "jaw": (51, 62)}


def jaw_outline(jaw: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Points (11, 2) of the outline in the fixed directions; nan where it is hidden. jaw: (17, 2), nan allowed."""
    known = np.flatnonzero(np.isfinite(jaw).all(1))
    out = np.full((len(DIRECTIONS), 2), np.nan)
    if len(known) < 2:
        return out
    away = jaw[known] - middle
    angles, radii = np.arctan2(away[:, 1], away[:, 0]), np.hypot(*away.T)
    angles = np.where(angles > np.pi / 2, angles - 2 * np.pi, angles)  # the left ends may lie above the middle
    order = np.argsort(angles)
    angles, radii, number = angles[order], radii[order], known[order]
    right = np.clip(np.searchsorted(angles, DIRECTIONS), 1, len(angles) - 1)
    within = (angles[0] <= DIRECTIONS) & (angles[-1] >= DIRECTIONS)
    near = np.abs(number[right] - number[right - 1]) <= SPAN
    radius = np.where(within & near, np.interp(DIRECTIONS, angles, radii), np.nan)
    return middle + radius[:, None] * np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], 1)


def descriptor(points: np.ndarray) -> np.ndarray:
    """The descriptor (62, 2) of 68 points, x to the right, y up; nan where points are hidden."""
    middle = (points[CORNERS].mean(0) + points[[48, 54]].mean(0)) / 2
    return np.concatenate([points[17:68], jaw_outline(points[:17], middle)])


def deviation(form: np.ndarray, mean: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A form's difference from the mean (62, 2) after similarity alignment on the known points, each times the root of
    what it counts, so that sums of products are weighted; 0 where not known."""
    weights = np.where(known, WEIGHTS, 0)
    filled = np.where(known[:, None], form, mean)
    aligned = weighted_similarity(filled, mean, weights).apply(filled)
    return np.where(known[:, None], aligned - mean, 0) * np.sqrt(weights / weights.sum())[:, None]


def known_points(form: np.ndarray) -> np.ndarray:
    """Which points (62,) of a descriptor are not nan."""
    return np.asarray(np.isfinite(form).all(1))


def inner(a: np.ndarray, b: np.ndarray) -> float:
    """<a, b> of two deviations, mm2."""
    return float((a * b).sum())


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine of the angle between two deviations, nan where one is nothing."""
    length = np.sqrt(inner(a, a) * inner(b, b))
    return inner(a, b) / length if length > 0 else float("nan")


@dataclass(frozen=True)
class Relation:
    """How a shaped face lies to its person and style: p = person - mean, d = style - mean.

    cosine_added, gain_added: of m = shaped - person to d, and <m, d> / <d, d>. cosine_whole, gain_whole: of
    shaped - mean. kept: <shaped - mean, q> / <q, q> with q the part of p that is orthogonal to d.
    style, person: |d| and |p| in inter-pupil distances.
    """

    cosine_added: float
    gain_added: float
    cosine_whole: float
    gain_whole: float
    kept: float
    style: float
    person: float


def relation(shaped: np.ndarray, person: np.ndarray, style: np.ndarray) -> Relation:
    """The relation of three deviations from the mean."""
    added, square = shaped - person, inner(style, style)
    rest = person - inner(person, style) / square * style
    return Relation(
        cosine(added, style), inner(added, style) / square, cosine(shaped, style), inner(shaped, style) / square,
        inner(shaped, rest) / inner(rest, rest), length(style), length(person))


def length(a: np.ndarray) -> float:
    """A deviation's weighted root mean square in inter-pupil distances."""
    return float(np.sqrt(inner(a, a))) / INTERPUPILLARY_MM


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square distance of two heads' vertices after similarity, in inter-pupil distances."""
    moved = weighted_similarity(a, b, np.ones(len(a))).apply(a)
    return float(np.sqrt(((moved - b) ** 2).sum(1).mean())) / INTERPUPILLARY_MM

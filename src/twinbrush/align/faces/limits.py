"""What a feature survives: style landmarks turned into changes that leave a mouth a mouth and a nose a nose.

All points here are in the head's own frame (x to the picture's right, y up), in the content's unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.features import (
    LIDS_LEFT,
    LIDS_RIGHT,
    LIPS,
    LIPS_INNER,
    LIPS_MIDDLE,
    LIPS_OUTER,
    NOSE,
)
from twinbrush.faces.indices import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT


@dataclass(frozen=True)
class Limit:
    """A feature moves by an affine map whose scales stay within bounds; `detail` of what that map does not explain is
    kept."""

    points: tuple[int, ...]
    width: tuple[float, float]
    height: tuple[float, float]
    turn_degrees: float
    detail: float
    eye: bool = False


# Bounds by eye over the photos and styles of the benchmark: wider ones tear lids, pinch nostrils or flatten lips.
LIMITS = (
    Limit(EYE_LEFT + LIDS_LEFT, (0.70, 1.70), (0.60, 1.90), 12.0, 0.35, eye=True),
    Limit(EYE_RIGHT + LIDS_RIGHT, (0.70, 1.70), (0.60, 1.90), 12.0, 0.35, eye=True),
    Limit(BROW_LEFT, (0.75, 1.40), (0.60, 1.60), 15.0, 0.6),
    Limit(BROW_RIGHT, (0.75, 1.40), (0.60, 1.60), 15.0, 0.6),
    Limit(NOSE, (0.72, 1.45), (0.72, 1.45), 6.0, 0.5),
    Limit(LIPS, (0.70, 1.40), (0.65, 1.60), 6.0, 0.35),
)


def limit_features(
    content: Float[np.ndarray, "468 3"], target: Float[np.ndarray, "468 3"], eye_gain: float = 1.0
) -> Float[np.ndarray, "468 3"]:
    """Targets in which every feature is an affine image (in x, y) of the content's within its `Limit`; z stays.

    The feature's centre goes where the target has it; eyes that grow or shrink do so `eye_gain` times as much. A target
    equal to the content is returned unchanged.
    """
    limited = target.copy()
    for limit in LIMITS:
        points = list(limit.points)
        here, there = content[points, :2], target[points, :2]
        here_centre, there_centre = here.mean(axis=0), there.mean(axis=0)
        free = np.linalg.lstsq(here - here_centre, there - there_centre, rcond=None)[0].T
        explained = (here - here_centre) @ free.T + there_centre
        gain = eye_gain if limit.eye else 1.0
        if limit.points is LIPS:
            limit = _smile_spared(content, limit)
        bounded = (here - here_centre) @ _bounded(free, limit, gain).T + there_centre
        limited[points, :2] = bounded + limit.detail * (there - explained)
    return limited


def _smile_spared(content: Float[np.ndarray, "468 3"], limit: Limit) -> Limit:
    """A mouth that shows teeth is wide by its expression: it is narrowed less, or it would purse around the teeth."""
    inner = _columns(LIPS_INNER)
    opening = float((content[inner[:, 1], 1] - content[inner[:, 0], 1]).max())
    width = float(np.linalg.norm(content[78, :2] - content[308, :2]))
    teeth = float(np.clip((opening / width - 0.06) / 0.12, 0, 1))
    return replace(limit, width=(limit.width[0] + 0.14 * teeth, limit.width[1]))


def _bounded(linear: Float[np.ndarray, "2 2"], limit: Limit, gain: float) -> Float[np.ndarray, "2 2"]:
    """The map as turn @ [[width, shear], [0, height]], each within the bounds, scales raised to the power `gain`."""
    width = np.hypot(linear[0, 0], linear[1, 0])
    turn = np.arctan2(linear[1, 0], linear[0, 0])
    c, s = np.cos(turn), np.sin(turn)
    upper = np.array([[c, s], [-s, c]]) @ linear
    most = np.radians(limit.turn_degrees)
    turn = np.clip(turn, -most, most)
    c, s = np.cos(turn), np.sin(turn)
    inside = np.array(
        [
            [np.clip(width**gain, *limit.width), np.clip(upper[0, 1], -0.25, 0.25)],
            [0.0, np.clip(max(upper[1, 1], 0.1) ** gain, *limit.height)],
        ]
    )
    return np.array([[c, -s], [s, c]]) @ inside


def keep_mouth_opening(
    content: Float[np.ndarray, "468 3"], style: Float[np.ndarray, "468 3"], low: float = 0.8, high: float = 1.2
) -> Float[np.ndarray, "468 3"]:
    """The style's landmarks with the gap between its lips brought to the content's (times `low` to `high`).

    An open mouth is expression: closing it in a picture folds the teeth away, opening it stretches the line of the
    lips. Both lips give way by half. Both faces at one scale.
    """
    moved = style.copy()
    inner = _columns(LIPS_INNER)
    wish_low = low * (content[inner[:, 1], 1] - content[inner[:, 0], 1])
    wish_high = high * (content[inner[:, 1], 1] - content[inner[:, 0], 1])
    gap = style[inner[:, 1], 1] - style[inner[:, 0], 1]
    change = np.clip(gap, np.minimum(wish_low, wish_high), np.maximum(wish_low, wish_high)) - gap
    for ring in (LIPS_INNER, LIPS_MIDDLE[:20], LIPS_MIDDLE[20:], LIPS_OUTER):
        lower_upper = _columns(ring)
        moved[lower_upper[:, 0], 1] -= change / 2
        moved[lower_upper[:, 1], 1] += change / 2
    return moved


def _columns(ring: tuple[int, ...]) -> np.ndarray:
    """(9, 2) pairs (lower, upper) of a ring of 20 that starts at the left corner and runs along the lower lip."""
    return np.stack([np.array(ring[1:10]), np.array(ring[:10:-1])], axis=1)

"""Neck, ears and skull of the style's head, which no landmark shows: as large as the portrait has them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.art_outline import Outline
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.ears import ear_weights
from twinbrush.sculpt.values import Template

RING_MM = 2.5  # half height of the slice that tells a neck's width
NARROWEST = (-165.0, -120.0)  # heights between which the template's neck is narrowest
WIDTH_POWER, WIDTH_BOUNDS = 0.75, (0.70, 1.50)  # painted necks are outlines with shading at their sides: less is taken
HIDDEN_POWER = 1.5  # a neck that isn't seen is as wide as its jaw asks, to this power
DEPTH_POWER = 0.7  # depth of the neck follows its width
LENGTH_MM, LENGTH_BOUNDS = 46.0, (0.85, 1.45)  # of the template's neck below the chin
HAIR_MM = 16.0  # of hair that lies on the top of a head
EAR_BOUNDS = (0.8, 1.8)  # of an ear's growth
TOP_SHARE, TOP_BOUNDS_MM = 0.5, (-8.0, 9.0)  # hats and high hairdos make no egg heads


def with_neck(
    model: Template, vertices: Float[np.ndarray, "n 3"], outline: Outline
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with the portrait's neck and skull."""
    out = vertices.copy()
    marks, mean_marks = model.landmarks(out), model.landmarks(model.mean)
    chin = marks[indices.CHIN]
    low, high = NARROWEST
    heights = np.arange(high, low, -1.5)
    widths = [np.ptp(model.mean[np.abs(model.mean[:, 1] - y) < RING_MM, 0]) for y in heights]
    ring = np.abs(model.mean[:, 1] - heights[int(np.argmin(widths))]) < RING_MM
    jaw = np.linalg.norm(marks[172, :2] - marks[397, :2]) / np.linalg.norm(mean_marks[172, :2] - mean_marks[397, :2])
    own, usual = np.ptp(out[ring, 0]), np.ptp(model.mean[ring, 0])
    hidden = max(jaw, jaw**HIDDEN_POWER) * usual / own
    ratio = outline.neck_width / own if np.isfinite(outline.neck_width) else hidden
    ratio = float(np.clip(ratio**WIDTH_POWER, *WIDTH_BOUNDS))
    middle = out[ring, 1].mean()
    y, z = out[:, 1], out[:, 2]
    down = smoothstep((chin[1] + 50 - y) / (chin[1] + 50 - middle)) * (1 - smoothstep((middle - y) / 50))
    below = smoothstep((chin[1] + 55 - y) / 45)
    behind = np.maximum(smoothstep((chin[2] - 22 - z) / 40), smoothstep((chin[1] - 4 - y) / 12))
    share = down * behind * below
    axis = np.median(z[np.abs(y - middle) < 4])
    out[:, 0] *= np.exp(np.log(ratio) * share)
    out[:, 2] = axis + (z - axis) * np.exp(np.log(ratio) * DEPTH_POWER * share)
    if np.isfinite(outline.neck_length):
        longer = (float(np.clip(outline.neck_length / LENGTH_MM, *LENGTH_BOUNDS)) - 1) * LENGTH_MM
        out[:, 1] -= longer * smoothstep((chin[1] - 2 - y) / LENGTH_MM) * below * (y < chin[1] + 30)
    if np.isfinite(outline.top):
        top, brow = out[:, 1].max(), marks[9, 1]
        higher = float(np.clip(TOP_SHARE * (outline.top - HAIR_MM - top), *TOP_BOUNDS_MM))
        out[:, 1] += higher * np.clip((out[:, 1] - brow) / (top - brow), 0, 1) ** 1.2
    return out


def with_ears(model: Template, vertices: Float[np.ndarray, "n 3"], outline: Outline) -> Float[np.ndarray, "n 3"]:
    """Returns the head with ears that reach as far out as the portrait's, grown in all directions."""
    if not np.isfinite(outline.ear_reach):
        return vertices
    out = vertices.copy()
    for side in (-1, 1):
        members, share = ear_weights(model, side)
        ear = out[members]
        root = float(np.quantile(np.abs(ear[:, 0]), 0.25))
        factor = float(np.clip((outline.ear_reach - root) / (np.abs(ear[:, 0]).max() - root), *EAR_BOUNDS))
        foot = ear[share < 0.2].mean(0)
        foot[0] = side * root
        out[members] = ear + share[:, None] * (factor - 1) * (ear - foot)
    return out

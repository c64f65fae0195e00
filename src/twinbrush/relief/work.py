"""A painted figure and its style -> the medium in relief."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from twinbrush.base.beside import mapped
from twinbrush.config.relief import MOST_MM
from twinbrush.relief.ground import Ground, ground_of
from twinbrush.relief.media import AMPLITUDES_MM, FINEST_MM, MEDIA
from twinbrush.relief.values import Relief
from twinbrush.sculpt.values import Figure

ROWS = 1024  # of the relief's atlas, at most
FINER = 2  # how many times as fine as the paint's it is, at most
TEXELS_A_MARK = 3.5  # finer than that no mark can be shown
MOST_HEIGHT = 1.0  # of a relief above and below its mean, in amplitudes


def relief_of(figure: Figure, medium: str, seed: int, seen: dict[str, float] | None = None) -> Relief:
    """Returns the relief of a painted figure, worked in a medium of `MEDIA`."""
    rows, columns = figure.texture.shape[:2]
    height = min(ROWS, FINER * rows)
    ground = ground_of(figure, (height, columns * height // rows))

    def of_zone(zone: int) -> Float32[np.ndarray, "s"]:
        mine = ground.zone == zone
        scale = max(1.0, TEXELS_A_MARK * float(np.median(ground.texel_mm[mine])) / FINEST_MM[medium])
        return _levelled(ground, MEDIA[medium](_only(ground, mine), scale, seed), mine)

    heights = np.zeros(len(ground.gate), np.float32)
    for own in mapped(of_zone, np.unique(ground.zone).tolist()):
        heights += own
    seen = seen or {}
    amplitude = AMPLITUDES_MM[medium] * seen.get("strength", 1.0)
    return Relief(ground.texels.picture(heights[:, None])[..., 0], medium, amplitude, seen)


def amplitude_of(relief: Relief, asked_mm: float | None) -> float:
    """Returns the height in mm: what is asked for, else the medium's own."""
    return min(relief.amplitude_mm if asked_mm is None else asked_mm, MOST_MM)


def _only(ground: Ground, mine: np.ndarray) -> Ground:
    return replace(ground, gate=np.where(mine, ground.gate, 0).astype(np.float32))


def _levelled(ground: Ground, heights: Float32[np.ndarray, "s"], mine: np.ndarray) -> Float32[np.ndarray, "s"]:
    """Heights about 0, bounded, where relief is wanted."""
    weight = ground.gate * ground.texels.inside * mine
    if weight.sum() <= 0:
        return np.zeros(len(heights), np.float32)
    mean = float((heights * weight).sum() / weight.sum())
    return (np.clip(heights - mean, -MOST_HEIGHT, MOST_HEIGHT) * ground.gate * mine).astype(np.float32)

"""What each medium does to a surface: heights, in units of its amplitude, made of strokes, cuts, stones and grain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from twinbrush.maths.filters import smoothstep
from twinbrush.relief.grain import grain_at
from twinbrush.relief.ground import Ground
from twinbrush.relief.phasor import lines_on, waves_on
from twinbrush.relief.strokes import strokes_on
from twinbrush.relief.tesserae import tesserae_on

Heights = Float32[np.ndarray, "s"]
OIL_WIDTH_MM, OIL_PAINT = 6.5, 0.25  # of a stroke; share of the paint's own light and dark
CUT_MM, INK_MM, STONE_MM = 4.2, 2.9, 7.0  # from groove to groove; of a stone
CHALK_MM, STREAK_MM = 11.0, 2.4  # width of a stroke of chalk and of its streaks
CROSSED_FROM = 0.45  # darkness
AMPLITUDES_MM = {"oil": 1.2, "woodcut": 0.7, "ink": 0.8, "mosaic": 0.75, "pastel": 0.7}
"""Height of each medium's relief where nothing else is asked for, mm."""
FINEST_MM = {"oil": 2.6, "woodcut": CUT_MM, "ink": INK_MM, "mosaic": STONE_MM, "pastel": STREAK_MM}
"""Width of the smallest mark that makes the medium what it is."""


def oil(ground: Ground, scale: float, seed: int) -> Heights:
    """Impasto: strokes of a loaded brush."""
    return strokes_on(ground, OIL_WIDTH_MM * scale, seed) + OIL_PAINT * ground.band


def woodcut(ground: Ground, scale: float, seed: int) -> Heights:
    """A cut block: broad gouged grooves where it is light, narrow ones where it is dark; the block's fibres."""
    period = CUT_MM * scale
    lines = lines_on(ground, waves_on(ground, period, seed), period, seed)
    breaks = grain_at(ground.points, 5.0 * period, seed + 5)
    width = np.clip(0.22 + 0.62 * ground.tone + 0.22 * breaks, 0.0, 0.9)  # share of the period that is cut away
    away = (1 - lines.phase) / np.maximum(width, 1e-3)
    depth = np.sqrt(np.clip(1 - away**2, 0, 1)) * smoothstep((width - 0.08) / 0.25)
    depth *= smoothstep((lines.sure - 0.25) / 0.3)
    fibres = grain_at(ground.points * np.array([1, 0.12, 1], np.float32), 1.4 * scale, seed + 6)
    return 1 - depth * (0.85 + 0.15 * breaks) + 0.05 * fibres


def ink(ground: Ground, scale: float, seed: int) -> Heights:
    """An engraved plate: fine furrows, broader and deeper where it is darker, crossed where it is darkest."""
    period = INK_MM * scale
    dark = 1 - ground.tone
    waves = waves_on(ground, period, seed)
    first = lines_on(ground, waves, period, seed)
    second = lines_on(ground, waves, period, seed + 11, crossing=True)
    crossed = smoothstep((dark - CROSSED_FROM) / 0.15)
    return 1 - np.maximum(_furrow(first.phase, first.sure, dark), 0.9 * crossed * _furrow(
        second.phase, second.sure, dark))


def _furrow(phase: Heights, sure: Heights, dark: Heights) -> Heights:
    """Depth of V-shaped furrows."""
    width = np.clip(0.42 + 0.4 * dark, 0.4, 0.8)
    depth = np.clip(1 - (1 - phase) / width, 0, 1)
    return depth * smoothstep((sure - 0.2) / 0.3) * (0.6 + 0.4 * dark)


def mosaic(ground: Ground, scale: float, seed: int) -> Heights:
    """Tesserae in grout."""
    return tesserae_on(ground, STONE_MM * scale, seed)


def pastel(ground: Ground, scale: float, seed: int) -> Heights:
    """Chalk on rough paper: dry streaks along the strokes, caught by the paper's tooth and broken over its hollows."""
    tooth = grain_at(ground.points, 1.7 * scale, seed)
    chalk = strokes_on(ground, CHALK_MM * scale, seed, furrows=CHALK_MM / STREAK_MM, dry=True)
    caught = smoothstep((chalk - 0.38 + 0.44 * tooth) / 0.34)
    return 0.8 * caught + 0.18 * tooth + 0.15 * ground.band


MEDIA: dict[str, Callable[[Ground, float, int], Heights]] = {
    "oil": oil, "woodcut": woodcut, "ink": ink, "mosaic": mosaic, "pastel": pastel,
}  # fmt: skip

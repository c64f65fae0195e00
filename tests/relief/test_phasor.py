from __future__ import annotations

import numpy as np
import pytest

from grounds import SIDE, TEXEL_MM, flat_ground, slopes, square
from twinbrush.relief.phasor import Lines, lines_on, waves_on

PERIOD_MM = 6.4


def _lines(gradient: tuple[float, float], band: np.ndarray | None = None, *, crossing: bool = False) -> Lines:
    ground = flat_ground(gradient, band)
    return lines_on(ground, waves_on(ground, PERIOD_MM, 0), PERIOD_MM, 0, crossing=crossing)


def test_lines_lie_along_the_paint_at_their_period() -> None:
    lines = _lines((0, 1))
    assert 0 <= lines.phase.min() <= lines.phase.max() <= 1
    assert np.median(square(lines.sure)) > 0.7
    across, down = slopes(lines.phase)
    assert down > 3 * across
    inner = square(lines.phase)
    spectrum = np.abs(np.fft.rfft(inner - inner.mean(), axis=0)).mean(1)
    assert len(inner) * TEXEL_MM / np.argmax(spectrum) == pytest.approx(PERIOD_MM, rel=0.15)


def test_crossing_lines_lie_across() -> None:
    across, down = slopes(_lines((0, 1), crossing=True).phase)
    assert across > 3 * down


def test_grooves_lie_on_the_paints_own_dark_lines() -> None:
    y = np.mgrid[:SIDE, :SIDE][0] * TEXEL_MM
    band = np.cos(2 * np.pi * (y + 1.3) / PERIOD_MM)
    phase = _lines((0, 1), band).phase
    assert np.corrcoef(square(phase).ravel(), square(band).ravel())[0, 1] < -0.8

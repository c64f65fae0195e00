from __future__ import annotations

import numpy as np
import pytest

from grounds import flat_ground, slopes, square
from twinbrush.relief.media import AMPLITUDES_MM, FINEST_MM, MEDIA


@pytest.mark.parametrize("medium", MEDIA)
def test_every_medium_is_a_relief_of_about_its_amplitude(medium: str) -> None:
    heights = square(MEDIA[medium](flat_ground((0, 1)), 1.0, 0))
    assert np.isfinite(heights).all()
    assert 0.08 < heights.std() < 0.6
    assert np.ptp(heights) < 2.2
    assert FINEST_MM[medium] > 0
    assert 0 < AMPLITUDES_MM[medium] <= 1.5


@pytest.mark.parametrize("medium", ["oil", "woodcut", "ink", "pastel"])
def test_directed_media_follow_the_paint(medium: str) -> None:
    tone = 0.7 if medium != "woodcut" else 0.5
    across, down = slopes(MEDIA[medium](flat_ground((0, 1), tone=tone), 1.0, 0))
    assert down > 1.15 * across


def test_light_is_cut_away_and_dark_is_engraved() -> None:
    dark, light = (square(MEDIA["woodcut"](flat_ground((0, 1), tone=tone), 1.0, 0)).mean() for tone in (0.1, 0.9))
    assert dark > light + 0.2
    dark, light = (square(MEDIA["ink"](flat_ground((0, 1), tone=tone), 1.0, 0)).mean() for tone in (0.1, 0.9))
    assert dark < light - 0.1

from __future__ import annotations

import cv2
import numpy as np
import pytest

from grounds import TEXEL_MM, flat_ground, square
from twinbrush.relief.tesserae import tesserae_on


def test_stones_of_one_size_stand_in_grout() -> None:
    heights = square(tesserae_on(flat_ground((0, 1)), 7.0, 0))
    assert heights.min() == 0
    assert heights.max() < 1.3
    count, _, stats, _ = cv2.connectedComponentsWithStats((heights > 0.3).astype(np.uint8), connectivity=4)
    whole = stats[1:, 4][(stats[1:, 0] > 0) & (stats[1:, 1] > 0)] * TEXEL_MM**2
    assert heights.size * TEXEL_MM**2 / (count - 1) == pytest.approx(49, rel=0.5)
    assert np.median(whole) == pytest.approx(0.7 * 49, rel=0.4)
    assert 0.15 < (heights < 0.2).mean() < 0.45  # grout


def test_stones_lie_in_rows_along_the_paint() -> None:
    """Square cells turned with the paint: their joints are steep along and across it, not between."""
    for gradient, sign in (((0.7071, 0.7071), 1), ((0, 1), -1)):
        heights = square(tesserae_on(flat_ground(gradient), 7.0, 0))
        x, y = np.gradient(heights, axis=1), np.gradient(heights, axis=0)
        steep = np.hypot(x, y) > 0.1
        assert sign * np.cos(4 * (np.arctan2(y[steep], x[steep]) - np.pi / 4)).mean() > 0.06

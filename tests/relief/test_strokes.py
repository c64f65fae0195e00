from __future__ import annotations

import numpy as np
import pytest

from grounds import flat_ground, slopes, square
from twinbrush.relief.strokes import strokes_on


def test_strokes_are_longer_than_wide_along_the_paint() -> None:
    for gradient, longest in (((0, 1), 0), ((1, 0), 1)):
        steep = slopes(strokes_on(flat_ground(gradient), 6.5, 0))
        assert steep[1 - longest] > 1.6 * steep[longest]


def test_paint_lies_everywhere_and_is_bounded() -> None:
    heights = strokes_on(flat_ground((0, 1)), 6.5, 0)
    assert heights.min() > 0
    assert heights.max() < 1.6
    assert (square(heights) != 0.25).mean() > 0.98  # bare canvas
    assert not np.array_equal(heights, strokes_on(flat_ground((0, 1)), 6.5, 1))
    assert np.array_equal(heights, strokes_on(flat_ground((0, 1)), 6.5, 0))


def test_finer_strokes_have_finer_furrows() -> None:
    broad, fine = (strokes_on(flat_ground((0, 1)), width, 0) for width in (16.0, 4.0))
    assert slopes(fine)[1] > 1.7 * slopes(broad)[1]
    assert square(broad).std() == pytest.approx(square(fine).std(), rel=0.5)

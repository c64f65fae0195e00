from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.relief.media import AMPLITUDES_MM
from twinbrush.relief.values import Relief, Worked
from twinbrush.relief.work import amplitude_of, relief_of


@pytest.fixture(scope="module")
def relief() -> Relief:
    y, x = np.mgrid[:128, :256]
    stripes = 0.5 + 0.3 * np.sin(x + 0.4 * y)
    figure = replace(small_figure(), texture=np.repeat(stripes[..., None], 3, 2).astype(np.float32))
    return relief_of(figure, "oil", 0, {"strength": 0.5})


def test_a_relief_is_bounded_about_its_mean(relief: Relief) -> None:
    assert relief.heights.shape == (256, 512)
    assert np.abs(relief.heights).max() <= 1
    assert relief.heights.std() > 0.1
    assert abs(float(relief.heights[relief.heights != 0].mean())) < 0.05
    assert relief.medium == "oil"
    assert relief.amplitude_mm == pytest.approx(0.5 * AMPLITUDES_MM["oil"])


def test_the_height_is_what_is_asked_for_and_never_too_much(relief: Relief) -> None:
    assert amplitude_of(relief, None) == relief.amplitude_mm
    assert amplitude_of(relief, 0.2) == 0.2
    assert amplitude_of(relief, 9.0) == 1.5
    assert np.allclose(Worked(relief, 0.5).heights_mm, 0.5 * relief.heights)

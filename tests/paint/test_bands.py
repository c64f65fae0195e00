"""Frequency bands: they add up, blends obey their shares, contrast gains stay within limits."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.base.mesh import Region
from twinbrush.paint.bands import SIGMAS, blend, contrast_gains, match_contrast, split


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).random((96, 80, 3)).astype(np.float32)


def test_bands_add_up(picture: np.ndarray) -> None:
    bands = split(picture, 300.0)
    assert len(bands) == len(SIGMAS) + 1
    np.testing.assert_allclose(sum(bands), picture, atol=1e-5)
    assert bands[-1].std() < 0.3 * picture.std()


def test_shares_of_zero_and_one(picture: np.ndarray) -> None:
    other = picture[::-1].copy()
    mask = np.zeros((96, 80), np.float32)
    mask[:, 40:] = 1
    np.testing.assert_allclose(blend(picture, other, 60.0, (0.0,) * 6), picture, atol=6e-3)
    np.testing.assert_allclose(blend(picture, other, 60.0, (1.0,) * 6), other, atol=6e-3)
    halves = blend(picture, other, 60.0, (mask,) * 6)
    np.testing.assert_allclose(halves[:, 40:], other[:, 40:], atol=6e-3)
    np.testing.assert_allclose(halves[:, :40], picture[:, :40], atol=6e-3)


def test_contrast_follows_the_style_within_limits() -> None:
    rng = np.random.default_rng(0)
    lightness = (50 + 4 * rng.normal(size=(1, 64, 64))).astype(np.float32)
    regions = np.full((1, 64, 64), int(Region.SKIN), np.uint8)
    everywhere = np.ones((1, 64, 64), bool)
    for factor, expected in ((1.0, 1.0), (1.3, 1.3), (9.0, 1.5), (0.01, 0.7)):
        style = (50 + factor * (lightness[0] - 50)).astype(np.float32)
        gains = contrast_gains(lightness, regions, everywhere, 100.0, style, regions[0], everywhere[0], 100.0)
        assert gains[0, 0] == pytest.approx(expected, rel=0.02)
        np.testing.assert_array_equal(gains[1:], 1)  # no hair, no cloth: nothing is known


def test_unit_gains_change_nothing(picture: np.ndarray) -> None:
    regions = np.full((96, 80), int(Region.HAIR), np.uint8)
    same = match_contrast(picture, regions, np.ones((96, 80), bool), np.ones((3, len(SIGMAS))), 60.0)
    np.testing.assert_allclose(same, picture, atol=6e-3)

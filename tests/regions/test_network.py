"""The network's odds: whole, the same in the mirror, and the training's definition is what the package runs."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.regions import network
from twinbrush.regions.network import SIZE, WEIGHTS, region_odds


def _inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    square = rng.uniform(0, 1, (SIZE, SIZE, 3)).astype(np.float32)
    mattes, places = rng.uniform(0, 1, (2, SIZE, SIZE)), rng.uniform(-1, 1, (6, SIZE, SIZE))
    return square, mattes.astype(np.float32), np.ones((SIZE, SIZE), bool), places.astype(np.float32)


def test_odds_sum_to_one() -> None:
    odds, glasses = region_odds(*_inputs())
    assert odds.shape == (6, SIZE, SIZE)
    np.testing.assert_allclose(odds.sum(0), 1, atol=1e-5)
    assert 0 <= glasses.min() <= glasses.max() <= 1


def test_a_mirrored_picture_gives_mirrored_odds() -> None:
    square, mattes, inside, places = _inputs()
    odds, glasses = region_odds(square, mattes, inside, places, blind=True)  # the likenesses are no part of it
    turned = places[:, :, ::-1].copy()
    turned[0] *= -1
    mirrored, lenses = region_odds(square[:, ::-1], mattes[:, :, ::-1], inside[:, ::-1], turned, blind=True)
    np.testing.assert_allclose(mirrored, odds[:, :, ::-1], atol=2e-4)
    np.testing.assert_allclose(lenses, glasses[:, ::-1], atol=2e-4)


def test_the_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 1.5e6


def test_what_counted_more_in_training_has_no_higher_odds_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    odds, _ = region_odds(*_inputs())
    monkeypatch.setattr(network, "WEIGHTS_IN_TRAINING", (1.0,) * 6)
    plain, _ = region_odds(*_inputs())
    np.testing.assert_allclose(odds[3] / odds[1], plain[3] / plain[1] / 2.5, rtol=1e-6)

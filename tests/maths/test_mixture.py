"""Mixtures of Gaussians: they tell two colours apart, know what is rare, and come out the same each time."""

from __future__ import annotations

import numpy as np

from twinbrush.maths.mixture import fit_mixture


def _samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    dark, fair = rng.normal((20, 5, 5), 3, (600, 3)), rng.normal((70, 10, 20), (6, 3, 3), (300, 3))
    return dark, fair


def test_the_own_colours_cost_least() -> None:
    dark, fair = _samples()
    of_dark, of_both = fit_mixture(dark, 3, 2.0), fit_mixture(np.concatenate([dark, fair]), 4, 2.0)
    assert of_dark.energy(dark).mean() + 20 < of_dark.energy(fair).mean()
    assert of_both.energy(fair).mean() < of_dark.energy(fair).mean() - 20
    assert abs(of_both.weights.sum() - 1) < 0.01


def test_a_component_is_never_narrower_than_it_may_be() -> None:
    flat = np.full((200, 3), 40.0)
    model = fit_mixture(flat, 4, 2.5)
    assert (model.deviations >= 2.5).all()
    assert np.isfinite(model.energy(np.array([[40.0, 40, 40], [0, 0, 0]]))).all()


def test_fitting_is_deterministic_and_needs_few_samples() -> None:
    dark, _ = _samples()
    np.testing.assert_array_equal(fit_mixture(dark, 4, 2.0).centres, fit_mixture(dark, 4, 2.0).centres)
    assert len(fit_mixture(dark[:1], 4, 2.0).centres) == 1

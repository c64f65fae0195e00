"""A class' own colours: patches that a network mistook come back; a class that nobody is sure of stays as it was."""

from __future__ import annotations

import numpy as np

from twinbrush.regions.consistent import MOST, consistent

SIZE = 96


def _scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Odds of (ground, skin, cloth), colours and places: green wall, fair face above a blue shirt; in a patch of the
    shirt skin is believed a little more than cloth."""
    v, u = np.mgrid[:SIZE, :SIZE] / SIZE * 2 - 1
    face, shirt = np.hypot(u, v + 0.3) < 0.35, (v > 0.3) & (np.abs(u) < 0.7)
    colours = np.full((SIZE, SIZE, 3), (0.2, 0.5, 0.3))
    colours[face], colours[shirt] = (0.85, 0.65, 0.55), (0.2, 0.3, 0.7)
    colours = np.clip(colours + np.random.default_rng(0).normal(0, 0.02, colours.shape), 0, 1)
    truth = np.where(face, 1, np.where(shirt, 2, 0))
    odds = np.where(np.arange(3)[:, None, None] == truth, 0.9, 0.05)
    odds[:, 70:80, 40:52] = np.array([0.05, 0.5, 0.45])[:, None, None]
    places = np.zeros((6, SIZE, SIZE))
    places[0], places[1] = u, v
    return odds, colours, places


def test_a_patch_of_the_shirt_becomes_shirt() -> None:
    odds, colours, places = _scene()
    assert (odds[:, 70:80, 40:52].argmax(0) == 1).all()
    heard = consistent(odds, colours, places)
    np.testing.assert_allclose(heard.sum(0), 1)
    assert (heard[:, 70:80, 40:52].argmax(0) == 2).all()
    outside = np.ones((SIZE, SIZE), bool)
    outside[68:82, 38:54] = False  # strokes are averaged across the patch's rim
    assert (heard.argmax(0) == odds.argmax(0))[outside].mean() > 0.98


def test_colours_never_outvote_the_odds_by_more_than_their_most() -> None:
    odds, colours, places = _scene()
    heard = consistent(odds, colours, places)
    change = np.log(heard[1] / heard[2]) - np.log(odds[1] / odds[2])
    assert 1.0 < np.abs(change).max() <= MOST + 1e-6


def test_a_class_that_nobody_is_sure_of_gains_and_loses_nothing_by_colours() -> None:
    odds, colours, places = _scene()
    rare = np.full((1, SIZE, SIZE), 0.02)
    heard = consistent(np.concatenate([odds, rare]), colours, places)
    known = consistent(odds, colours, places)
    np.testing.assert_allclose(heard[:3] / heard[:3].sum(0), known, atol=0.01)
    assert (heard[3] >= 0.9 * rare[0] / (1 + rare[0])).all()

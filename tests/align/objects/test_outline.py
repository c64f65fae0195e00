"""Outlines: even points, right way round; shape contexts are histograms that a turn shifts and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from animals import ANIMAL, EAR_LEFT, EAR_RIGHT, NOSE, TAIL, animal, turned
from twinbrush.align.objects.outline import chi_squared, has_features, mirrored, outline_of, shape_contexts, tips
from twinbrush.base.errors import BadMask


def disc(radius: float = 60.0) -> np.ndarray:
    ys, xs = np.mgrid[:160, :200]
    return np.hypot(xs - 100, ys - 80) < radius


def test_a_discs_outline_is_a_circle() -> None:
    outline = outline_of(disc(), 100)
    radius = np.linalg.norm(outline.points_xy - [100, 80], axis=1)
    assert radius == pytest.approx(np.full(100, 59.6), abs=0.7)
    assert outline.scale == pytest.approx(60 * np.sqrt(np.pi), rel=0.01)
    # The turning angle over a share s of a circle on either side is 2 pi s, and > 0: convex.
    assert outline.bend[:, 1] == pytest.approx(np.full(100, 2 * np.pi * 0.03), abs=0.08)


def test_outlines_run_clockwise_in_the_picture() -> None:
    for outline in (outline_of(disc(), 40), mirrored(outline_of(animal(), 40))):
        x, y = outline.points_xy.T
        assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0


def test_a_mirror_image_twice_is_the_outline() -> None:
    outline = outline_of(animal(), 64)
    again = mirrored(mirrored(outline))
    assert np.allclose(again.points_xy, outline.points_xy)
    assert np.allclose(again.bend, outline.bend)


def test_shape_contexts_are_shares_and_follow_a_turn() -> None:
    points = outline_of(animal(), 80).normalised
    contexts = shape_contexts(points, 1.0)
    assert contexts.sum(1) == pytest.approx(np.ones(80))
    c, s = np.cos(0.4), np.sin(0.4)
    turned_points = points @ np.array([[c, s], [-s, c]])  # clockwise by 0.4
    assert np.allclose(shape_contexts(turned_points, 1.0), shape_contexts(points, 1.0, 0.4), atol=1e-9)
    assert not np.allclose(shape_contexts(turned_points, 1.0), contexts, atol=1e-2)
    assert np.allclose(shape_contexts(3 * points, 3.0), contexts)


def test_chi_squared_is_0_for_the_same_and_1_for_nothing_in_common() -> None:
    a = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])
    assert np.allclose(chi_squared(a, a), [[0, 1], [1, 0]])


def test_tips_are_the_ears_the_nose_and_the_tail() -> None:
    outline = outline_of(animal(), 160)
    found = outline.points_xy[tips(outline)]
    for part in (EAR_LEFT, EAR_RIGHT, NOSE, TAIL):
        assert np.linalg.norm(found - ANIMAL[part], axis=1).min() < 10


def test_a_disc_has_no_features_an_animal_has() -> None:
    assert not has_features(outline_of(disc(), 128))
    assert has_features(outline_of(animal(), 128))
    assert has_features(outline_of(animal(turned(20, 0.7)), 64))


def test_a_mask_too_small_is_refused() -> None:
    tiny = np.zeros((50, 50), bool)
    tiny[10:15, 10:15] = True
    with pytest.raises(BadMask, match="25 pixels"):
        outline_of(tiny, 64)

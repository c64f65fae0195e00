"""Colour maps: exact for Gaussians, tame for flat and monochrome palettes, no steps at wrong label borders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.base.mesh import Region
from twinbrush.paint.colour import (
    ColourMap,
    colour_match,
    darkened_like_photo,
    edge_aware,
    fit_colour_map,
    lightness_knots,
    monge_kantorovich,
    nearest_fill,
    region_separation,
    soft_regions,
    to_lab,
    to_rgb,
    with_photo_colours,
)


def _covariance(seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(3, 3))
    return root @ root.T + 0.5 * np.eye(3)


def test_the_map_turns_one_gaussian_into_the_other() -> None:
    first, second = _covariance(1), _covariance(2)
    transport = monge_kantorovich(first, second, (0.0, 1e9))
    np.testing.assert_allclose(transport @ first @ transport, second, atol=1e-9)
    np.testing.assert_allclose(transport, transport.T, atol=1e-12)


def test_lab_round_trip() -> None:
    colours = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    np.testing.assert_allclose(to_rgb(to_lab(colours)), colours, atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 40), st.floats(0, 40))
def test_the_lightness_curve_is_monotone_and_never_steep(seed: int, spread_from: float, spread_to: float) -> None:
    rng = np.random.default_rng(seed)
    start = np.clip(rng.normal(rng.uniform(10, 90), spread_from, 400), 0, 100)
    goal = np.clip(rng.normal(rng.uniform(10, 90), spread_to, 400), 0, 100)
    knots_from, knots_to = lightness_knots(start, goal, (3.0, 25.0, 50.0, 75.0, 97.0))
    assert (np.diff(knots_from) > 0).all()
    assert (np.diff(knots_to) >= 0).all()
    slopes = np.diff(knots_to[1:-1]) / np.diff(knots_from[1:-1])
    assert slopes.max() <= 1.9 + 1e-6


def test_medians_meet() -> None:
    rng = np.random.default_rng(0)
    photo = np.column_stack([rng.normal(40, 8, 2000), rng.normal(10, 4, 2000), rng.normal(15, 4, 2000)])
    style = np.column_stack([rng.normal(70, 8, 2000), rng.normal(-5, 4, 2000), rng.normal(30, 4, 2000)])
    mapped = fit_colour_map(photo.astype(np.float32), style.astype(np.float32), Region.SKIN)(photo.astype(np.float32))
    np.testing.assert_allclose(np.median(mapped, 0), np.median(style, 0), atol=1.0)


def test_an_ink_palette_gives_finite_tame_colours() -> None:
    rng = np.random.default_rng(0)
    photo = rng.uniform((20, -20, -20), (90, 30, 30), (3000, 3)).astype(np.float32)
    ink = np.repeat(rng.choice([5.0, 98.0], 3000, p=[0.1, 0.9])[:, None], 3, axis=1) * np.array([1, 0, 0])
    mapped = fit_colour_map(photo, ink.astype(np.float32), Region.SKIN)(photo)
    assert np.isfinite(mapped).all()
    assert np.abs(mapped[:, 1:]).max() < 12  # hardly any hue
    assert np.ptp(mapped[:, 0]) > 20  # not posterised


def _flat_map(low: float, high: float) -> ColourMap:
    knots = np.array([0.0, 10, 30, 50, 70, 90, 100])
    return ColourMap(np.eye(3), np.zeros(3), np.zeros(3), knots, np.linspace(low, high, 7))


def test_dark_hair_stays_darker_than_skin() -> None:
    skin, hair = _flat_map(60, 95), _flat_map(60, 95)
    hair = ColourMap(hair.matrix, hair.mean_from, hair.mean_to, hair.knots_from - 30, hair.knots_to)
    darker = darkened_like_photo(hair, skin, floor=10.0)
    assert skin.knots_to[3] - darker.knots_to[3] == pytest.approx(0.65 * 30)
    untouched = darkened_like_photo(hair, skin, floor=hair.knots_to[3])
    np.testing.assert_array_equal(untouched.knots_to, hair.knots_to)


def test_soft_regions_sum_to_one_and_follow_labels() -> None:
    regions = np.full((40, 40), int(Region.SKIN), np.uint8)
    regions[:, 20:] = int(Region.HAIR)
    soft = soft_regions(regions, np.ones((40, 40), bool), 2.0)
    np.testing.assert_allclose(soft.sum(0), 1, atol=1e-5)
    assert soft[0, 20, 2] > 0.99
    assert soft[1, 20, 38] > 0.99


def test_weights_snap_to_the_edge_of_the_picture() -> None:
    guide = np.zeros((60, 60), np.float32)
    guide[:, :33], guide[:, 33:] = 0.4, 0.7  # the real edge is 3 pixels from the label's
    hard = np.zeros((2, 60, 60), np.float32)
    hard[0, :, :30] = hard[1, :, 30:] = 1
    weights = edge_aware(hard, guide, 8, 1e-3)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-5)
    jumps = np.abs(np.diff(weights[0, 30]))
    assert int(jumps.argmax()) == 32
    assert jumps[29] < 0.1
    assert weights[0, 30, 31] > 0.5  # called the second region, but it looks like the first
    assert weights[1, 30, 34] > 0.95


def test_nearest_label_fills() -> None:
    labels = np.zeros((5, 9), np.uint8)
    labels[2, 0], labels[2, 8] = 1, 2
    filled = nearest_fill(labels, labels > 0)
    assert filled[2, 2] == 1
    assert filled[2, 7] == 2


def test_separation_of_regions() -> None:
    regions = np.full((30, 30), int(Region.SKIN), np.uint8)
    regions[:15] = int(Region.HAIR)
    tone = np.zeros((30, 30, 3), np.float32)
    trusted = np.ones((30, 30), bool)
    assert region_separation(tone, regions, trusted) == 0
    tone[:15, :, 0] = 60
    assert region_separation(tone, regions, trusted) == 1


def test_missing_cloth_is_warned_about() -> None:
    rng = np.random.default_rng(0)
    images = rng.random((1, 40, 40, 3)).astype(np.float32)
    regions = np.full((1, 40, 40), int(Region.CLOTH), np.uint8)
    canvas = rng.random((40, 40, 3)).astype(np.float32)
    style = np.full((40, 40), int(Region.SKIN), np.uint8)
    everywhere = np.ones((40, 40), bool)
    matched, warnings = colour_match(images, regions, everywhere[None], canvas, style, everywhere, 20.0)
    assert len(warnings) == 1
    assert "cloth" in warnings[0]
    assert np.isfinite(matched).all()


def test_missing_hair_takes_nothing_from_green_clothes() -> None:
    rng = np.random.default_rng(1)
    style_regions = np.full((60, 60), int(Region.SKIN), np.uint8)
    style_regions[30:] = int(Region.CLOTH)
    canvas = rng.normal(0, 0.02, (60, 60, 3)) + np.array([0.85, 0.75, 0.65])
    canvas[::5, ::2] = 0.2  # drawn lines
    canvas[30:] = rng.normal(0, 0.02, (30, 60, 3)) + np.array([0.05, 0.6, 0.15])
    regions = np.full((1, 60, 60), int(Region.SKIN), np.uint8)
    regions[:, :30] = int(Region.HAIR)
    photo = rng.normal(0, 0.03, (1, 60, 60, 3)) + np.where(regions[..., None] == int(Region.HAIR), 0.3, 0.7)
    matched, warnings = colour_match(
        np.clip(photo, 0, 1), regions, np.ones((1, 60, 60), bool), np.clip(canvas, 0, 1), style_regions,
        np.ones((60, 60), bool), 60.0,
    )
    assert any("hair" in warning and "skin" in warning for warning in warnings)
    hair = matched[0, :24].reshape(-1, 3).mean(0)
    assert hair[1] < hair[0] + 0.02


def test_kept_colours_are_the_photos_broad_colours() -> None:
    rng = np.random.default_rng(0)
    photo = np.broadcast_to(np.array([0.6, 0.4, 0.3], np.float32), (1, 64, 64, 3)).copy()
    painted = np.clip(0.5 + 0.1 * rng.normal(size=(1, 64, 64, 3)), 0, 1).astype(np.float32)
    kept = with_photo_colours(painted, photo, np.ones((1, 64, 64), bool), 6.0)
    np.testing.assert_allclose(kept.mean((1, 2)), photo.mean((1, 2)), atol=0.02)
    assert kept[..., 0].std() > 0.03  # the brushwork is still there

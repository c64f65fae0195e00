"""Filters of this room against closed forms."""

from __future__ import annotations

import numpy as np

from twinbrush.maths.filters import (
    GuidedFilter,
    calmed,
    fill_holes,
    keep_component,
    masked_blur,
    push_colours,
    signed_distance,
    soft_polygon,
)


def test_signed_distance_is_positive_inside_and_zero_on_the_border() -> None:
    ys, xs = np.mgrid[:60, :60]
    radius = np.hypot(xs - 30, ys - 30)
    distance = signed_distance(radius < 20)
    assert np.abs(distance - (20 - radius))[radius < 28].max() < 0.8
    assert signed_distance(np.zeros((4, 5), bool)).max() < 0
    assert signed_distance(np.ones((4, 5), bool)).min() > 0


def test_guided_filter_smooths_noise_but_keeps_the_guides_edge() -> None:
    rng = np.random.default_rng(0)
    step = np.repeat((np.arange(40) >= 20).astype(np.float32)[None], 40, axis=0)
    guide = np.repeat(step[..., None], 3, axis=-1) + rng.normal(0, 0.01, (40, 40, 3)).astype(np.float32)
    noisy = step + rng.normal(0, 0.2, step.shape).astype(np.float32)
    smooth = GuidedFilter(guide, 4, 1e-3)(noisy)
    assert np.abs(smooth - step).mean() < 0.3 * np.abs(noisy - step).mean()
    assert (smooth[:, 21] - smooth[:, 18]).mean() > 0.8


def test_guided_filter_keeps_constants() -> None:
    guide = np.random.default_rng(1).random((20, 30, 3)).astype(np.float32)
    assert np.allclose(GuidedFilter(guide, 3, 1e-4)(np.full((20, 30), 0.7)), 0.7, atol=1e-4)


def test_calming_takes_ripples_and_leaves_a_bulge_as_high_as_it_was() -> None:
    y, x = np.mgrid[:81, :81] - 40.0
    bulge = 30 - (x**2 + y**2) / 60
    ripples = np.sin(2 * np.pi * x / 5)
    known = np.hypot(x, y) < 34
    inner = np.hypot(x, y) < 15
    found = calmed(bulge + ripples, known, 4.0)
    assert np.abs(found - bulge)[inner].max() < 0.05
    assert np.abs(masked_blur(bulge, known, 4.0) - bulge)[inner].mean() > 0.4  # blurred once, it sinks


def test_components_and_holes() -> None:
    mask = np.zeros((30, 30), bool)
    mask[5:20, 5:20] = True
    mask[10:12, 10:12] = False
    mask[25:27, 25:27] = True
    seed = np.zeros_like(mask)
    seed[6, 6] = True
    assert not keep_component(mask, seed)[26, 26]
    assert keep_component(mask, seed)[15, 15]
    assert fill_holes(mask)[10, 10]
    assert not fill_holes(mask, 3)[10, 10]
    assert not keep_component(mask, np.zeros_like(mask)).any()


def test_soft_polygon_has_the_polygons_area() -> None:
    square = np.array([[4.25, 5.0], [14.25, 5.0], [14.25, 17.0], [4.25, 17.0]])
    assert abs(soft_polygon((24, 24), square).sum() - 120) < 8


def test_push_colours_keeps_known_pixels_and_fills_the_rest_from_them() -> None:
    image = np.zeros((33, 47, 3), np.float32)
    image[:, :20] = (0.8, 0.2, 0.1)
    image[:, 20:] = (0.0, 1.0, 0.0)
    weight = np.zeros((33, 47), np.float32)
    weight[:, :20] = 1
    filled = push_colours(image, weight)
    assert np.allclose(filled[:, :20], image[:, :20])
    assert np.abs(filled[:, 20:] - image[0, 0]).max() < 0.05

"""Laws of the thin-plate spline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.maths.thin_plate import (
    ThinPlateSpline,
    backward_warp,
    fit_without_folds,
    forward_map,
    merge_close,
    pixel_grid,
)

SEEDS = st.integers(0, 2**32 - 1)


def points(seed: int, count: int = 20, dimension: int = 2) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    source = rng.uniform(0, 200, (count, dimension))
    return source, source + rng.normal(0, 6, (count, dimension)), rng


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([2, 3]))
def test_without_smoothing_it_goes_through_its_targets(seed: int, dimension: int) -> None:
    source, target, _ = points(seed, dimension=dimension)
    np.testing.assert_allclose(ThinPlateSpline.fit(source, target).apply(source), target, atol=1e-7)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([2, 3]), st.floats(0, 1))
def test_affine_maps_are_kept_whatever_the_smoothing(seed: int, dimension: int, smoothing: float) -> None:
    """Also far outside the points: the normaliser is the same in fitting and applying."""
    source, _, rng = points(seed, dimension=dimension)
    matrix, offset = rng.normal(size=(dimension, dimension)), rng.normal(0, 50, dimension)
    spline = ThinPlateSpline.fit(source, source @ matrix + offset, smoothing)
    far = rng.uniform(-300, 500, (30, dimension))
    np.testing.assert_allclose(spline.apply(far), far @ matrix + offset, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.sampled_from([2, 3]))
def test_jacobian_is_the_derivative(seed: int, dimension: int) -> None:
    source, target, rng = points(seed, dimension=dimension)
    spline = ThinPlateSpline.fit(source, target, 1e-3)
    probes = rng.uniform(0, 200, (8, dimension))
    jacobian = spline.jacobian(probes)
    for axis in range(dimension):
        step = np.zeros(dimension)
        step[axis] = 1e-4
        numeric = (spline.apply(probes + step) - spline.apply(probes - step)) / 2e-4
        np.testing.assert_allclose(jacobian[:, :, axis], numeric, atol=1e-5)


def test_forward_and_backward_are_opposite() -> None:
    """The forward map moves a point to where the backward warp finds its colour."""
    source, target, _ = points(2)
    forward, backward = forward_map(source, target), backward_warp(source, target)
    np.testing.assert_allclose(backward.apply(forward.apply(source)), source, atol=1e-6)
    shift = np.array([30.0, -12.0])
    shifted = backward_warp(source, source + shift)
    np.testing.assert_allclose(shifted.apply(np.array([[110.0, 88.0]])), [[80.0, 100.0]], atol=1e-6)


def test_folds_are_smoothed_away() -> None:
    """Two points that swap places fold any exact spline."""
    grid = pixel_grid(60, 60, step=12)
    source = np.concatenate([grid, [[30.0, 30.5], [33.0, 30.5]]])
    target = np.concatenate([grid, [[36.0, 30.5], [27.0, 30.5]]])
    probes = pixel_grid(60, 60)
    exact = ThinPlateSpline.fit(source, target)
    assert np.linalg.det(exact.jacobian(probes)).min() < 0
    fit = fit_without_folds(source, target, probes)
    assert fit.worst_determinant > 0
    assert fit.smoothing > 1e-4


def test_points_that_nearly_coincide_become_one() -> None:
    source = np.array([[0.0, 0.0], [10.0, 0.0], [10.5, 0.0], [0.0, 10.0]])
    target = source + np.array([[0, 0], [1, 0], [3, 0], [0, 0]])
    merged, goal = merge_close(source, target, 2.0)
    np.testing.assert_allclose(merged, [[0, 0], [10.25, 0], [0, 10]])
    np.testing.assert_allclose(goal - merged, [[0, 0], [2, 0], [0, 0]])


def test_coincident_points_do_not_break_the_fit() -> None:
    source = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [0.0, 10.0], [7.0, 8.0]])
    assert np.isfinite(ThinPlateSpline.fit(source, source + 1.0).apply(source)).all()


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="thin-plate"):
        ThinPlateSpline.fit(np.zeros((2, 2)), np.zeros((2, 2)))

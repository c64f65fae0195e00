"""Triangulation is exact for exact pixels and least squares for noisy ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.base.camera import Camera, look_at_origin, project
from twinbrush.views.triangulate import reprojection_error, triangulate


def rig(count: int) -> tuple[Camera, ...]:
    return tuple(look_at_origin(float(a), 0.0, 560.0, 800.0, 512, 512) for a in np.radians(np.linspace(-8, 8, count)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_exact_correspondences_give_the_exact_point(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).uniform(-120, 120, (50, 3))
    cameras = rig(count)
    pixels = np.stack([project(camera, points)[0] for camera in cameras])
    found = triangulate(cameras, pixels)
    assert np.abs(found - points).max() / 120 < 1e-12
    assert reprojection_error(cameras, pixels, found).max() < 1e-10


def test_noisy_pixels_give_the_least_squares_point() -> None:
    """No small step away from the found point lowers the reprojection error."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-80, 80, (30, 3))
    cameras = rig(3)
    pixels = np.stack([project(camera, points)[0] for camera in cameras]) + rng.normal(0, 0.5, (3, 30, 2))
    found = triangulate(cameras, pixels)
    best = reprojection_error(cameras, pixels, found)
    for step in 0.05 * np.concatenate([np.eye(3), -np.eye(3)]):
        assert (reprojection_error(cameras, pixels, found + step) > best).all()


def test_one_view_is_refused() -> None:
    with pytest.raises(ValueError, match="two views"):
        triangulate(rig(1), np.zeros((1, 4, 2)))

"""Similarities: exact on exact data, robust, equivariant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.maths.similarity import Similarity, fit_similarity, weighted_similarity


def rotation2(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


@settings(max_examples=20, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.integers(0, 99))
def test_an_exact_similarity_is_found(angle: float, scale: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 1, (20, 2))
    truth = Similarity(scale, rotation2(angle), np.array([3.0, -4.0]))
    found = fit_similarity(points, truth.apply(points), np.ones(20))
    np.testing.assert_allclose(found.matrix, truth.matrix, atol=1e-8 * scale + 1e-8)
    np.testing.assert_allclose(found.inverse().apply(found.apply(points)), points, atol=1e-9)


def test_one_moved_feature_pulls_little() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(0, 1, (60, 2))
    target = points.copy()
    target[:8] += [0.0, 3.0]
    robust = fit_similarity(points, target, np.ones(60))
    plain = weighted_similarity(points, target, np.ones(60))
    rest = np.s_[8:]
    error = np.linalg.norm(robust.apply(points)[rest] - target[rest], axis=1).mean()
    assert error < 0.1 * np.linalg.norm(plain.apply(points)[rest] - target[rest], axis=1).mean()


def test_a_mirror_image_is_not_fitted_by_mirroring() -> None:
    points = np.random.default_rng(2).normal(0, 1, (30, 3))
    found = weighted_similarity(points, points * [-1, 1, 1], np.ones(30))
    assert np.linalg.det(found.rotation) == pytest.approx(1)

"""Cleaning: what is weak, too close or folded goes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from twinbrush.align.objects.clean_matches import clean_matches, far_apart, unfolded


def grid(side: int = 5, step: float = 20.0) -> np.ndarray:
    ys, xs = np.mgrid[:side, :side]
    rng = np.random.default_rng(0)
    return np.stack([xs.ravel(), ys.ravel()], axis=1) * step + rng.uniform(-2, 2, (side * side, 2))


def clean(content: np.ndarray, style: np.ndarray, confidence: np.ndarray, **options):
    defaults = {"least_confidence": 0.2, "spacing": (5.0, 5.0), "least": 4}
    return clean_matches(content, style, confidence, **{**defaults, **options})


def test_good_pairs_all_stay() -> None:
    points = grid()
    cleaned = clean(points, 0.7 * points + 3, np.full(25, 0.9))
    assert cleaned.keep.tolist() == list(range(25))
    assert (cleaned.weak, cleaned.close, cleaned.crossing, cleaned.short) == (0, 0, 0, False)


def test_weak_pairs_go_but_the_least_number_stays() -> None:
    points, confidence = grid(), np.linspace(0, 1, 25)
    cleaned = clean(points, points, confidence)
    assert cleaned.weak == int((confidence < 0.2).sum()) == 5
    assert cleaned.keep.tolist() == list(range(5, 25))
    few = clean(points, points, confidence, least_confidence=2.0)
    assert few.keep.tolist() == [21, 22, 23, 24]
    assert not few.short


@pytest.mark.parametrize("where", ["content", "style"])
def test_of_two_close_pairs_the_better_stays(where: str) -> None:
    content, style = grid(), grid()
    moved = content if where == "content" else style
    moved[7] = moved[6] + [2, 0]
    confidence = np.full(25, 0.5)
    confidence[7] = 0.8
    keep = far_apart(content, style, confidence, (5.0, 5.0)).tolist()
    assert 7 in keep
    assert 6 not in keep
    assert len(keep) == 24


def test_a_pair_that_crosses_goes() -> None:
    content, style = grid(), grid()
    style[12] = style[14] + [3, 1]
    assert unfolded(content, style, np.ones(25)).tolist() == [i for i in range(25) if i != 12]


def test_of_two_exchanged_pairs_the_less_confident_goes_first() -> None:
    content, style = grid(), grid()
    style[[12, 13]] = style[[13, 12]]
    confidence = np.ones(25)
    confidence[13] = 0.5
    keep = unfolded(content, style, confidence).tolist()
    assert 13 not in keep
    assert 12 not in keep or len(keep) == 24


def test_a_mirror_is_no_fold_if_it_is_known() -> None:
    content = grid()
    style = content * [-1, 1]
    assert len(unfolded(content, style, np.ones(25), mirrored=True)) == 25
    assert len(unfolded(content, style, np.ones(25))) < 4


def test_folds_beside_the_object_do_not_count() -> None:
    content, style = grid(), grid()
    style[14] = style[13] + [-3, 0]  # a point of the last column moved across its neighbour
    on_the_left = np.zeros((100, 100), bool)
    on_the_left[:, :55] = True
    assert len(unfolded(content, style, np.ones(25), content_mask=on_the_left)) == 25
    assert len(unfolded(content, style, np.ones(25), content_mask=np.ones((100, 100), bool))) == 24


def test_too_few_are_told() -> None:
    content, style = grid(2), grid(2)
    assert clean(content, style, np.ones(4), least=5).short
    assert not clean(content, style, np.ones(4), least=4).short


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_what_stays_never_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = rng.uniform(0, 100, (20, 2))
    style = content + rng.normal(0, 15, (20, 2))
    keep = unfolded(content, style, rng.random(20))
    if len(keep) < 4:
        return
    triangles = Delaunay(content[keep]).simplices

    def area(points: np.ndarray) -> np.ndarray:
        a, b, c = (points[keep][triangles[:, k]] for k in range(3))
        return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])

    large = np.abs(area(content)) > 1e-3
    assert (area(content) * area(style) > 0)[large].all()

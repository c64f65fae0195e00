"""Neural Best-Buddies: identity, shifts and other appearances are found; nothing is found where nothing is active."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from animals import animal
from twinbrush.align.objects import buddies
from twinbrush.align.objects.buddies import neural_best_buddies
from twinbrush.align.objects.feature_levels import cut_out, feature_levels, is_deep
from twinbrush.paint.features import load_extractor
from twinbrush.paint.features.arrays import as_arrays


def edges(image: np.ndarray) -> list[np.ndarray]:
    """A small extractor: colour and rectified differences at full, half and quarter size."""
    maps = []
    for _ in range(3):
        across, down = np.gradient(image.mean(2), axis=1), np.gradient(image.mean(2), axis=0)
        parts = [np.maximum(sign * part, 0) for part in (across, down) for sign in (1, -1)]
        maps.append(np.concatenate([image.transpose(2, 0, 1), 4 * np.stack(parts)]).astype(np.float32))
        image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return maps


def blobs(seed: int, size: int = 224, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Coloured discs at random places."""
    rng = np.random.default_rng(seed)
    picture = np.full((size, size, 3), 0.4, np.float32)
    for _ in range(25):
        x, y = rng.integers(30, size - 30, 2)
        colour = tuple(float(c) for c in rng.random(3))
        cv2.circle(picture, (int(x) + shift[0], int(y) + shift[1]), int(rng.integers(6, 20)), colour, -1)
    return picture


def test_a_picture_is_its_own_buddy() -> None:
    found = neural_best_buddies(blobs(0), blobs(0), edges, count=30)
    assert len(found.content_xy) == 30
    assert np.array_equal(found.content_xy, found.style_xy)
    assert np.allclose(found.content_xy, np.round(found.content_xy))  # the pixels' own centres
    assert ((found.confidence > 0.05) & (found.confidence <= 1)).all()


def test_a_shift_is_found() -> None:
    found = neural_best_buddies(blobs(1), blobs(1, shift=(9, -6)), edges, count=30)
    away = found.style_xy - found.content_xy
    assert len(away) > 15
    assert np.median(away, axis=0).tolist() == [9, -6]
    assert (np.linalg.norm(away - [9, -6], axis=1) < 3).mean() > 0.8


def test_another_palette_is_overcome_by_the_common_appearance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Darker, tinted and of less contrast: without the common appearance fewer of the pairs are right."""
    content = blobs(2)
    style = (0.35 * content[..., [2, 0, 1]] + [0.5, 0.1, 0.0]).astype(np.float32)

    def right() -> int:
        found = neural_best_buddies(content, style, edges, count=40)
        return int((np.linalg.norm(found.style_xy - found.content_xy, axis=1) < 3).sum())

    with_it = right()
    ones = np.ones((7, 1, 1))
    monkeypatch.setattr(buddies, "_statistics", lambda *_: (0 * ones, ones))
    assert with_it > 10
    assert with_it > right()


def test_the_search_goes_down_to_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """One spot: with the smallest regions the way down from the coarsest level still ends at it."""
    spot = np.full((224, 224, 3), 0.4, np.float32)
    cv2.circle(spot, (90, 140), 14, (1.0, 0.2, 0.1), -1)
    monkeypatch.setattr(buddies, "REACH", (1, 1))
    found = neural_best_buddies(spot, spot, edges, count=10_000)
    assert len(found.content_xy) > 100
    assert np.linalg.norm(found.content_xy.mean(0) - [90, 140]) < 2


def test_objects_of_other_size_and_place_are_cut_out_first() -> None:
    content = np.full((300, 300, 3), 0.9, np.float32)
    content[20:244, 40:264] = blobs(3)
    style = np.zeros((500, 600, 3), np.float32)
    style[100:436, 200:536] = cv2.resize(blobs(3), (336, 336))
    content_mask, style_mask = np.zeros((300, 300), bool), np.zeros((500, 600), bool)
    content_mask[20:244, 40:264] = True
    style_mask[100:436, 200:536] = True
    found = neural_best_buddies(content, style, edges, count=30, content_mask=content_mask, style_mask=style_mask)
    expected = (found.content_xy - [40, 20] + 0.5) * 1.5 - 0.5 + [200, 100]
    assert len(found.content_xy) > 15
    assert np.median(np.linalg.norm(expected - found.style_xy, axis=1)) < 1.5


def test_buddies_are_on_the_objects() -> None:
    mask = animal()
    picture = np.random.default_rng(0).random((*mask.shape, 3)).astype(np.float32)
    found = neural_best_buddies(picture, picture, edges, count=30, content_mask=mask, style_mask=mask)
    x, y = np.round(found.content_xy).astype(int).T
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0
    assert len(x) > 10
    assert near[y, x].all()


def test_the_guess_limits_the_search() -> None:
    """Two equal halves: the guess decides which copy is meant."""
    half = blobs(4, 112)
    twice = np.concatenate([np.concatenate([half, half], axis=1)] * 2)

    def to_the_other(points: np.ndarray) -> np.ndarray:
        return points * 1.0 + [112, 0] * (points[:, :1] < 112) - [112, 0] * (points[:, :1] >= 112)

    found = neural_best_buddies(twice, twice, edges, count=30, guess=to_the_other)
    assert len(found.content_xy) > 5
    assert np.linalg.norm(found.style_xy - to_the_other(found.content_xy), axis=1).max() < 70
    assert (np.abs(found.style_xy[:, 0] - found.content_xy[:, 0]) > 40).all()


def test_even_pictures_have_no_buddies() -> None:
    even = np.full((100, 120, 3), 0.5, np.float32)
    assert len(neural_best_buddies(even, even, edges, count=30).content_xy) == 0


def test_weak_activations_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buddies, "ACTIVE", 0.6)
    strict = neural_best_buddies(blobs(5), blobs(5), edges, count=50_000)
    monkeypatch.setattr(buddies, "ACTIVE", 0.05)
    loose = neural_best_buddies(blobs(5), blobs(5), edges, count=50_000)
    assert 0 < len(strict.content_xy) < len(loose.content_xy)
    assert strict.confidence.min() > 0.6


def test_a_shallow_pyramid_is_pooled_until_all_of_it_can_be_searched() -> None:
    cut = cut_out(blobs(6), None)
    levels = feature_levels((cut, cut), edges)
    assert [level.content.shape[1] for level in levels] == [224, 112, 56, 28, 14]
    assert not is_deep(edges)
    assert is_deep(lambda image: [np.zeros((4, 224, 224), np.float32), np.zeros((8, 28, 28), np.float32)])


def test_trained_features_find_a_shifted_face_of_the_rabbit(shared_data: Path) -> None:
    from twinbrush.base.image import load_image

    features = as_arrays(load_extractor("vgg19-low", shared_data / "vgg19_conv1-3.safetensors"))
    picture = load_image(shared_data / "objects" / "rabbit_content.jpg").pixels
    content, style = picture[:430, :430], (0.6 * picture[20:, 20:, ::-1] + 0.2).astype(np.float32)
    found = neural_best_buddies(content, style, features, count=40)
    error = np.linalg.norm(found.content_xy - 20 - found.style_xy, axis=1)
    assert len(error) > 20
    assert np.median(error) < 3

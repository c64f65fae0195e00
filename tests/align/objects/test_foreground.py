"""Foreground: the user's word first, then transparency, then a cut that finds objects and doubts itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from animals import animal
from twinbrush.align.objects.foreground import _cut, _doubts, barrier_distance, foreground, largest_piece
from twinbrush.base.errors import BadMask
from twinbrush.base.image import load_image


def scene(mask: np.ndarray, seed: int = 0) -> np.ndarray:
    """A reddish object on a ground that goes from blue to green, with noise."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, mask.shape[0])[:, None, None]
    ground = (1 - ramp) * [0.55, 0.65, 0.9] + ramp * [0.35, 0.6, 0.35]
    picture = np.where(mask[..., None], [0.6, 0.3, 0.2], ground) + rng.normal(0, 0.03, (*mask.shape, 3))
    return np.clip(picture, 0, 1).astype(np.float32)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_cut_finds_the_object_and_does_not_doubt() -> None:
    mask = animal()
    found = foreground(scene(mask))
    assert found.source == "grabcut"
    assert overlap(found.mask, mask) > 0.95
    assert found.warnings == ()


def test_large_pictures_are_cut_sharply() -> None:
    mask = cv2.resize(animal().astype(np.uint8), (1120, 880), interpolation=cv2.INTER_LINEAR) > 0
    small = cv2.resize(scene(mask), (320, 251), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(_cut(small, 0)[0].astype(np.uint8), (1120, 880), interpolation=cv2.INTER_NEAREST) > 0
    sharp = overlap(foreground(scene(mask)).mask, mask)
    assert sharp > 0.98
    assert sharp > overlap(coarse, mask) + 0.003


def test_the_same_picture_gives_the_same_cut() -> None:
    picture = scene(animal(), seed=3)
    assert (foreground(picture).mask == foreground(picture).mask).all()


def test_the_users_mask_comes_first_then_transparency() -> None:
    picture, mine = scene(animal()), np.zeros(animal().shape, np.float32)
    mine[50:90, 60:120] = 1
    alpha = animal().astype(np.float32)
    assert foreground(picture, mask=mine, alpha=alpha).source == "mask"
    assert (foreground(picture, mask=mine, alpha=alpha).mask == (mine > 0)).all()
    assert foreground(picture, alpha=alpha).source == "alpha"
    assert foreground(picture, alpha=np.ones_like(alpha)).source == "grabcut"


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_of_one_colour_is_refused(value: float) -> None:
    with pytest.raises(BadMask, match="white"):
        foreground(scene(animal()), mask=np.full(animal().shape, value, np.float32))


def test_each_reason_for_doubt_is_told() -> None:
    mask, grey = animal(), np.full((*animal().shape, 3), 0.5, np.float32)
    assert _doubts(scene(mask), mask, 0.9) == ()
    assert "stand out" in _doubts(scene(mask), mask, 0.1)[0]
    assert "colour" in _doubts(grey, mask, 0.9)[0]
    edge = np.zeros_like(mask)
    edge[:60, :200] = True
    assert "border" in _doubts(scene(edge), edge, 0.9)[0]
    assert "100.0%" in _doubts(grey, np.ones_like(mask), 0.9)[0]


def test_a_picture_without_object_is_doubted() -> None:
    noise = np.random.default_rng(1).random((120, 160, 3)).astype(np.float32)
    assert any("doubtful" in warning for warning in foreground(noise).warnings)


def test_an_even_picture_is_doubted_and_does_not_fail() -> None:
    assert foreground(np.full((64, 80, 3), 0.5, np.float32)).warnings


def test_the_barrier_distance_is_the_least_range_on_the_way_to_the_border() -> None:
    """A wall of height 3 around a yard of height 1, with a gate of height 2."""
    land = np.zeros((21, 21, 1))
    land[5:16, 5:16] = 3.0
    land[7:14, 7:14] = 1.0
    assert barrier_distance(land)[10, 10] == pytest.approx(3.0)
    land[10, 5:7] = 2.0
    distance = barrier_distance(land)
    assert distance[10, 10] == pytest.approx(2.0)
    assert distance[2, 2] == 0.0
    assert (barrier_distance(np.repeat(land, 2, axis=2)) == 2 * distance).all()


def test_the_largest_piece_has_no_holes() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:25, 5:25] = True
    mask[10:15, 10:15] = False
    mask[30:35, 30:35] = True
    piece = largest_piece(mask)
    assert piece.sum() == 400
    assert piece[12, 12]
    assert not piece[32, 32]
    assert not largest_piece(np.zeros((5, 5), bool)).any()


def test_the_painted_rabbit_is_found(shared_data: Path) -> None:
    found = foreground(load_image(shared_data / "objects" / "rabbit_style.jpg").pixels)
    inside = [(150, 130), (270, 55), (296, 92), (105, 165), (350, 260), (478, 290), (215, 350), (480, 330)]  # x, y
    outside = [(60, 60), (350, 130), (150, 260), (540, 345), (130, 320), (560, 200)]
    assert all(found.mask[y, x] for x, y in inside)
    assert not any(found.mask[y, x] for x, y in outside)
    assert found.warnings == ()


def test_the_starry_night_is_doubted(shared_data: Path) -> None:
    assert foreground(load_image(shared_data / "styles" / "starry_night_no_face.jpg").pixels).warnings

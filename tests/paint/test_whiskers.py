"""What of a style's skin is moustache and stubble, and what a shadow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from twinbrush.faces import indices
from twinbrush.faces.face_model import mean_face
from twinbrush.paint.whiskers import whiskers

SIZE, MIDDLE = 256, 128.0
LIGHT, DARK = 80.0, 35.0


@pytest.fixture(scope="module")
def landmarks() -> np.ndarray:
    """A face straight ahead, in pixels."""
    points = mean_face()[:, :2] * [1, -1]
    return (points - points.mean(0)) * (0.7 * SIZE / np.ptp(points[:, 1])) + MIDDLE


def skin(landmarks: np.ndarray) -> np.ndarray:
    outline = cv2.convexHull(np.rint(landmarks[list(indices.OVAL)]).astype(np.int32))
    return cv2.fillConvexPoly(np.zeros((SIZE, SIZE), np.uint8), outline, 1) > 0


def band(landmarks: np.ndarray) -> np.ndarray:
    """Chin and jaw, from below the mouth."""
    rows = np.arange(SIZE)[:, None]
    return skin(landmarks) & (rows > landmarks[17, 1] + 6)


def test_a_beard_alike_on_both_sides_is_found_and_a_shadow_on_one_is_not(landmarks: np.ndarray) -> None:
    lightness = np.full((SIZE, SIZE), LIGHT, np.float32)
    assert not whiskers(lightness, skin(landmarks), landmarks).any()
    lightness[band(landmarks)] = DARK
    assert whiskers(lightness, skin(landmarks), landmarks)[band(landmarks)].mean() > 0.85
    lightness[:, : int(MIDDLE) + 1] = LIGHT
    assert whiskers(lightness, skin(landmarks), landmarks)[band(landmarks)].mean() < 0.1


def test_a_moustache_close_to_the_lip_is_found_and_the_lips_are_not(landmarks: np.ndarray) -> None:
    lightness = np.full((SIZE, SIZE), LIGHT, np.float32)
    nose, lip = landmarks[2, 1], landmarks[0, 1]
    moustache = np.zeros((SIZE, SIZE), bool)
    moustache[int(nose) + 4 : int(lip) - 3, int(MIDDLE) - 20 : int(MIDDLE) + 21] = True
    lips = cv2.fillConvexPoly(
        np.zeros((SIZE, SIZE), np.uint8),
        cv2.convexHull(np.rint(landmarks[list(indices.LIPS_OUTER)]).astype(np.int32)), 1) > 0
    lightness[moustache | lips] = DARK
    found = whiskers(lightness, skin(landmarks), landmarks)
    assert found[moustache].mean() > 0.6
    assert not found[lips].any()


def test_a_dark_face_is_no_beard(landmarks: np.ndarray) -> None:
    lightness = np.full((SIZE, SIZE), DARK, np.float32)
    lightness += np.random.default_rng(0).normal(0, 6, lightness.shape).astype(np.float32)
    assert not whiskers(lightness, skin(landmarks), landmarks).any()

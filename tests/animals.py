"""A four-legged animal drawn with polygons, whose parts are known, and smooth maps to bend it by."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Map = Callable[[np.ndarray], np.ndarray]
# Ear tips, nose, throat, front foot, belly, hind foot, tail ..., clockwise in the picture.
ANIMAL = np.array(
    [(60, 60), (70, 28), (80, 58), (92, 30), (100, 62), (130, 92), (210, 90), (238, 62), (246, 72), (228, 112),
     (230, 190), (204, 192), (196, 140), (136, 142), (130, 192), (106, 190), (100, 120), (78, 104), (36, 106),
     (30, 92)],
    float,
)
EAR_LEFT, EAR_RIGHT, NOSE, HIND_FOOT, TAIL = 1, 3, 18, 10, 8
SIZE = (220, 280)  # rows, columns


def identity(points: np.ndarray) -> np.ndarray:
    return points


def turned(degrees: float, scale: float, shift: tuple[float, float] = (0.0, 0.0)) -> Map:
    """Clockwise in the picture about the middle of the animal."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = np.array([140.0, 110.0])

    def apply(points: np.ndarray) -> np.ndarray:
        return scale * (points - middle) @ np.array([[c, s], [-s, c]]) + middle + shift

    return apply


def bent(amount: float) -> Map:
    def apply(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        return np.stack([x + amount * np.sin(y / 40), y + amount * np.sin(x / 50)], axis=1)

    return apply


def mirror(points: np.ndarray) -> np.ndarray:
    return points * [-1, 1] + [279, 0]


def chained(*maps: Map) -> Map:
    def apply(points: np.ndarray) -> np.ndarray:
        for one in maps:
            points = one(points)
        return points

    return apply


def dense(polygon: np.ndarray, step: float = 1.0) -> np.ndarray:
    """Points along the polygon's sides."""
    sides = zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
    return np.concatenate([a + (b - a) * np.arange(0, 1, step / np.linalg.norm(b - a))[:, None] for a, b in sides])


def mask_of(polygon: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon * 16).astype(np.int32)], 1, shift=4)
    return canvas > 0


def animal(where: Map = identity, size: tuple[int, int] = SIZE) -> np.ndarray:
    """The animal's mask after a map of the plane."""
    return mask_of(where(dense(ANIMAL)), size)

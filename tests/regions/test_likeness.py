"""Likenesses: hair on a shoulder looks like the crown, a bare shoulder like the face, and nothing known is 0."""

from __future__ import annotations

import numpy as np

from people import face
from twinbrush.regions.frame import SIDE, head_frame, place_maps
from twinbrush.regions.likeness import PLACES, likeness_maps

SIZE = 192


def _scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture (brown crown and left shoulder, fair face and right shoulder, green wall), its places, and u, v."""
    person = face()
    places = place_maps(person, (), head_frame(person, SIZE))
    u, v = places[0] * SIDE / 2, places[1] * SIDE / 2
    square = np.zeros((SIZE, SIZE, 3), np.float32)
    square[:] = (0.2, 0.5, 0.3)
    head = np.hypot(u / 0.5, v / 0.66) < 1.05
    square[head] = (0.35, 0.2, 0.1)
    square[(places[2] > -0.02) | ((v > 0.8) & (u > 0))] = (0.85, 0.65, 0.55)
    square[(v > 0.8) & (u < 0)] = (0.35, 0.2, 0.1)
    square += np.random.default_rng(0).normal(0, 0.02, square.shape).astype(np.float32)
    return np.clip(square, 0, 1), places, np.stack([u, v])


def test_places_are_recognised_elsewhere() -> None:
    square, places, (u, v) = _scene()
    mattes = np.repeat(((np.hypot(u / 0.5, v / 0.66) < 1.05) | (v > 0.8))[None].astype(np.float32), 2, 0)
    maps = dict(zip(PLACES, likeness_maps(square, mattes, np.ones((SIZE, SIZE), bool), places), strict=True))
    lock, shoulder = (v > 1.0) & (u < -0.6) & (u > -1.2), (v > 1.0) & (u > 0.6) & (u < 1.2)
    assert maps["crown"][lock].mean() < 0.2 < 0.8 < maps["crown"][shoulder].mean()
    assert maps["face"][shoulder].mean() < 0.2 < 0.8 < maps["face"][lock].mean()
    assert maps["sides"][(v < 0) & (np.abs(u) > 1.2)].mean() < 0.2


def test_unknown_places_say_nothing() -> None:
    square, places, (_, v) = _scene()
    everybody = np.ones((2, SIZE, SIZE), np.float32)
    maps = likeness_maps(square, everybody, v < 0.8, places)
    assert (maps[PLACES.index("sides")] == 0).all()
    assert (maps[PLACES.index("chest")] == 0).all()
    assert (maps[PLACES.index("face")] != 0).any()

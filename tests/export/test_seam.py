"""The back drawn onto a head, and the seam made fair: closer, smoother, and without shrinking."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from twinbrush.export.back import fair_seam
from twinbrush.export.seam import BAND_MM, plated_seam
from twinbrush.export.wrap import dense, wrapped

RADIUS = 80.0


def _ball() -> tuple[np.ndarray, np.ndarray]:
    ball = trimesh.creation.icosphere(subdivisions=5, radius=RADIUS)
    return np.asarray(ball.vertices, float), np.asarray(ball.faces, np.int64)


def _seam(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Vertices along the equator z = 0."""
    edge = float(np.linalg.norm(vertices[faces[0, 0]] - vertices[faces[0, 1]]))
    return np.flatnonzero(np.abs(vertices[:, 2]) < 0.6 * edge)


def test_a_seam_with_teeth_becomes_fair_and_the_ball_stays_as_large() -> None:
    vertices, faces = _ball()
    seam = _seam(vertices, faces)
    torn = vertices.copy()
    torn[seam] *= 1 + 0.015 * np.random.default_rng(0).standard_normal((len(seam), 1))
    fair = plated_seam(torn, faces, seam, np.zeros(len(seam), bool))
    radius = np.linalg.norm(fair[seam], axis=1)
    assert radius.std() < 0.25 * np.linalg.norm(torn[seam], axis=1).std()
    smooth = np.linalg.norm(plated_seam(vertices, faces, seam, np.zeros(len(seam), bool))[seam], axis=1)
    assert smooth.mean() == pytest.approx(RADIUS, abs=0.2)
    averaged = np.linalg.norm(fair_seam(vertices, faces, seam, -np.inf, 4)[seam], axis=1)
    assert averaged.mean() < RADIUS - 0.6  # what it is for
    far = np.abs(vertices[:, 2]) > BAND_MM + 4
    assert (fair[far] == torn[far]).all()


def test_ears_keep_more_of_their_own() -> None:
    vertices, faces = _ball()
    seam = _seam(vertices, faces)
    bumpy = vertices.copy()
    near = np.abs(vertices[:, 2]) < BAND_MM
    bumpy[near] *= 1 + 0.04 * np.sin(12 * np.arctan2(vertices[near, 1], vertices[near, 0]))[:, None]
    moved = [
        np.abs(plated_seam(bumpy, faces, seam, np.full(len(seam), ear)) - bumpy)[near].mean() for ear in (False, True)
    ]
    assert moved[1] < 0.8 * moved[0]


def _sheet() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat disc of 75 mm behind the equator of a ball, its faces clockwise from behind; and its border."""
    steps = np.arange(-75.0, 76.0, 5.0)
    x, y = np.meshgrid(steps, steps)
    inside = np.hypot(x, y) <= 75
    number = np.full(x.shape, -1)
    number[inside] = np.arange(inside.sum())
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    faces = faces[(faces >= 0).all(1)]
    used, faces = np.unique(faces, return_inverse=True)
    points = np.stack([x[inside], y[inside], -5 * np.ones(inside.sum())], 1)[used]
    faces = faces.reshape(-1, 3)
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return points, faces, np.unique(unique[count == 1])


def test_the_back_is_drawn_onto_the_head_and_its_rim_stays() -> None:
    vertices, faces = _ball()
    back, sheet, rim = _sheet()
    drawn = wrapped(back, sheet, rim, dense(vertices, faces), np.ones(len(back)))
    middle = np.hypot(back[:, 0], back[:, 1]) < 50
    assert np.abs(np.linalg.norm(drawn[middle], axis=1) - RADIUS).mean() < 1.5
    assert drawn[middle, 2].max() < -15  # behind, not in front
    assert (drawn[rim] == back[rim]).all()


def test_where_the_head_has_no_say_the_back_stays() -> None:
    vertices, faces = _ball()
    back, sheet, rim = _sheet()
    drawn = wrapped(back, sheet, rim, dense(vertices, faces), np.zeros(len(back)))
    np.testing.assert_allclose(drawn, back, atol=1e-9)

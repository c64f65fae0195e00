"""Matches in one picture become a deformation of space: it follows them, carries the back, and never folds."""

from __future__ import annotations

import numpy as np
import pytest

from rounds import cube_sphere
from twinbrush.align.objects.deform import STRONGEST, Deformation, fit_deformation
from twinbrush.base.camera import look_at_origin


@pytest.fixture(scope="module")
def surface() -> np.ndarray:
    return cube_sphere(grid=15)[0].vertices


def fitted(surface: np.ndarray, move: np.ndarray, points: np.ndarray, azimuth: float = 0.0) -> Deformation:
    camera = look_at_origin(azimuth, 0.0, 1000.0, 1000.0, 256, 256)
    return fit_deformation(surface, points, points + move, np.ones(len(points)), camera)


def outline(count: int = 24) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([100 * np.cos(angle), 80 * np.sin(angle), np.zeros(count)], 1)


def test_no_motion_is_the_identity(surface: np.ndarray) -> None:
    points = outline()
    np.testing.assert_allclose(fitted(surface, np.zeros_like(points), points).apply(surface), surface, atol=1e-9)


def test_it_follows_the_matches_and_the_back_moves_like_the_front(surface: np.ndarray) -> None:
    points = outline()
    move = points * [0.2, -0.1, 0.0]  # wider and lower
    deformation = fitted(surface, move, points)
    left = np.linalg.norm(deformation.apply(points)[:, :2] - (points + move)[:, :2], axis=1)
    assert left.mean() < 0.25 * np.linalg.norm(move, axis=1).mean()
    front = np.array([[40.0, 20.0, 50.0]])
    here, behind = deformation.apply(front)[0], deformation.apply(front * [1, 1, -1])[0]
    np.testing.assert_allclose(here[:2], behind[:2], atol=1e-9)


def test_what_grows_also_grows_in_depth(surface: np.ndarray) -> None:
    points = outline()
    larger = fitted(surface, 0.25 * points, points).apply(surface)
    assert 1.03 < np.ptp(larger[:, 2]) / np.ptp(surface[:, 2]) < 1.3


def test_it_works_in_the_camera_s_frame(surface: np.ndarray) -> None:
    """Seen from the side, the depth of the world is the picture's width."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = np.stack([np.zeros(24), 80 * np.sin(angle), 60 * np.cos(angle)], 1)
    moved = fitted(surface, points * [0, 0, 0.3], points, azimuth=np.pi / 2).apply(surface)
    assert np.ptp(moved[:, 2]) > 1.12 * np.ptp(surface[:, 2])


@pytest.mark.parametrize("seed", range(4))
def test_wild_matches_never_fold_the_surface(surface: np.ndarray, seed: int) -> None:
    mesh, _ = cube_sphere(grid=15)
    rng = np.random.default_rng(seed)
    points = surface[rng.choice(len(surface), 30, replace=False)]
    deformation = fitted(surface, rng.normal(0, 40, (30, 3)), points)
    moved = surface + STRONGEST * (deformation.apply(surface) - surface)

    def volume(vertices: np.ndarray) -> np.ndarray:
        """Signed volumes of the tetrahedra under small triangles pushed inward: their sign is the surface's side."""
        a, b, c = (vertices[mesh.faces[:, k]] for k in range(3))
        inner = 0.97 * (a + b + c) / 3
        return np.einsum("fi,fi->f", np.cross(b - a, c - a), a - inner)

    pushed = surface * 0.97
    inner = pushed + STRONGEST * (deformation.apply(pushed) - pushed)
    a, b, c = (moved[mesh.faces[:, k]] for k in range(3))
    below = sum(inner[mesh.faces[:, k]] for k in range(3)) / 3
    before = volume(surface)
    after = np.einsum("fi,fi->f", np.cross(b - a, c - a), a - below)
    assert ((before > 0) == (after > 0)).mean() > 0.995


def test_an_outlier_is_believed_less(surface: np.ndarray) -> None:
    points = outline()
    move = np.tile([8.0, 0.0, 0.0], (len(points), 1))
    calm = fitted(surface, move, points).apply(surface)
    move[5] = [-90.0, 120.0, 0.0]
    wild = fitted(surface, move, points).apply(surface)
    assert np.linalg.norm(wild - calm, axis=1).mean() < 6.0

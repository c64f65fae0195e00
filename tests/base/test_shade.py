"""Stills: light from the upper left, clean background, nothing outside 0..1."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic import bust
from twinbrush.base.mesh import Mesh
from twinbrush.base.shade import shade, shades
from twinbrush.views.rig import ring


def sphere(n: int = 48) -> Mesh:
    theta, phi = np.meshgrid(np.linspace(0, np.pi, n), np.linspace(0, 2 * np.pi, 2 * n, endpoint=False), indexing="ij")
    around = np.stack([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], -1)
    index = np.arange(2 * n * n).reshape(n, 2 * n)
    a, b = index[:-1], np.roll(index, -1, 1)[:-1]
    c, d = index[1:], np.roll(index, -1, 1)[1:]
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return Mesh(100 * around.reshape(-1, 3), faces)


@pytest.mark.parametrize("mode", ["textured", "clay"])
def test_still_is_a_picture(mode: str) -> None:
    mesh = bust().mesh
    camera = ring(mesh.vertices, np.zeros(1), size=96, distance_mm=600.0)[0]
    still = shade(mesh, camera, mode=mode, backdrop="white")
    assert still.shape == (96, 96, 3)
    assert still.min() >= 0
    assert still.max() <= 1
    np.testing.assert_allclose(still[0], 1, atol=1e-6)


def test_light_comes_from_the_upper_left_and_the_far_side_is_darker() -> None:
    ball = sphere()
    camera = ring(ball.vertices, np.zeros(1), size=128, distance_mm=600.0)[0]
    still = shade(ball, camera, mode="clay").mean(-1)
    assert still[40, 40] > still[64, 64] > still[92, 92]
    assert still[40, 40] > still[92, 40]


def test_both_sides_of_a_surface_are_drawn_and_the_inside_is_darker() -> None:
    ball = sphere()
    camera = ring(ball.vertices, np.zeros(1), size=64, distance_mm=600.0)[0]
    outside = shade(ball, camera, mode="clay")
    inside = shade(Mesh(ball.vertices, ball.faces[:, ::-1].copy()), camera, mode="clay")
    assert inside[32, 32].mean() < 0.8 * outside[32, 32].mean()


def test_both_modes_from_one_raster_are_those_one_by_one() -> None:
    mesh = bust().mesh
    camera = ring(mesh.vertices, np.zeros(1), size=96, distance_mm=600.0)[0]
    for mode, still in zip(("textured", "clay"), shades(mesh, camera, ("textured", "clay")), strict=True):
        assert np.array_equal(still, shade(mesh, camera, mode=mode))

"""Operators on meshes and bounded least squares against closed forms."""

from __future__ import annotations

import numpy as np
import trimesh

from twinbrush.maths.bounded import bounded_step
from twinbrush.maths.surface import cotangent_laplacian, mean_curvature, mean_over_neighbours, vertex_areas


def sphere(radius: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int64)


def test_areas_of_a_sphere_add_up() -> None:
    vertices, faces = sphere()
    assert abs(vertex_areas(vertices, faces).sum() / (4 * np.pi * 25) - 1) < 0.02


def test_mean_curvature_of_a_sphere_is_one_over_its_radius() -> None:
    vertices, faces = sphere(5.0)
    curvature = mean_curvature(vertices, faces)
    assert np.allclose(np.median(curvature), 0.2, rtol=0.02)
    assert 0.17 < curvature.min() <= curvature.max() < 0.24


def test_laplacian_of_a_linear_field_vanishes_on_a_plane() -> None:
    xs, ys = np.meshgrid(np.arange(6.0), np.arange(6.0))
    points = np.stack([xs.ravel(), ys.ravel(), np.zeros(36)], 1)
    number = np.arange(36).reshape(6, 6)
    a, b, c, d = number[:-1, :-1].ravel(), number[:-1, 1:].ravel(), number[1:, 1:].ravel(), number[1:, :-1].ravel()
    stiffness, _ = cotangent_laplacian(points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))
    inner = number[1:-1, 1:-1].ravel()
    # the clamp of right angles' zero cotangents is all that is left
    assert np.abs((stiffness @ (2 * points[:, 0] - points[:, 1]))[inner]).max() < 1e-9


def test_neighbours_mean_of_a_constant_is_that_constant() -> None:
    vertices, faces = sphere()
    assert np.allclose(mean_over_neighbours(faces, len(vertices)) @ np.full(len(vertices), 3.0), 3.0)


def test_bounded_step_agrees_with_scipy() -> None:
    from scipy.optimize import lsq_linear

    rng = np.random.default_rng(3)
    rows, right = rng.standard_normal((30, 6)), rng.standard_normal(30)
    low, high = np.full(6, -0.05), np.full(6, 0.2)
    step = bounded_step(rows.T @ rows, rows.T @ right, np.zeros(6), low, high)
    best = lsq_linear(rows, right, (low, high))
    assert np.all((step >= low - 1e-12) & (step <= high + 1e-12))
    assert np.sum((rows @ step - right) ** 2) <= 2 * best.cost * 1.02


def test_bounded_step_without_bounds_is_the_plain_solution() -> None:
    rng = np.random.default_rng(4)
    rows, right = rng.standard_normal((20, 4)), rng.standard_normal(20)
    free = np.full(4, np.inf)
    step = bounded_step(rows.T @ rows, rows.T @ right, np.zeros(4), -free, free)
    assert np.allclose(step, np.linalg.lstsq(rows, right, rcond=None)[0])

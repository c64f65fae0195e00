"""Smoothing on meshes: constants stay, noise goes, shapes keep their outline."""

from __future__ import annotations

import numpy as np

from synthetic import bust
from twinbrush.shape.smooth import DisplacementSmoother, border_edges, taubin, umbrella

MESH = bust(grid=64).mesh
SMOOTHER = DisplacementSmoother.of(MESH.vertices, MESH.faces)


def waves() -> np.ndarray:
    x, y, _ = MESH.vertices.T
    return np.column_stack([8 * np.sin(x / 50), 5 * np.cos(y / 60), 3 * np.sin((x + y) / 70)])


def test_umbrella_averages_and_unreferenced_vertices_stay() -> None:
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    values = np.array([1.0, 2.0, 4.0, 8.0, 99.0])
    out = umbrella(faces, 5) @ values
    np.testing.assert_allclose(out, [(2 + 4 + 8) / 3, (1 + 4) / 2, (1 + 2 + 8) / 3, (1 + 4) / 2, 99])


def test_quick_and_exact_solutions_agree() -> None:
    rng = np.random.default_rng(0)
    noisy = waves() + rng.normal(0, 0.5, waves().shape)
    weight = np.where(rng.random(len(noisy)) < 0.05, 0.05, 1.0)
    quick, exact = SMOOTHER.smooth(noisy, weight, 8.0), SMOOTHER.solve(noisy, weight, 8.0)
    np.testing.assert_allclose(quick, exact, atol=5e-3)


def test_noise_goes_and_the_motion_stays() -> None:
    rng = np.random.default_rng(1)
    noisy = waves() + rng.normal(0, 0.5, waves().shape)
    smooth = SMOOTHER.smooth(noisy, np.ones(len(noisy)), 16.0)
    assert np.sqrt(((smooth - waves()) ** 2).mean()) < 0.4 * np.sqrt(((noisy - waves()) ** 2).mean())


def test_hidden_vertices_are_filled_from_their_surroundings() -> None:
    hole = np.linalg.norm(MESH.vertices[:, :2] - [10, -20], axis=1) < 20
    target = np.where(hole[:, None], 1000.0, waves())
    filled = SMOOTHER.solve(target, (~hole).astype(float), 8.0)
    assert hole.sum() > 10
    assert np.abs(filled[hole] - waves()[hole]).max() < 0.5


def test_taubin_removes_noise_and_does_not_shrink() -> None:
    rng = np.random.default_rng(2)
    noisy = MESH.vertices + rng.normal(0, 0.3, MESH.vertices.shape)
    smooth = taubin(noisy, MESH.faces)
    inside = np.setdiff1d(np.arange(len(noisy)), np.unique(border_edges(MESH.faces)))
    rough = [np.linalg.norm((v - umbrella(MESH.faces, len(v)) @ v)[inside], axis=1).mean() for v in (noisy, smooth)]
    assert rough[1] < 0.75 * rough[0]
    np.testing.assert_allclose(np.ptp(smooth, axis=0), np.ptp(MESH.vertices, axis=0), rtol=0.06)
    plain = noisy.copy()
    for _ in range(20):  # as many steps of plain averaging, to compare with
        plain = 0.5 * (plain + umbrella(MESH.faces, len(plain)) @ plain)
    assert np.ptp(plain, axis=0)[2] < 0.95 * np.ptp(smooth, axis=0)[2]


def test_border_of_a_square() -> None:
    edges = border_edges(np.array([[0, 1, 2], [0, 2, 3]]))
    assert {tuple(edge) for edge in edges} == {(0, 1), (1, 2), (2, 3), (0, 3)}

"""Deformation gradients: exact for affine maps, inverse of integration, powers that begin at nothing."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from twinbrush.maths.gradients import logarithms, mesh_gradients

TRIANGLES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 1], [1, 5, 2], [2, 5, 3], [3, 5, 4], [4, 5, 1]])
OCTAHEDRON = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]])


def test_a_turned_and_scaled_mesh_has_that_turn_and_scale_as_gradients() -> None:
    gradients = mesh_gradients(OCTAHEDRON, TRIANGLES)
    turn = Rotation.from_rotvec([0.2, -0.3, 0.5]).as_matrix()
    inside = gradients.of(1.5 * OCTAHEDRON @ turn.T)
    tangent = OCTAHEDRON[TRIANGLES[:, 1]] - OCTAHEDRON[TRIANGLES[:, 0]]
    assert np.allclose(np.einsum("tij,tj->ti", inside, tangent), 1.5 * tangent @ turn.T)


def test_displacements_are_found_again_from_their_gradients() -> None:
    """Large moves too: the anchor that makes the solution unique must cost nothing."""
    gradients = mesh_gradients(OCTAHEDRON, TRIANGLES)
    moved = 40 * np.random.default_rng(0).standard_normal(OCTAHEDRON.shape)
    change = gradients.of(OCTAHEDRON + moved)
    flat = gradients.of(OCTAHEDRON)
    found = gradients.displacements(change - flat)
    assert np.allclose(found, moved - moved.mean(0), atol=1e-4)


def test_powers_go_from_nothing_to_all_and_beyond() -> None:
    turn = Rotation.from_rotvec([0, 0, 0.4]).as_matrix()
    inside = (turn @ np.diag([1.2, 0.8, 1.0]))[None]
    logs = logarithms(inside)
    assert np.allclose(logs.power(0.0), np.eye(3))
    assert np.allclose(logs.power(1.0), inside)
    twice = Rotation.from_rotvec([0, 0, 0.8]).as_matrix() @ np.diag([1.44, 0.64, 1.0])
    assert np.allclose(logs.power(2.0), twice[None])

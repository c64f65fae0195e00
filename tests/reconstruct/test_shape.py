"""Displacements are kept from folding a mesh, and what folds is seen."""

from __future__ import annotations

import numpy as np

from synthetic import bust
from twinbrush.reconstruct.shape import flipped_faces, quality, sound_displacement


def test_a_sound_displacement_stays_nearly_as_it_is() -> None:
    mesh = bust().mesh
    wanted = 0.1 * mesh.vertices * [1, 0, 0]
    kept, factor, warnings = sound_displacement(mesh, wanted)
    assert factor == 1.0
    assert warnings == ()
    assert np.linalg.norm(kept - wanted, axis=1).max() < 0.1 * np.linalg.norm(wanted, axis=1).max()
    assert quality(mesh, kept)["flipped_faces"] == 0


def test_a_displacement_that_would_turn_faces_over_is_reduced_and_reported() -> None:
    mesh = bust().mesh
    kept, factor, warnings = sound_displacement(mesh, -1.9 * mesh.vertices * [1, 0, 0])
    assert factor < 0.6
    assert len(warnings) == 1
    assert quality(mesh, kept)["flipped_faces"] < 0.001


def test_flips_are_seen() -> None:
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    faces = np.array([[0, 1, 2]])
    assert not flipped_faces(vertices, vertices * 2, faces)[0]
    assert flipped_faces(vertices, vertices * [-1, 1, 1], faces)[0]

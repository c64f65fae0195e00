"""Faults of a closed surface are found (by a readable reference too), and thin walls thickened."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from twinbrush.export.mend import missing_wall, thickened
from twinbrush.maths.crossings import crossings


def ball(subdivisions: int = 3, radius: float = 50.0) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.icosphere(subdivisions, radius)
    return np.array(mesh.vertices), np.array(mesh.faces)


def crossings_reference(vertices: np.ndarray, faces: np.ndarray) -> set[tuple[int, int, int]]:
    """Every edge against every triangle, by solving p + t (q - p) = a + u (b - a) + v (c - a)."""
    found: set[tuple[int, int, int]] = set()
    for v, w in {tuple(sorted(e)) for f in faces.tolist() for e in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0]))}:
        for number, face in enumerate(faces.tolist()):
            if {v, w} & set(face):
                continue
            a, b, c = vertices[face]
            columns = np.stack([vertices[v] - vertices[w], b - a, c - a], 1)
            if abs(np.linalg.det(columns)) < 1e-9:
                continue
            t, one, other = np.linalg.solve(columns, vertices[v] - a)
            if 0 < t < 1 and one > 0 and other > 0 and one + other < 1:
                found.add((v, w, number))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_crossings_are_those_of_the_reference(seed: int) -> None:
    vertices, faces = ball(1)
    torn = vertices + 25 * np.random.default_rng(seed).standard_normal(vertices.shape)
    found = crossings(torn, faces)
    assert {tuple(row) for row in found.tolist()} == crossings_reference(torn, faces)
    assert len(found) > 5


def test_a_ball_does_not_cross_itself() -> None:
    assert len(crossings(*ball())) == 0


def test_a_thin_plate_becomes_thicker_and_a_thick_one_stays() -> None:
    vertices, faces = ball(4)
    flat = vertices * (1, 1, 0.01)  # 1 mm
    grown = thickened(flat, faces, 3.0)
    middle = np.hypot(*vertices[:, :2].T) < 25
    assert np.ptp(grown[middle, 2]) > 0.85 * 3.0
    assert missing_wall(flat, faces, 3.0)[middle].min() > 1.9
    assert missing_wall(grown, faces, 3.0)[middle].max() < 0.5
    np.testing.assert_array_equal(thickened(vertices, faces, 3.0), vertices)


def test_an_edge_is_no_thin_wall() -> None:
    box = trimesh.creation.box((40, 40, 40)).subdivide().subdivide().subdivide()
    assert missing_wall(np.array(box.vertices), np.array(box.faces), 3.0).max() == 0

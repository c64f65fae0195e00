from __future__ import annotations

import numpy as np
import pytest
import trimesh

from twinbrush.maths.split import split


def _longest(points: np.ndarray, faces: np.ndarray) -> float:
    return float(max(np.linalg.norm(points[faces[:, k]] - points[faces[:, k - 1]], axis=1).max() for k in range(3)))


def test_a_split_surface_is_the_same_surface_with_short_edges() -> None:
    ball = trimesh.creation.icosphere(2, 10.0)
    values = np.column_stack([ball.vertices, ball.vertices[:, 0] * 3])
    fine = split(values, np.asarray(ball.faces, np.int64), np.arange(len(values)), 1.5)
    assert _longest(fine.values[:, :3], fine.faces) <= 1.5
    made = trimesh.Trimesh(fine.values[:, :3], fine.faces, process=False)
    assert made.is_watertight
    assert made.is_winding_consistent
    assert made.volume == pytest.approx(ball.volume)
    assert made.area == pytest.approx(ball.area)
    assert fine.values[:, 3] == pytest.approx(3 * fine.values[:, 0])


def test_copies_along_a_seam_stay_copies() -> None:
    points = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [8, 0, 0], [0, 8, 0], [8, 8, 0]], float)
    faces = np.array([[0, 1, 2], [3, 5, 4]])
    fine = split(points, faces, np.array([0, 1, 2, 1, 2, 5]), 3.0)
    assert np.array_equal(fine.values, fine.values[fine.twins])
    on_seam = np.abs(fine.values[:, :2].sum(1) - 8) < 1e-9
    assert (fine.twins[on_seam] != np.arange(len(fine.twins))[on_seam]).sum() == on_seam.sum() / 2


def test_slivers_and_what_shall_stay_are_left_whole() -> None:
    points = np.array([[0, 0, 0], [8, 0, 0], [4, 0.1, 0], [4, 6, 0]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 3]])
    fine = split(points, faces, np.arange(4), 5.0)
    assert [0, 1, 2] in fine.faces.tolist()
    assert len(fine.faces) > 3
    kept = split(points, faces[1:], np.arange(4), 5.0, np.array([0, 2, 3, 1]))
    assert len(kept.faces) == 2

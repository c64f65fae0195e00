from __future__ import annotations

import numpy as np
import pytest

from twinbrush.base.mesh import Mesh
from twinbrush.relief.maps import ROUGHNESS, displaced, normal_map, roughness_map, tangents, tilts

ROWS = 64


def _sheet(*, mirrored: bool = False) -> Mesh:
    """32 mm x 32 mm, facing +z, u along x, v up."""
    y, x = np.mgrid[:9, :9] / 8.0
    points = np.stack([32 * x.ravel(), 32 * y.ravel(), np.zeros(81)], 1)
    corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.concatenate([
        np.stack([corner, corner + 1, corner + 9], 1), np.stack([corner + 1, corner + 10, corner + 9], 1)])
    uv = np.stack([1 - x.ravel() if mirrored else x.ravel(), y.ravel()], 1)
    return Mesh(points, faces, uv)


def _ramp(per_mm: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[:ROWS, :ROWS] * 0.5  # mm
    return (per_mm[0] * x - per_mm[1] * y).astype(np.float32)  # rows go down


def test_a_slope_tilts_the_normals_against_itself() -> None:
    tilt = tilts(_sheet(), _ramp((0.3, -0.2)))[4:-4, 4:-4].reshape(-1, 3)
    assert tilt.mean(0) == pytest.approx([-0.3, 0.2, 0], abs=1e-4)
    assert np.ptp(tilt, axis=0).max() < 1e-3


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_normal_map_says_the_same_in_tangent_space(mirrored: bool) -> None:
    mesh = _sheet(mirrored=mirrored)
    local = 2 * normal_map(mesh, _ramp((0.3, -0.2)))[20:-20, 20:-20].reshape(-1, 3).mean(0) - 1
    frame = tangents(mesh)[40]
    assert frame == pytest.approx([-1, 0, 0, -1] if mirrored else [1, 0, 0, 1])
    across = np.cross([0, 0, 1], frame[:3]) * frame[3]
    found = local[0] * frame[:3] + local[1] * across + local[2] * np.array([0, 0, 1])
    wanted = np.array([-0.3, 0.2, 1]) * ([-1, 1, 1] if mirrored else [1, 1, 1])
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=5e-3)


def test_no_relief_is_a_plain_map() -> None:
    plain = normal_map(_sheet(), np.zeros((ROWS, ROWS), np.float32))
    assert plain == pytest.approx(np.broadcast_to([0.5, 0.5, 1], plain.shape), abs=1e-6)


def test_ridges_are_smoother_than_furrows() -> None:
    relief = np.zeros((8, 8), np.float32)
    relief[:4] = 1
    for medium in ROUGHNESS:
        rough = roughness_map(relief, medium)
        assert rough.shape == (4, 4, 3)
        assert rough[0, 0, 1] < rough[-1, 0, 1]
        assert 0.3 <= rough[..., 1].min() <= rough[..., 1].max() <= 1
        assert (rough[..., 2] == 0).all()  # no metal


def test_vertices_move_along_their_normals_and_seams_stay_shut() -> None:
    mesh = _sheet()
    assert displaced(mesh, np.full((ROWS, ROWS), 0.7, np.float32)).vertices[:, 2] == pytest.approx(0.7, abs=1e-5)
    assert mesh.uv is not None
    twice = Mesh(
        np.concatenate([mesh.vertices, mesh.vertices[:9]]), mesh.faces, np.concatenate([mesh.uv, mesh.uv[:9]]),
        seam=np.stack([np.arange(9), np.arange(81, 90)], 1))
    moved = displaced(twice, _ramp((0.1, 0.0)) + 1)
    assert np.array_equal(moved.vertices[:9], moved.vertices[81:])
    assert moved.vertices[:9, 2].max() > 3

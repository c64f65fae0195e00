"""Faults of a closed surface are found (by a readable reference too) and mended; polygons, sections, level cuts."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.export.base import on_flat_base, sections_of
from twinbrush.export.mend import missing_wall, thickened, uncrossed
from twinbrush.export.polygon import is_simple, triangles_of
from twinbrush.export.topology import border_loops, cut_level, used_vertices
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


def test_a_fold_is_smoothed_out_and_the_rest_stays() -> None:
    vertices, faces = ball(4)
    folded = vertices.copy()
    cap = vertices[:, 2] > 45
    folded[cap, :2] += (vertices[cap, 2:] - 45) * (6, 0)  # a lock that leans over its surroundings
    folded[cap, 2] -= 3 * (vertices[cap, 2] - 45)
    assert len(crossings(folded, faces)) > 0
    mended = uncrossed(folded, faces)
    assert len(crossings(mended, faces)) == 0
    far = vertices[:, 2] < 30
    np.testing.assert_array_equal(mended[far], folded[far])


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


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 40), st.integers(0, 10_000))
def test_a_polygon_is_its_triangles(count: int, seed: int) -> None:
    """Stars with long arms: no triangle outside, none turned over, and together as large."""
    radius = np.random.default_rng(seed).uniform(1, 10, count)
    angle = np.arange(count) * 2 * np.pi / count
    outline = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    assert is_simple(outline)
    triangles = triangles_of(outline)
    areas = np.array([_area(outline[t]) for t in triangles])
    assert len(triangles) == count - 2
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(_area(outline))


def test_a_bow_tie_is_not_simple_and_touching_corners_are() -> None:
    assert not is_simple(np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]]))
    assert is_simple(np.array([[0.0, 0], [1, 0], [0.5, 0.5], [1, 1], [0, 1], [0.5, 0.5]]))


def test_sections_of_a_ball() -> None:
    vertices, faces = ball(5)
    sections = sections_of(vertices, faces, 50)
    np.testing.assert_allclose(sections.areas, np.pi * (50**2 - sections.levels**2), rtol=0.02, atol=5)
    # the upper half of a ball: its centre of mass lies 3/8 of the radius above the middle
    assert np.interp(0, sections.levels, sections.lean) == pytest.approx(8 / 3, rel=0.05)
    moved = sections_of(vertices + np.array([30, 7, -80]), faces, 50)
    np.testing.assert_allclose(moved.lean, sections.lean, rtol=1e-3)
    sheared = sections_of(vertices + vertices[:, 1:2] * (0.8, 0, 0), faces, 50)
    assert np.interp(-45, sheared.levels, sheared.lean) < 0 < np.interp(-45, sections.levels, sections.lean)


@pytest.mark.parametrize("level", [0.0, 3.0, -21.7])
def test_a_cut_beside_vertices_leaves_no_slivers_and_the_lid_closes_it(level: float) -> None:
    """Level 0 runs through vertices and along edges of this ball, with noise on top."""
    vertices, faces = ball()
    vertices = vertices + 1e-4 * np.random.default_rng(0).standard_normal(vertices.shape)
    cut, kept = cut_level(vertices, faces, level, 0.03)
    used, renumbered = used_vertices(kept, len(cut))
    area = trimesh.Trimesh(cut[used], renumbered[kept], process=False).area_faces
    assert area.min() > 1e-2
    assert len(border_loops(kept)) == 1
    rows, whole, at = on_flat_base(vertices, faces, level)
    mesh = trimesh.Trimesh(rows, whole, process=False)
    assert at == level
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    height = 50 - level
    assert mesh.volume == pytest.approx(np.pi * height**2 * (50 - height / 3), rel=0.03)


def test_triangles_in_the_plane_are_left_to_the_lid() -> None:
    box = trimesh.creation.box((2, 2, 2)).subdivide()
    cut, kept = cut_level(np.array(box.vertices), np.array(box.faces), -1.0, 0.01)
    assert len(border_loops(kept)) == 1
    assert (cut[kept][:, :, 1] > -1).any(1).all()

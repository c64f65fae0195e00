from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy.spatial import KDTree

from figures import small_figure
from twinbrush.base.mesh import border_edges
from twinbrush.export.emboss import EDGE_MM, MOST_TRIANGLES, PrintRelief, edge_of, heights_at, placed
from twinbrush.export.figure_print import figure_solid
from twinbrush.maths.crossings import crossings


def _relief(height: float) -> PrintRelief:
    """A checkerboard of 8 mm on the small figure."""
    whole = small_figure().whole()
    corners = whole.vertices[whole.faces]
    share = np.random.default_rng(0).dirichlet((1, 1, 1), (len(whole.faces), 6))
    points = np.einsum("fsk,fkc->fsc", share, corners).reshape(-1, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    heights = height * np.sign(np.sin(np.pi * points / 8).prod(1))
    return PrintRelief(points, np.repeat(normals, 6, 0), heights)


def test_a_pressed_relief_adds_no_crossing_and_leaves_the_base() -> None:
    figure = small_figure()
    plain, pressed = figure_solid(figure, 120.0), figure_solid(figure, 120.0, _relief(1.5))
    assert len(pressed.faces) > 2 * len(plain.faces)
    assert len(border_edges(pressed.faces)) == 0
    crossed = [len(crossings(made.vertices.astype(np.float32).astype(float), made.faces)) for made in (plain, pressed)]
    assert crossed[1] <= crossed[0] < 3
    away = KDTree(plain.vertices).query(pressed.vertices)[0]
    low = pressed.vertices[:, 2] < 0.4
    assert pressed.vertices[:, 2].min() == 0
    flat = pressed.vertices[low & (pressed.vertices[:, 2] < 1e-6)]
    assert len(flat) > 40
    assert away.max() < 6
    assert np.ptp(pressed.vertices[:, 2]) == pytest.approx(120, abs=1.0)


def test_samples_stand_where_the_print_does() -> None:
    figure = small_figure()
    outer = figure.whole().vertices
    stood = placed(PrintRelief(outer, outer, np.zeros(len(outer))), outer, 120.0)
    solid = figure_solid(figure, 120.0)
    assert np.median(KDTree(solid.vertices).query(stood.points)[0]) < 0.05
    assert np.allclose(stood.normals[:, 2], outer[:, 1])


def test_heights_are_read_from_samples_that_face_the_same_way() -> None:
    ball = trimesh.creation.icosphere(4, 5.0)
    up = np.array([0, 0, 20.0])
    points = np.asarray(ball.vertices) + up
    normals = np.asarray(ball.vertex_normals)
    relief = PrintRelief(points, normals, np.full(len(points), 0.8))
    faces = np.asarray(ball.faces, np.int64)
    assert heights_at(relief, points, faces, 0.5) == pytest.approx(0.4)
    assert np.abs(heights_at(relief, points + 0.15 * up, faces, 0.5)).max() < 0.401
    assert (heights_at(relief, points + 9 * up, faces, 0.5) == 0).all()
    assert (heights_at(replace(relief, points=points - up), points - up, faces, 0.5)[
        points[:, 2] < 20.4] == 0).all()  # at the base


def test_edges_are_short_but_not_too_many() -> None:
    ball = trimesh.creation.icosphere(3, 5.0)
    assert edge_of(np.asarray(ball.vertices), np.asarray(ball.faces)) == EDGE_MM
    edge = edge_of(np.asarray(ball.vertices) * 100, np.asarray(ball.faces))
    assert ball.area * 1e4 / (edge**2 / 7) == pytest.approx(MOST_TRIANGLES, rel=1e-6)

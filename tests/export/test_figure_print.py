"""The printable figure: one watertight solid of all parts, without folds, on its base."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh

from twinbrush.camera import Camera
from twinbrush.config import ExportConfig
from twinbrush.errors import BadMesh
from twinbrush.export import figure_print
from twinbrush.export.figure_print import (
    _pieces,
    _united,
    figure_solid,
    welded,
    with_closed_openings,
    with_cones,
    write_print,
)
from twinbrush.export.solid import Solid
from twinbrush.export.topology import border_loops
from twinbrush.maths.crossings import crossings
from twinbrush.mesh import Mesh, border_edges
from twinbrush.sculpt import assemble, base
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.eyeball import axes, eyeball_mesh
from twinbrush.sculpt.lids import set_eyes
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, HeadFit, Part, Surroundings


@pytest.fixture(scope="module")
def figure() -> Figure:
    """The mean head with eyes, teeth and a bust, each of one colour."""
    model = template()
    vertices, eyes = set_eyes(model, base.even_border(model, model.mean), np.zeros(len(model.modes)))
    nothing = np.zeros((40, 40))
    camera = Camera(np.eye(3), np.eye(3, 4), 40, 40)
    photo = Surroundings(np.zeros((40, 40, 3)), nothing.astype(np.uint8), nothing, nothing > 0, camera, 1.0)
    solid, _ = sculpt_bust(model, vertices, photo, socle=True)
    bust = Mesh(solid.vertices, solid.triangles, np.tile((0.5, 0.05), (len(solid.vertices), 1)))
    parts = (
        Part("Head", base.closed(model, vertices, assemble.part_mesh(vertices, model.layout)), np.zeros(3)),
        *(Part(name, eyeball_mesh(eye, (0, 0, 0.1, 0.1)), eye.centre, np.stack(axes(eye.gaze), 1))
          for name, eye in zip(("EyeRight", "EyeLeft"), eyes, strict=True)),
        Part("Teeth", assemble.part_mesh(model.mouth.mean, model.mouth.layout), np.zeros(3)),
        Part("Bust", bust, np.zeros(3)))
    texture = np.zeros((64, 64, 3), np.float32)
    texture[:, :, 0] = 1.0
    texture[57:, 26:38] = (0, 0, 1)  # where the bust's uv lie
    fit = HeadFit(camera, np.zeros(1), np.zeros(1), vertices, vertices, np.ones(468), np.zeros((468, 2)), 1.0)
    return Figure(parts, texture, np.zeros((468, 3)), camera, fit)


def test_all_parts_become_one_watertight_body_that_stands(figure: Figure) -> None:
    solid = figure_solid(figure, 120.0)
    assert len(border_edges(solid.faces)) == 0
    assert len(crossings(solid.vertices.astype(np.float32).astype(float), solid.faces)) == 0
    mesh = trimesh.Trimesh(solid.vertices, solid.faces, process=False)
    assert mesh.is_watertight
    assert mesh.body_count == 1
    assert mesh.volume > 0
    assert np.ptp(solid.vertices[:, 2]) == pytest.approx(120, abs=1e-3)
    assert solid.vertices[:, 2].min() == 0
    assert (solid.vertices[:, 2] == 0).sum() > 40
    assert solid.colours is not None
    low = solid.vertices[:, 2] < 20
    assert (solid.colours[low, 2] > 0.9).all()
    assert (solid.colours[solid.vertices[:, 2] > 100, 0] > 0.9).mean() > 0.95


def test_a_mouth_at_whose_bottom_something_crosses_is_printed_less_deep(
    figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []

    def crossing_when_deep(given: Figure, height: float, share: float) -> Solid:
        tried.append(share)
        solid = _united(given, height, share)
        if share > 0.6:
            solid.vertices[0] -= 2 * (solid.vertices[0] - solid.vertices.mean(0))
        return solid

    monkeypatch.setattr(figure_print, "_united", crossing_when_deep)
    solid = figure_solid(figure, 120.0)
    assert tried == [1.0, 0.75, 0.5]
    assert len(crossings(solid.vertices.astype(np.float32).astype(float), solid.faces)) == 0


def test_openings_are_closed_by_cones(figure: Figure) -> None:
    points, faces, colour = welded(figure.parts[0], figure.texture)
    assert len(border_edges(faces)) == 0
    closed_points, closed_faces, colours = with_closed_openings(figure.parts[0], points, faces, colour)
    assert len(border_edges(closed_faces)) == 0
    assert len(closed_points) == len(points) + 3 == len(colours)
    assert len(closed_faces) < len(faces)


def test_a_cone_closes_a_hole_the_right_way_round() -> None:
    box = trimesh.creation.box((2, 2, 2))
    faces = np.asarray(box.faces, np.int64)[2:]
    points = np.asarray(box.vertices)
    done, closed, _ = with_cones(points, faces, np.zeros((8, 3)), border_loops(faces), [0.0])
    made = trimesh.Trimesh(done, closed, process=False)
    assert made.is_watertight
    assert made.volume > 7  # of 8: the hole lies about an edge


def test_only_what_is_asked_for_is_written(figure: Figure, tmp_path: Path) -> None:
    assert write_print(figure, tmp_path, ExportConfig()) is None
    told = write_print(figure, tmp_path, ExportConfig(threemf=True, stl=True, print_height_mm=90))
    assert told is not None
    assert told.self_intersections == 0
    assert told.leans_degrees > 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.3mf", "figure.stl"]
    with zipfile.ZipFile(tmp_path / "figure.3mf") as archive:
        assert b"m:color" in archive.read("3D/3dmodel.model")


def test_slivers_that_enclose_nothing_are_left_out() -> None:
    ball = trimesh.creation.icosphere(1)
    points = np.concatenate([ball.vertices, [[5, 0, 0], [6, 0, 0], [5, 1, 0.0]]])
    faces = np.concatenate([ball.faces, np.array([[0, 1, 2], [0, 2, 1]]) + len(ball.vertices)])
    found = _pieces(points, faces.astype(np.int64))
    assert [len(piece[1]) for piece in found] == [len(ball.faces)]


def test_an_open_part_is_told() -> None:
    sheet = Mesh(np.eye(3), np.array([[0, 1, 2]]), np.zeros((3, 2)))
    twice = Mesh(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]]),
                 np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]]), np.zeros((5, 2)))
    import manifold3d

    from twinbrush.export.figure_print import _body

    for mesh in (sheet, twice):
        with pytest.raises(BadMesh):
            _body(manifold3d, "Hair", mesh.vertices.astype(float), mesh.faces)

"""The printable bust of an open relief is closed, stands on its base, keeps the portrait's front; STL and 3MF."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from lxml import etree

from twinbrush.errors import BadMesh, BadOption
from twinbrush.export.bust import MIN_WALL_MM, Solid
from twinbrush.export.relief_bust import _cut_front, bust_of_relief
from twinbrush.export.solid import stl_bytes, threemf_bytes, write_solid
from twinbrush.export.topology import border_loops, cut_level, fill_holes, largest_piece, split_fans
from twinbrush.mesh import Mesh


def as_trimesh(solid: Solid) -> trimesh.Trimesh:
    return trimesh.Trimesh(solid.vertices, solid.faces, process=False)


def holed(mesh: Mesh) -> Mesh:
    """With two holes and a slit, and two triangles that touch the rest only in a point."""
    centre = mesh.vertices[mesh.faces].mean(1)
    eye = (np.abs(np.abs(centre[:, 0]) - 30) < 9) & (np.abs(centre[:, 1]) < 9)
    slit = (np.abs(centre[:, 1] + 60) < 3.5) & (np.abs(centre[:, 0]) < 30)
    return Mesh(mesh.vertices, mesh.faces[~(eye | slit)], mesh.uv, mesh.texture)


@pytest.mark.parametrize("change", [lambda m: m, holed, lambda m: Mesh(m.vertices, m.faces)])
def test_bust_is_watertight_and_oriented(bust: Mesh, change) -> None:
    solid = bust_of_relief(change(bust), 100.0)
    mesh = as_trimesh(solid)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0.2 * np.prod(mesh.extents)
    assert mesh.euler_number == 2  # no tunnels: every hole has been filled
    assert (solid.colours is None) == (change(bust).texture is None)


def test_bust_stands_on_a_flat_wide_base(bust: Mesh) -> None:
    mesh = as_trimesh(bust_of_relief(bust, 80.0))
    low, high = mesh.bounds
    assert low[2] == pytest.approx(0, abs=1e-9)
    assert high[2] == pytest.approx(80.0)
    np.testing.assert_allclose(low[:2] + high[:2], 0, atol=1e-6)
    base = (mesh.triangles[:, :, 2] < 1e-9).all(1)
    np.testing.assert_allclose(mesh.face_normals[base & (mesh.area_faces > 1e-6)][:, 2], -1)
    assert mesh.area_faces[base].sum() > 0.08 * mesh.extents[0] * mesh.extents[1]
    stands_on = mesh.vertices[np.unique(mesh.faces[base])]
    assert (stands_on[:, :2].min(0) < mesh.center_mass[:2]).all()
    assert (mesh.center_mass[:2] < stands_on[:, :2].max(0)).all()


def test_front_is_the_portrait_and_the_back_is_behind(bust: Mesh) -> None:
    """Away from the seam the front's points lie on the solid unchanged; behind each of them stands a wall."""
    solid = bust_of_relief(bust, 100.0)
    count = len(solid.vertices) // 2
    front, back = solid.vertices[:count], solid.vertices[count:]
    x, y, z = _cut_front(bust).vertices.T
    inner = (np.abs(x) < 35) & (np.abs(y) < 50)
    expected = np.stack([x, -z, y], 1)[inner]
    scale = np.ptp(front[inner, 0]) / np.ptp(expected[:, 0])
    shift = (front[inner] - expected * scale).mean(0)
    np.testing.assert_allclose(front[inner], expected * scale + shift, atol=1e-6)
    assert scale == pytest.approx(100 / 200, rel=0.2)
    assert (back[:, 1] - front[:, 1]).min() > 0
    assert (back[:, 1] - front[:, 1])[inner].min() > MIN_WALL_MM
    middle = np.abs(front[:, 0]) < 20
    assert (back[:, 1] - front[:, 1])[middle].mean() > 30  # a head, not a mask


def test_the_back_takes_the_colours_of_the_rim(bust: Mesh) -> None:
    solid = bust_of_relief(bust, 100.0)
    count = len(solid.vertices) // 2
    back, colours = solid.vertices[count:], solid.colours[count:]
    crown, shoulders = back[:, 2] > 90, back[:, 2] < 8
    assert np.linalg.norm(colours[crown].mean(0) - (0.25, 0.16, 0.1)) < 0.15
    assert np.linalg.norm(colours[shoulders].mean(0) - (0.15, 0.2, 0.45)) < 0.15


def test_closed_mesh_is_refused() -> None:
    ball = trimesh.creation.icosphere(3, 80.0)
    with pytest.raises(BadMesh):
        bust_of_relief(Mesh(np.array(ball.vertices), np.array(ball.faces)).moved(np.array(ball.vertices)), 100.0)


def test_files_read_back_closed_in_millimetres(bust: Mesh, tmp_path: Path) -> None:
    paths = [tmp_path / "bust.stl", tmp_path / "bust.3mf"]
    assert write_solid(bust, paths, height_mm=120.0, closed=False).made_from == "open relief"
    for path in paths:
        mesh = trimesh.load_mesh(path)
        assert mesh.is_watertight, path
        assert mesh.extents[2] == pytest.approx(120.0, abs=1e-3)
        assert mesh.volume > 0


def test_3mf_is_a_package_with_colours_and_the_same_bytes(bust: Mesh) -> None:
    solid = bust_of_relief(bust, 100.0)
    data = threemf_bytes(solid, name='Ana & "Bo"')
    assert data == threemf_bytes(solid, name='Ana & "Bo"')
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"]
        model = etree.fromstring(archive.read("3D/3dmodel.model"))
    assert model.get("unit") == "millimeter"
    spaces = {"c": model.nsmap[None], "m": model.nsmap["m"]}
    assert model.find(".//c:object", spaces).get("name") == 'Ana & "Bo"'
    colours = len(model.findall(".//m:color", spaces))
    triangles = model.findall(".//c:triangle", spaces)
    assert len(triangles) == len(solid.faces)
    assert max(int(t.get("p1")) for t in triangles) < colours


def test_stl_bytes_depend_on_the_mesh_alone(bust: Mesh) -> None:
    assert stl_bytes(bust_of_relief(bust, 100.0)) == stl_bytes(bust_of_relief(bust, 100.0))


@pytest.mark.parametrize(
    ("name", "height"), [("a.stl", 1.0), ("a.stl", float("nan")), ("a.stl", 1e9), ("a.step", 100.0)]
)
def test_senseless_options_are_refused(bust: Mesh, tmp_path: Path, name: str, height: float) -> None:
    with pytest.raises(BadOption):
        write_solid(bust, [tmp_path / name], height_mm=height, closed=False)
    assert not list(tmp_path.iterdir())


def test_cut_keeps_what_is_above_and_lands_on_the_plane() -> None:
    vertices = np.array([[0.0, 0, 0], [2, 0, 0], [1, 2, 0], [3, 2, 0], [0, -3, 0], [1, 1, 0]])
    faces = np.array([[0, 1, 2], [1, 3, 2], [0, 4, 1]])
    cut, kept = cut_level(vertices, faces, 1.0)
    corners = cut[kept]
    area = 0.5 * np.abs(np.linalg.det(corners[:, 1:, :2] - corners[:, :1, :2]))
    assert corners[:, :, 1].min() == 1.0
    assert area.sum() == pytest.approx(0.5 + 1.5)


def test_fans_that_touch_in_a_point_are_split() -> None:
    vertices = np.arange(15.0).reshape(5, 3)
    bow_tie = np.array([[0, 1, 2], [2, 3, 4]])
    split, faces = split_fans(vertices, bow_tie)
    assert len(split) == 6
    np.testing.assert_array_equal(split[faces], vertices[bow_tie])
    assert len(border_loops(faces)) == 2
    assert len(largest_piece(split, faces)[1]) == 1


def test_holes_are_filled_without_doubling_an_edge(bust: Mesh) -> None:
    holes = holed(bust)
    vertices, faces = split_fans(holes.vertices, holes.faces)
    assert len(border_loops(faces)) == 4
    vertices, faces = fill_holes(vertices, faces)
    (rim,) = border_loops(faces)
    assert len(rim) > 50
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)  # every directed edge once: manifold and consistently wound

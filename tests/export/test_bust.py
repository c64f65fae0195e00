"""The printable bust of a closed portrait is that portrait's head, on a base that it stands on."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from lxml import etree
from scipy import spatial

from twinbrush.errors import BadMesh
from twinbrush.export.base import base_level, sections_of
from twinbrush.export.bust import Solid, bust_of_head
from twinbrush.export.prints import measured
from twinbrush.export.relief_bust import bust_of_relief
from twinbrush.export.solid import stl_bytes, threemf_bytes, write_solid
from twinbrush.export.wrap import dense
from twinbrush.maths.crossings import crossings
from twinbrush.mesh import Mesh


@pytest.fixture(scope="module")
def solid(closed: Mesh) -> Solid:
    return bust_of_head(closed, 100.0)


def as_trimesh(solid: Solid) -> trimesh.Trimesh:
    return trimesh.Trimesh(solid.vertices, solid.faces, process=False)


def in_portrait(solid: Solid, closed: Mesh) -> np.ndarray:
    """The solid's vertices back in the portrait's frame (mm): by its height, and by the place of its top."""
    height = closed.vertices[:, 1].max() - base_level(closed.vertices, closed.faces)
    x, y, z = solid.vertices.T * height / z_max(solid)
    out = np.stack([x, z, -y], 1)
    return out + closed.vertices[closed.vertices[:, 1].argmax()] - out[out[:, 1].argmax()]


def z_max(solid: Solid) -> float:
    return float(solid.vertices[:, 2].max())


def test_it_is_watertight_in_one_piece_and_nowhere_runs_through_itself(solid: Solid) -> None:
    mesh = as_trimesh(solid)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.euler_number == 2
    assert mesh.volume > 0.25 * np.prod(mesh.extents)
    assert solid.made_from == "closed head"
    in_file = solid.vertices.astype(np.float32)
    assert len(crossings(in_file.astype(float), solid.faces)) == 0
    assert trimesh.Trimesh(in_file, solid.faces, process=True).is_watertight  # nothing falls together in the file
    assert mesh.area_faces.min() > 0


def test_it_stands(closed: Mesh) -> None:
    mesh = as_trimesh(bust_of_head(closed, 80.0))
    low, high = mesh.bounds
    assert low[2] == 0
    assert high[2] == pytest.approx(80.0)
    np.testing.assert_allclose(low[:2] + high[:2], 0, atol=1e-6)
    base = (mesh.triangles[:, :, 2] == 0).all(1)
    np.testing.assert_allclose(mesh.face_normals[base & (mesh.area_faces > 1e-6)], [[0, 0, -1]] * base.sum(), atol=1e-9)
    widest = spatial.ConvexHull(mesh.vertices[mesh.vertices[:, 2] < 12, :2]).volume  # of its lower end
    assert mesh.area_faces[base].sum() > 0.5 * widest
    hull = spatial.ConvexHull(mesh.vertices[np.unique(mesh.faces[base]), :2])
    margin = -(hull.equations[:, :2] @ mesh.center_mass[:2] + hull.equations[:, 2]).max()
    assert margin > 0.15 * mesh.center_mass[2]  # it may be tilted by more than eight degrees


def test_above_the_base_it_is_the_closed_head(solid: Solid, closed: Mesh, small: Mesh) -> None:
    """Everywhere within a millimetre, also behind: not another back, as the open relief's bust has."""
    places = in_portrait(solid, closed)
    base_y = places[:, 1].min()
    head = spatial.KDTree(dense(closed.vertices, closed.faces)[0])
    upper = places[:, 1] > base_y + 1e-6
    assert head.query(places[upper])[0].max() < 1.0
    own = spatial.KDTree(dense(places, solid.faces)[0])
    assert own.query(closed.vertices[closed.vertices[:, 1] > base_y + 1])[0].max() < 1.0
    back = closed.vertices[(closed.vertices[:, 2] < -100) & (closed.vertices[:, 1] > base_y + 1)]
    assert len(back) > 100
    relief = bust_of_relief(small, 100.0)
    assert spatial.KDTree(in_portrait(relief, closed)).query(back)[0].max() > 2.0


@pytest.mark.parametrize("deeper", [1.5, 2.5])
def test_the_base_is_cut_as_low_as_it_is_large_and_carries(closed: Mesh, deeper: float) -> None:
    vertices = closed.vertices * (1, 1, deeper)
    level, sections = base_level(vertices, closed.faces), sections_of(vertices, closed.faces)
    chosen = int(np.abs(sections.levels - level).argmin())
    height = (level - vertices[:, 1].min()) / np.ptp(vertices[:, 1])
    assert 0.01 < height < 0.11
    assert sections.lean[chosen] > 0.2
    assert sections.areas[chosen] > 0.6 * sections.areas[:40].max()
    lower = slice(2, chosen)
    assert ((sections.lean[lower] < 0.2) | (sections.areas[lower] < 0.6 * sections.areas[:40].max())).all()


def test_colours_are_the_heads_also_behind(solid: Solid) -> None:
    x, y, z = solid.vertices.T
    assert solid.colours.shape == solid.vertices.shape
    hair, cloth = solid.colours[(z > 80) & (y > 15)], solid.colours[(z < 6) & (y > 10)]
    assert len(hair) > 20
    assert np.linalg.norm(hair.mean(0) - (0.25, 0.16, 0.1)) < 0.15
    assert np.linalg.norm(cloth.mean(0) - (0.15, 0.2, 0.45)) < 0.2
    eyes = (np.abs(np.abs(x) - 9) < 3) & (y < 0) & (np.abs(z - 66) < 6)
    assert solid.colours[eyes].min() < 0.2
    with zipfile.ZipFile(io.BytesIO(threemf_bytes(solid))) as archive:
        model = etree.fromstring(archive.read("3D/3dmodel.model"))
    assert len(model.findall(".//m:color", {"m": model.nsmap["m"]})) > 20


def test_without_a_texture_there_are_no_colours(closed: Mesh, solid: Solid) -> None:
    plain = bust_of_head(replace(closed, texture=None, uv=None), 100.0)
    assert plain.colours is None
    np.testing.assert_array_equal(plain.vertices, solid.vertices)


def test_walls_grow_where_the_print_is_small(closed: Mesh) -> None:
    """The ears of a flat mask: 2 mm in the portrait are too thin at 40 mm height, and thick enough at 400 mm."""
    thin = closed.moved(closed.vertices * (1, 1, 0.03))
    small, large = (bust_of_head(replace(thin), mm) for mm in (40.0, 400.0))
    depth = [np.ptp(s.vertices[:, 1]) / s.vertices[:, 2].max() for s in (small, large)]
    assert depth[0] > 1.1 * depth[1]


def test_files_read_back_closed_in_millimetres(closed: Mesh, tmp_path: Path) -> None:
    paths = [tmp_path / "bust.stl", tmp_path / "bust.3mf"]
    assert write_solid(closed, paths, height_mm=120.0, closed=True).made_from == "closed head"
    for path in paths:
        mesh = trimesh.load_mesh(path)
        assert mesh.is_watertight, path
        assert mesh.extents[2] == pytest.approx(120.0, abs=1e-3)
        assert mesh.volume > 0


def test_same_mesh_same_bytes(closed: Mesh, solid: Solid) -> None:
    assert stl_bytes(bust_of_head(closed, 100.0)) == stl_bytes(solid)


def test_an_open_portrait_is_refused(small: Mesh, tmp_path: Path) -> None:
    with pytest.raises(BadMesh, match="open behind"):
        write_solid(small, [tmp_path / "bust.stl"], height_mm=100.0, closed=True)
    assert not list(tmp_path.iterdir())


def test_what_cannot_stand_is_refused() -> None:
    pole = trimesh.creation.cylinder(radius=20, height=300, sections=40).subdivide().subdivide()
    leaning = trimesh.transformations.rotation_matrix(np.radians(50), (0, 0, 1))
    upright = trimesh.transformations.rotation_matrix(np.radians(90), (1, 0, 0))
    vertices = trimesh.transform_points(np.array(pole.vertices), leaning @ upright)
    with pytest.raises(BadMesh, match="fall over"):
        bust_of_head(Mesh(vertices, np.array(pole.faces)), 100.0)


@pytest.mark.parametrize(("width", "degrees"), [(40.0, 45.0), (40 * np.tan(np.radians(10)), 10.0)])
def test_what_is_told_of_a_box_is_true(width: float, degrees: float) -> None:
    """A box of 40 mm falls over its edge at the angle of its half width to its half height."""
    box = trimesh.creation.box((width, 60, 40)).subdivide().subdivide()
    solid = Solid(np.array(box.vertices) + np.array([0, 0, 20]), np.array(box.faces), None, "closed head")
    bust = measured(solid, ("bust.stl",), 40.0, "")
    assert bust.leans_degrees == pytest.approx(degrees, abs=0.01)
    assert bust.base_mm2 == pytest.approx(60 * width, abs=0.1)
    assert (bust.self_intersections, bust.thin_share, bust.warnings) == (0, 0, ())
    narrow = replace(bust, leans_degrees=2.0, self_intersections=3, thin_share=0.2)
    assert len(narrow.warnings) == 3

"""A printable solid, what is told of it, and its STL and 3MF."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from lxml import etree

from twinbrush.export.prints import measured
from twinbrush.export.solid import Solid, standing, stl_bytes, threemf_bytes
from twinbrush.export.topology import border_loops, split_fans


def block(width: float = 40.0) -> Solid:
    """A box of 40 mm height on its base, red below and blue above."""
    box = trimesh.creation.box((width, 60, 40)).subdivide().subdivide()
    vertices = np.array(box.vertices) + np.array([0, 0, 20])
    colours = np.where(vertices[:, 2:] < 20, (1.0, 0, 0), (0, 0, 1.0))
    return Solid(vertices, np.array(box.faces), colours)


@pytest.mark.parametrize(("width", "degrees"), [(40.0, 45.0), (40 * np.tan(np.radians(10)), 10.0)])
def test_what_is_told_of_a_box_is_true(width: float, degrees: float) -> None:
    """A box of 40 mm falls over its edge at the angle of its half width to its half height."""
    told = measured(block(width), ("figure.stl",), 40.0)
    assert told.leans_degrees == pytest.approx(degrees, abs=0.01)
    assert told.base_mm2 == pytest.approx(60 * width, abs=0.1)
    assert (told.self_intersections, told.thin_share, told.warnings) == (0, 0, ())
    narrow = replace(told, leans_degrees=2.0, self_intersections=3, thin_share=0.2)
    assert len(narrow.warnings) == 3


def test_a_figure_stands_upright_on_its_base_and_faces_the_viewer() -> None:
    """y up becomes z up, z toward the viewer becomes -y."""
    corners = np.array([[10.0, 30, 5], [30, 30, 5], [10, 80, 5], [10, 30, 25]])
    placed = standing(corners, 30.0, 100.0)
    np.testing.assert_allclose(placed, [[-20, 20, 0], [20, 20, 0], [-20, 20, 100], [-20, -20, 0]])


@pytest.mark.parametrize("kind", ["stl", "3mf"])
def test_files_read_back_closed_in_millimetres(kind: str) -> None:
    solid = block()
    data = stl_bytes(solid) if kind == "stl" else threemf_bytes(solid)
    mesh = trimesh.load_mesh(io.BytesIO(data), file_type=kind)
    assert mesh.is_watertight
    np.testing.assert_allclose(mesh.extents, (40, 60, 40), atol=1e-3)
    assert mesh.volume == pytest.approx(40 * 60 * 40, rel=1e-4)


def test_3mf_is_a_package_with_colours_and_the_same_bytes() -> None:
    solid = block()
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
    assert colours == 2


def test_fans_that_touch_in_a_point_are_split() -> None:
    vertices = np.arange(15.0).reshape(5, 3)
    bow_tie = np.array([[0, 1, 2], [2, 3, 4]])
    split, faces = split_fans(vertices, bow_tie)
    assert len(split) == 6
    np.testing.assert_array_equal(split[faces], vertices[bow_tie])
    assert len(border_loops(faces)) == 2

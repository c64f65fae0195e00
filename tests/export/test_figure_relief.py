"""A relief in the files: GLB maps and tangents, clay's mesh and normals, samples for prints, the manifest."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figures import small_figure
from twinbrush.export.figure_gltf import figure_bytes
from twinbrush.export.figure_outputs import FigureScene, eight_sides, figure_mesh, write_models
from twinbrush.export.figure_relief import clay_of, gltf_detail, print_relief
from twinbrush.relief.values import Relief, Worked
from twinbrush.sculpt.values import Figure, Part


@pytest.fixture(scope="module")
def figure() -> Figure:
    head = small_figure().parts[0]
    eye = replace(head, name="EyeLeft", mesh=replace(head.mesh, vertices=0.1 * head.mesh.vertices))
    return replace(small_figure(), parts=(*small_figure().parts, Part("EyeLeft", eye.mesh, np.zeros(3))))


@pytest.fixture(scope="module")
def worked() -> Worked:
    x = np.mgrid[:128, :256][1]
    return Worked(Relief(np.sin(2 * np.pi * x / 16).astype(np.float32), "woodcut", 0.7), 0.7)


def _document(glb: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack_from("<I", glb, 12)[0]
    return json.loads(glb[20 : 20 + length]), glb[28 + length :]


def test_the_glb_has_maps_and_tangents_where_there_is_relief(figure: Figure, worked: Worked) -> None:
    document, data = _document(figure_bytes(figure, b"png ", gltf_detail(figure, figure_mesh(figure), worked)))
    tangents = {mesh["name"]: "TANGENT" in mesh["primitives"][0]["attributes"] for mesh in document["meshes"]}
    assert tangents == {"Head": True, "Hair": True, "Bust": True, "EyeLeft": False}
    by_name = {material["name"]: material for material in document["materials"]}
    assert by_name["Head"]["normalTexture"] == {"index": 1}
    assert "normalTexture" not in by_name["EyeLeft"]
    view = document["bufferViews"][document["images"][1]["bufferView"]]
    start = view.get("byteOffset", 0)
    normals = np.asarray(Image.open(io.BytesIO(data[start : start + view["byteLength"]])))
    assert normals.shape == (128, 256, 3)
    assert normals[..., 0].std() > 5  # stripes along u tilt x ...
    assert normals[..., 1].std() < 0.5 * normals[..., 0].std()  # ... and hardly y
    assert _document(figure_bytes(figure, b"png "))[0]["materials"][0].get("normalTexture") is None


def test_clay_is_moved_and_lit_by_the_relief(figure: Figure, worked: Worked) -> None:
    mesh = figure_mesh(figure)
    moved, bumps = clay_of(mesh, worked)
    away = np.linalg.norm(moved.vertices - mesh.vertices, axis=1)
    assert 0.2 < away.max() <= 0.71
    assert np.abs(bumps.tilt).max() > 0.05
    plain, worked_out = eight_sides(mesh, 96), eight_sides(mesh, 96, worked)
    assert np.abs(worked_out["clay_0"] - plain["clay_0"]).max() > 0.05
    assert np.abs(worked_out["figure_0"] - plain["figure_0"]).mean() < 0.02


def test_samples_for_a_print_lie_on_the_surface(figure: Figure, worked: Worked) -> None:
    mesh = figure_mesh(figure)
    relief = print_relief(mesh, worked)
    assert len(relief.points) == len(relief.heights) > 1000
    assert np.abs(relief.heights).max() == pytest.approx(0.7, rel=0.05)
    assert np.linalg.norm(relief.normals, axis=1) == pytest.approx(1, abs=1e-5)
    assert (relief.points >= mesh.vertices.min(0) - 1e-3).all()
    assert (relief.points <= mesh.vertices.max(0) + 1e-3).all()


def test_the_page_has_its_slider_only_with_a_relief(figure: Figure, worked: Worked, tmp_path: Path) -> None:
    scene = FigureScene(figure, {}, (), None, {}, worked=worked)
    for given, has in ((scene, True), (replace(scene, worked=None), False)):
        write_models(given, tmp_path)
        assert (b'"form-relief"' in (tmp_path / "viewer.html").read_bytes()) is has
        assert (b"normalTexture" in (tmp_path / "figure.glb").read_bytes()) is has

"""GLB: read back by trimesh, byte for byte by hand, and judged by Khronos' validator."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from twinbrush.errors import BadMesh, OutputError
from twinbrush.export.gltf import glb_bytes
from twinbrush.files import write_atomically
from twinbrush.mesh import Mesh

TOOLS = Path(__file__).parents[1] / "tools"
MODULES = Path(os.environ.get("TWINBRUSH_NODE_TOOLS", Path(__file__).parents[2] / ".tools"))


def loaded(data: bytes) -> trimesh.Trimesh:
    scene = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)
    (mesh,) = scene.geometry.values()
    return mesh


def chunks(data: bytes) -> tuple[dict, bytes]:
    magic, version, total = struct.unpack_from("<III", data)
    assert (magic, version, total) == (0x46546C67, 2, len(data))
    size, kind = struct.unpack_from("<II", data, 12)
    assert kind == 0x4E4F534A
    assert size % 4 == 0
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def test_trimesh_reads_metres_uv_and_texture_back(bust: Mesh) -> None:
    mesh = loaded(glb_bytes(bust, name="portrait"))
    np.testing.assert_allclose(mesh.vertices * 1000, bust.vertices, atol=1e-4)
    np.testing.assert_array_equal(mesh.faces, bust.faces)
    np.testing.assert_allclose(mesh.visual.uv, bust.uv, atol=1e-6)  # trimesh flips v back to the OBJ convention
    texture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))
    np.testing.assert_array_equal(texture, np.round(bust.texture * 255).astype(np.uint8))


def test_the_texture_stands_upright(bust: Mesh) -> None:
    """glTF's v counts from the top row: the highest vertex must look up the topmost texels (hair)."""
    document, binary = chunks(glb_bytes(bust, name="portrait"))
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    view = document["bufferViews"][document["accessors"][attributes["TEXCOORD_0"]]["bufferView"]]
    uv = np.frombuffer(binary, "<f4", len(bust.uv) * 2, view["byteOffset"]).reshape(-1, 2)
    top = int(bust.vertices[:, 1].argmax())
    assert uv[top, 1] < 0.1
    np.testing.assert_allclose(uv[:, 0], bust.uv[:, 0], atol=1e-6)


def test_morph_target_leads_to_the_photo(bust: Mesh, photo_bust: Mesh) -> None:
    document, binary = chunks(glb_bytes(bust, name="portrait", before=photo_bust))
    assert document["meshes"][0]["extras"]["targetNames"] == ["photo"]
    target = document["meshes"][0]["primitives"][0]["targets"][0]["POSITION"]
    view = document["bufferViews"][document["accessors"][target]["bufferView"]]
    offsets = np.frombuffer(binary, "<f4", len(bust.vertices) * 3, view["byteOffset"]).reshape(-1, 3)
    np.testing.assert_allclose(bust.vertices + offsets * 1000, photo_bust.vertices, atol=1e-4)
    assert np.abs(offsets).max() > 1e-3


def test_same_mesh_same_bytes(bust: Mesh, photo_bust: Mesh) -> None:
    assert glb_bytes(bust, name="a", before=photo_bust) == glb_bytes(bust, name="a", before=photo_bust)


def test_stray_vertices_and_empty_triangles_stay_out(bust: Mesh) -> None:
    vertices = np.concatenate([bust.vertices, [[500.0, 500, 500]]])
    faces = np.concatenate([bust.faces, [[0, 0, 1]]])
    mesh = loaded(glb_bytes(Mesh(vertices, faces), name="x"))
    assert mesh.vertices.max() < 0.2
    assert len(mesh.faces) == len(bust.faces)


@pytest.mark.parametrize(
    "broken",
    [
        lambda m: Mesh(m.vertices, m.faces[:0]),
        lambda m: Mesh(m.vertices, np.array([[0, 0, 0]])),
        lambda m: Mesh(m.vertices, m.faces + len(m.vertices) - m.faces.max()),
        lambda m: Mesh(np.where(np.arange(len(m.vertices))[:, None] == 3, np.nan, m.vertices), m.faces),
        lambda m: Mesh(m.vertices, m.faces, m.uv * np.inf, m.texture),
    ],
)
def test_broken_meshes_are_refused(bust: Mesh, broken) -> None:
    with pytest.raises(BadMesh):
        glb_bytes(broken(bust), name="x")


def test_before_of_another_topology_is_refused(bust: Mesh) -> None:
    with pytest.raises(BadMesh, match="topology"):
        glb_bytes(bust, name="x", before=Mesh(bust.vertices[:-1], bust.faces[:10]))


def test_nothing_is_left_when_the_folder_is_a_file(bust: Mesh, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError):
        write_atomically(tmp_path / "out" / "portrait.glb", glb_bytes(bust, name="portrait"))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "mine"


def test_khronos_validator_finds_nothing(bust: Mesh, photo_bust: Mesh, tmp_path: Path) -> None:
    """0 errors, 0 warnings, 0 infos: textured, with a morph target, and bare."""
    node = shutil.which("node")
    if node is None or not (MODULES / "node_modules" / "gltf-validator").is_dir():
        pytest.skip(f"node or gltf-validator is missing: npm install --prefix {MODULES} gltf-validator@2.0.0-dev.3.10")
    files = [
        write_atomically(tmp_path / "plain.glb", glb_bytes(bust, name="portrait")),
        write_atomically(tmp_path / "morph.glb", glb_bytes(bust, name='Ana & "Bo" <1>', before=photo_bust)),
        write_atomically(tmp_path / "bare.glb", glb_bytes(Mesh(bust.vertices, bust.faces), name="portrait")),
    ]
    command = [node, str(TOOLS / "validate_glb.mjs"), str(MODULES), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    for file, report in json.loads(run.stdout).items():
        found = report["issues"]
        assert (found["numErrors"], found["numWarnings"], found["numInfos"]) == (0, 0, 0), (file, found["messages"])
    assert Image.open(io.BytesIO(_embedded_png(files[0].read_bytes()))).size == (64, 64)


def _embedded_png(data: bytes) -> bytes:
    document, binary = chunks(data)
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    return binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]

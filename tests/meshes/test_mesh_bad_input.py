"""What is no usable mesh: a clear error with a remedy, or a repair that is reported; never a traceback."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import makers
import numpy as np
import pytest
from PIL import Image

from twinbrush.base.errors import BadMesh, BadOption
from twinbrush.config import MeshConfig
from twinbrush.meshes import guard
from twinbrush.meshes.read import is_mesh_file, load_model, read_file

TRIANGLE = b"v 0 0 0\nv 1 0 0\nv 0 1 0\n"
PLY = "ply\nformat ascii 1.0\nelement vertex {v}\nproperty float x\nproperty float y\nproperty float z\n" \
      "element face {f}\nproperty list uchar int vertex_indices\nend_header\n"


@pytest.mark.parametrize(("name", "data", "says"), [
    ("a.obj", b"", "empty"),
    ("a.obj", b"hello\n", "no mesh"),
    ("a.obj", TRIANGLE, "no faces"),
    ("a.obj", TRIANGLE + b"f 1 2 4\n", "face 1 names '4'"),
    ("a.obj", TRIANGLE + b"f 1 2 0\n", "names '0'"),
    ("a.obj", TRIANGLE + b"f 1 2 -4\n", "names '-4'"),
    ("a.obj", TRIANGLE + b"f 1/1 2/1 3/9\nvt 0 0\n", "there are 1 vt"),
    ("a.obj", TRIANGLE + b"f 1 2 2147483648\n", "2147483648"),
    ("a.obj", TRIANGLE + b"f 1 2 99999999999999999999\n", "corner"),
    ("a.obj", TRIANGLE + b"f 1 2 x\n", "corner 'x'"),
    ("a.obj", TRIANGLE + b"v 0 nan 1\nf 1 2 3\n", "v number 4"),
    ("a.obj", TRIANGLE + b"v 0 inf 1\nf 1 2 3\n", "finite"),
    ("a.obj", TRIANGLE + b"v 0 1\nf 1 2 3\n", "v number 4"),
    ("a.obj", TRIANGLE + b"v 1e300 1 0\nf 1 2 3\nf 1 2 4\n", "1e+300 units away"),
    ("a.fbx", b"Kaydara FBX Binary  \0" + b"\0" * 100, "FBX files are not read"),
    ("a.dae", b"<?xml version='1.0'?><COLLADA/>", "DAE files are not read"),
    ("a.obj", b"v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "no triangle with an area"),
    ("a.ply", b"ply\nformat ascii 1.0\n", "header does not end"),
    ("a.ply", PLY.format(v=2**31, f=1).encode() + b"0 0 0\n", "declares 2147483648"),
    ("a.ply", PLY.format(v=3, f=1).encode() + b"0 0 0\n1 0 0\n", "cut short"),
    ("a.ply", PLY.format(v=3, f=1).encode() + b"0 0 0\n1 0 0\n0 1 0\n3 0 1\n", "cut short"),
    ("a.ply", PLY.format(v=3, f=1).encode() + b"0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", "names vertex 7"),
    ("a.ply", PLY.format(v=3, f=1).encode() + b"0 0 0\n1 0 0\n0 nan 0\n3 0 1 2\n", "not finite"),
    ("a.ply", PLY.format(v=3, f=0).encode() + b"0 0 0\n1 0 0\n0 1 0\n", "point cloud"),
    ("a.stl", b"x" * 80 + struct.pack("<I", 2**31) + b"\0" * 50, "declares 2147483648"),
    ("a.stl", b"x" * 80 + struct.pack("<I", 2) + b"\0" * 60, "cut short"),
    ("a.stl", b"solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\n", "cut short"),
    ("a.glb", b"glTF" + struct.pack("<II", 2, 900) + b"\0" * 40, "cut short"),
    ("a.glb", b"glTF" + struct.pack("<II", 1, 20) + b"\0" * 40, "version 1"),
    ("a.gltf", b"{\"asset\": ", "JSON"),
    ("a.gltf", b'{"asset": {"version": "2.0"}}', "no triangles"),
    ("a.obj", b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "picture"),
])
def test_a_clear_error(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadMesh) as caught:
        load_model(tmp_path / name)
    assert says in str(caught.value)
    assert name in str(caught.value)
    assert caught.value.remedy


def test_missing_folder_and_gigantic_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadMesh, match="no such file"):
        load_model(tmp_path / "none.obj")
    with pytest.raises(BadMesh, match="is a folder"):
        load_model(tmp_path)
    path = makers.cube_obj(tmp_path)
    monkeypatch.setattr(guard, "MAX_BYTES", 100)
    with pytest.raises(BadMesh, match="is larger than"):
        load_model(path)
    monkeypatch.undo()
    monkeypatch.setattr(guard, "MAX_CORNERS", 23)
    with pytest.raises(BadMesh, match="24 corners; 23 are the most"):
        load_model(path)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("make", [makers.cube_glb, makers.cube_stl,
                                  lambda f: makers.cube_ply(f, kind="binary_little_endian")])
def test_truncated_files(make: object, keep: float, tmp_path: Path) -> None:
    path: Path = make(tmp_path)  # type: ignore[operator]
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(BadMesh):
        load_model(path)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "http://example.org/a.png", "file:///a.png",
                                  "C:\\Users\\me\\a.png", "sub/../../a.png", "//server/a.png"])
def test_names_that_leave_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    makers.picture(tmp_path / "secret.png")
    path = makers.cube_obj(inner)
    (inner / "cube.mtl").write_text(f"newmtl red paint\nmap_Kd {name}\n")
    with pytest.raises(BadMesh, match="refused"):
        load_model(path)
    (inner / "cube.mtl").write_text(f"newmtl red paint\nmap_Bump {name}\n")
    with pytest.raises(BadMesh, match="refused"):
        load_model(path)
    path.write_text(path.read_text().replace("mtllib cube.mtl", f"mtllib {name}"))
    with pytest.raises(BadMesh, match="refused"):
        load_model(path)
    tree, _ = makers.gltf_document(uri=name.replace("\\", "/"), image="wood.png")
    (inner / "cube.gltf").write_text(json.dumps(tree))
    with pytest.raises(BadMesh, match="refused"):
        load_model(inner / "cube.gltf")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    makers.picture(tmp_path / "secret.png")
    path = makers.cube_obj(inner)
    (inner / "red.png").unlink()
    (inner / "red.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(BadMesh, match="refused"):
        load_model(path)


def test_missing_material_file_and_textures_are_warnings(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    (tmp_path / "red.png").unlink()
    (tmp_path / "blue.png").write_bytes(b"no picture")
    warnings = " ".join(load_model(path).warnings)
    assert "red.png" in warnings
    assert "blue.png: cannot be read" in warnings
    (tmp_path / "cube.mtl").unlink()
    assert "cube.mtl" in " ".join(load_model(path).warnings)


def test_an_absolute_name_finds_the_file_beside(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    text = (tmp_path / "cube.mtl").read_text().replace("map_Kd red.png", "map_Kd D:\\work\\red.png")
    (tmp_path / "cube.mtl").write_text(text)
    model = load_model(path)
    assert model.source.file.materials[0].texture is not None
    assert any("beside it is used" in warning for warning in model.warnings)


def test_degenerate_and_duplicate_faces_are_reported_and_stay(tmp_path: Path) -> None:
    faces = [*makers.TRIANGLES.tolist(), [0, 0, 1], [0, 1, 0], makers.TRIANGLES[0].tolist()[::-1]]
    path = makers.plain_obj(tmp_path / "a.obj", makers.CUBE, faces)
    model = load_model(path)
    assert len(model.mesh.faces) == 12
    assert any("2 degenerate" in note for note in model.repairs)
    assert any("1 duplicate" in note for note in model.repairs)
    assert len(read_file(path).polygons.sizes) == 15


def test_non_manifold_edges_are_reported(tmp_path: Path) -> None:
    points = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1]]
    model = load_model(makers.plain_obj(tmp_path / "a.obj", np.array(points), [[0, 1, 2], [0, 1, 3], [0, 1, 4]]))
    assert len(model.mesh.faces) == 3
    assert any("1 edges belong to more than two" in warning for warning in model.warnings)


def test_content_decides_and_is_reported(tmp_path: Path) -> None:
    path = makers.cube_ply(tmp_path).rename(tmp_path / "cube.obj")
    model = load_model(path)
    assert model.source.file.format == "ply"
    assert any("content is PLY" in warning for warning in model.warnings)
    assert is_mesh_file(path)
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png")
    assert not is_mesh_file(tmp_path / "x.png")
    assert is_mesh_file(tmp_path / "not there.glb")


def test_meshes_are_known_by_content_or_name(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"# made by hand\n" + TRIANGLE + b"f 1 2 3\n")
    assert is_mesh_file(tmp_path / "plain")
    (tmp_path / "a.fbx").write_bytes(b"Kaydara FBX Binary  \0")  # told what to export, not that it is no picture
    assert is_mesh_file(tmp_path / "a.fbx")
    (tmp_path / "notes.txt").write_bytes(b"v for vendetta\n")
    assert not is_mesh_file(tmp_path / "notes.txt")


def test_compressed_gltf_says_so(tmp_path: Path) -> None:
    tree, blob = makers.gltf_document()
    tree["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    (tmp_path / "a.glb").write_bytes(makers.as_glb(tree, blob))
    with pytest.raises(BadMesh, match="compressed"):
        load_model(tmp_path / "a.glb")


@pytest.mark.parametrize("damage", [
    lambda t: t["accessors"][0].update(count=2**31), lambda t: t["accessors"][3].update(componentType=5126),
    lambda t: t["bufferViews"][0].update(byteOffset=10**9), lambda t: t["nodes"][0].update(children=[0]),
    lambda t: t["meshes"][0]["primitives"][0]["attributes"].update(POSITION=99),
    lambda t: t["meshes"][0]["primitives"][0].update(material=7), lambda t: t.update(scene=3),
    lambda t: t["nodes"][0].update(matrix=[float("nan")] * 16),
    lambda t: t["accessors"][0].update(type="VEC9"), lambda t: t["bufferViews"][1].update(byteLength=-4),
])
def test_damaged_gltf(damage: object, tmp_path: Path) -> None:
    tree, blob = makers.gltf_document()
    damage(tree)  # type: ignore[operator]
    (tmp_path / "a.glb").write_bytes(makers.as_glb(tree, blob))
    with pytest.raises(BadMesh):
        load_model(tmp_path / "a.glb")


def test_sixteen_bits_and_alpha(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    Image.fromarray((np.arange(64).reshape(8, 8) * 1000).astype(np.uint16)).save(tmp_path / "red.png")
    makers.picture(tmp_path / "blue.png", mode="RGBA")
    model = load_model(path)
    assert any("16 bits" in warning for warning in model.warnings)
    deep, clear = model.source.file.materials
    assert deep.texture is not None
    assert 0.9 < float(deep.texture.max()) <= 1
    assert clear.alpha is not None


def test_axes_twice_is_a_bad_option(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    with pytest.raises(BadOption, match="same axis"):
        load_model(path, MeshConfig(up="z", forward="-z"))

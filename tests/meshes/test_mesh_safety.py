"""What a mesh file may do to us: nothing. All that a writer needs is checked when the file is read; paint is kept."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import makers
import numpy as np
import pytest
from PIL import Image

from twinbrush.base.errors import BadMesh
from twinbrush.base.image import MAX_COPIED_PIXELS
from twinbrush.meshes import pictures, write
from twinbrush.meshes.read import load_model, read_file
from twinbrush.meshes.triangulate import cut_polygon
from twinbrush.meshes.write import model_files, write_model_or_plain


def _tree(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def _gltf(folder: Path) -> Path:
    """A textured cube as JSON."""
    return makers.cube_gltf(folder)


def _files(path: Path) -> dict[str, bytes]:
    """The whole way: read, moved, painted, written."""
    model = load_model(path)
    assert model.mesh.texture is not None
    return model_files(model, model.mesh.vertices * 1.01, model.mesh.texture, "out")


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(animations=[{}]),
        lambda tree: tree.update(animations=[{"samplers": [{}], "channels": []}]),
        lambda tree: tree["meshes"].append({}),
        lambda tree: tree.update(extras={"value": float("nan")}),
        lambda tree: tree.update(extras={"value": 1e999}),
        lambda tree: tree["asset"].update(extras=[float("-inf")]),
    ],
)
def test_what_only_a_writer_meets_is_written_back(change: Any, tmp_path: Path) -> None:
    path = _gltf(tmp_path)
    tree = _tree(path)
    change(tree)
    path.write_text(json.dumps(tree))
    written = _files(path)
    json.loads(written["out.gltf"], parse_constant=lambda word: pytest.fail(word))


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(extensionsRequired=5),
        lambda tree: tree["bufferViews"][0].update(byteLength=float("inf")),
        lambda tree: tree["bufferViews"][0].update(byteOffset=float("nan")),
        lambda tree: tree["accessors"][0].update(count=1e999),
        lambda tree: tree["materials"][0].update(normalTexture={"index": 99}),
        lambda tree: tree["materials"][0]["pbrMetallicRoughness"].update(baseColorTexture={"index": 99}),
        lambda tree: tree.update(images=[*tree["images"], {"uri": "../../secret.png"}],
                                 textures=[*tree["textures"], {"source": len(tree["images"])}],
                                 materials=[{**tree["materials"][0], "normalTexture": {"index": len(tree["textures"])}},
                                            *tree["materials"][1:]]),
        lambda tree: tree.update(animations=5),
        lambda tree: tree.update(skins=[5]),
        lambda tree: tree.update(nodes="cube"),
        lambda tree: tree.update(images=None),
        lambda tree: tree.update(scene=-7),
    ],
)  # fmt: skip
def test_what_cannot_be_written_back_is_refused_when_it_is_read(change: Any, tmp_path: Path) -> None:
    path = _gltf(tmp_path)
    tree = _tree(path)
    change(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(BadMesh) as caught:
        load_model(path)
    assert "cube" in caught.value.problem
    assert caught.value.remedy


def test_an_stl_may_be_called_like_its_own_keywords(tmp_path: Path) -> None:
    facet = "facet normal 0 0 1\n outer loop\n  vertex 0 0 {z}\n  vertex 1 0 0\n  vertex 0 1 0\n endloop\nendfacet\n"
    name = "facet normal vertex 1 2 3"
    path = tmp_path / "a.stl"
    path.write_text(f"solid {name}\n{facet.format(z=0)}{facet.format(z=1)}endsolid {name}\n")
    written = _files(path)["out.stl"].decode()
    assert written.startswith(f"solid {name}\n")
    assert written.count("vertex") == 6 + 2
    (tmp_path / "b.stl").write_text(written)
    assert len(read_file(tmp_path / "b.stl").polygons.sizes) == 2


def test_a_ply_that_names_a_property_twice_is_told(tmp_path: Path) -> None:
    head = "ply\nformat {kind} 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n{more}"
    head += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    for kind, more, says in (("ascii", "property float x\n", "property of 'vertex' 'x' twice"),
                             ("binary_little_endian", "property float z\n", "property of 'vertex' 'z' twice"),
                             ("ascii", "element vertex 3\n", "element 'vertex' twice")):  # fmt: skip
        path = tmp_path / "a.ply"
        path.write_bytes(head.format(kind=kind, more=more).encode() + b"0 0 0 0\n" * 200)
        with pytest.raises(BadMesh, match=says):
            read_file(path)


@pytest.mark.parametrize("name", ["out.glb", "out.obj", "OUT.GLB", "manifest.json", "viewer.html", "sheet.png"])
def test_what_a_material_names_never_takes_a_results_place(name: str, tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    (tmp_path / name).write_bytes(b"theirs")
    library = tmp_path / "cube.mtl"
    library.write_text(library.read_text() + f"refl {name}\nrefl {name}\n")
    written = _files(path)
    (copy,) = [file for file, data in written.items() if data == b"theirs"]
    assert copy == f"map_{name}"
    assert written["out.glb"].startswith(b"glTF")
    assert written["out.mtl"].count(f"refl {copy}".encode()) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
def test_a_pipe_beside_a_mesh_is_no_texture_and_no_material(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    (tmp_path / "red.png").unlink()
    os.mkfifo(tmp_path / "red.png")
    load_model(path)
    (tmp_path / "cube.mtl").unlink()
    os.mkfifo(tmp_path / "cube.mtl")
    load_model(path)


@pytest.mark.parametrize("fault", ["ours", "the file's"])
def test_laid_paint_is_never_lost(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(makers.cube_obj(tmp_path))
    assert model.mesh.texture is not None

    def fail(*_: object) -> dict[str, bytes]:
        raise KeyError("a fault") if fault == "ours" else BadMesh(f"{tmp_path / 'cube.obj'}: a fault", "")

    monkeypatch.setattr(write, "_obj", fail)
    out = tmp_path / "out"
    (warning,) = write_model_or_plain(model, model.mesh.vertices * 1.01, model.mesh.texture, out, "cube")
    assert "cube.obj" in warning
    assert "a fault" in warning
    assert "plain" in warning
    assert str(tmp_path) not in warning
    assert (out / "cube.glb").read_bytes().startswith(b"glTF")
    assert [p.name for p in out.iterdir()] == ["cube.glb"]


def _area(flat: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    return ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])) / 2


def _star(count: int) -> np.ndarray:
    angle = np.arange(count) * 2 * np.pi / count
    return (1 + 0.3 * np.sin(0.045 * count * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def _straight(count: int) -> np.ndarray:
    """A square with all other corners on its lower side."""
    x = np.linspace(0, 1, count - 2)
    return np.concatenate([np.stack([x, 0 * x], 1), [[1, 1], [0, 1]]])


def _frame(count: int) -> np.ndarray:
    """Corners along all four sides of a square."""
    t = np.linspace(0, 1, count // 4, endpoint=False)
    return np.concatenate([np.stack(p, 1) for p in ((t, 0 * t), (0 * t + 1, t), (1 - t, 0 * t + 1), (0 * t, 1 - t))])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    "flat", [_star(20_000), _straight(2_000), _frame(400), _star(40)], ids=["star", "line", "frame", "few"]
)
def test_large_polygons_are_cut_whole_in_little_time(flat: np.ndarray, axis: int, reverse: bool) -> None:
    flat = flat[::-1].copy() if reverse else flat
    points = np.insert(flat, axis, 0.5, axis=1)
    before = time.process_time()
    triangles = cut_polygon(points)
    assert time.process_time() - before < 5
    assert len(triangles) == len(flat) - 2
    assert set(triangles.ravel().tolist()) == set(range(len(flat)))  # no corner is left out: neighbours see no gap
    areas = _area(flat, triangles)
    second = np.arange(1, len(flat) - 1)
    whole = _area(flat, np.stack([0 * second, second, second + 1], 1)).sum()
    np.testing.assert_allclose(areas.sum(), whole, rtol=1e-9)
    assert (areas * np.sign(whole) > -1e-12).all()
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    twice = {tuple(e) for e in edges.tolist()}
    inner = sum((b, a) in twice for a, b in twice)
    assert len(twice) == len(edges)
    assert len(edges) - inner == len(flat)  # the open edges are the outline's


def test_a_large_polygon_that_crosses_itself_is_told() -> None:
    rng = np.random.default_rng(0)
    points = np.insert(rng.uniform(size=(3000, 2)), 2, 0.0, axis=1)
    with pytest.raises(BadMesh, match="crosses itself"):
        cut_polygon(points)


@pytest.mark.parametrize("odd", ["property float red", "property list uchar int red", "property uchar green"])
def test_a_ply_with_a_part_of_a_colour_comes_back_with_a_whole_one(odd: str, tmp_path: Path) -> None:
    value = "1 7" if "list" in odd else "7"
    rows = [f"{x} {y} {z} {value}" for x, y, z in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    header = ["ply", "format ascii 1.0", "element vertex 4", "property float x", "property float y", "property float z",
              odd, "element face 4", "property list uchar int vertex_indices", "end_header"]
    faces = ["3 0 2 1", "3 0 1 3", "3 1 2 3", "3 0 3 2"]
    path = tmp_path / "a.ply"
    path.write_text("\n".join([*header, *rows, *faces, ""]))
    model = load_model(path)
    texture = np.random.default_rng(0).uniform(0, 1, (64, 64, 3)).astype(np.float32)
    files = model_files(model, model.mesh.vertices * 1.5, texture, "out")
    back = tmp_path / "out.ply"
    back.write_bytes(files["out.ply"])
    assert load_model(back).coloured


def test_a_name_that_no_file_can_have_is_no_file(tmp_path: Path) -> None:
    path, faces = tmp_path / "a.obj", "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n"
    path.write_text(f"mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nusemtl m\n{faces}")
    (tmp_path / "a.mtl").write_text(f"newmtl m\nKd 1 0 0\nmap_Kd {'9' * 5000}.png\n")
    assert any("is not there" in warning for warning in load_model(path).warnings)


def test_a_signalling_nan_is_refused_without_a_warning(tmp_path: Path) -> None:
    path = makers.cube_stl(tmp_path)
    data = bytearray(path.read_bytes())
    data[84 + 12 : 84 + 16] = b"\x01\x00\xa0\x7f"
    path.write_bytes(data)
    with pytest.raises(BadMesh):  # warnings are errors here
        load_model(path)


@pytest.mark.parametrize("size", [(5200, 5800), (6000, 100)])
def test_large_textures_are_reduced_before_they_are_floats(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.webp"
    Image.new("L", size, 90).save(path, method=0)
    largest: list[int] = []
    floats = pictures._floats
    monkeypatch.setattr(pictures, "_floats", lambda p, *rest: (largest.append(max(p.size)), floats(p, *rest))[1])
    found = pictures.read_texture(path)
    if size[0] * size[1] > MAX_COPIED_PIXELS:
        assert found == "texture a.webp: 5200 x 5800 is more than 30 million pixels; it is left out."
    else:
        assert isinstance(found, pictures.Picture)
        assert largest == [4096]
        assert found.notes == ("texture a.webp: reduced from 6000 x 100 to 4096 x 68.",)


@pytest.mark.parametrize("library", [
    "newmtl red paint\nmap_Kd -s 1 1 1\nnewmtl blue\nbump -bm 1\n",  # options without a file
    "map_Kd red.png\nnewmtl red paint\nmap_Kd red.png\n",  # a map of no material
    "newmtl blue\nmap_Kd\x85red.png\nKd 1 0 0\x0bmap_Kd red.png\n",  # ends of lines for Python's text alone
])
def test_what_is_read_of_a_material_can_be_written_back(library: str, tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    (tmp_path / "cube.mtl").write_bytes(library.encode())
    assert "out.mtl" in _files(path)


@pytest.mark.parametrize("library", [
    "map_Kd ../a.png\nnewmtl red paint\n", "newmtl blue\nmap_Kd ../a.png\nmap_Kd blue.png\n",
    "newmtl blue\nnewmtl blue\nmap_Bump ../a.png\n", "newmtl blue\nmap_Kd a\0b.png\nmap_Kd blue.png\n",
])
def test_every_file_that_a_material_names_is_checked_when_it_is_read(library: str, tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    (tmp_path / "cube.mtl").write_bytes(library.encode())
    with pytest.raises(BadMesh):
        load_model(path)


@pytest.mark.parametrize("scale", [[1e-200, 1e-200, 1e-200], [0, 1e300, 1e-310], [1e-320, 2, 2]])
def test_a_node_that_is_scaled_to_nothing_is_left_alone(scale: list[float], tmp_path: Path) -> None:
    path = _gltf(tmp_path)
    tree = _tree(path)
    for node in tree["nodes"]:
        node.pop("matrix", None)
        node["scale"] = scale
        node["rotation"] = [0, 0.70710678, 0, 0.70710678]
    path.write_text(json.dumps(tree))
    with pytest.raises(BadMesh):  # nothing is left to work on
        load_model(path)

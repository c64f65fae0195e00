"""What artists and validators see in the written files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import makers
import numpy as np
import pytest
import trimesh

from twinbrush.base.errors import BadMesh, OutputError
from twinbrush.meshes.read import load_model, read_file
from twinbrush.meshes.write import write_model

TOOLS = Path(__file__).parents[1] / "tools"
MODULES = Path(os.environ.get("TWINBRUSH_NODE_TOOLS", Path(__file__).parents[2] / ".tools"))


def painted(path: Path, folder: Path, colour: tuple[float, float, float] = (0.2, 0.6, 0.4)) -> list[Path]:
    """The model moved a little, in one colour."""
    model = load_model(path)
    texture = np.tile(np.array(colour, np.float32), (64, 64, 1))
    return write_model(model, model.mesh.vertices * 1.01, texture, folder, "out")


def test_khronos_validator_finds_no_errors(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("node or gltf-validator is missing (see tests/export/test_gltf.py)")
    files = []
    for number, make in enumerate((makers.cube_glb, makers.cube_obj, lambda f: makers.cube_glb(f, colours=True))):
        folder = tmp_path / str(number)
        folder.mkdir()
        painted(make(folder), folder / "out")
        files.append(folder / "out" / "out.glb")
    command = [node, str(TOOLS / "validate_glb.mjs"), str(MODULES), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reports = json.loads(done.stdout)
    assert len(reports) == 3
    for file, report in reports.items():
        found = report["issues"]
        assert (found["numErrors"], found["numWarnings"]) == (0, 0), (file, found["messages"])


def test_gltf_keeps_scene_names_and_materials(tmp_path: Path) -> None:
    painted(makers.cube_gltf(tmp_path), tmp_path / "out")
    tree = json.loads((tmp_path / "out" / "out.gltf").read_text())
    assert [node.get("name") for node in tree["nodes"]] == ["root", "here", "there"]
    assert [material["name"] for material in tree["materials"]] == ["wood", "tin"]
    assert tree["nodes"][1]["mesh"] != tree["nodes"][2]["mesh"]  # each moves on its own
    assert tree["nodes"][2]["scale"] == [2, 2, 2]
    assert (tmp_path / "out" / tree["buffers"][0]["uri"]).stat().st_size == tree["buffers"][0]["byteLength"]
    shown = {tree["images"][texture["source"]]["uri"] for texture in tree["textures"]}
    assert all((tmp_path / "out" / name).is_file() for name in shown)


@pytest.mark.parametrize("make", [makers.cube_glb, makers.cube_gltf, lambda f: makers.cube_glb(f, colours=True)])
def test_the_new_colour_is_all_there_is(make: object, tmp_path: Path) -> None:
    painted(make(tmp_path), tmp_path / "out")  # type: ignore[operator]
    again = load_model(tmp_path / "out" / "out.glb")
    assert again.mesh.texture is not None
    np.testing.assert_allclose(again.mesh.texture[8:-8, 8:-8].reshape(-1, 3).mean(0), (0.2, 0.6, 0.4), atol=0.02)


def test_trimesh_reads_what_we_write(tmp_path: Path) -> None:
    for number, make in enumerate((makers.cube_obj, makers.cube_ply, makers.cube_stl, makers.cube_glb)):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = painted(make(folder), folder / "out")
        mesh = trimesh.load_mesh(files[-1]) if files[-1].suffix != ".mtl" else None
        assert mesh is not None
        assert len(mesh.faces) in (12, 24)


def test_vertices_of_a_plain_ply_get_colours(tmp_path: Path) -> None:
    painted(makers.cube_ply(tmp_path, kind="binary_big_endian"), tmp_path / "out")
    colours = read_file(tmp_path / "out" / "out.ply").polygons.colours
    assert colours is not None
    np.testing.assert_allclose(colours, np.tile((0.2, 0.6, 0.4), (8, 1)), atol=0.01)


def test_stray_properties_of_a_ply_stay(tmp_path: Path) -> None:
    painted(makers.cube_ply(tmp_path, extra=True), tmp_path / "out")
    lines = (tmp_path / "out" / "out.ply").read_text().splitlines()
    rows = lines[lines.index("end_header") + 1 :][:8]
    assert [row.split()[6] for row in rows] == [str(70 + k) for k in range(8)]


def test_other_maps_come_along(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    with (tmp_path / "cube.mtl").open("a") as library:
        library.write("map_Bump -bm 0.5 bump map.png\n")
    makers.picture(tmp_path / "bump map.png")
    painted(path, tmp_path / "out")
    text = (tmp_path / "out" / "out.mtl").read_text()
    assert "map_Bump -bm 0.5 bump_map.png" in text
    assert (tmp_path / "out" / "bump_map.png").is_file()


def test_opacity_is_kept(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    makers.picture(tmp_path / "red.png", mode="RGBA", seed=8)
    painted(path, tmp_path / "out")
    before, after = (read_file(p).materials[0].alpha for p in (path, tmp_path / "out" / "out.obj"))
    assert before is not None
    assert after is not None
    assert abs(float(before.mean()) - float(after.mean())) < 0.02


def test_unreferenced_vertices_stay_where_they_are(tmp_path: Path) -> None:
    points = np.vstack([makers.CUBE, [[9, 9, 9], [0, 0, 0]]])  # nobody's, and one at the place of vertex 0
    painted(makers.plain_obj(tmp_path / "a.obj", points, makers.QUADS), tmp_path / "out")
    after = read_file(tmp_path / "out" / "out.obj").polygons.positions
    np.testing.assert_array_equal(after[8], [9, 9, 9])
    np.testing.assert_array_equal(after[9], after[0])
    assert not np.array_equal(after[0], points[0])


def test_failures_say_so(tmp_path: Path) -> None:
    model = load_model(makers.cube_obj(tmp_path))
    texture = np.zeros((8, 8, 3), np.float32)
    with pytest.raises(BadMesh):
        write_model(model, model.mesh.vertices[:-1], texture, tmp_path, "out")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        write_model(model, model.mesh.vertices, texture, tmp_path / "file", "out")

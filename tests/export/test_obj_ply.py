"""OBJ and PLY: round trips through trimesh."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import trimesh

from twinbrush.base.mesh import Mesh
from twinbrush.meshes.plain.obj import obj_files, safe_name, write_obj
from twinbrush.meshes.plain.ply import ply_bytes, write_ply
from twinbrush.meshes.plain.surface import sample_texture


def test_obj_round_trip(bust: Mesh, tmp_path: Path) -> None:
    paths = write_obj(bust, tmp_path, name="portrait")
    assert sorted(p.name for p in paths) == ["portrait.mtl", "portrait.obj", "portrait.png"]
    mesh = trimesh.load_mesh(tmp_path / "portrait.obj", process=False)
    corners, expected = mesh.triangles, bust.vertices[bust.faces]
    np.testing.assert_allclose(corners, expected, atol=1e-4)
    np.testing.assert_allclose(mesh.visual.uv[mesh.faces], bust.uv[bust.faces], atol=1e-6)
    assert tuple(mesh.visual.material.diffuse[:3]) == (255, 255, 255)  # Kd 1: not darkened
    np.testing.assert_array_equal(
        np.asarray(mesh.visual.material.image.convert("RGB")), np.round(bust.texture * 255).astype(np.uint8)
    )


def test_obj_names_have_no_spaces_and_no_folders(bust: Mesh) -> None:
    files = obj_files(bust, name="../Ana María 1")
    assert set(files) == {"Ana_Mar_a_1.obj", "Ana_Mar_a_1.mtl", "Ana_Mar_a_1.png"}
    assert b"mtllib Ana_Mar_a_1.mtl\n" in files["Ana_Mar_a_1.obj"]
    assert b"map_Kd Ana_Mar_a_1.png\n" in files["Ana_Mar_a_1.mtl"]
    assert safe_name("///") == "portrait"


def test_obj_without_texture_has_no_map(bust: Mesh) -> None:
    files = obj_files(Mesh(bust.vertices, bust.faces), name="x")
    assert set(files) == {"x.obj", "x.mtl"}
    assert b"map_Kd" not in files["x.mtl"]
    mesh = trimesh.load_mesh(io.BytesIO(files["x.obj"]), file_type="obj", process=False)
    np.testing.assert_allclose(mesh.triangles, bust.vertices[bust.faces], atol=1e-4)


def test_ply_round_trip(bust: Mesh, tmp_path: Path) -> None:
    write_ply(bust, tmp_path / "portrait.ply", texture_file="portrait.png")
    assert b"comment TextureFile portrait.png\n" in (tmp_path / "portrait.ply").read_bytes()
    mesh = trimesh.load_mesh(tmp_path / "portrait.ply", process=False)
    np.testing.assert_allclose(mesh.vertices, bust.vertices, atol=1e-4)
    np.testing.assert_array_equal(mesh.faces, bust.faces)
    raw = mesh.metadata["_ply_raw"]["vertex"]["data"]
    np.testing.assert_allclose(np.stack([raw["s"], raw["t"]], 1), bust.uv, atol=1e-6)
    colours = np.stack([raw["red"], raw["green"], raw["blue"]], 1)
    np.testing.assert_allclose(colours / 255, sample_texture(bust.texture, bust.uv), atol=0.51 / 255)


def test_ply_without_texture(bust: Mesh) -> None:
    assert b"red" not in ply_bytes(Mesh(bust.vertices, bust.faces)).split(b"end_header")[0]


def test_texture_is_sampled_at_texel_centres() -> None:
    texture = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    uv = np.array([[(x + 0.5) / 4, 1 - (y + 0.5) / 2] for y in range(2) for x in range(4)])
    np.testing.assert_allclose(sample_texture(texture, uv), texture.reshape(-1, 3))
    middle = sample_texture(texture, np.array([[0.5, 0.5]]))[0]
    np.testing.assert_allclose(middle, texture[:, 1:3].mean((0, 1)))
    np.testing.assert_allclose(sample_texture(texture, np.array([[0.0, 1.0]]))[0], texture[0, 0])


def test_same_mesh_same_bytes(bust: Mesh) -> None:
    assert obj_files(bust, name="x") == obj_files(bust, name="x")
    assert ply_bytes(bust) == ply_bytes(bust)

"""Any mesh in, the same mesh back: identity keeps bytes, movement arrives, in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import makers
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinbrush.base.errors import BadMesh
from twinbrush.maths.overlap import overlap_share
from twinbrush.meshes.read import load_model, read_file
from twinbrush.meshes.values import SourceModel
from twinbrush.meshes.write import write_model

MAKERS: dict[str, Callable[[Path], Path]] = {
    "obj": makers.cube_obj,
    "obj-crlf": lambda f: makers.cube_obj(f, newline="\r\n"),
    "obj-plain": lambda f: makers.plain_obj(f / "p.obj", makers.CUBE, makers.QUADS),
    "ply-ascii": makers.cube_ply,
    "ply-little": lambda f: makers.cube_ply(f, kind="binary_little_endian", extra=True),
    "ply-big": lambda f: makers.cube_ply(f, kind="binary_big_endian", extra=True),
    "ply-uv": lambda f: makers.cube_ply(f, uv=True),
    "stl": makers.cube_stl,
    "stl-ascii": lambda f: makers.cube_stl(f, binary=False),
    "glb": makers.cube_glb,
    "glb-colours": lambda f: makers.cube_glb(f, colours=True),
    "gltf": makers.cube_gltf,
    "gltf-embedded": lambda f: makers.cube_gltf(f, embedded=True),
}


@pytest.fixture(params=MAKERS, ids=str)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return MAKERS[request.param](tmp_path)


def written(model: SourceModel, vertices: np.ndarray, folder: Path) -> Path:
    """The file in the model's own format."""
    assert model.mesh.texture is not None
    files = write_model(model, vertices, model.mesh.texture, folder, "out")
    assert (folder / "out.glb").is_file()
    return next(f for f in files if f.suffix == f".{model.source.file.format}")


def surface(path: Path) -> np.ndarray:
    """The corners of all polygons, in order."""
    polygons = read_file(path).polygons
    return polygons.positions[polygons.corners]


def test_the_working_mesh_is_whole(made: Path) -> None:
    model = load_model(made)
    mesh = model.mesh
    assert mesh.uv is not None
    assert mesh.texture is not None
    assert mesh.texture.dtype == np.float32
    assert 0 <= mesh.uv.min() <= mesh.uv.max() <= 1
    assert overlap_share(mesh.uv[mesh.faces]) < 0.002
    np.testing.assert_allclose(np.linalg.norm(np.ptp(mesh.vertices, axis=0)), 300)
    np.testing.assert_allclose(mesh.vertices.min(0) + mesh.vertices.max(0), 0, atol=1e-9)
    assert len(np.unique(np.round(mesh.vertices, 6), axis=0)) == model.welded_count
    np.testing.assert_array_equal(mesh.vertices, mesh.vertices[model.first][model.welded])


def test_identity_keeps_topology_and_places(made: Path, tmp_path: Path) -> None:
    model = load_model(made)
    back = written(model, model.mesh.vertices, tmp_path / "out")
    before, after = read_file(made).polygons, read_file(back).polygons
    np.testing.assert_array_equal(before.sizes, after.sizes)
    np.testing.assert_array_equal(before.material, after.material)
    np.testing.assert_array_equal(surface(made), surface(back))
    names = [m.name for m in read_file(back).materials]
    assert names == [m.name for m in read_file(made).materials]


def test_movement_arrives_in_the_files_own_frame(made: Path, tmp_path: Path) -> None:
    model = load_model(made)
    move = np.array([3.0, -5.0, 7.0]) + 0.05 * model.mesh.vertices[:, ::-1]
    back = written(model, model.mesh.vertices + move, tmp_path / "out")
    world = surface(made) @ model.to_world[:3, :3].T + model.to_world[:3, 3]
    expected = world + np.array([3.0, -5.0, 7.0]) + 0.05 * world[:, ::-1]
    got = surface(back) @ model.to_world[:3, :3].T + model.to_world[:3, 3]
    np.testing.assert_allclose(got, expected, atol=300e-6)


def test_the_files_own_glb_reads_as_the_same_shape(made: Path, tmp_path: Path) -> None:
    model = load_model(made)
    written(model, model.mesh.vertices, tmp_path / "out")
    again = load_model(tmp_path / "out" / "out.glb")
    assert len(again.mesh.faces) == len(model.mesh.faces)
    np.testing.assert_allclose(np.sort(again.mesh.vertices[again.first], axis=0).mean(0),
                               np.sort(model.mesh.vertices[model.first], axis=0).mean(0), atol=1e-3)


def test_colours_survive_a_round_trip(made: Path, tmp_path: Path) -> None:
    model = load_model(made)
    back = load_model(written(model, model.mesh.vertices, tmp_path / "out"))
    if model.source.file.format == "stl":
        assert not back.coloured
        return
    assert back.coloured or not np.ptp(model.mesh.texture, axis=(0, 1)).max() > 0.05
    for one in (0, len(model.mesh.faces) // 2):
        assert np.abs(centre_colour(model, one) - centre_colour(back, one)).max() < 0.2


def centre_colour(model: SourceModel, face: int) -> np.ndarray:
    """The texture near the middle of a triangle, averaged."""
    assert model.mesh.uv is not None
    assert model.mesh.texture is not None
    rng = np.random.default_rng(0).dirichlet((4, 4, 4), 400)
    uv = rng @ model.mesh.uv[model.mesh.faces[face]]
    height, width = model.mesh.texture.shape[:2]
    x = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    y = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return model.mesh.texture[y, x].mean(0)


def test_obj_identity_changes_only_the_material_file(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    model = load_model(path)
    back = written(model, model.mesh.vertices, tmp_path / "out")
    assert back.read_bytes() == path.read_bytes().replace(b"mtllib cube.mtl", b"mtllib out.mtl")
    library = (tmp_path / "out" / "out.mtl").read_text()
    assert "newmtl red paint" in library
    assert "Ns 12" in library


def test_moved_normals_turn_with_the_surface(tmp_path: Path) -> None:
    """Hard edges stay hard: every normal of the cube is still its face's after a shear."""
    model = load_model(makers.cube_glb(tmp_path))
    sheared = model.mesh.vertices.copy()
    sheared[:, 0] += 0.5 * sheared[:, 1]
    back = written(model, sheared, tmp_path / "out")
    from twinbrush.meshes.gltf import attribute, primitive_triangles
    from twinbrush.meshes.gltf_document import read_document

    document = read_document(back, back.read_bytes())
    for mesh in document.tree["meshes"]:
        for primitive in mesh["primitives"]:
            points = attribute(back, document, primitive["attributes"]["POSITION"])
            normals = attribute(back, document, primitive["attributes"]["NORMAL"])
            faces = primitive_triangles(back, document, primitive, len(points))
            a, b, c = (points[faces[:, k]] for k in range(3))
            face = np.cross(b - a, c - a)
            face /= np.linalg.norm(face, axis=1, keepdims=True)
            for corner in range(3):
                np.testing.assert_allclose(normals[faces[:, corner]], face, atol=1e-4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_small_obj_comes_back(data: st.DataObject, tmp_path: Path) -> None:
    count = data.draw(st.integers(3, 8))
    number = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: float(np.round(x, 4)))
    points = np.array(data.draw(st.lists(st.tuples(number, number, number), min_size=count, max_size=count)))
    face = st.lists(st.integers(0, count - 1), min_size=3, max_size=5, unique=True)
    faces = data.draw(st.lists(face, min_size=1, max_size=6))
    path = makers.plain_obj(tmp_path / "any.obj", points, faces)
    try:
        model = load_model(path)
    except BadMesh:  # no triangle with an area; the tests of bad input look at the words
        return
    back = written(model, model.mesh.vertices, tmp_path / "out")
    before, after = read_file(path).polygons, read_file(back).polygons
    np.testing.assert_array_equal(before.corners, after.corners)
    np.testing.assert_array_equal(before.positions, after.positions)

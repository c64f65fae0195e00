"""Heads with known geometry, written as OBJ in any orientation: found, turned to the front, landmarks lifted."""

from __future__ import annotations

from pathlib import Path

import makers
import numpy as np
import pytest
import trimesh
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from twinbrush.base.camera import INTERPUPILLARY_MM, project
from twinbrush.base.errors import ModelFileError
from twinbrush.base.mesh import Region
from twinbrush.base.models import ensure_models
from twinbrush.config import PortraitConfig
from twinbrush.faces.indices import CHIN, FOREHEAD_TOP, NOSE_TIP
from twinbrush.meshes.front import FoundFront, find_portrait
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.sculpt.portrait.geometry import eye_centres


@pytest.fixture(scope="module", autouse=True)
def networks() -> None:
    try:
        ensure_models()
    except ModelFileError as error:
        pytest.skip(str(error))


def head(
    shared_data: Path, folder: Path, name: str, turn: np.ndarray
) -> tuple[SourceModel, FoundFront | None, np.ndarray]:
    """Model, result, and the head's own axes (rows: right, up, forward) in the world of the model."""
    data = np.load(shared_data / "heads" / f"{name}.npz")
    points = data["vertices_mm"].astype(float) * [1, -1, 1]  # y is down in the file
    own = Rotation.from_euler("yx", [float(data["yaw_degrees"]), -float(data["pitch_degrees"])], degrees=True)
    path = makers.plain_obj(folder / "head.obj", np.round((points - points.mean(0)) @ turn.T, 3), data["faces"])
    model = load_model(path)
    to_world = model.to_world[:3, :3] / np.cbrt(np.linalg.det(model.to_world[:3, :3]))
    return model, find_portrait(model, PortraitConfig()), (to_world @ turn @ own.as_matrix()).T


@pytest.mark.parametrize(("name", "turn"), [
    ("head0_yaw20_pitch0", Rotation.identity()),
    ("head2_yaw-10_pitch10", Rotation.from_euler("xz", [90, 70], degrees=True)),  # z up, looking aside
])
def test_the_front_is_found(shared_data: Path, tmp_path: Path, name: str, turn: Rotation) -> None:
    model, found, axes = head(shared_data, tmp_path, name, turn.as_matrix())
    assert found is not None
    portrait = found.portrait
    linear = found.to_portrait[:3, :3] / np.cbrt(np.linalg.det(found.to_portrait[:3, :3]))
    seen = linear @ axes.T  # the head's axes in the portrait's frame: nearly the identity
    off = np.degrees(Rotation.from_matrix(seen).magnitude())
    assert off < 12
    mesh = portrait.mesh
    np.testing.assert_array_equal(mesh.faces, model.mesh.faces)
    np.testing.assert_allclose(mesh.vertices,
                               model.mesh.vertices @ found.to_portrait[:3, :3].T + found.to_portrait[:3, 3])
    left, right = eye_centres(portrait.landmarks_xyz)
    assert np.linalg.norm(right - left) == pytest.approx(INTERPUPILLARY_MM, rel=0.05)
    assert np.linalg.norm((left + right) / 2) < 4
    assert portrait.landmarks_xyz[FOREHEAD_TOP, 1] > 20
    assert portrait.landmarks_xyz[CHIN, 1] < -50
    near = KDTree(mesh.vertices).query(portrait.landmarks_xyz)[0]
    assert np.percentile(near, 90) < 4  # on the surface
    nose = portrait.landmarks_xyz[NOSE_TIP]
    around = mesh.vertices[np.linalg.norm(mesh.vertices - nose, axis=1) < 15]
    assert nose[2] > np.percentile(around[:, 2], 80)  # the tip stands out


def test_a_portrait_is_consistent(shared_data: Path, tmp_path: Path) -> None:
    _, found, _ = head(shared_data, tmp_path, "head1_yaw0_pitch0", np.eye(3))
    assert found is not None
    portrait = found.portrait
    pixels = project(portrait.camera, portrait.landmarks_xyz)[0]
    away = np.linalg.norm(pixels - portrait.face.landmarks[:, :2], axis=1)
    assert np.percentile(away, 90) < 4
    assert portrait.image.shape[:2] == portrait.matte.shape == portrait.regions.shape
    assert portrait.mesh.regions is not None
    assert portrait.mesh.regions.shape == (len(portrait.mesh.vertices),)
    nose = KDTree(portrait.mesh.vertices).query(portrait.landmarks_xyz[NOSE_TIP])[1]
    assert portrait.mesh.regions[nose] == Region.SKIN
    assert ((portrait.regions > 0) == (portrait.matte > 0)).all()


def test_a_ball_has_no_face(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(3)
    model = load_model(makers.plain_obj(tmp_path / "a.obj", ball.vertices, ball.faces))
    assert find_portrait(model, PortraitConfig()) is None

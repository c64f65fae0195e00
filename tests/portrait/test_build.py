"""The portrait of a real photo (the astronaut)."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
from tests.portrait.faces import aligned, astronaut, need_models

from twinbrush.camera import project
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.export.surface import sample_texture
from twinbrush.faces import indices
from twinbrush.faces.face import find_face
from twinbrush.faces.values import Face
from twinbrush.mesh import Region, border_edges, vertex_normals
from twinbrush.portrait.build import build_portrait
from twinbrush.portrait.values import Portrait
from twinbrush.progress import Step


@lru_cache(maxsize=1)
def _face() -> Face:
    need_models()
    return find_face(astronaut(), FaceConfig(), where="astronaut")


@lru_cache(maxsize=1)
def _portrait() -> Portrait:
    return build_portrait(astronaut(), _face(), PortraitConfig(grid=200))


def test_portrait_is_consistent_with_its_camera_and_picture() -> None:
    portrait = _portrait()
    mesh, size = portrait.mesh, portrait.image.shape[0]
    assert portrait.image.shape == (size, size, 3)
    assert mesh.uv is not None
    pixels, _ = project(portrait.camera, mesh.vertices)
    uv = np.stack([(pixels[:, 0] + 0.5) / size, 1 - (pixels[:, 1] + 0.5) / size], axis=1)
    assert np.abs(uv - mesh.uv).max() < 1e-9
    landmarks, _ = project(portrait.camera, portrait.landmarks_xyz)
    assert np.abs(landmarks - portrait.face.landmarks[:, :2]).max() < 1e-6
    eyes = portrait.landmarks_xyz[[33, 133, 362, 263]].mean(0)
    assert np.abs(eyes).max() < 10


def test_portrait_has_the_shape_of_a_head() -> None:
    portrait = _portrait()
    vertices, faces = portrait.mesh.vertices, portrait.mesh.faces
    z = portrait.landmarks_xyz[:, 2]
    assert z[indices.NOSE_TIP] > z[indices.FOREHEAD_TOP] + 8
    assert 100 < np.ptp(vertices[:, 2]) < 220
    assert (vertex_normals(vertices, faces)[:, 2] > 0).mean() > 0.98
    tip = portrait.landmarks_xyz[indices.NOSE_TIP]
    at_tip = np.hypot(*(vertices[:, :2] - tip[:2]).T) < 3
    assert abs(vertices[at_tip, 2].max() - tip[2]) < 3
    below = portrait.landmarks_xyz[indices.CHIN] - [0, 22, 0]
    near = np.hypot(*(vertices[:, :2] - below[:2]).T) < 4
    assert vertices[near, 2].max() < z[indices.CHIN] - 12  # a real step under the chin
    assert set(np.unique(portrait.mesh.regions)) >= {Region.SKIN, Region.HAIR}


def test_the_head_under_the_portrait_is_in_its_frame_and_follows_the_outline() -> None:
    """A cropped head's is fitted to the outline; one that the photo cuts off is not."""
    portrait = _portrait()
    assert portrait.head is not None
    away = np.abs(portrait.head.landmarks_xyz - portrait.landmarks_xyz)
    assert np.median(away[:, 2]) < 2.5
    pixels, _ = project(portrait.camera, portrait.head.landmarks_xyz)
    off = np.linalg.norm(pixels - portrait.face.landmarks[:, :2], axis=1)
    assert np.median(off) < 0.03 * portrait.face.height_px


def test_portrait_is_one_piece_without_repeated_faces() -> None:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    mesh = _portrait().mesh
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(mesh.vertices),) * 2)
    assert connected_components(graph, directed=False)[0] == 1
    assert len(np.unique(np.sort(mesh.faces, axis=1), axis=0)) == len(mesh.faces)


def test_no_background_in_the_pictures_rim() -> None:
    portrait = _portrait()
    outside = portrait.matte < 0.05
    assert outside.any()
    assert np.isfinite(portrait.image).all()
    assert portrait.mesh.texture is portrait.image


def test_progress_and_determinism() -> None:
    steps: list[Step] = []
    again = build_portrait(astronaut(), _face(), PortraitConfig(grid=200), progress=steps.append)
    assert [s.done for s in steps] == [0, 1, 2, 3]
    assert np.array_equal(again.mesh.vertices, _portrait().mesh.vertices)
    assert np.array_equal(again.image, _portrait().image)


def test_face_error_on_heads_with_known_geometry(shared_data) -> None:  # type: ignore[no-untyped-def]
    """The coarse surface is nearer to the truth than 1.8 mm (benchmarks/portrait_error.py has the whole table)."""
    from scipy.spatial import cKDTree

    from twinbrush.image import load_image

    need_models()
    name = "head2_yaw0_pitch0"
    picture = load_image(shared_data / "heads" / f"{name}.png").pixels
    with np.load(shared_data / "heads" / f"{name}.npz") as file:
        truth = {key: file[key] for key in file}
    face = find_face(picture, FaceConfig(), where=name)
    portrait = build_portrait(picture, face, PortraitConfig(grid=160))
    seen = truth["visible"] & truth["face_region"]
    points = truth["vertices_mm"][seen] * [1.0, -1.0, 1.0]
    surface = portrait.mesh.vertices - portrait.landmarks_xyz[indices.NOSE_TIP]
    tip = points[points[:, 2].argmax()]
    central = np.linalg.norm(points - tip, axis=1) < 60
    start = surface[cKDTree(surface).query(points[central] - tip)[1]]
    distance, _ = cKDTree(aligned(surface, points[central], start)).query(points[central])
    assert distance.mean() < 1.8


@pytest.mark.parametrize("everything", [False, True])
def test_a_round_picture_lends_the_busts_ends_no_background(everything: bool) -> None:
    """The corners of a round avatar are white: no vertex along the portrait's border may show that."""
    picture = cv2.resize(astronaut()[:270, 88:358], (540, 540), interpolation=cv2.INTER_CUBIC)
    ys, xs = np.mgrid[:540, :540]
    picture = np.where((np.hypot(xs - 269.5, ys - 269.5) < 215)[..., None], np.clip(picture, 0, 1), 1.0)
    picture = picture.astype(np.float32)
    mask = np.ones((540, 540), np.float32) if everything else None  # a careless mask must show, else this test is blind
    face = find_face(picture, FaceConfig(), where="avatar")
    mesh = build_portrait(picture, face, PortraitConfig(grid=160), mask=mask).mesh
    assert mesh.texture is not None
    assert mesh.uv is not None
    border = np.unique(border_edges(mesh.faces))
    low = border[mesh.vertices[border, 1] < -60]
    white = (sample_texture(mesh.texture, mesh.uv[low]).min(1) > 0.9).mean()
    assert white > 0.1 if everything else white < 0.03

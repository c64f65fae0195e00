"""A head that came as a mesh in a frame of its own: its shape and paint are those of the portrait on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synthetic import aligned_to, bust, widened
from twinbrush import mesh_heads
from twinbrush.config import FAST, ReconstructConfig, ViewsConfig
from twinbrush.correspond.values import AlignedStyle
from twinbrush.faces.values import Face
from twinbrush.image import LoadedImage
from twinbrush.inputs import Input
from twinbrush.mesh import Mesh, Region
from twinbrush.meshes.front import FoundFront
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.reconstruct.shape import reconstruct
from twinbrush.stylize.geometry import warp_to_targets
from twinbrush.stylize.surround.heads import Head, paint_head
from twinbrush.stylize.values import Stylization
from twinbrush.views.render import render_views
from twinbrush.views.values import ViewSet


def write_obj(mesh: Mesh, path: Path) -> Path:
    assert mesh.uv is not None
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uv]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in mesh.faces + 1]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[SourceModel, FoundFront, ViewSet, AlignedStyle, Stylization]:
    """The synthetic bust through a file, and the front of it that would have been found."""
    portrait = bust(grid=64)
    model = load_model(write_obj(portrait.mesh, tmp_path_factory.mktemp("head") / "head.obj"))
    low, high = portrait.mesh.vertices.min(0), portrait.mesh.vertices.max(0)
    scale = float(np.linalg.norm(high - low)) / 300.0
    to_portrait = np.eye(4)
    to_portrait[:3, :3] *= scale
    to_portrait[:3, 3] = (low + high) / 2
    vertices = model.mesh.vertices * scale + (low + high) / 2
    assert portrait.mesh.regions is not None
    mesh = replace(model.mesh, vertices=vertices, regions=np.full(len(vertices), Region.SKIN, np.uint8))
    portrait = replace(portrait, mesh=mesh)
    views = render_views(portrait, ViewsConfig(size=128))
    aligned = aligned_to(views, widened(views.landmarks_xyz))
    warp = warp_to_targets(views, aligned)
    front = Stylization(views.images * 0 + np.float32(0.3), warp.warped, "guided", warp.log)
    return model, FoundFront(portrait, to_portrait, ()), views, aligned, front


def test_the_shape_is_the_portrait_s_in_the_mesh_s_own_frame(scene: tuple) -> None:
    model, found, views, aligned, front = scene
    shape = mesh_heads._shape(model, found, views, aligned, front)
    today = reconstruct(found.portrait, views, aligned, front.warped, ReconstructConfig())
    scale = np.linalg.norm(found.to_portrait[:3, 0])
    diagonal = float(np.linalg.norm(np.ptp(found.portrait.mesh.vertices, axis=0)))
    away = np.linalg.norm(shape.displacement * scale - today.displacement, axis=1) / diagonal
    assert np.linalg.norm(today.displacement, axis=1).mean() / diagonal > 0.01
    assert np.median(away) < 0.001
    np.testing.assert_allclose(shape.mesh.vertices, model.mesh.vertices + shape.displacement)


def test_the_pair_s_painting_lies_on_the_front(scene: tuple) -> None:
    model, found, _, aligned, front = scene
    mesh = found.portrait.mesh
    head = Head(mesh, mesh.vertices, model.welded, model.coloured)
    still = replace(front, warped=scene[2])  # painted on the shape as it is
    views = ViewsConfig(size=128, views=4)
    paint, log, cameras = paint_head(head, aligned, still, views, FAST.stylize, 128, seed=0)
    weight = paint.layer[..., 3].ravel()[paint.texels.place]
    colour = paint.layer[..., :3].reshape(-1, 3)[paint.texels.place] / np.maximum(weight, 1e-6)[:, None]
    points = paint.texels.at(mesh.vertices, mesh.faces)
    nose = paint.texels.inside & (np.hypot(points[:, 0], points[:, 1] + 40) < 15) & (weight > 0.5)
    assert nose.sum() > 20
    assert np.abs(colour[nose] - 0.3).mean() < 0.05
    assert len(cameras) == 6
    assert log["match_cost"] >= 0


def test_hair_goes_on_behind_where_there_is_any(scene: tuple) -> None:
    clay, found, *_ = scene
    model = replace(clay, coloured=True)
    mesh = found.portrait.mesh
    bald = mesh_heads._with_back(found, model)
    assert (bald == Region.SKIN).all()
    labels = np.where(mesh.vertices[:, 1] > 40, Region.HAIR, Region.SKIN).astype(np.uint8)
    hairy = replace(found, portrait=replace(found.portrait, mesh=replace(mesh, regions=labels)))
    front = mesh.vertices[:, 2] > found.portrait.landmarks_xyz[:, 2].min()
    np.testing.assert_array_equal(mesh_heads._with_back(hairy, model)[front], labels[front])
    turned = replace(mesh, vertices=mesh.vertices * [-1, 1, -1] - [0, 0, 150], regions=labels)  # its back, to us
    away = replace(found, portrait=replace(found.portrait, mesh=turned))
    high = turned.vertices[:, 1] > found.portrait.landmarks_xyz[mesh_heads.LIP, 1]
    assert (mesh_heads._with_back(away, model)[high] == Region.HAIR).mean() > 0.8 > (labels[high] == Region.HAIR).mean()
    np.testing.assert_array_equal(mesh_heads._with_back(away, clay), labels)  # clay: by place, ears stay skin


def test_a_head_s_keys_change_with_the_content_of_the_weights(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"one")
    face = Face(np.zeros((468, 3)), np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))
    art = Input(LoadedImage(np.zeros((4, 5, 3), np.float32), None, "a", "style.png"), face, None, "style", ())
    config = replace(FAST, stylize=replace(FAST.stylize, extractor="vgg19-low", weights=weights))
    before = mesh_heads.head_keys("front", art, config)
    assert before == mesh_heads.head_keys("front", art, config)
    weights.write_bytes(b"two")
    after = mesh_heads.head_keys("front", art, config)
    assert {name for name in before if before[name] != after[name]} == {"stylize", "shape", "paint"}

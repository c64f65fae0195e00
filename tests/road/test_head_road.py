"""A head that came as a mesh: the template carries the form, the mesh goes with it, and is painted as a figure is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synthetic import bust
from twinbrush.base.camera import INTERPUPILLARY_MM
from twinbrush.base.mesh import Mesh, Region
from twinbrush.meshes.front import FoundFront
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.road import head_road
from twinbrush.sculpt.portrait.geometry import CAMERA_DISTANCE_IPD
from twinbrush.shape.displacement import ShapeResult


def write_obj(mesh: Mesh, path: Path) -> Path:
    assert mesh.uv is not None
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uv]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in mesh.faces + 1]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[SourceModel, FoundFront]:
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
    return model, FoundFront(replace(portrait, mesh=mesh), to_portrait, ())


def test_the_surface_to_paint_is_the_mesh_in_its_form(scene: tuple[SourceModel, FoundFront]) -> None:
    model, found = scene
    shift = np.tile([3.0, -2.0, 1.0], (len(model.mesh.vertices), 1))
    shape = ShapeResult(model.mesh.moved(model.mesh.vertices + shift), shift, 1.0)
    surface = head_road.surface_of(model, found, shape)
    scale = float(np.linalg.norm(found.to_portrait[:3, 0]))
    np.testing.assert_allclose(surface.mesh.vertices, found.portrait.mesh.vertices + scale * shift[0], atol=1e-9)
    np.testing.assert_allclose(surface.landmarks_xyz, found.portrait.landmarks_xyz + scale * shift[0], atol=1e-9)
    assert surface.coloured == model.coloured
    for vertex, copy in zip(*np.unique(model.welded, return_index=True), strict=True):
        same = surface.place == surface.place[copy]
        assert (model.welded[same] == vertex).all()


def test_hair_goes_on_behind_where_there_is_any(scene: tuple[SourceModel, FoundFront]) -> None:
    clay, found = scene
    model = replace(clay, coloured=True)
    mesh = found.portrait.mesh
    bald = head_road.with_back(found, model)
    assert (bald == Region.SKIN).all()
    labels = np.where(mesh.vertices[:, 1] > 40, Region.HAIR, Region.SKIN).astype(np.uint8)
    hairy = replace(found, portrait=replace(found.portrait, mesh=replace(mesh, regions=labels)))
    front = mesh.vertices[:, 2] > found.portrait.landmarks_xyz[:, 2].min()
    np.testing.assert_array_equal(head_road.with_back(hairy, model)[front], labels[front])
    turned = replace(mesh, vertices=mesh.vertices * [-1, 1, -1] - [0, 0, 150], regions=labels)  # its back, to us
    away = replace(found, portrait=replace(found.portrait, mesh=turned))
    high = turned.vertices[:, 1] > found.portrait.landmarks_xyz[head_road.LIP, 1]
    assert (head_road.with_back(away, model)[high] == Region.HAIR).mean() > 0.8 > (labels[high] == Region.HAIR).mean()
    np.testing.assert_array_equal(head_road.with_back(away, clay), labels)  # clay: by place, ears stay skin


def test_the_mesh_goes_with_the_template_and_a_body_stays() -> None:
    from twinbrush.base.camera import look_at_origin
    from twinbrush.sculpt.assemble import part_mesh
    from twinbrush.sculpt.template import template
    from twinbrush.sculpt.values import Figure, HeadFit, Part
    from twinbrush.shape.on_mesh import mesh_displacement

    model = template()
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    camera = look_at_origin(0.0, 0.0, distance, distance, 64, 64)
    points = model.landmarks(model.mean)
    fit = HeadFit(
        camera, np.zeros(len(model.modes)), np.zeros(len(model.expressions.names)), model.mean, model.mean,
        np.ones(468), np.zeros((468, 2)), 1.0)

    def figure(vertices: np.ndarray) -> Figure:
        part = Part("Head", part_mesh(vertices, model.layout), np.zeros(3))
        return Figure((part,), np.zeros((4, 4, 3)), points, camera, fit)

    wide = model.mean * [1.2, 1.0, 1.0]
    face = model.landmarks(model.mean)[::20]
    far_below = np.array([[0.0, -1200.0, -40.0], [80.0, -900.0, 0.0]])
    moved = mesh_displacement(
        model, figure(model.mean), figure(wide), np.concatenate([face, far_below]), distance)
    np.testing.assert_allclose(moved[:-2], face * [0.2, 0, 0], atol=1.5)
    np.testing.assert_allclose(moved[-2:], 0, atol=0.5)

"""Agreement of views: measured where the texture shows in full, and at the painted size."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from rounds import cube_sphere
from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh
from twinbrush.paint.round import agreement
from twinbrush.paint.round.agreement import enlarged, ring_consistency
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import around
from twinbrush.views.values import joined

SIZE = 96


def ring(mesh: Mesh, count: int = 8, elevation: float = 0.0) -> tuple[Camera, ...]:
    turns = np.arange(count) * 2 * np.pi / count
    return around(mesh.vertices, turns, np.full(count, np.radians(elevation)), size=SIZE, distance_mm=1000)


@pytest.fixture(scope="module")
def speckled() -> Mesh:
    """An ellipsoid with strokes of some four texels."""
    texture = np.random.default_rng(0).uniform(size=(64, 64, 1)).repeat(4, axis=0).repeat(4, axis=1).repeat(3, axis=2)
    return cube_sphere()[0].painted(texture.astype(np.float32))


def test_a_plain_surface_agrees_and_a_busy_one_better_where_it_shows_in_full(speckled: Mesh) -> None:
    cameras = ring(speckled)
    plain = ring_consistency(speckled.painted(np.full((256, 256, 3), 0.5, np.float32)), cameras)
    assert plain["consistency_worst_pair"] < 1e-6
    busy = ring_consistency(speckled, cameras)
    assert busy["consistency_pixels"] > 1.3 * SIZE
    assert busy["consistency_worst_pair"] < 0.8 * busy["consistency_painted_size"]
    assert busy["consistency_mean_absolute"] <= busy["consistency_worst_pair"]
    assert busy["consistency_pointwise_worst_pair"] < 0.8 * busy["consistency_pointwise_painted_size"]
    for name in ("mean_absolute", "worst_pair", "painted_size"):
        assert busy[f"consistency_{name}"] < 0.8 * busy[f"consistency_pointwise_{name}"]


@pytest.mark.parametrize("wrong", ["colour", "moved"])
def test_a_view_that_is_wrong_makes_its_pairs_the_worst(
    speckled: Mesh, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    cameras = ring(speckled)
    soft = speckled.painted(cv2.GaussianBlur(np.asarray(speckled.texture), (0, 0), 3.0))
    good = ring_consistency(soft, cameras)
    assert good["consistency_worst_pair"] < 0.008
    render = agreement._seen

    def seen(mesh: Mesh, camera: Camera) -> agreement.ViewSet | None:
        views = render(mesh, camera)
        if views is None or not np.allclose(camera.world_to_camera, cameras[3].world_to_camera):
            return views
        return replace(views, images=views.images * 0.94 if wrong == "colour" else np.roll(views.images, 1, axis=2))

    monkeypatch.setattr(agreement, "_seen", seen)
    bad = ring_consistency(soft, cameras)
    assert bad["consistency_worst_pair"] > 0.015
    assert bad["consistency_mean_absolute"] < 0.6 * bad["consistency_worst_pair"]


def test_views_are_as_large_as_the_texture_is_fine(speckled: Mesh) -> None:
    coarse = speckled.painted(np.full((16, 16, 3), 0.5, np.float32))
    found = ring_consistency(coarse, ring(coarse))
    assert found["consistency_pixels"] == SIZE  # a texel is larger than a pixel already
    twice = replace(speckled, texture=np.zeros((512, 512, 3), np.float32))
    sizes = [ring_consistency(mesh, ring(mesh, 3))["consistency_pixels"] for mesh in (speckled, twice)]
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.02)


def test_one_texel_a_pixel_on_a_flat_sheet() -> None:
    corners = np.array([[-50.0, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]])
    sheet = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]), (corners[:, :2] + 50) / 100, np.zeros((512, 512, 3)))
    camera = around(corners, np.zeros(1), np.zeros(1), size=SIZE, distance_mm=1000)[0]
    side = np.ptp(project(camera, corners)[0][:, 0])
    assert agreement.full_size(sheet, [camera]) == pytest.approx(512 / side, rel=1e-6)


def test_every_neighbour_is_compared_once_and_caps_are_not(
    speckled: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float]] = []

    def note(images: np.ndarray, views: agreement.ViewSet) -> dict[str, float]:
        azimuths = [np.degrees(np.arctan2(-c.world_to_camera[2, 0], -c.world_to_camera[2, 2])) for c in views.cameras]
        seen.append((round(azimuths[0]) % 360, round(azimuths[1]) % 360))
        return {"mean_absolute": 0.0, "delta_e": 0.0, "pointwise_mean_absolute": 0.0}

    monkeypatch.setattr(agreement, "footprint_consistency", note)
    coarse = speckled.painted(np.full((16, 16, 3), 0.5, np.float32))
    ring_consistency(coarse, (*ring(coarse, 4), *ring(coarse, 2, 65.0)))
    assert {frozenset(pair) for pair in seen} == {frozenset(p) for p in ((0, 90), (90, 180), (180, 270), (270, 0))}
    assert len(seen) == 4


def test_an_enlarged_camera_sees_the_same(speckled: Mesh) -> None:
    camera = ring(speckled)[1]
    pixels = project(camera, speckled.vertices)[0]
    larger = enlarged(camera, 2.5)
    assert (larger.width, larger.height) == (240, 240)
    np.testing.assert_allclose(project(larger, speckled.vertices)[0], (pixels + 0.5) * 2.5 - 0.5)


def test_joined_views_are_those_rendered_together(speckled: Mesh) -> None:
    cameras = ring(speckled)[:2]
    together = render_mesh_views(speckled, np.zeros((0, 3)), cameras)
    apart = joined(*(render_mesh_views(speckled, np.zeros((0, 3)), (camera,)) for camera in cameras))
    for name in ("images", "face_index", "depth", "vertex_pixels", "vertex_visible"):
        np.testing.assert_array_equal(getattr(apart, name), getattr(together, name))
    assert apart.cameras == together.cameras

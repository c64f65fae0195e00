"""Rig, rendering and correspondence on a bust whose geometry is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from synthetic import bust, rig, stereo_views
from twinbrush.camera import project, unproject
from twinbrush.errors import BadMesh
from twinbrush.views.consistency import view_consistency
from twinbrush.views.correspondence import mutual_points, surface_pixels, transfer_map
from twinbrush.views.render import vertex_depths, warp_views
from twinbrush.views.rig import MARGIN, mean_camera
from twinbrush.views.values import ViewSet

HALF_DEGREES = 20.0  # far apart, so that the nose and the chin hide something


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust(), half_degrees=HALF_DEGREES)


def test_rig_stands_left_to_right_and_fits_the_portrait() -> None:
    portrait = bust()
    left, right = rig(portrait, half_degrees=HALF_DEGREES)
    assert left.centre_xyz[0] < right.centre_xyz[0]
    axes = [camera.world_to_camera[2, :3] for camera in (left, right)]
    assert np.degrees(np.arccos(axes[0] @ axes[1])) == pytest.approx(40)
    pixels = np.concatenate([project(camera, portrait.mesh.vertices)[0] for camera in (left, right)])
    low, high = 128 * MARGIN - 0.51, 128 * (1 - MARGIN) - 0.49
    assert pixels.min() > low
    assert pixels.max() < high
    assert max(pixels.max() - high, low - pixels.min()) == pytest.approx(0, abs=0.1)  # and fills the view


def test_mean_camera_looks_from_straight_ahead() -> None:
    cameras = rig(bust(), half_degrees=HALF_DEGREES, count=3)
    middle = mean_camera((cameras[0], cameras[2]))
    np.testing.assert_allclose(middle.world_to_camera, cameras[1].world_to_camera, atol=1e-9)
    np.testing.assert_allclose(middle.intrinsics, cameras[1].intrinsics)


def test_rendered_points_are_where_the_projection_says(views: ViewSet) -> None:
    """depth and barycentric of a pixel name a surface point; it projects back to the pixel's centre."""
    for k, camera in enumerate(views.cameras):
        rows, columns = np.nonzero(views.coverage[k])
        centres = np.stack([columns, rows], 1).astype(float)
        corners = views.mesh.vertices[views.mesh.faces[views.face_index[k][rows, columns]]]
        points = np.einsum("pk,pkc->pc", views.barycentric[k][rows, columns].astype(float), corners)
        np.testing.assert_allclose(project(camera, points)[0], centres, atol=1e-4)
        again = unproject(camera, centres, views.depth[k][rows, columns].astype(float))
        np.testing.assert_allclose(again, points, atol=1e-3)


def test_colours_are_those_of_the_texture(views: ViewSet) -> None:
    """The texture's waves are known in closed form, so every pixel's colour is."""
    for k in range(2):
        seen = views.coverage[k]
        corners = views.mesh.uv[views.mesh.faces[views.face_index[k][seen]]]
        u, v = np.einsum("pk,pkc->pc", views.barycentric[k][seen], corners).T
        x, y = u - 0.5 / 192, (1 - v) - 0.5 / 192
        truth = 0.5 + 0.4 * np.stack([np.sin(2 * np.pi * (3 * x + c) + 4 * c * y) for c in range(3)], -1)
        error = np.abs(views.images[k][seen] - truth)
        assert error.mean() < 0.006
        assert np.quantile(error, 0.99) < 0.05


def test_visibility_agrees_with_the_depth_buffer(views: ViewSet) -> None:
    depths = vertex_depths(views)
    assert views.vertex_visible.mean() > 0.95
    assert not views.vertex_visible.all()
    for k in range(2):
        near = np.rint(views.vertex_pixels[k]).astype(int)
        farthest = ndimage.maximum_filter(views.depth[k], 3)[near[:, 1], near[:, 0]]
        hidden = depths[k] > farthest + 1
        assert not views.vertex_visible[k][hidden].any()
        nearest = ndimage.minimum_filter(views.depth[k], 3)[near[:, 1], near[:, 0]]
        assert views.vertex_visible[k][depths[k] < nearest + 0.1].all()


def test_transfer_is_exact_and_returns_to_its_pixel(views: ViewSet) -> None:
    there, valid = transfer_map(views, 0, 1)
    rows, columns = np.nonzero(valid)
    corners = views.mesh.vertices[views.mesh.faces[views.face_index[0][valid]]]
    points = np.einsum("pk,pkc->pc", views.barycentric[0][valid].astype(float), corners)
    np.testing.assert_allclose(there[valid], project(views.cameras[1], points)[0], atol=1e-4)
    back = surface_pixels(views, 0, views.face_index[0][valid], views.barycentric[0][valid])
    np.testing.assert_allclose(back.pixels_xy, np.stack([columns, rows], 1), atol=1e-4)
    assert back.visible.all()


def test_transfer_both_ways_by_the_map_alone(views: ViewSet) -> None:
    """To view 1 and back through its own map (bilinear between its pixels): within a small part of a pixel."""
    there, valid = transfer_map(views, 0, 1)
    back, _ = transfer_map(views, 1, 0)
    rows, columns = np.nonzero(valid)
    x, y = there[valid].T
    x0, y0 = np.clip(np.floor(x).astype(int), 0, 126), np.clip(np.floor(y).astype(int), 0, 126)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    mixed = (back[y0, x0] * (1 - fx) + back[y0, x0 + 1] * fx) * (1 - fy)
    mixed += (back[y0 + 1, x0] * (1 - fx) + back[y0 + 1, x0 + 1] * fx) * fy
    error = np.linalg.norm(mixed - np.stack([columns, rows], 1), axis=1)
    assert np.nanmedian(error) < 0.01
    assert np.nanquantile(error, 0.9) < 0.1


def test_hidden_points_are_not_valid(views: ViewSet) -> None:
    """Where the transfer lands on a nearer surface it must say so."""
    _, valid = transfer_map(views, 0, 1)
    seen = views.coverage[0] & ~valid
    assert 0 < seen.sum() < 0.1 * views.coverage[0].sum()


def test_identity_warp_returns_the_image(views: ViewSet) -> None:
    again = warp_views(views, views.vertex_pixels)
    np.testing.assert_array_equal(again.images, views.images)
    np.testing.assert_array_equal(again.face_index, views.face_index)
    np.testing.assert_allclose(again.landmarks_xy, views.landmarks_xy, atol=1e-12)


def test_whole_pixel_shift_moves_the_picture_and_its_landmarks(views: ViewSet) -> None:
    shift = np.array([3.0, -2.0])
    moved = warp_views(views, views.vertex_pixels + shift)
    np.testing.assert_allclose(moved.landmarks_xy, views.landmarks_xy + shift, atol=1e-9)
    seen = views.coverage[:, 2:, :-3] & moved.coverage[:, :-2, 3:]
    difference = np.abs(moved.images[:, :-2, 3:] - views.images[:, 2:, :-3])[seen]
    assert seen.sum() > 0.95 * views.coverage.sum()
    assert difference.max() < 1e-4


def test_consistency_is_small_for_renders_and_seen_when_broken(views: ViewSet) -> None:
    good = view_consistency(views.images, views)
    assert good["mean_absolute"] < 0.006
    assert good["points"] > 1000
    worse = view_consistency(np.stack([views.images[0], views.images[1] * 0.8]), views)
    assert worse["mean_absolute"] > 10 * good["mean_absolute"]
    assert worse["delta_e_above_5"] > 0.5
    assert len(mutual_points(views, 0, 1).pixels_a) == good["points"]


def test_nothing_of_the_background_bleeds_in(views: ViewSet) -> None:
    """Outside the silhouette the picture continues the colours inside: they stay in the range of the texture."""
    outside = views.images[~views.coverage]
    inside = views.images[views.coverage]
    assert outside.min() >= inside.min() - 0.02
    assert outside.max() <= inside.max() + 0.02
    assert (views.regions > 0).all()


def test_mesh_without_texture_is_refused() -> None:
    portrait = bust()
    with pytest.raises(BadMesh):
        stereo_views(replace(portrait, mesh=replace(portrait.mesh, texture=None)))

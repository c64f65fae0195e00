"""The warp of the views: reaches its targets, keeps the views in agreement, leaves the shoulders, backs off in need."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic import aligned_to, bust, stereo_views, widened
from twinbrush.camera import project
from twinbrush.stylize.control import control_points
from twinbrush.stylize.geometry import WarpResult, fold_over_share, warp_to_targets
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust())


@pytest.fixture(scope="module")
def result(views: ViewSet) -> WarpResult:
    return warp_to_targets(views, aligned_to(views, widened(views.landmarks_xyz)))


def test_landmarks_arrive_where_they_shall(views: ViewSet, result: WarpResult) -> None:
    aligned = aligned_to(views, widened(views.landmarks_xyz))
    before = np.linalg.norm(views.landmarks_xy - aligned.target_xy, axis=-1)
    after = np.linalg.norm(result.warped.landmarks_xy - aligned.target_xy, axis=-1)
    assert before.mean() > 1.5
    assert after.mean() < 0.1 * before.mean()


def test_views_agree_and_nothing_folds(result: WarpResult) -> None:
    assert result.skew_px < 0.1
    assert result.fold_overs < 1e-3
    assert result.strength_factor == 1
    assert result.warnings == ()


def test_ears_follow_the_face_and_shoulders_stay(views: ViewSet, result: WarpResult) -> None:
    moved = np.linalg.norm(result.vertex_pixels - views.vertex_pixels, axis=-1).mean(0)
    x, y, _ = views.mesh.vertices.T
    sides, shoulders = (np.abs(x) > 72) & (np.abs(y) < 30), y < -170
    assert sides.sum() > 10
    assert shoulders.sum() > 10
    assert moved[sides].mean() > 2.5
    assert moved[shoulders].mean() < 0.1 * moved[sides].mean()


def test_no_motion_asked_no_motion_made(views: ViewSet) -> None:
    still = warp_to_targets(views, aligned_to(views, views.landmarks_xyz))
    np.testing.assert_allclose(still.vertex_pixels, views.vertex_pixels, atol=1e-6)
    np.testing.assert_allclose(still.warped.images, views.images, atol=1e-3)


def test_hidden_vertices_go_where_the_solid_goes(views: ViewSet) -> None:
    """They are projected from the 3D deformation, not pushed through the spline of what hides them."""
    wide = stereo_views(bust(), half_degrees=20.0)
    moved = warp_to_targets(wide, aligned_to(wide, widened(wide.landmarks_xyz)))
    hidden = ~wide.vertex_visible.all(0)
    assert hidden.any()
    solid = moved.control.deformation().apply(wide.mesh.vertices[hidden])
    for k, camera in enumerate(wide.cameras):
        unseen = ~wide.vertex_visible[k][hidden]
        np.testing.assert_allclose(moved.vertex_pixels[k][hidden][unseen], project(camera, solid)[0][unseen], atol=1e-9)


def test_an_impossible_wish_is_backed_off_and_reported(views: ViewSet) -> None:
    """A head three times as wide would leave the picture."""
    result = warp_to_targets(views, aligned_to(views, widened(views.landmarks_xyz, 2.0)))
    assert result.strength_factor < 0.9
    assert len(result.warnings) == 1
    assert result.log["strength_factor"] == result.strength_factor


def test_the_head_stays_in_the_picture(views: ViewSet) -> None:
    result = warp_to_targets(views, aligned_to(views, views.landmarks_xyz + np.array([0, 45, 0])))
    assert result.strength_factor < 1
    assert "leave the picture" in result.warnings[0]
    assert result.vertex_pixels.min() > 0


def test_turned_faces_are_counted(views: ViewSet) -> None:
    assert fold_over_share(views, views.vertex_pixels) == 0
    mirrored = views.vertex_pixels * [-1, 1]
    assert fold_over_share(views, mirrored) > 0.99


def test_surroundings_continue_the_rim() -> None:
    """A face moved as a whole takes its surroundings along; far below the chin they stay."""
    portrait = bust()
    vertices = portrait.mesh.vertices
    shift = np.array([4.0, 0.0, 0.0])
    control = control_points(
        vertices, np.ones(len(vertices), bool), portrait.landmarks_xyz, portrait.landmarks_xyz + shift
    )
    moved = control.target_xyz - control.source_xyz
    high, low = control.source_xyz[:, 1] > 0, control.source_xyz[:, 1] < -250
    assert (moved[high, 0] > 3.9).all()
    assert (moved[high, 0] < 5.5).all()
    np.testing.assert_allclose(moved[low], 0, atol=1e-9)

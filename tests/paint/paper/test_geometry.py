"""What a warp of the views may not do, and the points that steer it: ears follow the face, shoulders stay."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic import bust, stereo_views, widened
from twinbrush.base.camera import project
from twinbrush.paint.paper.control import control_points
from twinbrush.paint.paper.geometry import fold_over_share, skew_px, trouble
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust())


def warped(views: ViewSet, moved_xyz: np.ndarray) -> np.ndarray:
    """Every vertex moved in space by the steering points of `moved_xyz`, seen by each view."""
    everywhere = np.ones(len(views.mesh.vertices), bool)
    control = control_points(views.mesh.vertices, everywhere, views.landmarks_xyz, moved_xyz)
    moved = control.deformation().apply(views.mesh.vertices)
    return np.stack([project(camera, moved)[0] for camera in views.cameras])


def told(views: ViewSet, pixels: np.ndarray) -> str:
    return trouble(views, pixels, fold_over_share(views, pixels), skew_px(views, pixels))


def test_ears_follow_the_face_and_shoulders_stay(views: ViewSet) -> None:
    pixels = warped(views, widened(views.landmarks_xyz))
    assert told(views, pixels) == ""
    assert skew_px(views, pixels) < 0.1
    moved = np.linalg.norm(pixels - views.vertex_pixels, axis=-1).mean(0)
    x, y, _ = views.mesh.vertices.T
    sides, shoulders = (np.abs(x) > 72) & (np.abs(y) < 30), y < -170
    assert sides.sum() > 10
    assert shoulders.sum() > 10
    assert moved[sides].mean() > 2.5
    assert moved[shoulders].mean() < 0.1 * moved[sides].mean()


def test_views_that_are_moved_apart_disagree(views: ViewSet) -> None:
    pixels = views.vertex_pixels.copy()
    assert skew_px(views, pixels) < 1e-6
    pixels[0, :, 1] += 3.0
    assert skew_px(views, pixels) == pytest.approx(1.5, abs=0.05)
    assert "disagree" in told(views, pixels)


def test_a_head_that_would_leave_the_picture_is_told(views: ViewSet) -> None:
    assert told(views, views.vertex_pixels) == ""
    assert "leave the picture" in told(views, views.vertex_pixels - [0, 20])


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

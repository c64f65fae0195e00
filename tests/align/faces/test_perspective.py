"""Eq. 9: homographies agree with the cameras on their plane."""

from __future__ import annotations

import numpy as np

from twinbrush.align.faces.perspective import apply_homography, best_plane, plane_homography, to_views
from twinbrush.base.camera import look_at_origin, project
from twinbrush.faces.face_model import mean_face

CENTRE = look_at_origin(0.0, 0.0, 570.0, 700.0, 256, 256)


def test_a_view_at_azimuth_zero_is_the_canvas() -> None:
    homography = plane_homography(CENTRE, CENTRE, *best_plane(mean_face()))
    np.testing.assert_allclose(homography, np.eye(3), atol=1e-12)


def test_points_of_the_plane_go_where_the_camera_sees_them() -> None:
    rng = np.random.default_rng(0)
    point, normal = best_plane(mean_face())
    across = np.linalg.svd(normal[None])[2][1:]
    plane = point + rng.normal(0, 40, (50, 2)) @ across
    for azimuth in (-0.3, 0.14):
        view = look_at_origin(azimuth, 0.05, 600.0, 720.0, 256, 256)
        moved = apply_homography(plane_homography(CENTRE, view, point, normal), project(CENTRE, plane)[0])
        np.testing.assert_allclose(moved, project(view, plane)[0], atol=1e-8)


def test_the_plane_faces_the_viewer_and_fits() -> None:
    rng = np.random.default_rng(1)
    flat = np.column_stack([rng.normal(0, 30, (80, 2)), rng.normal(0, 1e-9, 80)])
    point, normal = best_plane(flat + np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(normal, [0, 0, 1], atol=1e-8)
    assert abs(point[2] - 3) < 1e-6


def test_images_follow_their_homography() -> None:
    ys, xs = np.mgrid[:64, :64] / 64
    canvas = np.stack([xs, ys, xs * 0], -1).astype(np.float32)
    valid = np.ones((64, 64), bool)
    valid[:, :20] = False
    shift = np.array([[1.0, 0, 5], [0, 1, 0], [0, 0, 1]])
    images, masks = to_views(canvas, valid, np.stack([np.eye(3), shift]))
    np.testing.assert_allclose(images[0], canvas, atol=1e-6)
    np.testing.assert_array_equal(masks[0], valid)
    np.testing.assert_allclose(images[1][:, 10:60], canvas[:, 5:55], atol=1e-4)
    assert not masks[1][:, :25].any()
    assert masks[1][:, 25:].all()

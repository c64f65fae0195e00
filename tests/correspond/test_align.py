"""The whole alignment on a synthetic person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from tests.correspond.people import face, long_nosed
from tests.synthetic import bust, stereo_views

from twinbrush.camera import project
from twinbrush.config import AlignConfig
from twinbrush.correspond.align import _reduced, align_style
from twinbrush.correspond.values import AlignedStyle
from twinbrush.errors import BadOption
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.values import Face
from twinbrush.portrait.values import Portrait
from twinbrush.regions.values import RegionMap
from twinbrush.views.rig import mean_camera
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def scene() -> tuple[Portrait, ViewSet]:
    """A bust with the mean face's landmarks."""
    plain = bust(grid=40)
    xy = project(plain.camera, mean_face())[0]
    posed = face()
    content = replace(posed, landmarks=np.column_stack([xy, -posed.landmarks[:, 2]]) * [1, 1, -1])
    portrait = replace(plain, landmarks_xyz=mean_face(), face=content)
    return portrait, stereo_views(portrait)


def align(scene: tuple[Portrait, ViewSet], style: Face, **options: float) -> AlignedStyle:
    image = np.random.default_rng(0).uniform(0.2, 0.8, (240, 256, 3)).astype(np.float32)
    ones = np.ones((240, 256))
    labels = RegionMap(ones, ones.astype(np.uint8), 0.7 * ones, ones < 0)
    return align_style(image, style, labels, *scene, AlignConfig(**options))


def test_the_style_lies_on_the_content(scene: tuple[Portrait, ViewSet]) -> None:
    style = face(long_nosed(), roll=25, pixels_per_mm=1.1)
    aligned = align(scene, style, strength=1.0)
    content_xy = project(mean_camera(scene[1].cameras), mean_face())[0]
    assert np.linalg.norm(aligned.canvas_landmarks_xy - content_xy, axis=1).mean() < 3
    x, y = np.round(content_xy[4]).astype(int)
    assert aligned.canvas_valid[y, x]
    assert aligned.canvas_regions[y, x] == 1
    assert aligned.canvas_confidence[y, x] == pytest.approx(0.7)
    assert aligned.canvas.shape == (128, 128, 3)
    assert aligned.warnings == ()


def test_a_huge_style_is_reduced_and_lies_where_a_small_one_does(scene: tuple[Portrait, ViewSet]) -> None:
    ys, xs = np.mgrid[:960, :1024] / 1000
    large = np.stack([xs, ys, 0 * xs], -1).astype(np.float32)
    labels = RegionMap(*(np.ones((960, 1024), kind) for kind in (float, np.uint8, float, bool)))
    style = face(centre_xy=(510.0, 440.0), pixels_per_mm=3.2)
    content_xy = project(mean_camera(scene[1].cameras), mean_face())[0]
    small, moved, parts = _reduced(large, style, labels, content_xy)
    assert max(small.shape) < 512
    assert parts.regions.shape == small.shape[:2]
    extent = np.ptp(moved.landmarks[:, :2], axis=0).max() / np.ptp(content_xy, axis=0).max()
    assert extent == pytest.approx(1.6, rel=0.1)
    aligned = align_style(large, style, labels, *scene, AlignConfig())
    for index in (4, 33, 291):
        x, y = aligned.canvas_landmarks_xy[index]
        found = [ndimage.map_coordinates(aligned.canvas[..., c], [[y], [x]], order=1)[0] for c in range(2)]
        np.testing.assert_allclose(found, style.landmarks[index, :2] / 1000, atol=0.0015)


def test_targets_are_linear_in_strength_and_projected(scene: tuple[Portrait, ViewSet]) -> None:
    style = face(long_nosed())
    full, half = align(scene, style, strength=1.0), align(scene, style, strength=0.5)
    np.testing.assert_allclose(full.moved_xyz, full.target_xyz)
    np.testing.assert_allclose(half.moved_xyz - mean_face(), 0.5 * (full.moved_xyz - mean_face()), atol=1e-9)
    none = align(scene, style, strength=0.0)
    for k, camera in enumerate(scene[1].cameras):
        np.testing.assert_allclose(full.target_xy[k], project(camera, full.moved_xyz)[0])
        np.testing.assert_allclose(none.target_xy[k], project(camera, mean_face())[0])
    assert np.abs(full.target_xyz - mean_face()).max() > 2  # mm


def test_a_wide_gap_is_told(scene: tuple[Portrait, ViewSet]) -> None:
    aligned = align(scene, face(yaw=40))
    assert any("degrees" in warning for warning in aligned.warnings)
    assert aligned.pose_gap_degrees == pytest.approx(40, abs=0.1)


def test_strength_out_of_range_is_refused(scene: tuple[Portrait, ViewSet]) -> None:
    for strength in (-0.1, 1.6, float("nan")):
        with pytest.raises(BadOption, match="strength"):
            align(scene, face(), strength=strength)

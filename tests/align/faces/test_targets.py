"""Laws of the targets: nothing for the same face, no say for pose and scale, symmetric, and sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people import face, long_nosed, noisy
from twinbrush.align.faces import targets
from twinbrush.align.faces.limits import keep_mouth_opening, limit_features
from twinbrush.align.faces.metrics import landmark_distance
from twinbrush.align.faces.targets import calmed, head_frame, proportions, sound_field
from twinbrush.faces.face_model import interocular, mean_face, mirror_indices
from twinbrush.maths.field import fit_field

poses = st.tuples(st.floats(-30, 30), st.floats(-20, 20), st.floats(-60, 60))


@settings(max_examples=15, deadline=None)
@given(poses, poses, st.floats(0.3, 4))
def test_the_same_person_moves_nothing(content_pose: tuple, style_pose: tuple, scale: float) -> None:
    content = face(long_nosed(), yaw=content_pose[0], pitch=content_pose[1], roll=content_pose[2])
    style = face(
        long_nosed(), yaw=style_pose[0], pitch=style_pose[1], roll=style_pose[2], pixels_per_mm=scale, centre_xy=(7, -3)
    )
    np.testing.assert_allclose(proportions(content, style), 0, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.floats(-180, 180), st.floats(0.2, 5), st.integers(0, 1000))
def test_turning_and_scaling_the_style_picture_changes_nothing(roll: float, scale: float, seed: int) -> None:
    shape = noisy(long_nosed(), np.random.default_rng(seed))
    plain = proportions(face(), face(shape))
    turned = proportions(face(), face(shape, roll=roll, pixels_per_mm=scale, centre_xy=(-50, 900)))
    np.testing.assert_allclose(turned, plain, atol=1e-6 * interocular(mean_face()))


def test_a_symmetric_style_moves_a_symmetric_face_symmetrically() -> None:
    moved = proportions(face(), face(long_nosed(), yaw=20))
    np.testing.assert_allclose(moved[mirror_indices()] * [-1, 1, 1], moved, atol=0.02)
    assert np.abs(moved).max() > 1


def test_noise_does_not_tilt_the_eyes() -> None:
    rng = np.random.default_rng(3)
    shape = long_nosed()
    shape[shape[:, 0] > 0, 1] += 4  # the right half drawn 4 mm higher
    moved = head_frame(face()) + proportions(face(), face(noisy(shape, rng)))
    level = abs(moved[[33, 133, 159, 145], 1].mean() - moved[[362, 263, 386, 374], 1].mean())
    assert level < 0.25 * 4 * 0.8  # of 4 mm at 0.8 pixels each; the similarity takes a part as roll


def test_the_shape_arrives_near_the_style() -> None:
    here, there = head_frame(face())[:, :2], head_frame(face(long_nosed()))[:, :2]
    moved = here + proportions(face(), face(long_nosed(), source="file68"))[:, :2]
    before, after = landmark_distance(here, there), landmark_distance(moved, there)
    assert after < 0.3 * before


def test_landmarks_from_a_file_are_taken_as_they_are_and_found_ones_unshrunk() -> None:
    given_ones = proportions(face(), face(long_nosed(), source="file68"))
    found = proportions(face(), face(long_nosed()))
    ratio = np.linalg.norm(found[:, :2]) / np.linalg.norm(given_ones[:, :2])
    assert ratio == pytest.approx(targets.UNSHRINK, rel=0.06)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_wild_landmarks_neither_fold_nor_pinch(seed: int) -> None:
    """At the strongest, every small patch keeps its orientation and a quarter of its area."""
    rng = np.random.default_rng(seed)
    points = mean_face()
    unit = interocular(points)
    field = sound_field(points, rng.normal(0, 0.25 * unit, (468, 2)), unit)
    area = np.linalg.det(targets.STRONGEST * field.gradient(points[:, :2]) + np.eye(2))
    assert area.min() >= targets.SMALLEST_AREA


def test_longer_nose_sticks_out_more() -> None:
    shape = mean_face().copy()
    nose = np.linalg.norm((shape - shape[4]) * [1, 0.8, 0], axis=1) < 30
    shape[nose, :2] = shape[4, :2] + 1.35 * (shape[nose, :2] - shape[4, :2])
    moved = proportions(face(), face(shape))
    assert moved[4, 2] > 0.5  # toward the viewer, pixels


def test_an_open_mouth_is_not_copied() -> None:
    content = mean_face()
    style = content.copy()
    lower = [14, 87, 178, 88, 317, 402, 318, 17, 84, 181, 314, 405]
    style[lower, 1] -= 15
    gap = (content[13] - content[14])[1]
    kept = keep_mouth_opening(content, style)
    assert (kept[13] - kept[14])[1] == pytest.approx(1.2 * gap, abs=1e-9)
    np.testing.assert_array_equal(keep_mouth_opening(content, content), content)


def test_features_stay_within_their_limits() -> None:
    content = mean_face()
    style = content.copy()
    eye = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
    style[eye, 1] = style[eye, 1].mean() + 8 * (style[eye, 1] - style[eye, 1].mean())
    limited = limit_features(content, style)
    growth = np.ptp(limited[eye, 1]) / np.ptp(content[eye, 1])
    assert 1.3 < growth < 4.0 < np.ptp(style[eye, 1]) / np.ptp(content[eye, 1])
    np.testing.assert_allclose(limit_features(content, content), content, atol=1e-9)


def test_calming_keeps_what_is_symmetric() -> None:
    moved = long_nosed() - mean_face()
    np.testing.assert_allclose(calmed(moved), moved, atol=1e-3)
    lean = np.zeros((468, 3))
    lean[:, 1] = mean_face()[:, 0]
    np.testing.assert_allclose(calmed(lean), targets.ASYMMETRY_KEPT * lean, atol=1e-3)


def test_field_gradient_is_the_derivative() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(0, 40, (30, 2))
    field = fit_field(points, rng.normal(0, 5, (30, 2)), np.full(30, 0.02), 63.0)
    here, step = rng.normal(0, 30, (7, 2)), 1e-5
    for axis in range(2):
        shift = np.eye(2)[axis] * step
        numeric = (field.at(here + shift) - field.at(here - shift)) / (2 * step)
        np.testing.assert_allclose(field.gradient(here)[:, :, axis], numeric, rtol=1e-5, atol=1e-8)


def test_distance_knows_no_similarity() -> None:
    xy = mean_face()[:, :2]
    c, s = np.cos(0.7), np.sin(0.7)
    assert landmark_distance(3 * xy @ np.array([[c, -s], [s, c]]) + 5, xy) < 1e-9
    assert landmark_distance(long_nosed()[:, :2], xy) > 0.02

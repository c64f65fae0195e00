"""Angles: the round trip, the signs of camera.py, and heads of known pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.photos import need_models
from twinbrush.config import FaceConfig
from twinbrush.faces.face import find_face
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.pose import (
    angles_from_rotation,
    head_rotation,
    posed_mean_face,
    rotation_from_angles,
    shape_residual,
)
from twinbrush.image import load_image

PICTURE = np.array([1.0, -1.0, -1.0])  # world axes <-> picture axes
angle = st.floats(-1.2, 1.2)


@given(angle, angle, st.floats(-3, 3), st.floats(0.1, 50))
def test_pose_of_the_posed_mean_face_is_found(yaw: float, pitch: float, roll: float, scale: float) -> None:
    rotation = rotation_from_angles(yaw, pitch, roll)
    np.testing.assert_allclose(angles_from_rotation(rotation), (yaw, pitch, roll), atol=1e-9)
    landmarks = scale * (mean_face() @ rotation.T) * PICTURE + [100, 50, 7]
    np.testing.assert_allclose(head_rotation(landmarks), rotation, atol=1e-9)
    np.testing.assert_allclose(posed_mean_face(landmarks), landmarks, atol=1e-6)
    assert shape_residual(landmarks) < 1e-9


def test_signs() -> None:
    nose = np.array([0.0, 0.0, 1.0])
    assert (rotation_from_angles(0.3, 0.0, 0.0) @ nose)[0] > 0  # to the picture's right
    assert (rotation_from_angles(0.0, 0.3, 0.0) @ nose)[1] > 0  # looks up
    assert (rotation_from_angles(0.0, 0.0, 0.3) @ [0, 1, 0])[0] > 0  # the top of the head goes right: clockwise


def test_a_shape_that_is_no_face_is_told() -> None:
    noise = np.random.default_rng(0).normal(size=(468, 3)) * 50
    assert shape_residual(noise) > 0.3


def test_known_heads(shared_data: Path) -> None:
    need_models()
    errors: list[tuple[float, float]] = []
    for path in sorted((shared_data / "heads").glob("*.png")):
        _, yaw, pitch = path.stem.split("_")
        face = find_face(load_image(path).pixels, FaceConfig(), where=path.name)
        got_yaw, got_pitch = np.degrees([face.yaw_radians, face.pitch_radians])
        errors.append((got_yaw - float(yaw[3:]), got_pitch - float(pitch[5:])))
        assert abs(np.degrees(face.roll_radians)) < 3
    yaw_error, pitch_error = np.abs(errors).mean(axis=0)
    assert yaw_error < 2.0
    assert pitch_error < 4.0
    assert abs(np.median([e[1] for e in errors])) < 2.5


def test_reflections_are_never_returned() -> None:
    mirrored = mean_face() * PICTURE * [-1, 1, 1]
    assert np.linalg.det(head_rotation(mirrored)) == pytest.approx(1)

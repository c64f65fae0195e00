"""Re-posing: nothing for no turn; a turned head arrives where a turned head is."""

from __future__ import annotations

import numpy as np

from people import face
from twinbrush.align.faces.repose import head_relief, pose_gap, repose, turn_to

SIZE = (256, 240)


def grid(width: int, height: int) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(float)


def test_no_turn_is_the_identity() -> None:
    style = face(yaw=12, pitch=-5, roll=20)
    source = repose(style, np.eye(3), style.landmarks[:, :2], SIZE, SIZE)
    assert source.inside.all()
    np.testing.assert_allclose(source.direct_xy, grid(*SIZE), atol=1e-6)
    np.testing.assert_allclose(source.landmarks_xy, style.landmarks[:, :2], atol=1e-9)
    np.testing.assert_allclose(source.stretch, 1, atol=1e-6)
    assert source.mirrored_weight.max() == 0


def test_the_similarity_is_undone_by_the_map() -> None:
    style = face()
    content_xy = 1.5 * style.landmarks[:, :2] + [4, -30]
    source = repose(style, np.eye(3), content_xy, SIZE, SIZE)
    inside = source.inside
    np.testing.assert_allclose(source.direct_xy[inside], ((grid(*SIZE) - [4, -30]) / 1.5)[inside], atol=1e-6)
    np.testing.assert_allclose(source.stretch[8:150, 12:], 1, atol=1e-5)


def test_a_turned_head_arrives_in_the_other_pose() -> None:
    """Style and content are one person: after re-posing the landmarks coincide, and the map leads back to them."""
    style, content = face(yaw=18, roll=-10), face(yaw=-6)
    assert abs(pose_gap(style, content) - 24) < 1e-6
    source = repose(style, turn_to(style, content), content.landmarks[:, :2], SIZE, SIZE)
    np.testing.assert_allclose(source.landmarks_xy, content.landmarks[:, :2], atol=0.05)
    for index in (4, 33, 263, 61, 291, 9):  # well seen in both poses
        x, y = np.round(source.landmarks_xy[index]).astype(int)
        assert np.linalg.norm(source.direct_xy[y, x] - style.landmarks[index, :2]) < 3.0


def test_half_of_a_pitch_gap_is_believed() -> None:
    turn = turn_to(face(pitch=-20), face())
    angle = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
    np.testing.assert_allclose(angle, 10, atol=1e-6)


def test_the_relief_ends_at_the_plane() -> None:
    style = face()
    relief = head_relief(style)
    heights = relief.height_at(np.array([style.landmarks[4, :2], [0.0, 0.0], [255.0, 239.0]]))
    nose = -style.landmarks[4, 2] - relief.plane_z
    assert abs(heights[0] - nose) < 0.1 * nose
    assert np.abs(heights[1:]).max() < 0.1 * nose


def test_the_hidden_side_comes_from_the_seen_one() -> None:
    style, content = face(yaw=30), face()
    source = repose(style, turn_to(style, content), content.landmarks[:, :2], SIZE, SIZE, mirror=True)
    weight = source.mirrored_weight
    for cheek, other in ((280, 50), (411, 187), (425, 205)):
        right, left = (weight[int(y), int(x)] for x, y in np.round(source.landmarks_xy[[cheek, other]]))
        assert right > 0.8  # turned away in the style: to the picture's right
        assert left == 0
        x, y = np.round(source.landmarks_xy[cheek]).astype(int)
        assert np.linalg.norm(source.mirrored_xy[y, x] - style.landmarks[other, :2]) < 6

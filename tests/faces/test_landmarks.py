"""The detector and the landmark network: geometry of crops, mirror table, and what they say on a real photo."""

from __future__ import annotations

import numpy as np
import pytest

from faces.photos import astronaut, need_models
from twinbrush.faces import detect as detector
from twinbrush.faces import indices
from twinbrush.faces.face_model import eye_centres, interocular, mean_face, mirror_indices
from twinbrush.faces.landmarks import (
    SIDE,
    Roi,
    crop_roi,
    fit_landmarks,
    halvings,
    roi_from_eyes,
    roi_from_landmarks,
)
from twinbrush.faces.refine import refine_on_art


def test_mirror_table_is_an_involution_that_fits_the_mean_face() -> None:
    mirror = mirror_indices()
    np.testing.assert_array_equal(mirror[mirror], np.arange(468))
    np.testing.assert_allclose(mean_face()[mirror] * [-1, 1, 1], mean_face(), atol=2e-3)
    assert mirror[33] == 263
    assert mirror[61] == 291
    assert {mirror[i] for i in indices.EYE_LEFT} == set(indices.EYE_RIGHT)
    assert {mirror[i] for i in indices.BROW_LEFT} == set(indices.BROW_RIGHT)
    assert set(mirror[list(indices.OVAL)]) == set(indices.OVAL)


def test_mean_face_frame() -> None:
    mean = mean_face()
    left, right = eye_centres(mean)
    np.testing.assert_allclose((left + right) / 2, 0, atol=0.01)
    assert abs(interocular(mean) - 63) < 0.01
    assert left[0] < 0 < right[0]
    assert mean[indices.CHIN, 1] < -60 < 30 < mean[indices.FOREHEAD_TOP, 1]  # y up
    assert mean[4, 2] == mean[:, 2].max() > 30  # z toward the viewer


@pytest.mark.parametrize("roll", [0.0, 0.4, -2.0])
@pytest.mark.parametrize("side", [60.0, 300.0])
def test_crop_shows_what_its_map_says(roll: float, side: float) -> None:
    y, x = np.mgrid[:256, :256].astype(np.float32)
    picture = np.stack([x, y, 0 * x], axis=-1) / 255
    roi = Roi((128.0, 120.0), side, roll)
    crop = crop_roi(halvings(picture), roi)
    to_image = roi.to_image()
    for u, v in [(96, 96), (70, 110), (120, 80)]:
        there = to_image[:, :2] @ [u + 0.5, v + 0.5] + to_image[:, 2]
        np.testing.assert_allclose(crop[v, u, :2] * 255, there, atol=0.02)


def test_roi_of_landmarks_contains_them_upright() -> None:
    landmarks = mean_face() * [1, -1, -1] * 3
    c, s = np.cos(0.5), np.sin(0.5)
    turned = landmarks.copy()
    turned[:, :2] = landmarks[:, :2] @ np.array([[c, -s], [s, c]]).T + [300, 200]
    roi = roi_from_landmarks(turned)
    assert abs(roi.roll_radians - 0.5) < 1e-6
    to_image = roi.to_image()
    inside = (turned[:, :2] - to_image[:, 2]) @ np.linalg.inv(to_image[:, :2]).T
    np.testing.assert_allclose(inside.min(axis=0) + inside.max(axis=0), SIDE, atol=1e-6)
    assert np.ptp(inside, axis=0).max() == pytest.approx(SIDE / 1.5)


def test_windows_cover_the_picture() -> None:
    windows = detector.search_windows(640, 360)
    smallest = min(w.side for w in windows)
    covered = np.zeros((360, 640), bool)
    for w in windows:
        if w.side == smallest:
            covered[round(w.y) : round(w.y + w.side), round(w.x) : round(w.x + w.side)] = True
    assert covered.all()


def test_detector_finds_the_astronaut_wherever_she_is() -> None:
    need_models()
    picture = astronaut()
    names = (detector.SHORT_RANGE, detector.FULL_RANGE)
    found = detector.detect(picture, [detector.whole_image(512, 512)], names, 0.5)
    assert len(found) == 1
    x0, y0, x1, y1 = found[0].box_xyxy
    assert 150 < x0 < 190 < 255 < x1 < 290
    assert 50 < y0 < 110 < 155 < y1 < 190
    assert found[0].points_xy[0, 0] < found[0].points_xy[1, 0]
    wide = np.zeros((512, 900, 3), np.float32)
    wide[:, 300:812] = picture
    moved = detector.detect(wide, [detector.Window(300.0, 0.0, 512.0)], names, 0.5)
    np.testing.assert_allclose(np.array(moved[0].box_xyxy) - [300, 0, 300, 0], found[0].box_xyxy, atol=0.5)
    mirrored = detector.detect(np.ascontiguousarray(picture[:, ::-1]), [detector.whole_image(512, 512)], names, 0.5)
    np.testing.assert_allclose(511 - mirrored[0].points_xy[1, 0], found[0].points_xy[0, 0], atol=1.0)


def test_landmarks_follow_mirroring_and_turning() -> None:
    need_models()
    levels = halvings(astronaut())
    roi = roi_from_eyes(np.array([203.0, 107.0]), np.array([240.0, 107.0]), (170.0, 70.0, 275.0, 175.0))
    fit = fit_landmarks(levels, roi, passes=3)
    assert fit.flag > 0.95
    assert fit.spread < 0.05
    mirrored_levels = halvings(np.ascontiguousarray(astronaut()[:, ::-1]))
    x, y = roi.centre_xy
    mirrored = fit_landmarks(mirrored_levels, Roi((511 - x, y), roi.side, -roi.roll_radians), passes=3)
    back = mirrored.landmarks[mirror_indices()] * [-1, 1, 1] + [511, 0, 0]
    assert np.abs(back - fit.landmarks).max() < 0.5
    quarter = halvings(np.ascontiguousarray(np.rot90(astronaut())))  # (x, y) -> (y, 511 - x)
    turned = fit_landmarks(quarter, Roi((y, 511 - x), roi.side, roi.roll_radians - np.pi / 2), passes=3)
    expected = np.stack([fit.landmarks[:, 1], 511 - fit.landmarks[:, 0]], axis=1)
    assert np.abs(turned.landmarks[:, :2] - expected).max() < 0.5


def test_refinement_undoes_a_stretch() -> None:
    """On a face pulled long, as on a caricature, the refined points are nearer to the truth (the pulled points)."""
    need_models()
    levels = halvings(astronaut())
    roi = roi_from_eyes(np.array([203.0, 107.0]), np.array([240.0, 107.0]), (170.0, 70.0, 275.0, 175.0))
    truth = fit_landmarks(levels, roi, passes=3).landmarks
    # rows below the eyes are pulled down: the eyes stay, the mouth goes to 1.5 times its distance
    rows = np.arange(512, dtype=np.float32)
    pulled = np.where(rows < 107, rows, 107 + (rows - 107) / 1.5)
    import cv2

    grid_x, grid_y = np.meshgrid(np.arange(512, dtype=np.float32), pulled.astype(np.float32))
    picture = cv2.remap(astronaut(), grid_x, grid_y, cv2.INTER_LINEAR)
    expected = truth[:, :2].copy()
    expected[:, 1] = np.where(truth[:, 1] < 107, truth[:, 1], 107 + (truth[:, 1] - 107) * 1.5)
    stretched = halvings(np.asarray(picture, np.float32))
    plain = fit_landmarks(stretched, roi, passes=3)
    refined = refine_on_art(stretched, plain)
    mouth = list(indices.LIPS_OUTER)

    def error(points: np.ndarray) -> float:
        return float(np.linalg.norm(points[mouth, :2] - expected[mouth], axis=1).mean())

    assert error(refined.landmarks) < 0.7 * error(plain.landmarks)

"""Relief, trust, untangling, gaze, ears, closed lips, surfaces: each on a case with a known answer."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from heads import SIZE, coefficients, crop_of
from twinbrush.base.camera import Camera, project
from twinbrush.maths.crossings import crossings
from twinbrush.maths.surface import mean_curvature
from twinbrush.sculpt import figure as room
from twinbrush.sculpt.ears import Placing, ear_weights, fitted_ears, placed
from twinbrush.sculpt.features import brow_height, lip_ridge
from twinbrush.sculpt.figure import fit_crop, with_closed_lips
from twinbrush.sculpt.folds import fold_depth
from twinbrush.sculpt.gaze import direction, find_irises, turned
from twinbrush.sculpt.onto import in_head_frame, onto_surface
from twinbrush.sculpt.template import template
from twinbrush.sculpt.trust import trusted
from twinbrush.sculpt.untangle import patch, untangled
from twinbrush.sculpt.values import Eyeball

DISTANCE_MM = 882.0


def front_camera() -> Camera:
    pose = np.c_[np.diag([1.0, -1.0, -1.0]), [0, 0, DISTANCE_MM]]
    focal = SIZE / 420 * DISTANCE_MM
    return Camera(np.array([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1.0]]), pose, SIZE, SIZE)


def test_a_dark_line_on_the_forehead_becomes_a_fold_and_grain_does_not() -> None:
    model, camera = template(), front_camera()
    rng = np.random.default_rng(1)
    image = (0.6 + 0.01 * rng.standard_normal((SIZE, SIZE, 1)) * np.ones(3)).astype(np.float32)
    skin = np.ones((SIZE, SIZE), np.float32)
    unit = SIZE / 420
    smooth = fold_depth(model, model.mean, camera, image, skin, unit)
    assert np.abs(smooth).max() < 0.05
    lined = image.copy()
    row = int(project(camera, np.array([[0.0, 45.0, 20.0]]))[0][0, 1])
    cv2.line(lined, (SIZE // 2 - 30, row), (SIZE // 2 + 30, row), (0.3, 0.3, 0.3), 2)
    folds = fold_depth(model, model.mean, camera, lined, skin, unit)
    near = (np.abs(model.mean[:, 1] - 45) < 4) & (np.abs(model.mean[:, 0]) < 20) & (model.labels == 0)
    assert folds[near].min() < -0.2


def test_dark_brows_are_raised_and_light_skin_is_not() -> None:
    model, camera = template(), front_camera()
    image = np.full((SIZE, SIZE, 3), 0.7, np.float32)
    skin = np.ones((SIZE, SIZE), np.float32)
    assert brow_height(model, model.mean, camera, image, skin, SIZE / 420).max() < 0.05
    from twinbrush.faces import indices

    points, _ = project(camera, model.landmarks(model.mean)[list(indices.BROW_LEFT)])
    cv2.fillConvexPoly(image, cv2.convexHull(np.round(points).astype(np.int32)), (0.2, 0.15, 0.1))
    height = brow_height(model, model.mean, camera, image, skin, SIZE / 420)
    assert height.max() > 0.7
    assert model.mean[height > 0.3, 0].max() < 0  # the other brow stays flat


def test_lips_that_touch_are_not_pushed_into_each_other() -> None:
    model = template()
    ridge = lip_ridge(model)
    at = model.landmarks(model.mean)
    assert ridge.max() > 0.5
    line = np.linalg.norm(model.mean - at[[13, 14]].mean(0), axis=1) < 2.0
    assert line.any()
    assert np.abs(ridge[line]).max() < 0.25


def test_lips_run_through_each_other_no_more() -> None:
    model = template()
    piece = patch("mouth")
    squeezed = model.mean.copy()
    middle = model.landmarks(model.mean)[[13, 14]].mean(0)
    near = np.exp(-((np.linalg.norm(model.mean - middle, axis=1) / 12) ** 2))
    squeezed[piece.vertices, 1] -= 0.8 * (near[piece.vertices] * piece.side)
    before = len(crossings(squeezed[piece.vertices], piece.triangles))
    after = len(crossings(untangled(squeezed, piece)[piece.vertices], piece.triangles))
    assert before > 20
    assert after < 0.1 * before


def test_a_dark_patch_on_one_cheek_is_not_trusted() -> None:
    model = template()
    weight = np.where(model.labels == 0, 1.0, 0.0)
    colour = np.full((len(model.mean), 3), 0.6)
    patch_ = np.linalg.norm(model.mean - [45.0, -30.0, 10.0], axis=1) < 9
    colour[patch_ & (model.labels == 0)] = 0.15
    trust = trusted(model, model.mean, colour, weight)
    assert trust[patch_ & (model.labels == 0)].mean() < 0.3
    assert trust[(model.labels == 0) & (model.mean[:, 0] < -10)].min() > 0.8


@pytest.mark.parametrize("degrees", [-18.0, 0.0, 18.0])
def test_the_gaze_is_where_the_irises_are(degrees: float) -> None:
    """Drawn eyes: white almonds with dark discs."""
    model, camera = template(), front_camera()
    from twinbrush.faces import indices

    scale = 4
    size = SIZE * scale
    big = Camera(camera.intrinsics * [[scale], [scale], [1]], camera.world_to_camera, size, size)
    points, _ = project(big, model.landmarks(model.mean))
    image = np.full((size, size, 3), 0.6, np.float32)
    eyes = tuple(Eyeball(ball[:3], float(ball[3]), direction(0.0, 0.0)) for ball in model.eyes_mean)
    mask = np.zeros((size, size), np.uint8)
    for ring in (indices.EYE_LEFT, indices.EYE_RIGHT):
        cv2.fillPoly(mask, [np.round(points[list(ring)]).astype(np.int32)], 1)
    image[mask > 0] = 0.9
    for eye in eyes:
        place = eye.centre + eye.radius * direction(np.radians(degrees), 0.0)
        centre = np.round(project(big, place[None])[0][0]).astype(int)
        disc = np.zeros((size, size), np.uint8)
        cv2.circle(disc, (int(centre[0]), int(centre[1])), round(5.85 * size / 420), 1, -1)
        image[(disc > 0) & (mask > 0)] = 0.1
    found = turned((eyes[0], eyes[1]), find_irises(image, points, size / 420), big)
    yaw = np.degrees([np.arctan2(eye.gaze[0], eye.gaze[2]) for eye in found]).mean()
    assert abs(yaw - degrees) < 8


def test_ears_reach_the_outline() -> None:
    model, crop = template(), crop_of(1, 0.0, 0.0)
    head = coefficients(1).head(model)
    members, share = ear_weights(model, 1)
    flat = head.copy()
    flat[members, 0] -= 3.0 * share
    out, reach = fitted_ears(model, flat, front_camera(), crop, SIZE / 420)
    assert reach[1] is not None
    assert 1.5 < reach[1] < 4.5
    assert np.abs(out[members, 0] - head[members, 0]).max() < 1.6


def test_ears_are_as_high_and_large_as_the_outline_shows_them() -> None:
    model, crop = template(), crop_of(1, 0.0, 0.0)
    head = coefficients(1).head(model)
    out = head
    for side in (-1, 1):
        out = placed(model, out, side, Placing(-6.0, 0.85))
    members, _ = ear_weights(model, 1)
    low = out[members, 1].mean() - head[members, 1].mean()
    assert low < -5
    found, reach = fitted_ears(model, out, front_camera(), crop, SIZE / 420)
    assert None not in reach
    assert abs(found[members, 1].mean() - head[members, 1].mean()) < 2.0
    assert abs(np.ptp(found[members, 1]) / np.ptp(head[members, 1]) - 1) < 0.09
    still = np.linalg.norm(model.mean, axis=1) < 40
    assert np.abs(found - head)[still].max() < 0.1


def test_fine_brows_are_carved_in() -> None:
    model, camera = template(), front_camera()
    image = np.full((SIZE, SIZE, 3), 0.7, np.float32)
    points, _ = project(camera, model.landmarks(model.mean)[[70, 63, 105, 66, 107]])
    cv2.polylines(image, [np.round(points).astype(np.int32)], False, (0.2, 0.15, 0.1), 4)
    height = brow_height(model, model.mean, camera, image, np.ones((SIZE, SIZE), np.float32), SIZE / 420)
    assert height.min() < -0.4
    assert height.max() <= 0


def test_lips_hardly_apart_are_closed_and_open_ones_stay() -> None:
    points = crop_of(1, 0.0, 0.0).face.landmarks.copy()
    unit = SIZE / 420
    for gap, left in ((1.5, 0.0), (8.0, 8.0)):
        points[13, :2], points[14, :2] = (200.0, 300.0), (200.0, 300.0 + gap * unit)
        closed = with_closed_lips(points, unit)
        assert abs(np.linalg.norm(closed[13, :2] - closed[14, :2]) / unit - left) < 0.05


def test_the_template_is_drawn_onto_a_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "landmark_bias", lambda: np.zeros((468, 2)))
    model = template()
    fit, _ = fit_crop(model, crop_of(3, 0.0, 0.0))
    truth = coefficients(3).head(model)
    surface = in_head_frame(fit, DISTANCE_MM, truth * (63.0 / np.linalg.norm(
        model.landmarks(truth)[[362, 263]].mean(0) - model.landmarks(truth)[[33, 133]].mean(0))))
    found = onto_surface(model, fit, surface, model.triangles, np.ones(len(surface), bool))
    skull = model.labels == 1
    from scipy import spatial

    tree = spatial.KDTree(surface)
    before, after = (tree.query(v[skull])[0].mean() for v in (fit.vertices, found))
    assert after < 0.75 * before
    face = model.labels == 0
    roughness = [mean_curvature(v, model.triangles)[face].mean() for v in (replace(fit).vertices, found)]
    assert roughness[1] < 1.3 * roughness[0]

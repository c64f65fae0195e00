"""A painting as a figure: where its landmarks are, its mouth's inside behind its lips, opened as seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heads import crop_of
from twinbrush.align.faces.style_head import StyleHead, fit_style_head, mean_head
from twinbrush.base.camera import project
from twinbrush.base.mesh import Mesh
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG, Part
from twinbrush.shape.mouth import Cover, Opening, mouth_rim, teeth_moved
from twinbrush.shape.painted import LIPS, lips_gap, painted_fit


@pytest.fixture(scope="module")
def crop() -> Crop:
    crop = crop_of(1, 0.0, 0.0)
    points = crop.face.landmarks.copy()
    eyes = points[[33, 133, 362, 263], 1].mean()
    below = points[:, 1] > eyes
    points[below, 1] = eyes + 1.3 * (points[below, 1] - eyes)
    return replace(crop, face=replace(crop.face, landmarks=points))


@pytest.fixture(scope="module")
def long_face(crop: Crop) -> StyleHead:
    return fit_style_head(template(), crop)


def test_a_paintings_own_fit_projects_onto_its_landmarks(crop: Crop, long_face: StyleHead) -> None:
    model = template()
    fit = painted_fit(model, long_face, lips_gap(crop, long_face))
    seen = project(fit.camera, model.landmarks(fit.vertices))[0]
    away = np.linalg.norm(seen - crop.face.landmarks[:, :2], axis=1) / fit.pixels_per_mm
    assert np.median(away) < 12  # exaggerated by UNSHRINK, but the same face in the same place


def test_the_mouths_inside_goes_with_a_narrow_mouth(long_face: StyleHead) -> None:
    model = template()
    narrow = np.asarray(mean_head(model).vertices).copy()
    skin = model.labels < MOUTH_BAG
    near = np.exp(-(((narrow[skin, 1] + 62) / 18) ** 2))
    narrow[skin, 0] *= 1 - 0.5 * near
    fit = painted_fit(model, replace(long_face, vertices=narrow), 0.0)
    vertices = long_face.points.similarity.apply(fit.vertices)
    bag, rim = vertices[model.labels == MOUTH_BAG], vertices[mouth_rim(model)]
    usual = np.ptp(model.mean[model.labels == MOUTH_BAG, 0]) / np.ptp(model.mean[mouth_rim(model), 0])
    assert np.ptp(bag[:, 0]) < 1.15 * usual * np.ptp(rim[:, 0])


def test_lips_open_no_wider_than_they_are_seen(long_face: StyleHead) -> None:
    model = template()
    jaw = model.expressions.names.index("jawOpen")
    shown = np.zeros(len(model.expressions.names))
    shown[jaw] = 0.5
    found = replace(long_face.points.found, expression=shown)
    gaping = replace(long_face, points=replace(long_face.points, found=found))
    gaps = []
    for gap in (0.0, 4.0, 99.0):
        marks = model.landmarks(painted_fit(model, gaping, gap).vertices)
        gaps.append(float(marks[LIPS[0], 1] - marks[LIPS[1], 1]))
    assert abs(gaps[1] - gaps[0] - 4.0) < 0.3
    assert gaps[2] - gaps[0] > 10.0


def test_teeth_go_with_the_mouth_and_stay_behind_its_skin() -> None:
    model = template()
    mean = np.asarray(model.mean, np.float64)
    inside = model.landmarks(mean)[[205, 425]] - [0, 0, 4.0]
    row = np.concatenate([inside, inside[:1] + np.array([1.0, 1, -20])])
    part = Part("Teeth", Mesh(row, np.array([[0, 1, 2]]), np.zeros((3, 2))), np.zeros(3),
                targets={"jawOpen": (np.array([0]), np.array([[0.0, -2, 0]]))})
    still = np.zeros(3)
    pressed = teeth_moved(part, Opening(still, still, np.ones(3)), Cover(model, mean, mean - [0, 0, 9.0])).mesh.vertices
    assert (pressed[:2, 2] < model.landmarks(mean)[[205, 425], 2] - 9.0).all()
    assert np.array_equal(pressed[:, :2], row[:, :2])
    small = teeth_moved(part, Opening(still, still, np.full(3, 0.5)), Cover(model, mean, mean))
    assert np.allclose(small.mesh.vertices[:, :2], 0.5 * row[:, :2])
    assert np.allclose(small.targets["jawOpen"][1], [[0, -1, 0]])

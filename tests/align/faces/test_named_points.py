"""The user's 68 points are read where their names lie on a head, not where the network's landmarks do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heads import SIZE, coefficients, crop_of
from twinbrush.align.faces.art_points import art_points
from twinbrush.align.faces.named_points import NAMED_MM, beside_landmarks
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.sculpt.template import template

PIXELS_PER_MM = SIZE / 420
CHOSEN = list(INDEX_68)


def test_the_table_is_whole_and_symmetric() -> None:
    model = template()
    beside = beside_landmarks(model.landmarks(model.mean))
    twins = mirror_indices()
    assert np.allclose(beside[twins][CHOSEN] * [-1, 1], beside[CHOSEN], atol=1e-9)
    for number, offset in NAMED_MM.items():
        assert np.allclose(beside[INDEX_68[number]], offset)
    assert np.linalg.norm(beside, axis=1).max() < 13
    assert np.linalg.norm(beside[[10]], axis=1).max() < 0.5  # the forehead: nothing is named near it


def test_points_placed_on_what_they_name_give_the_persons_own_form() -> None:
    model = template()
    crop = crop_of(1, 0.0, 0.0)
    beside = beside_landmarks(model.landmarks(model.mean)) - model.regression.offset
    points = crop.face.landmarks.copy()
    points[:, :2] += beside * PIXELS_PER_MM * [1, -1]
    art = art_points(model, replace(crop, face=replace(crop.face, landmarks=points, source="file68")))
    truth = art.similarity.apply(model.landmarks(coefficients(1).head(model)))
    assert np.abs(art.points - truth)[CHOSEN[17:60], :2].mean() < 1.0  # read as landmarks: 2.1


def test_the_users_left_and_right_are_obeyed() -> None:
    """A nose drawn aside stays aside when the user's points say so; of what a network saw, part is kept."""
    model = template()
    crop = crop_of(1, 0.0, 0.0)
    points = crop.face.landmarks.copy()
    points[[1, 2, 4, 5, 97, 98, 326, 327], 0] += 6 * PIXELS_PER_MM
    aside = []
    for source in ("file68", crop.face.source):
        plain, moved = (
            art_points(model, replace(crop, face=replace(crop.face, landmarks=one, source=source))).points[4, 0]
            for one in (crop.face.landmarks, points))
        aside.append(float(moved - plain))
    assert aside[0] > 4.5
    assert aside[1] < 0.75 * aside[0]

"""The template bent to a made-up portrait: proportions are found, hidden things are left alone, sides mirror."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heads import crop_of
from twinbrush.align.faces import art_points as room
from twinbrush.align.faces.art_outline import art_outline, unseen_outline
from twinbrush.align.faces.neck import with_ears, with_neck
from twinbrush.align.faces.style_head import StyleHead, fit_style_head, mean_head
from twinbrush.base.mesh import Region
from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.template import template


def stretched(factor: float, mirrored: bool = False) -> Crop:
    """The made-up person with a nose and mouth so many times as far below the eyes."""
    crop = crop_of(1, 0.0, 0.0)
    points = crop.face.landmarks.copy()
    eyes = points[[33, 133, 362, 263], 1].mean()
    below = points[:, 1] > eyes
    points[below, 1] = eyes + factor * (points[below, 1] - eyes)
    if mirrored:
        points = points[mirror_indices()] * [-1, 1, 1] + [len(crop.image) - 1, 0, 0]
        crop = replace(crop, image=crop.image[:, ::-1], regions=crop.regions[:, ::-1], matte=crop.matte[:, ::-1])
    return replace(crop, face=replace(crop.face, landmarks=points))


@pytest.fixture(scope="module")
def long_face() -> StyleHead:
    return fit_style_head(template(), stretched(1.3))


def length(vertices: np.ndarray) -> float:
    marks = template().landmarks(vertices)
    eyes = marks[[33, 133, 362, 263], :2].mean(0)
    return float((eyes[1] - marks[indices.CHIN, 1]) / np.ptp(marks[[33, 263], 0]))


def test_a_long_face_makes_a_long_head(long_face: StyleHead) -> None:
    plain = fit_style_head(template(), stretched(1.0))
    assert length(long_face.vertices) > 1.2 * length(plain.vertices)


def test_landmarks_lie_where_the_portrait_has_them(long_face: StyleHead) -> None:
    marks = template().landmarks(long_face.vertices)
    away = np.linalg.norm((marks - long_face.points.points)[:, :2], axis=1)
    assert np.median(away[long_face.points.weights > 0.5]) < 1.0


def test_the_mirrored_portrait_gives_the_mirrored_head(long_face: StyleHead) -> None:
    model = template()
    other = fit_style_head(model, stretched(1.3, mirrored=True)).vertices
    assert np.abs(other[model.mirror] * [-1, 1, 1] - long_face.vertices).max() < 0.6


def test_what_both_sides_share_stays_and_their_difference_is_damped() -> None:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((468, 3))
    other = raw[mirror_indices()] * [-1, 1, 1]
    even, odd = (raw + other) / 2, (raw - other) / 2
    calm = room.calmed(even + odd, np.ones(468))
    assert np.allclose(calm, even + room.ASYMMETRY * odd)


def test_the_users_points_are_not_exaggerated() -> None:
    crop = stretched(1.3)
    given = replace(crop, face=replace(crop.face, source="file68"))
    detected, own = (fit_style_head(template(), one).points.points for one in (crop, given))
    mean = template().landmarks(template().mean)
    assert np.linalg.norm(own - mean) < 0.85 * np.linalg.norm(detected - mean)


def test_the_lips_gap_stays(long_face: StyleHead) -> None:
    """A painted mouth is open or closed; the form takes neither."""
    model = template()
    gap = model.landmarks(model.mean)[13, 1] - model.landmarks(model.mean)[14, 1]
    opened = fit_style_head(model, crop_of(1, 0.0, 0.5)).points.points
    assert abs((opened[13, 1] - opened[14, 1]) - gap) < 0.6


def test_ears_reach_as_far_as_the_outline_says_and_not_without_one() -> None:
    model = template()
    mean = np.asarray(model.mean, np.float64)
    assert with_ears(model, mean, unseen_outline()) is mean
    outline = replace(unseen_outline(), ear_reach=float(np.abs(mean[model.labels == 2, 0]).max()) + 8)
    grown = with_ears(model, mean, outline)
    assert np.abs(grown[model.labels == 2, 0]).max() > np.abs(mean[model.labels == 2, 0]).max() + 6
    assert np.abs((grown - mean)[model.labels == 0]).max() < 0.2


def test_a_narrow_neck_narrows_the_neck_alone() -> None:
    model = template()
    mean = np.asarray(model.mean, np.float64)
    thin = with_neck(model, mean, replace(unseen_outline(), neck_width=70.0))
    same = with_neck(model, mean, unseen_outline())
    ring = np.abs(mean[:, 1] + 140) < 4
    assert np.ptp(thin[ring, 0]) < 0.9 * np.ptp(same[ring, 0])
    marks = model.landmarks(thin - same)
    assert np.abs(marks[list(indices.LIPS_OUTER)]).max() < 0.3


def test_hair_and_shoulders_are_measured_where_they_are_seen() -> None:
    crop = crop_of(1, 0.0, 0.0)
    regions = crop.regions.copy()
    regions[: len(regions) // 4][regions[: len(regions) // 4] > 0] = Region.HAIR
    outline = art_outline(replace(crop, regions=regions), room.art_points(template(), crop))
    assert np.isfinite(outline.crown).sum() > 20
    assert 60 < np.nanmax(outline.crown) < 260


def test_the_mean_head_is_the_template_itself() -> None:
    head = mean_head(template())
    assert np.array_equal(head.vertices, template().mean)
    assert np.isnan(head.outline.crown).all()


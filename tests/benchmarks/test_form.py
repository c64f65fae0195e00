"""The benchmark of the style's form: its points, its descriptors, its blind cards' odds."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from twinbrush.base.camera import look_at_origin, project
from twinbrush.evaluate import descriptors
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.maths.similarity import Similarity
from twinbrush.sculpt.template import template

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import form
import form_cards
from form_points import points


def test_zoomed_points_come_back_to_the_pictures_pixels() -> None:
    face = np.random.default_rng(0).uniform(100, 300, (468, 2))
    matrix = points.zoom_matrix(face)
    zoomed = face @ matrix[:, :2].T + matrix[:, 2]
    assert zoomed.min() > 0
    assert zoomed.max() < points.ZOOM_PX
    zoomed[3] = np.nan
    back = points.from_zoom(zoomed, matrix)
    assert np.isnan(back[3]).all()
    np.testing.assert_allclose(np.delete(back, 3, 0), np.delete(face, 3, 0), atol=1e-9)


@pytest.mark.parametrize("name", [*points.TUNED, *points.SET_ASIDE, *points.WEAK])
def test_every_portrait_has_points_in_the_faces_order(name: str) -> None:
    found = points.read_points(name)
    eyes = found[36:42], found[42:48]
    assert np.nanmean(eyes[0][:, 0]) < np.nanmean(eyes[1][:, 0])
    assert np.nanmean(eyes[0][:, 1]) < np.nanmean(found[31:36, 1]) < np.nanmean(found[60:68, 1]) < found[8, 1]
    jaw = found[:17][np.isfinite(found[:17]).all(1)]
    assert jaw[0, 0] < found[8, 0] < jaw[-1, 0]
    assert found[48, 0] < found[54, 0]


def test_none_of_the_portraits_set_aside_was_tuned_on() -> None:
    assert len(points.SET_ASIDE) >= 6
    assert not set(points.TUNED) & set(points.SET_ASIDE)


def test_clay_points_lie_where_they_were_placed() -> None:
    model = template()
    head, camera = np.asarray(model.mean, float), points.clay_camera()
    clay = points.read_clay()
    placed, _ = project(camera, np.c_[clay.on(head), head[clay.vertices, 2]])
    again = points.attached(placed, camera, head, model)
    there, _ = project(camera, np.c_[again.on(head), head[again.vertices, 2]])
    assert np.abs(there - placed).max() < 0.5
    assert (model.labels[again.vertices] == 0).all()
    assert (np.linalg.norm(clay.beside, axis=1) < 8).all()


def test_clay_points_follow_their_vertices() -> None:
    head = np.asarray(template().mean, float)
    clay = points.read_clay()
    moves = np.random.default_rng(6).normal(0, 2, head.shape)
    np.testing.assert_allclose(clay.on(head + moves) - clay.on(head), moves[clay.vertices, :2], atol=1e-9)


def test_jaw_outline_of_a_circle_is_the_circle_wherever_its_points_are() -> None:
    middle, turn = np.array([5.0, -7.0]), np.radians(np.linspace(-195, 15, 17))
    circle = middle + 60 * np.stack([np.cos(turn), np.sin(turn)], 1)
    found = descriptors.jaw_outline(circle, middle)
    np.testing.assert_allclose(np.linalg.norm(found - middle, axis=1), 60, atol=0.1)
    away = found - middle
    np.testing.assert_allclose(np.arctan2(away[:, 1], away[:, 0]), descriptors.DIRECTIONS, atol=1e-9)


def test_hidden_jaw_is_not_guessed() -> None:
    turn = np.radians(np.linspace(-190, 10, 17))
    circle = 60 * np.stack([np.cos(turn), np.sin(turn)], 1)
    circle[[6, 7, 8, 14, 15, 16]] = np.nan
    found = descriptors.jaw_outline(circle, np.zeros(2))
    known = np.isfinite(found).all(1)
    degrees = np.degrees(descriptors.DIRECTIONS)
    np.testing.assert_array_equal(known, (degrees <= -27.5) & ((degrees >= -77.5) | (degrees <= -127.5)))


def test_deviation_does_not_see_place_size_and_turn() -> None:
    mean = descriptors.descriptor(points.read_clay().on(np.asarray(template().mean, float)))
    known = np.ones(len(mean), bool)
    form_ = mean + np.random.default_rng(1).normal(0, 3, mean.shape)
    turn = np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    first = descriptors.deviation(form_, mean, known)
    np.testing.assert_allclose(descriptors.deviation(1.7 * form_ @ turn.T + [4, 9], mean, known), first, atol=1e-9)
    assert descriptors.length(first) > 0.01
    np.testing.assert_allclose(descriptors.deviation(2 * mean + 5, mean, known), 0, atol=1e-9)


def test_hidden_points_count_neither_in_the_alignment_nor_in_the_sum() -> None:
    mean = descriptors.descriptor(points.read_clay().on(np.asarray(template().mean, float)))
    known = np.arange(len(mean)) % 3 > 0
    form_ = np.where(known[:, None], 1.3 * mean + [20, 5], np.nan)
    np.testing.assert_allclose(descriptors.deviation(form_, mean, known), 0, atol=1e-9)


def test_relation_tells_both_readings_apart() -> None:
    person, style = np.zeros((62, 2)), np.zeros((62, 2))
    style[0, 0], person[0, 0], person[1, 0] = 2.0, 1.0, 3.0
    found = descriptors.relation(person + 0.75 * style, person, style)
    assert found.cosine_added == pytest.approx(1)
    assert found.gain_added == pytest.approx(0.75)
    assert found.gain_whole == pytest.approx(1.25)
    assert found.cosine_whole == pytest.approx(2.5 / np.hypot(2.5, 3))
    assert found.kept == pytest.approx(1)
    assert descriptors.relation(0.5 * person, person, style).kept == pytest.approx(0.5)


def test_distance_of_heads_is_taken_after_similarity() -> None:
    head = np.random.default_rng(2).normal(0, 60, (500, 3))
    assert descriptors.apart(1.3 * head + 7, head) == pytest.approx(0, abs=1e-9)
    other = head + np.random.default_rng(3).normal(0, 6.3 / np.sqrt(3), head.shape)
    assert descriptors.apart(head, other) == pytest.approx(0.1, rel=0.05)


def test_upright_undoes_pose_and_frame() -> None:
    """Points of a turned head come back to its own millimetres from their pixels, beside the fit as they were."""
    rng = np.random.default_rng(4)
    fit = rng.uniform(-60, 60, (468, 3)) * [1, 1, 0.3]
    camera = look_at_origin(0.0, 0.0, 900.0, 1200.0, 800, 800)
    similarity = Similarity(1.1, np.eye(3), np.array([2.0, -3.0, 1.0]))
    art = SimpleNamespace(similarity=similarity, camera=camera, points=fit)
    beside = rng.normal(0, 4, (68, 3)) * [1, 1, 0]
    wanted = fit[list(INDEX_68)] + beside
    pixels, _ = project(camera, similarity.inverse().apply(wanted))
    pixels[5] = np.nan
    found = form.upright(art, pixels)
    assert np.isnan(found[5]).all()
    np.testing.assert_allclose(np.delete(found, 5, 0), np.delete(wanted[:, :2], 5, 0), atol=1e-9)


def test_wilson_interval_is_the_textbooks() -> None:
    assert form_cards.wilson(24, 40) == pytest.approx((0.4460, 0.7365), abs=2e-4)
    assert form_cards.wilson(0, 40)[0] == 0
    assert form_cards.wilson(0, 40)[1] == pytest.approx(0.0876, abs=2e-4)
    assert form_cards.wilson(40, 40)[1] == 1


@pytest.mark.parametrize("kind", ["style", "person"])
def test_cards_are_balanced_and_their_order_tells_nothing(kind: str) -> None:
    trials = form_cards.drawn(kind, form_cards.PERSONS, form_cards.STYLES, 7)
    assert len(trials) == 40
    assert set(Counter(t.style for t in trials).values()) == {5}
    assert set(Counter(t.person for t in trials).values()) == {4}
    assert len({(t.person, t.style) for t in trials}) == 40
    for trial in trials:
        assert trial.choices[trial.right - 1] == getattr(trial, kind)
        assert set(trial.choices) == set(form_cards.STYLES if kind == "style" else form_cards.PERSONS)
    assert len({t.right for t in trials}) >= 6
    assert trials == form_cards.drawn(kind, form_cards.PERSONS, form_cards.STYLES, 7)
    assert trials != form_cards.drawn(kind, form_cards.PERSONS, form_cards.STYLES, 8)


def test_score_counts_right_answers_and_what_was_taken_for_what() -> None:
    trials = form_cards.drawn("style", form_cards.PERSONS, form_cards.STYLES, 7)
    answers = {t.card: t.right for t in trials}
    wrong = trials[0]
    answers[wrong.card] = wrong.right % len(wrong.choices) + 1
    found = form_cards.judged(trials, "style", answers)
    assert found["right"] == 39
    assert found["of"] == 40
    assert found["confusion"][wrong.style][wrong.choices[answers[wrong.card] - 1]] == 1
    assert found["by"]["style"][wrong.style] == "4 of 5"
    assert len(found["answers"]) == 40
    with pytest.raises(ValueError, match="card_01"):
        form_cards.judged(trials, "style", {**answers, "card_01": 9})
    with pytest.raises(KeyError):
        form_cards.judged(trials, "style", {"card_01": 1})

"""Expressions on a changed head: the same on the same head, larger where it became larger, never in shreds."""

from __future__ import annotations

import numpy as np

from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Morphs
from twinbrush.shape.carry import carried


def targets_of(*names: str) -> Morphs:
    model = template()
    rows = np.arange(len(model.layout.origin))
    return {
        name: (rows, model.expressions.offsets[model.expressions.names.index(name)][model.layout.origin])
        for name in names
    }


def test_the_same_head_has_the_same_expressions() -> None:
    model, targets = template(), targets_of("jawOpen")
    found = carried(model, targets, model.mean, model.mean + np.array([3.0, -2.0, 1.0]))
    np.testing.assert_allclose(found["jawOpen"][1], targets["jawOpen"][1], atol=1e-9)


def test_a_blink_grows_with_the_eyes_opening() -> None:
    model, targets = template(), targets_of("eyeBlinkLeft")
    after = model.mean * [1.0, 1.3, 1.0]
    own, found = targets["eyeBlinkLeft"][1], carried(model, targets, model.mean, after)["eyeBlinkLeft"][1]
    lid = own[:, 1] < -5
    assert lid.sum() > 10
    assert 1.18 < np.median(found[lid, 1] / own[lid, 1]) < 1.32


def test_a_turned_head_has_turned_expressions() -> None:
    model, targets = template(), targets_of("jawOpen")
    turn = np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]])
    found, own = carried(model, targets, model.mean, model.mean @ turn.T)["jawOpen"][1], targets["jawOpen"][1]
    assert np.abs(found - own @ turn.T).max() < 0.02 * np.abs(found - own).max()


def test_skin_that_is_rough_makes_no_shreds() -> None:
    model, targets = template(), targets_of("jawOpen")
    after = model.mean + 0.3 * np.random.default_rng(0).standard_normal(model.mean.shape)
    own, found = targets["jawOpen"][1], carried(model, targets, model.mean, after)["jawOpen"][1]
    assert np.linalg.norm(found - own, axis=1).max() < 0.1 * np.linalg.norm(own, axis=1).max()

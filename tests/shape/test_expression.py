"""A smile stays a smile: a style's own smile or frown is measured and given only to faces that do not smile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twinbrush.align.faces.style_head import StyleHead, mean_head
from twinbrush.sculpt.template import template
from twinbrush.shape.expression import PLAIN, smile_of, style_smile, worn_by
from twinbrush.shape.head import make_form

CORNER = 61  # landmark: a corner of the mouth


def with_expression(**amounts: float) -> StyleHead:
    """The mean head, made broader, with expressions."""
    model = template()
    head = mean_head(model)
    offsets = sum(
        (amount * model.expressions.offsets[model.expressions.names.index(name)] for name, amount in amounts.items()),
        np.zeros_like(model.mean))
    vertices = head.vertices + 2.0 * model.modes[0] + offsets
    return replace(head, vertices=vertices, points=replace(head.points, points=model.landmarks(vertices)))


def expression(**amounts: float) -> np.ndarray:
    names = template().expressions.names
    return np.array([amounts.get(name, 0.0) for name in names])


def test_a_frown_is_told_from_a_broad_head() -> None:
    model = template()
    frown = with_expression(mouthFrownLeft=1.0, mouthFrownRight=1.0)
    told = model.landmarks(style_smile(model, frown.points.points))
    broad = model.landmarks(style_smile(model, with_expression().points.points))
    true = frown.points.points - with_expression().points.points
    assert told[CORNER, 1] == pytest.approx(true[CORNER, 1], abs=0.5 * abs(true[CORNER, 1]))
    assert abs(broad[CORNER, 1]) < 0.2 * abs(told[CORNER, 1])


def test_other_expressions_are_not_taken_out() -> None:
    model = template()
    brows = with_expression(browInnerUp=1.0)
    assert np.abs(model.landmarks(style_smile(model, brows.points.points))[:, 1]).max() < 1.0


def test_only_who_smiles_loses_the_styles_frown() -> None:
    model = template()
    form = make_form(model, with_expression(mouthFrownLeft=1.0, mouthFrownRight=1.0))
    assert worn_by(model, form, expression()) is form
    assert smile_of(model, expression(mouthSmileLeft=PLAIN, mouthSmileRight=PLAIN)) == pytest.approx(1.0)
    smiling = worn_by(model, form, expression(mouthSmileLeft=PLAIN, mouthSmileRight=PLAIN))
    corner = [model.landmarks(shape.vertices)[CORNER, 1] for shape in (form, smiling)]
    assert corner[1] > corner[0] + 1.0  # mm, upward
    assert worn_by(model, smiling, expression(mouthSmileLeft=PLAIN, mouthSmileRight=PLAIN)) is smiling


def test_the_mean_head_has_no_smile_to_take_out() -> None:
    model = template()
    form = make_form(model, mean_head(model))
    assert worn_by(model, form, expression(mouthSmileLeft=1.0, mouthSmileRight=1.0)) is form

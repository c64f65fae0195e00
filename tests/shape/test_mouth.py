"""Teeth go with the opening between the lips: as much of them shows below the upper lip as did."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.sculpt.template import template
from twinbrush.sculpt.untangle import patch, untangled
from twinbrush.shape.mouth import UPRIGHT, lip_edges, opening_of


def opened(share: float) -> np.ndarray:
    model = template()
    drop = model.expressions.offsets[model.expressions.names.index("jawOpen")]
    return untangled(np.asarray(model.mean, np.float64) + share * drop, patch("mouth"))


@pytest.mark.parametrize(("tall", "wide"), [(1.25, 0.8), (0.8, 1.2)])
def test_what_shows_of_the_teeth_is_kept(tall: float, wide: float) -> None:
    before = opened(0.3)
    after = before * [wide, tall, 1.0] + [0.0, 9.0, 2.0]
    found = opening_of(template(), before, after)
    assert found.factor[0] == pytest.approx(wide, abs=0.08)
    assert found.factor[1] == pytest.approx(tall, abs=0.06)
    first, then = lip_edges(template(), before), lip_edges(template(), after)
    assert first is not None
    assert then is not None
    for own, wanted in zip(first, then, strict=True):
        assert found.apply(np.array([[0.0, own, 0.0]]))[0, 1] == pytest.approx(wanted, abs=0.5)


def test_an_opening_that_is_pressed_keeps_teeth_that_are_teeth() -> None:
    before = opened(0.35)
    assert opening_of(template(), before, before * [1.0, 0.45, 1.0]).factor[1] == UPRIGHT[0]


def test_a_shut_mouth_s_inside_goes_with_its_rim() -> None:
    before = opened(0.0)
    found = opening_of(template(), before, before * 1.1)
    np.testing.assert_allclose(found.factor, 1.1, atol=1e-6)

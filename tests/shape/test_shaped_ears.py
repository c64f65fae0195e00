"""A form leaves ears near the person's, in proportion to the face."""

from __future__ import annotations

import numpy as np

from twinbrush.sculpt.ears import Placing, ear_weights, placed
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Template
from twinbrush.shape.ears import SIZES, WIDTHS, with_own_ears


def extents(model: Template, vertices: np.ndarray, side: int) -> np.ndarray:
    return np.ptp(vertices[ear_weights(model, side)[0]], axis=0)


def blown_up(model: Template, size: float, out_mm: float) -> np.ndarray:
    """The mean head with larger ears that stand out."""
    vertices = model.mean.astype(float)
    for side in (-1, 1):
        vertices = placed(model, vertices, side, Placing(0.0, size))
        members, share = ear_weights(model, side)
        vertices[members, 0] += share * side * out_mm
    return vertices


def test_ears_that_grew_with_the_face_are_left() -> None:
    model = template()
    mean = model.mean.astype(float)
    for after in (mean, 1.2 * mean, blown_up(model, 1.05, 1.0)):
        np.testing.assert_array_equal(with_own_ears(model, mean, after), after)


def test_blown_up_and_shrunken_ears_come_back_to_the_limit_on_both_sides() -> None:
    model = template()
    mean = model.mean.astype(float)
    for size, out_mm in ((1.6, 12.0), (0.6, -3.0)):
        after = blown_up(model, size, out_mm)
        mended = with_own_ears(model, mean, after)
        for side in (-1, 1):
            grown = extents(model, mended, side) / extents(model, mean, side)
            assert SIZES[0] - 0.06 < np.sqrt(grown[1] * grown[2]) < SIZES[1] + 0.06  # roots keep their place
            assert WIDTHS[0] - 0.12 < grown[0] < WIDTHS[1] + 0.12
        np.testing.assert_allclose(mended[model.mirror] * [-1, 1, 1], mended, atol=1e-3)
        far = np.abs(mean[:, 0]) < 30
        np.testing.assert_allclose(mended[far], after[far], atol=0.2)

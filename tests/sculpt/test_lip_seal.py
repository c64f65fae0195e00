"""Lips that hardly part are brought together without crossing; an open mouth stays open."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.maths.crossings import crossings
from twinbrush.sculpt import lip_seal
from twinbrush.sculpt.lip_seal import LEFT_MM, with_sealed_lips
from twinbrush.sculpt.template import template


def parted(share: float) -> np.ndarray:
    """The mean head with its jaw opened by a share."""
    model = template()
    drop = model.expressions.offsets[model.expressions.names.index("jawOpen")]
    return np.asarray(model.mean, np.float64) + share * drop


def seen_mm(vertices: np.ndarray) -> float:
    slit = lip_seal.slit_of(template(), vertices)
    return 0.0 if slit is None else float(slit.wide.max())


@pytest.mark.parametrize("share", [0.0, 0.008])
def test_a_slit_is_closed(share: float) -> None:
    before = parted(share)
    assert seen_mm(before) > 2 * LEFT_MM
    after = with_sealed_lips(template(), before)
    assert seen_mm(after) < 0.4 * seen_mm(before)
    assert len(crossings(after, template().triangles)) == len(crossings(before, template().triangles))
    moved = np.linalg.norm(after - before, axis=1)
    mouth = template().landmarks(before)[[13, 14]].mean(0)
    assert moved[np.linalg.norm(before - mouth, axis=1) > 45].max() == 0


def test_an_open_mouth_stays() -> None:
    before = parted(0.4)
    np.testing.assert_array_equal(with_sealed_lips(template(), before), before)

"""The painted step from skin to hair is brought back to the person's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.base.image import to_lab
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.paint.level import APART, with_persons_step
from twinbrush.paint.surface import FigureSurface, surface_of_figure

SHAPE = (128, 256)
BLACK, DARK, BROWN, FAIR = 0.05, 0.2, 0.45, 0.8


def halves(skin: float, hair: float) -> np.ndarray:
    """An atlas whose left half (skin) and right half (hair) are of those greys."""
    texture = np.full((*SHAPE, 3), skin, np.float32)
    texture[:, SHAPE[1] // 2 :] = hair
    return texture


@pytest.fixture(scope="module")
def surface() -> FigureSurface:
    """A fair person with black hair."""
    return surface_of_figure(replace(small_figure(), texture=halves(FAIR, BLACK)))


def texels(surface: FigureSurface) -> Texels:
    assert surface.mesh.uv is not None
    return texels_of(surface.mesh.uv, surface.mesh.faces, SHAPE)


def gap(texture: np.ndarray) -> float:
    """By how much the step from skin to hair is off the person's, in shares of black to white."""
    skin, hair, fair, black = to_lab(np.array([[[v] * 3 for v in (
        np.median(texture[40:90, 40:90]), np.median(texture[15:50, 170:220]), FAIR, BLACK)]], np.float32))[0, :, 0]
    return float((skin - hair) - (fair - black)) / 90


def test_brown_paint_for_black_hair_becomes_dark_and_the_skin_stays(surface: FigureSurface) -> None:
    painted = halves(FAIR, DARK)
    assert gap(painted) < -APART
    out = with_persons_step(painted, surface, texels(surface))
    assert gap(out) == pytest.approx(-APART, abs=0.02)
    np.testing.assert_array_equal(out[40:90, 40:90], painted[40:90, 40:90])


def test_what_hair_cannot_take_skin_takes_in_part(surface: FigureSurface) -> None:
    painted = halves(0.6, BROWN)
    out = with_persons_step(painted, surface, texels(surface))
    assert np.median(out[15:50, 170:220]) < BROWN - 0.1
    assert np.median(out[40:90, 40:90]) > 0.6 + 0.05
    assert gap(painted) < gap(out) < -APART


def test_a_step_like_the_persons_stays(surface: FigureSurface) -> None:
    painted = halves(FAIR - 0.05, BLACK)
    assert with_persons_step(painted, surface, texels(surface)) is painted
    bare = replace(surface, coloured=False)
    brown = halves(FAIR, BROWN)
    assert with_persons_step(brown, bare, texels(surface)) is brown

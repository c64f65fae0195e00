"""A beard is as much lighter than the hair in paint as it is in the photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import Box, ellipsoid, small_figure
from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.paint.beards import with_own_beard
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.sculpt.values import Part

GREY, BROWN = (0.75, 0.74, 0.72), (0.3, 0.16, 0.1)
CORNER = Box(0.9, 0.9, 0.09, 0.09)  # of the atlas


@pytest.fixture(scope="module")
def surface() -> FigureSurface:
    """A figure with a grey beard, dark hair (which leaves its corner of the atlas to the beard)."""
    figure = small_figure()
    head, hair, bust = figure.parts
    assert hair.mesh.uv is not None
    hair = replace(hair, mesh=replace(hair.mesh, uv=0.51 + 0.75 * (hair.mesh.uv - 0.51)))
    beard = ellipsoid((0, -95, -20), (40, 30, 30), CORNER, (-0.9, 0.9))
    beard = replace(beard, regions=np.full(len(beard.vertices), Region.HAIR, np.uint8))
    texture = figure.texture.copy()
    texture[:13, 230:] = GREY
    return surface_of_figure(replace(
        figure, parts=(head, hair, bust, Part("Beard", beard, np.zeros(3))), texture=texture))


def style() -> AlignedStyle:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], (64, 1, 3))
    known, nothing = np.ones((64, 64), bool), np.zeros((1, 468, 2))
    return AlignedStyle(
        ramp, known, known.astype(np.uint8), known.astype(np.float32), nothing[0], np.eye(3)[None], ramp[None],
        known[None], nothing, np.zeros((468, 3)), np.zeros((468, 3)), nothing, 0.0)


def painted() -> np.ndarray:
    """One brown on hair and beard, another colour on skin."""
    texture = np.zeros((128, 256, 3), np.float32)
    texture[:, :128], texture[:, 128:] = (0.9, 0.7, 0.5), BROWN
    return texture


def lightness(texture: np.ndarray) -> tuple[float, float]:
    lab = to_lab(texture)[..., 0]
    return float(np.median(lab[3:8, 238:250])), float(np.median(lab[20:60, 140:220]))


def test_a_grey_beard_is_lighter_than_brown_hair(surface: FigureSurface) -> None:
    beard, hair = lightness(with_own_beard(painted(), surface, style(), texels(surface, painted())))
    assert beard - hair > 30
    assert hair == pytest.approx(lightness(painted())[1], abs=0.5)


def test_beards_like_the_hair_and_figures_without_stay(surface: FigureSurface) -> None:
    same = surface_of_figure(small_figure())
    np.testing.assert_array_equal(with_own_beard(painted(), same, style(), texels(same, painted())), painted())
    grey = painted()
    grey[:13, 230:] = GREY
    np.testing.assert_array_equal(with_own_beard(grey, surface, style(), texels(surface, grey)), grey)


def texels(surface: FigureSurface, texture: np.ndarray) -> Texels:
    assert surface.mesh.uv is not None
    return texels_of(surface.mesh.uv, surface.mesh.faces, (texture.shape[0], texture.shape[1]))

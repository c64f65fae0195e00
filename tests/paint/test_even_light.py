"""The photo's one-sided light leaves the skin before it is painted; what is fine stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.base.image import to_lab
from twinbrush.maths.texels import texels_of
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.paint.even_light import MOST_DARKER, with_even_light
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import FACE

SHAPE = (512, 1024)
LIGHT, DARK, FINE = 0.75, 0.45, 0.04


@pytest.fixture(scope="module")
def lit() -> FigureSurface:
    """A head whose left side in the picture lies in shadow, with a fine grain over all."""
    surface = surface_of_figure(small_figure())
    mesh = surface.mesh
    assert mesh.uv is not None
    share = 1 / (1 + np.exp(-mesh.vertices[:, 0] / 12))
    texels = texels_of(mesh.uv, mesh.faces, SHAPE)
    shade = texels.at((DARK + (LIGHT - DARK) * share)[:, None], mesh.faces)
    grain = np.random.default_rng(0).choice([-FINE, FINE], shade.shape)
    texture = texels.picture(np.repeat(shade + grain, 3, 1).astype(np.float32))
    return replace(surface, mesh=replace(mesh, texture=texture))


def lightness(surface: FigureSurface) -> np.ndarray:
    """L* of the template's vertices."""
    mesh, origin = surface.mesh, template().layout.origin
    assert mesh.texture is not None
    assert mesh.uv is not None
    own = np.zeros(len(template().mean))
    rows = np.flatnonzero(surface.of("Head"))[: len(origin)]
    own[origin] = to_lab(sample_texture(mesh.texture, mesh.uv[rows]).astype(np.float32)[None])[0, :, 0]
    return own


def test_the_dark_side_becomes_lighter_and_the_light_one_stays(lit: FigureSurface) -> None:
    model, before, after = template(), lightness(lit), lightness(with_even_light(lit))
    x = model.mean[:, 0]
    right, left = (model.labels == FACE) & (x > 30), (model.labels == FACE) & (x < -30)
    gap = before[right].mean() - before[left].mean()
    assert gap > 20
    assert after[right].mean() - after[left].mean() < 0.5 * gap
    assert abs(after[right].mean() - before[right].mean()) < MOST_DARKER + 0.5
    assert after[left].mean() > before[left].mean() + 8


def test_the_grain_stays(lit: FigureSurface) -> None:
    even = with_even_light(lit)
    assert lit.mesh.texture is not None
    assert even.mesh.texture is not None
    skin = (slice(100, 400), slice(100, 400))
    before, after = (to_lab(np.ascontiguousarray(t, np.float32))[..., 0][skin] for t in (
        lit.mesh.texture, even.mesh.texture))
    assert np.abs(np.diff(after, axis=0)).mean() == pytest.approx(np.abs(np.diff(before, axis=0)).mean(), rel=0.15)


def test_hair_and_contents_without_colours_stay(lit: FigureSurface) -> None:
    even = with_even_light(lit)
    assert lit.mesh.texture is not None
    assert even.mesh.texture is not None
    np.testing.assert_array_equal(even.mesh.texture[:, 560:], lit.mesh.texture[:, 560:])
    bare = replace(lit, coloured=False)
    assert with_even_light(bare) is bare

"""Where no view paints a mouth's inside it is as dark as in the content's own colours, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from figures import small_figure
from twinbrush.base.image import to_lab
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.paint.mouths import LIGHTER, with_dark_mouth
from twinbrush.paint.surface import surface_of_figure
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG, SKULL

DARK, PALE = 0.1, 0.8


def test_the_inside_keeps_its_darkness() -> None:
    figure = small_figure()
    surface = surface_of_figure(replace(figure, texture=np.full((256, 512, 3), DARK, np.float32)))
    pale = np.full((256, 512, 3), PALE, np.float32)
    found = with_dark_mouth(pale, surface)
    assert surface.mesh.uv is not None
    lightness = to_lab(sample_texture(found, surface.mesh.uv).astype(np.float32)[None])[0, :, 0]
    labels = template().labels[template().layout.origin]
    dark, light = (float(to_lab(np.full((1, 1, 3), level, np.float32))[0, 0, 0]) for level in (DARK, PALE))
    head = lightness[: len(labels)]
    assert np.median(head[labels == MOUTH_BAG]) < dark + LIGHTER + 1
    assert np.median(head[labels == SKULL]) > light - 1
    assert (lightness[surface.of("Hair")] > light - 1).all()
    np.testing.assert_array_equal(with_dark_mouth(pale, replace(surface, coloured=False)), pale)
    np.testing.assert_allclose(
        with_dark_mouth(pale, surface_of_figure(replace(figure, texture=pale))), pale, atol=2e-3)

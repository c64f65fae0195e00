"""Lip colour on the skin beside the lips becomes skin; lips, and skin that is all reddish, stay."""

from __future__ import annotations

import numpy as np

from figures import small_figure
from twinbrush.faces import indices
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.paint.lips_inside import outside_mm, with_lips_inside
from twinbrush.paint.surface import FigureSurface, surface_of_figure

SHAPE = (1024, 2048)
SKIN, LIP = np.array([0.8, 0.65, 0.55]), np.array([0.75, 0.2, 0.2])


def painted(surface: FigureSurface, wide_mm: float, flush: float = 0.0) -> tuple[np.ndarray, Texels, np.ndarray]:
    """A texture whose lips are red as far as so many mm beside their outline, and skin as far as `flush`; its texels,
    and how far outside the outline each lies (NaN: not in front)."""
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, SHAPE)
    points = texels.at(mesh.vertices, mesh.faces)
    lips = surface.landmarks_xyz[list(indices.LIPS_OUTER)]
    away = np.where(points[:, 2] > 0, outside_mm(points[:, :2].astype(np.float64), lips[:, :2]), np.nan)
    colour = np.where((away < wide_mm)[:, None], LIP, SKIN + flush * (LIP - SKIN))
    return texels.picture(colour.astype(np.float32)), texels, away


def test_what_is_smeared_over_the_outline_goes() -> None:
    surface = surface_of_figure(small_figure())
    texture, texels, away = painted(surface, 3.0)
    mended = with_lips_inside(texture, surface, texels).reshape(-1, 3)[texels.place]
    points = texels.at(surface.mesh.vertices, surface.mesh.faces)
    below = points[:, 1] < surface.landmarks_xyz[2, 1] - 3
    beside, inside = (away > 2) & (away < 3) & below, away < -1
    assert min(beside.sum(), inside.sum()) > 50
    assert np.median(np.abs(mended[beside] - SKIN).mean(1)) < 0.2 * np.abs(LIP - SKIN).mean()
    assert np.abs(mended[inside] - LIP).max() < 0.02


def test_a_flush_about_the_mouth_stays() -> None:
    surface = surface_of_figure(small_figure())
    texture, texels, _ = painted(surface, 0.0, flush=0.4)
    np.testing.assert_allclose(with_lips_inside(texture, surface, texels), texture, atol=0.02)


def test_grey_lips_are_left() -> None:
    surface = surface_of_figure(small_figure())
    texture, texels, _ = painted(surface, 3.0)
    grey = np.repeat(texture.mean(-1, keepdims=True), 3, -1)
    assert with_lips_inside(grey, surface, texels) is grey

"""The ring's guide takes the pair's broad colours and continues them; features are not spread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from figures import small_figure
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.maths.texels import texels_of
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.paint.round.onward import with_pairs_colours
from twinbrush.paint.surface import FigureSurface, surface_of_figure

SHAPE = (256, 512)
GUIDE, PAIR, LIPS = 0.8, 0.5, 0.1


def begun(dark_mm: float = 0.0) -> tuple[FigureSurface, np.ndarray]:
    """A figure whose face is painted where it faces the viewer, and dark within so many mm of the mouth."""
    surface = surface_of_figure(small_figure())
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, SHAPE)
    facing = texels.at(surface.broad[:, 2:], mesh.faces)
    mouth = surface.landmarks_xyz[[13, 14]].mean(0)
    near = np.linalg.norm(texels.at(mesh.vertices, mesh.faces) - mouth, axis=1, keepdims=True) < dark_mm
    colour = np.where(near, LIPS, PAIR).repeat(3, 1)
    weight = (facing > 0.6).astype(np.float32)
    layer = texels.picture(np.concatenate([colour * weight, weight], 1).astype(np.float32))
    return replace(surface, mesh=replace(mesh, texture=np.full((*SHAPE, 3), GUIDE, np.float32))), layer


def lightness(surface: FigureSurface, layer: np.ndarray) -> np.ndarray:
    mesh = with_pairs_colours(surface.mesh, surface, layer)
    assert mesh.texture is not None
    assert mesh.uv is not None
    return to_lab(sample_texture(mesh.texture, mesh.uv).astype(np.float32)[None])[0, :, 0]


def grey(level: float) -> float:
    return float(to_lab(np.full((1, 1, 3), level, np.float32))[0, 0, 0])


def test_skin_that_nobody_has_painted_goes_on_in_the_pairs_colours() -> None:
    surface, layer = begun()
    found = lightness(surface, layer)
    skin = surface.of("Head") & (surface.mesh.regions == int(Region.SKIN))
    sideways = skin & (np.abs(surface.broad[:, 2]) < 0.3) & (surface.mesh.vertices[:, 1] > -60)
    assert sideways.sum() > 100
    assert np.abs(found[sideways] - grey(PAIR)).mean() < 2
    np.testing.assert_allclose(found[surface.of("Hair", "Eye")], grey(GUIDE), atol=0.5)


def test_a_dark_mouth_darkens_no_cheek() -> None:
    cheek_of, found = {}, {}
    for dark in (0.0, 18.0):
        surface, layer = begun(dark)
        mouth = surface.landmarks_xyz[[13, 14]].mean(0)
        away = np.linalg.norm(surface.mesh.vertices - mouth, axis=1)
        cheek_of[dark] = surface.of("Head") & (away > 35) & (away < 60) & (surface.broad[:, 2] > 0.5)
        found[dark] = lightness(surface, layer)[cheek_of[dark]].mean()
    assert abs(found[18.0] - found[0.0]) < 2


def test_nothing_painted_changes_nothing() -> None:
    surface, layer = begun()
    assert with_pairs_colours(surface.mesh, surface, np.zeros_like(layer)) is surface.mesh

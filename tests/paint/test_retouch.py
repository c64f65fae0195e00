"""Single stains leave the skin before it is painted; what both sides show, what all skin shows, and features stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.base.image import to_lab
from twinbrush.maths.texels import texels_of
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.paint.retouch import with_retouched_skin
from twinbrush.paint.surface import FigureSurface, surface_of_figure

SHAPE = (1024, 2048)
SKIN, STAIN, WIDE_MM = 0.7, 0.25, 1.5
FOREHEAD, CHEEK = (18.0, 48.0), (38.0, -25.0)


@pytest.fixture(scope="module")
def plain() -> FigureSurface:
    return surface_of_figure(small_figure())


def stained(
    surface: FigureSurface, *places: tuple[float, float], long: tuple[float, float] = (1.0, 1.0)
) -> FigureSurface:
    """The figure in plain grey skin with dark spots, seen from the front at x and y (mm); a fine grain over all. long:
    how many times as long they are across and upward."""
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, SHAPE)
    points = texels.at(mesh.vertices, mesh.faces)
    grey = SKIN + 0.01 * np.random.default_rng(0).normal(size=len(points))
    for place in places:
        away = np.linalg.norm((points[:, :2] - np.array(place)) / np.array(long), axis=1) / WIDE_MM
        grey -= STAIN * np.exp(-(away**2) / 2) * (points[:, 2] > -30)
    texture = texels.picture(np.repeat(grey[:, None], 3, 1).astype(np.float32))
    return replace(surface, mesh=replace(mesh, texture=texture))


def depth(surface: FigureSurface, place: tuple[float, float]) -> float:
    """How much darker than its skin the darkest place about a point is, L*."""
    mesh, head = surface.mesh, surface.of("Head")
    assert mesh.texture is not None
    assert mesh.uv is not None
    lightness = to_lab(sample_texture(mesh.texture, mesh.uv[head]).astype(np.float32)[None])[0, :, 0]
    away = np.linalg.norm(mesh.vertices[head][:, :2] - np.array(place), axis=1)
    near = (away < 2 * WIDE_MM) & (mesh.vertices[head][:, 2] > -30)
    return float(np.median(lightness) - lightness[near].min())


def test_a_single_stain_goes(plain: FigureSurface) -> None:
    for place in (FOREHEAD, CHEEK):
        before = stained(plain, place)
        assert depth(with_retouched_skin(before), place) < 0.6 * depth(before, place)


def test_what_both_sides_show_stays(plain: FigureSurface) -> None:
    for place in (FOREHEAD, CHEEK):
        before = stained(plain, place, (-place[0], place[1]))
        assert depth(with_retouched_skin(before), place) > 0.8 * depth(before, place)


def test_strands_on_both_sides_of_the_forehead_go_and_its_folds_stay(plain: FigureSurface) -> None:
    places = FOREHEAD, (-FOREHEAD[0], FOREHEAD[1])
    strands, folds = (stained(plain, *places, long=long) for long in ((0.6, 5.0), (5.0, 0.6)))
    assert depth(with_retouched_skin(strands), FOREHEAD) < 0.6 * depth(strands, FOREHEAD)
    assert depth(with_retouched_skin(folds), FOREHEAD) > 0.8 * depth(folds, FOREHEAD)


def test_features_stay(plain: FigureSurface) -> None:
    x, y, _ = plain.landmarks_xyz[105]  # a brow's middle
    before = stained(plain, (float(x), float(y)))
    assert depth(with_retouched_skin(before), (float(x), float(y))) > 0.8 * depth(before, (float(x), float(y)))


def test_skin_that_is_speckled_all_over_stays(plain: FigureSurface) -> None:
    spots = [(float(x), float(y)) for x in range(-60, 61, 7) for y in range(-60, 61, 7)]
    before = stained(plain, *spots)
    kept = depth(with_retouched_skin(before), spots[40]) / depth(before, spots[40])
    assert kept > 0.75


def test_contents_without_colours_stay(plain: FigureSurface) -> None:
    bare = replace(plain, coloured=False)
    assert with_retouched_skin(bare) is bare

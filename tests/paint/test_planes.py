"""Paint plane by plane: a plane's broad colour becomes one, its strokes stay, what is in no plane is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from figures import small_figure
from twinbrush.maths.texels import texels_of
from twinbrush.paint.planes import plane_by_plane, planes_of
from twinbrush.paint.surface import surface_of_figure


def test_planes_of_all_parts_have_their_own_numbers() -> None:
    figure = small_figure()
    assert planes_of(figure) is None
    cut = tuple(
        replace(part, facets=np.arange(len(part.mesh.faces)) % 3 - 1) if part.name != "Bust" else part
        for part in figure.parts)
    found = planes_of(replace(figure, parts=cut))
    assert found is not None
    head, hair, bust = np.split(found, np.cumsum([len(part.mesh.faces) for part in figure.parts])[:-1])
    assert set(head) == {-1, 0, 1}
    assert set(hair) == {-1, 2, 3}
    assert set(bust) == {-1}


def test_a_plane_has_one_broad_colour_and_its_strokes() -> None:
    surface = surface_of_figure(small_figure())
    mesh = surface.mesh
    height = mesh.vertices[mesh.faces, 1].mean(1)
    planes = np.where(surface.of("Head")[mesh.faces[:, 0]], (height > 0).astype(int), -1)
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, (128, 256))
    place = texels.at(mesh.vertices, mesh.faces)
    strokes = np.random.default_rng(0).normal(0, 0.05, len(place))
    flat = np.full((128 * 256, 3), 0.5, np.float32)
    flat[texels.place] = np.clip(0.5 + 0.002 * place[:, 1:2] + strokes[:, None], 0, 1)  # lighter toward the top
    texture = flat.reshape(128, 256, 3)
    painted = plane_by_plane(texture, surface, planes).reshape(-1, 3)[texels.place, 0]
    before, own = flat[texels.place, 0], planes[texels.face]
    upper = (own == 1) & texels.inside
    slope = [np.polyfit(place[upper, 1], values[upper], 1)[0] for values in (before, painted)]
    assert slope[1] < 0.6 * slope[0]
    assert np.corrcoef(painted[upper] - slope[1] * place[upper, 1], strokes[upper])[0, 1] > 0.7
    np.testing.assert_array_equal(painted[own < 0], before[own < 0])

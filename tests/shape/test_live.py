"""The viewer's shapes: the person at strength 0, the shown shape where its values are, parts in the mesh's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heads import crop_of
from twinbrush.align.faces.style_head import mean_head
from twinbrush.base.mesh import Mesh
from twinbrush.base.progress import ignore
from twinbrush.config import AlignConfig, Config
from twinbrush.config.sculpt import SculptConfig
from twinbrush.export.figure_outputs import figure_mesh
from twinbrush.export.viewer.live import packed_live
from twinbrush.road import sculpt_road
from twinbrush.sculpt import figure as room
from twinbrush.sculpt.figure import sculpt_crop
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, Part
from twinbrush.shape import live
from twinbrush.shape.figure import shaped
from twinbrush.shape.head import Form, make_form
from twinbrush.shape.live import LiveShapes

STRENGTH, CARICATURE, HAIR = 0.75, 1.5, 0.2


@pytest.fixture(scope="module")
def figure() -> Figure:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "landmark_bias", lambda: np.zeros((468, 2)))
        return sculpt_crop(crop_of(2), SculptConfig(texture_size=256))


@pytest.fixture(scope="module")
def form() -> Form:
    head = mean_head(template())
    return make_form(template(), type(head)(head.vertices * [1.12, 0.95, 1.0], head.points, head.outline))


@pytest.fixture(scope="module")
def shapes(figure: Figure, form: Form) -> LiveShapes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "STRENGTHS", (0.0, STRENGTH, 1.5))
        patch.setattr(live, "CARICATURES", (1.0, CARICATURE))
        return live_shapes(figure, form, AlignConfig(strength=STRENGTH, caricature=CARICATURE, hair_shape=HAIR))


def live_shapes(figure: Figure, form: Form, asked: AlignConfig) -> LiveShapes:
    """What the road's stages make for the viewer."""
    config = Config(align=asked)
    shown = sculpt_road.in_form(figure, form, config, ignore)
    by_strength = sculpt_road.strength_row(figure, form, config, ignore)
    by_caricature = sculpt_road.caricature_row(figure, form, shown, config, ignore)
    by_hair = sculpt_road.hair_row(figure, form, config, ignore)
    planes = sculpt_road.plane_moves(figure, form, shown, config, ignore)
    return sculpt_road.live_shapes(by_strength, by_caricature, by_hair, planes, config)


def test_a_figure_cut_in_planes_is_cut_at_every_value_of_the_sliders(figure: Figure, form: Form) -> None:
    asked = AlignConfig(strength=1.0, caricature=1.0, hair_shape=0.5, facets=60)
    cut, plain = live_shapes(figure, form, asked), live_shapes(figure, form, replace(asked, facets=0))
    assert cut.by_hair is not None
    assert plain.by_hair is not None
    shown = figure_mesh(sculpt_road.in_form(figure, form, Config(align=asked), ignore)).vertices
    moved = shown - plain.by_strength[plain.strengths.index(1.0)]
    assert np.abs(moved).max() > 0.5
    for with_planes, without in (
        (cut.by_strength, plain.by_strength), (cut.by_caricature, plain.by_caricature), (cut.by_hair, plain.by_hair),
    ):
        np.testing.assert_allclose(with_planes - without, np.broadcast_to(moved, without.shape), atol=1e-6)


def test_shapes_are_of_the_shown_mesh(figure: Figure, form: Form, shapes: LiveShapes) -> None:
    shown = figure_mesh(shaped(template(), figure, form, STRENGTH, CARICATURE, HAIR)).vertices
    np.testing.assert_allclose(shapes.by_strength[1], shown, atol=1e-9)
    np.testing.assert_allclose(shapes.by_caricature[1], shown, atol=1e-9)
    assert (shapes.strength, shapes.caricature) == (STRENGTH, CARICATURE)
    rows = packed_live(shown, np.arange(len(shown)), shapes)
    assert [row["name"] for row in rows] == ["Strength", "Caricature"]  # no hair: no slider for it


def test_rows_run_along_one_value_each(figure: Figure, form: Form, shapes: LiveShapes) -> None:
    width = np.ptp(shapes.by_strength[..., 0][:, : len(figure.parts[0].mesh.vertices)], axis=1)
    assert width[0] + 3 < width[1]
    assert width[1] + 3 < width[2]
    person = figure_mesh(figure).vertices
    assert np.abs(shapes.by_strength[0] - person).max() > 0.5  # strength 0 keeps the shown caricature
    plain = figure_mesh(shaped(template(), figure, form, STRENGTH, 1.0, HAIR)).vertices
    np.testing.assert_allclose(shapes.by_caricature[0], plain, atol=1e-9)


def test_strength_0_and_caricature_1_are_the_person(
    figure: Figure, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STRENGTHS", (0.0, 1.0))
    monkeypatch.setattr(live, "CARICATURES", (1.0, 2.0))
    shapes = live_shapes(figure, form, AlignConfig(strength=0.0, caricature=1.0))
    np.testing.assert_allclose(shapes.by_strength[0], figure_mesh(figure).vertices, atol=1e-6)


def test_the_row_of_hair_moves_hair_alone(figure: Figure) -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([95 * np.cos(angle), 90 + 40 * np.sin(angle), np.full(60, -60.0)], 1)
    hair = Mesh(ring, np.stack([np.arange(58), np.arange(1, 59), np.arange(2, 60)], 1), np.zeros((60, 2)))
    haired = replace(figure, parts=(*figure.parts, Part("Hair", hair, np.zeros(3))))
    head = mean_head(template())
    high = make_form(template(), replace(head, outline=replace(head.outline, crown=np.full(72, 170.0))))
    none, half, full = live.hairs_at(template(), haired, high, 1.0, 1.2, (0.0, 0.5, 1.0))
    wanted = shaped(template(), haired, high, 1.0, 1.2, 0.5)
    np.testing.assert_allclose(half, np.concatenate([part.mesh.vertices for part in wanted.parts]), atol=1e-9)
    assert none[-60:, 1].max() + 3 < half[-60:, 1].max() < full[-60:, 1].max() - 3
    assert np.array_equal(none[:-60], full[:-60])
    assert np.array_equal(live.hairs_at(template(), haired, high, 0.0, 1.0, (1.0,))[0], live.vertices_of(haired))


def test_what_the_sliders_reach_is_what_the_command_takes() -> None:
    assert live.STRENGTHS == (0.0, 0.5, 1.0, 1.5)
    assert live.CARICATURES == (0.5, 1.0, 1.5, 2.0)
    assert (live.HAIR_SHAPES[0], live.HAIR_SHAPES[-1]) == (0, 1)

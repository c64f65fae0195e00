"""The style's form on a made-up person: nothing from nothing, all of it added, sound, and everything follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heads import crop_of
from twinbrush.align.faces.style_head import StyleHead, mean_head
from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh, Region
from twinbrush.config.sculpt import SculptConfig
from twinbrush.maths.crossings import crossings
from twinbrush.sculpt import base
from twinbrush.sculpt import figure as room
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.figure import sculpt_crop
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, Part, Surroundings
from twinbrush.shape.eyes import cleared, eyes_after
from twinbrush.shape.figure import figure_eyes, named, person_head, shape_of, shaped, shapes_of
from twinbrush.shape.head import Form, PersonHead, make_form, shaped_head, shared
from twinbrush.shape.mouth import Cover, bag_behind, between, mouth_rim, opening_of
from twinbrush.shape.unfold import Unfolder, kept_apart


def style_of(sideways: float = 1.0, upward: float = 1.0, eyes: float = 1.0) -> StyleHead:
    """A head wider, higher and with larger eyes than the mean."""
    model = template()
    head = mean_head(model)
    vertices = head.vertices * [sideways, upward, 1.0]
    for side in (-1, 1):
        centre = np.array([side * 31.5 * sideways, 0.0, vertices[:, 2].max() - 15])
        near = np.exp(-((np.linalg.norm(vertices[:, :2] - centre[:2], axis=1) / 16) ** 2))[:, None]
        vertices = vertices + (eyes - 1) * near * (vertices - centre) * [1, 1, 0]
    return replace(head, vertices=vertices)


@pytest.fixture(scope="module")
def figure() -> Figure:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "landmark_bias", lambda: np.zeros((468, 2)))
        bare = sculpt_crop(crop_of(1, 0.5, 0.0), SculptConfig(texture_size=512))
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([95 * np.cos(angle), 90 + 40 * np.sin(angle), np.full(60, -60.0)], 1)
    hair = Mesh(ring, np.stack([np.arange(58), np.arange(1, 59), np.arange(2, 60)], 1), np.zeros((60, 2)),
                regions=np.full(60, Region.HAIR, np.uint8))
    return replace(bare, parts=(*bare.parts, Part("Hair", hair, np.zeros(3))))


@pytest.fixture(scope="module")
def wide() -> Form:
    return make_form(template(), style_of(1.15, 0.95, 1.3))


def test_strength_0_and_caricature_1_give_the_person(figure: Figure, wide: Form) -> None:
    shape = shape_of(template(), figure, wide, 0.0, 1.0)
    for part, vertices in zip(figure.parts, shape.parts, strict=True):
        assert np.abs(vertices - part.mesh.vertices).max() < 1e-9


def test_the_mean_head_as_style_changes_nothing(figure: Figure) -> None:
    form = make_form(template(), mean_head(template()))
    shape = shape_of(template(), figure, form, 1.0, 1.0)
    for part, vertices in zip(figure.parts, shape.parts, strict=True):
        assert np.abs(vertices - part.mesh.vertices).max() < 1e-9


def test_the_styles_deviation_is_added_and_the_persons_own_is_kept(figure: Figure, wide: Form) -> None:
    model = template()
    person = person_head(model, figure)
    way = wide.vertices - model.mean
    for strength, least in ((1.0, 0.75), (1.5, 1.1)):
        moved = shape_of(model, figure, wide, strength, 1.0).vertices
        assert shared(model, moved - model.mean, way) > least
    plain = shape_of(model, figure, wide, 1.0, 1.0).vertices
    twice = shape_of(model, figure, wide, 1.0, 2.0).vertices
    nose = model.landmarks(twice - plain)[:, 1]
    own = model.landmarks(person.own)[:, 1]
    assert np.corrcoef(nose, own)[0, 1] > 0.6


def test_the_mirrored_person_gives_the_mirrored_head(figure: Figure, wide: Form) -> None:
    model = template()
    person = person_head(model, figure)
    flip = np.array([-1.0, 1.0, 1.0])
    other = PersonHead(person.vertices[model.mirror] * flip, person.own[model.mirror] * flip)
    one = shaped_head(model, person, wide, 1.0, 1.5)
    two = shaped_head(model, other, wide, 1.0, 1.5)
    assert np.abs(two[model.mirror] * flip - one).max() < 0.1


def test_the_skin_does_not_run_through_itself(figure: Figure) -> None:
    """A form that would press the lips and lids through each other."""
    model = template()
    head = style_of(0.8, 1.0, 1.6)
    lips = np.exp(-((np.abs(model.mean[:, 1] + 62) / 10) ** 2))[:, None]
    crushed = head.vertices - 0.7 * lips * [0, 1, 0] * (head.vertices - [0, -62, 0])
    form = make_form(model, replace(head, vertices=crushed))
    skin = kept_apart()
    for vertices in (form.vertices, shape_of(model, figure, form, 1.5, 1.5).vertices):
        assert len(crossings(vertices, skin.triangles, skin.edges)) == 0


def test_unfolding_leaves_alone_what_does_not_cross() -> None:
    mean = np.asarray(template().mean, np.float64)
    goal = mean * [1.1, 0.9, 1.0]
    assert Unfolder(mean, kept_apart()).unfolded(goal).vertices is goal


def test_eyeballs_grow_with_their_opening_and_lids_lie_on_them(figure: Figure, wide: Form) -> None:
    model = template()
    shape = shape_of(model, figure, wide, 1.0, 1.0)
    before = figure_eyes(figure)
    skin = shape.vertices[~np.isin(model.labels, (5, 6))]
    for old, new in zip(before, shape.eyes, strict=True):
        assert new.radius > 1.05 * old.radius
        away = skin - new.centre
        front = away[:, 2] > 0
        assert np.linalg.norm(away[front], axis=1).min() > new.radius - 1e-6
    mean = np.asarray(model.mean, np.float64)
    assert eyes_after(model, mean, mean, before)[1] is before


def test_eyeballs_give_way_to_lids_that_reach_into_them(figure: Figure) -> None:
    model = template()
    person = person_head(model, figure).vertices
    eyes = figure_eyes(figure)
    swollen = replace(eyes[0], radius=eyes[0].radius + 1.0), replace(eyes[1], radius=eyes[1].radius + 1.0)
    for eye in cleared(model, person, swollen):
        away = person[~np.isin(model.labels, (5, 6))] - eye.centre
        assert np.linalg.norm(away[away[:, 2] > 0], axis=1).min() >= eye.radius - 1e-9
        assert eye.radius > 0.9 * eyes[0].radius


def test_teeth_and_bag_stay_behind_narrowed_lips(figure: Figure) -> None:
    model = template()
    form = make_form(model, style_of(0.75))
    shape = shape_of(model, figure, form, 1.0, 1.0)
    rim = shape.vertices[mouth_rim(model)]
    assert np.ptp(shape.vertices[model.labels == 4, 0]) < 1.6 * np.ptp(rim[:, 0])
    teeth = shape.parts[3]
    assert np.ptp(teeth[:, 0]) < 0.85 * np.ptp(figure.parts[3].mesh.vertices[:, 0])


def test_the_mouths_inside_stays_behind_skin_that_is_pressed_back() -> None:
    model = template()
    before = np.asarray(model.mean, np.float64)
    cheek = model.landmarks(before)[[205, 425]]  # beside the nose's wings, over the mouth's corners
    inside = cheek - [0, 0, 4.0]
    after = before - [0, 0, 9.0]
    drawn = Cover(model, before, after).kept_behind(inside, inside)
    assert (drawn[:, 2] < cheek[:, 2] - 9.0).all()
    assert np.array_equal(drawn[:, :2], inside[:, :2])
    assert np.array_equal(Cover(model, before, before).kept_behind(inside, inside), inside)
    assert np.array_equal(bag_behind(model, before, before, opening_of(model, before, before),
                                     Cover(model, before, before)), before)


def test_points_between_lips_are_told_from_those_beside() -> None:
    ring = np.array([[-2.0, 0], [0, -1], [2, 0], [0, 1]])
    assert between(ring, np.array([[0.0, 0], [1.5, 0.6], [-1, 0.2], [3, 0]])).tolist() == [True, False, True, False]


def test_hair_follows_the_skull(figure: Figure, wide: Form) -> None:
    shape = shape_of(template(), figure, wide, 1.0, 1.0, 0.0)
    before, after = figure.parts[-1].mesh.vertices, shape.parts[-1]
    assert np.ptp(after[:, 0]) > 1.08 * np.ptp(before[:, 0])


def test_the_hairs_silhouette_goes_part_of_the_way_to_the_styles(figure: Figure) -> None:
    model = template()
    head = mean_head(model)
    high = make_form(model, replace(head, outline=replace(head.outline, crown=np.full(72, 170.0))))
    little, much = (shape_of(model, figure, high, 1.0, 1.0, share).parts[-1] for share in (0.1, 0.6))
    rest = figure.parts[-1].mesh.vertices
    assert rest[:, 1].max() < little[:, 1].max() < much[:, 1].max() < 190


def test_expressions_are_carried_along(figure: Figure, wide: Form) -> None:
    whole = shaped(template(), figure, wide, 1.0, 1.0)
    before, after = named(figure, "Head").targets, named(whole, "Head").targets
    assert set(before) == set(after)
    rows, smile = after["mouthSmileLeft"]
    assert np.array_equal(rows, before["mouthSmileLeft"][0])
    assert np.ptp(smile[:, 0]) > 1.03 * np.ptp(before["mouthSmileLeft"][1][:, 0])
    assert np.allclose(named(whole, "EyeLeft").pivot, named(whole, "EyeLeft").mesh.vertices.mean(0), atol=15)


def test_several_amounts_at_once_are_those_one_by_one(figure: Figure, wide: Form) -> None:
    amounts = [(0.0, 1.0), (1.0, 1.0), (1.5, 0.5)]
    for both, shape in zip(amounts, shapes_of(template(), figure, wide, amounts, 0.3), strict=True):
        alone = shape_of(template(), figure, wide, *both, 0.3)
        for one, other in zip(shape.parts, alone.parts, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_bust_stands_as_firmly_as_before(figure: Figure, wide: Form) -> None:
    model = template()
    photo = Surroundings(np.zeros((40, 40, 3)), np.zeros((40, 40), np.uint8), np.zeros((40, 40)),
                         np.zeros((40, 40), bool), Camera(np.eye(3), np.eye(3, 4), 40, 40), 1.0)
    outline = replace(wide.head.outline, shoulders=np.linspace(120, 240, len(wide.head.outline.shoulders)))
    form = replace(wide, head=replace(wide.head, outline=outline))
    head = base.even_border(model, person_head(model, figure).vertices)
    for socle in (True, False):
        solid, _ = sculpt_bust(model, head, photo, socle=socle)
        mesh = Mesh(solid.vertices, solid.triangles, np.zeros((len(solid.vertices), 2)))
        whole = replace(figure, parts=(*figure.parts, Part("Bust", mesh, np.zeros(3), plinth=solid.plinth)))
        before, after = solid.vertices, shape_of(model, whole, form, 1.5, 1.0).parts[-1]
        underside = before[:, 1] == before[:, 1].min()
        assert np.ptp(after[underside, 1]) < 1e-9
        assert after[:, 1].min() == pytest.approx(after[underside, 1].max(), abs=1e-9)
        assert np.abs(after - before).max() > 5  # the shoulders went with the style's
        assert len(crossings(after, solid.triangles)) == 0
        move = (after - before)[underside]
        assert (np.ptp(move, axis=0).max() < 1e-9) == socle  # stone stays round; a flat cut is as wide as the body

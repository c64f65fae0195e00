"""Hair, beards and hats of a made person: closed, in their outlines, on no skin that is seen."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from persons import camera, person

from twinbrush.base.camera import project
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.crossings import crossings
from twinbrush.regions.values import Label
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.hair.beard import beard_outline, beard_scalp
from twinbrush.sculpt.hair.build import sculpt_hair
from twinbrush.sculpt.hair.buns import seen_buns
from twinbrush.sculpt.hair.locks import without_islands
from twinbrush.sculpt.hair.mirror import leans_right, mirrored_head, mirrored_photo
from twinbrush.sculpt.hair.outline import outline_of
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.scalp import scalp_of
from twinbrush.sculpt.hair.simplify import is_closed, unpinched
from twinbrush.sculpt.hair.stubble import without_stubble
from twinbrush.sculpt.hair.unsure import ground_coloured, without_unsure
from twinbrush.sculpt.hair.voxels import Voxels, without_holes
from twinbrush.sculpt.hair.whiskers import grown_beard
from twinbrush.sculpt.seen import hair_coloured_is_hair
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Solid


@lru_cache(maxsize=1)
def bust() -> tuple[Solid, Rest]:
    return sculpt_bust(template(), template().mean.astype(float), person(), socle=True)


@lru_cache(maxsize=6)
def solids(**drawn: float) -> dict[str, Solid]:
    found, _ = sculpt_hair(template(), template().mean.astype(float), person(**drawn), lambda: bust()[1])
    return {solid.name: solid for solid in found}


def seen_pixels(solid: Solid) -> np.ndarray:
    """Pixels at which the solid is the nearest surface."""
    head = template()
    vertices = np.concatenate([head.mean, solid.vertices])
    pixels, depth = project(camera(), vertices)
    faces = np.concatenate([head.triangles, solid.triangles + len(head.mean)])
    raster = rasterize(pixels, depth, faces, camera().width, camera().height)
    return np.asarray(raster.face_index) >= len(head.triangles)


def volume(solid: Solid) -> float:
    a, b, c = (solid.vertices[solid.triangles[:, k]] for k in range(3))
    return float(np.einsum("nk,nk->n", a, np.cross(b, c)).sum() / 6)


def test_hair_is_closed_outward_and_of_few_triangles() -> None:
    hair = solids()["Hair"]
    assert set(solids()) == {"Hair"}
    assert is_closed(hair.triangles)
    assert len(hair.triangles) <= 40_000
    assert volume(hair) > 2e5  # mm3: counter-clockwise from outside
    assert len(crossings(hair.vertices, hair.triangles)) == 0


def test_hair_keeps_its_outline_and_the_face_free() -> None:
    seen, labels = seen_pixels(solids()["Hair"]), person().labels
    drawn = labels == Label.HAIR
    assert (seen & drawn).sum() / (seen | drawn).sum() > 0.9
    x, y = np.meshgrid(np.arange(520) - 259.5, 230 - np.arange(560))
    sideburns = (np.abs(x) > 55) & (y < 50)  # seen edge-on
    on_skin = seen & (labels == Label.SKIN)
    assert (on_skin & ~sideburns).sum() < 0.01 * drawn.sum()
    assert (on_skin & (np.abs(x) < 50) & (y < 45)).sum() == 0  # nothing hangs before the face


def test_locks_stand_over_the_mass_and_follow_their_strands() -> None:
    hair = solids()["Hair"]
    assert hair.relief is not None
    assert hair.strands is not None
    outer = np.linalg.norm(hair.vertices - [0, 10, -70], axis=1) > 95
    assert np.quantile(hair.relief[outer], 0.9) - np.quantile(hair.relief[outer], 0.1) > 0.4
    assert np.allclose(np.linalg.norm(hair.strands, axis=1), 1, atol=1e-3)


def test_long_hair_lies_on_the_bust_and_ends_in_tips_above_its_cut() -> None:
    hair, rest = solids(long_mm=290.0)["Hair"], bust()[1]
    assert is_closed(hair.triangles)
    assert len(crossings(hair.vertices, hair.triangles)) == 0
    low = hair.vertices[hair.vertices[:, 1] < -205]
    assert len(low) > 500
    assert rest.body.at(low).min() > -30  # mm: nowhere farther off the clothes
    assert rest.above.at(low).min() > 0
    front = hair.vertices[(hair.vertices[:, 2] > -60) & (hair.vertices[:, 0] > 50)]
    ends = [front[np.abs(front[:, 0] - x) < 6, 1].min() for x in range(60, 100, 8)]
    assert np.ptp(ends) > 8  # not cut straight


def test_hair_on_both_sides_of_the_neck_covers_the_nape() -> None:
    hair = solids(long_mm=125.0)["Hair"]
    behind = hair.vertices[(hair.vertices[:, 2] < -125) & (np.abs(hair.vertices[:, 0]) < 30)]
    assert -148 < behind[:, 1].min() < -95  # 125 pixels below the eyes are 140 mm in the ears' plane
    short = solids()["Hair"]
    assert short.vertices[:, 1].min() > -95


def test_buns_stand_apart_and_do_not_thicken_the_hair_between_them() -> None:
    hair, plain = solids(buns=True)["Hair"].vertices, solids()["Hair"].vertices
    assert np.abs(hair[hair[:, 1] > 60, 0]).max() > 125
    band = [part[(part[:, 1] > 80) & (part[:, 1] < 110) & (np.abs(part[:, 0]) < 25), 2].min() for part in (hair, plain)]
    assert abs(band[0] - band[1]) < 12
    assert not seen_buns(outline_of(person(), Label.HAIR), template().mean.astype(float), person()).any()


def test_sideburns_stay_beside_a_bare_ear() -> None:
    hair = solids()["Hair"].vertices
    for side in (-1, 1):
        before = (hair[:, 0] * side > 50) & (hair[:, 2] > -72) & (hair[:, 2] < -50)
        assert -30 < hair[before, 1].min() < 0


def test_a_beard_grows_to_what_looks_like_it_and_no_moustache_does() -> None:
    head, drawn = template(), person(beard=True)
    x, y = np.meshgrid(np.arange(520) - 259.5, 230 - np.arange(560))
    whole = (drawn.labels == Label.BEARD) | ((drawn.labels == Label.SKIN) & (np.abs(x) < 55) & (y < -66) & (y > -110))
    image = np.where(whole[..., None], np.float32([0.3, 0.2, 0.1]), drawn.image)
    grown = grown_beard(head, head.mean.astype(float), replace(drawn, image=image)).labels == Label.BEARD
    lips = (np.abs(x) < 30) & (y > -82)
    assert (grown & whole & ~lips).sum() > 0.85 * (whole & ~lips).sum()
    assert (grown & ~whole).sum() < 0.08 * whole.sum()
    assert grown_beard(head, head.mean.astype(float), drawn) is drawn
    assert grown_beard(head, head.mean.astype(float), person()) is person()


def test_bald_heads_have_no_hair() -> None:
    assert solids(hair=False) == {}


def test_beards_lie_on_the_chin_and_hats_over_the_hair() -> None:
    found = solids(beard=True, hat=True)
    assert set(found) == {"Hair", "Beard", "Headwear"}
    for solid in found.values():
        assert is_closed(solid.triangles)
    beard, hat = found["Beard"], found["Headwear"]
    assert beard.vertices[:, 1].max() < -60
    assert seen_pixels(beard).sum() > 0.6 * (person(beard=True, hat=True).labels == Label.BEARD).sum()
    assert hat.vertices[:, 1].max() > found["Hair"].vertices[:, 1].max() - 3
    behind = hat.vertices[hat.vertices[:, 2] < -120]
    assert behind[:, 1].min() > -20  # a hat's border goes on behind, it does not become hair


def test_what_is_worn_in_the_hairs_own_colour_is_hair() -> None:
    worn = person(hat=True)
    assert hair_coloured_is_hair(worn) is worn
    brown = np.where((worn.labels == Label.HEADWEAR)[..., None], np.float32([0.32, 0.2, 0.1]), worn.image)
    locs = hair_coloured_is_hair(replace(worn, image=brown))
    assert not (locs.labels == Label.HEADWEAR).any()
    assert ((locs.labels == Label.HAIR) == np.isin(worn.labels, (Label.HAIR, Label.HEADWEAR))).all()


def test_the_mirrored_photo_gives_the_mirrored_hair() -> None:
    head = template()
    flipped = mirrored_photo(person())
    assert leans_right(flipped) != leans_right(person())
    (hair,), _ = sculpt_hair(head, mirrored_head(head, head.mean.astype(float)), flipped, lambda: bust()[1].mirrored())
    own = solids()["Hair"]
    assert np.allclose(hair.vertices * [-1, 1, 1], own.vertices, atol=1e-6)


@pytest.mark.parametrize("label", [Label.HAIR, Label.HEADWEAR])
def test_the_same_photo_gives_the_same_bytes(label: Label) -> None:
    drawn = {"beard": True, "hat": True} if label == Label.HEADWEAR else {}
    again, _ = sculpt_hair(template(), template().mean.astype(float), person(**drawn), lambda: bust()[1])
    name = label.name.capitalize()
    assert np.array_equal(next(s for s in again if s.name == name).vertices, solids(**drawn)[name].vertices)


def test_gaps_of_marching_cubes_are_closed() -> None:
    from skimage.measure import marching_cubes

    ball = 4 - np.linalg.norm(np.mgrid[-6:7, -6:7, -6:7], axis=0)
    _, triangles, _, _ = marching_cubes(ball, 0.0)
    triangles = triangles.astype(np.int64)
    pair = np.flatnonzero(np.isin(triangles, triangles[0, :2]).sum(1) == 2)  # both triangles of one edge
    opened = np.delete(triangles, pair, axis=0)
    assert not is_closed(opened)
    assert is_closed(without_holes(opened))
    assert len(without_holes(triangles)) == len(triangles)


def test_sheets_that_meet_in_an_edge_are_taken_apart() -> None:
    vertices = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0], [-1, 0, 0], [-1, -1, 0]], float)
    one, two = np.array([0, 1, 2, 3]), np.array([0, 1, 4, 5])
    tetrahedron = np.array([[0, 1, 2], [1, 0, 3], [0, 2, 3], [1, 3, 2]])
    triangles = np.concatenate([one[tetrahedron], two[tetrahedron]])
    assert not is_closed(triangles)
    apart, faces = unpinched(vertices, triangles)
    assert len(apart) == 8
    assert is_closed(faces)
    assert np.allclose(apart[faces], vertices[triangles])


def test_hair_that_the_upper_border_cuts_grows_no_column() -> None:
    whole = person(buns=True)
    inside = whole.inside.copy()
    inside[:120] = False  # 110 mm above the eyes: the buns' upper parts are beyond
    labels = np.where(inside, whole.labels, np.uint8(Label.GROUND))
    cut = replace(whole, labels=labels, inside=inside)
    vertices = template().mean.astype(float)
    assert seen_buns(outline_of(whole, Label.HAIR), vertices, whole).any()
    assert not seen_buns(outline_of(cut, Label.HAIR), vertices, cut)[:100].any()
    found, _ = sculpt_hair(template(), vertices, cut, lambda: bust()[1])
    high = next(solid for solid in found if solid.name == "Hair").vertices
    assert high[:, 1].max() < 170  # the grid ends at 190


def test_hair_seen_apart_on_the_skin_is_left_out() -> None:
    x, y, z = np.mgrid[-40.0:41, -40.0:41, -40.0:41]
    body = np.minimum(np.maximum(20 - np.abs(y - 20), 6 - np.abs(y + 8)), 25 - np.hypot(x, z))  # joined below z = 0
    patch = 4 - np.sqrt((x - 10) ** 2 + (y + 20) ** 2 + (z - 2) ** 2)
    values = np.maximum(np.maximum(body, patch), np.minimum(2 - np.abs(x - 10), np.minimum(-z, 30 - np.abs(y))))
    skin = Voxels(np.full(3, -40.0), 1.0, z)
    left = without_islands(Voxels(np.full(3, -40.0), 1.0, values), skin)
    at = left.at(np.array([[10.0, -20, 4], [0, 20, 10]]))
    assert at[0] < 0 < at[1]


def test_one_bare_temple_seen_edge_on_becomes_like_the_other() -> None:
    whole = person()
    x = np.arange(520) - 259.5
    labels = whole.labels.copy()
    left = (x < -58)[None, :] & (np.arange(560) > 120)[:, None] & (labels == Label.HAIR)
    labels[left] = Label.SKIN
    one = replace(whole, labels=labels)
    vertices = template().mean.astype(float)
    scalp = scalp_of(template(), vertices, one, outline_of(one, Label.HAIR))
    mirror = np.full(len(vertices), -1)
    mirror[scalp.original] = np.arange(len(scalp.original))
    other = mirror[template().mirror[scalp.original]]
    temple = (np.abs(scalp.facing) < 0.3) & (scalp.vertices[:, 1] > 5) & (scalp.vertices[:, 1] < 45) & (
        scalp.template_hairline > 4) & (scalp.vertices[:, 0] < 0) & (scalp.vertices[:, 2] > -75)
    assert temple.sum() > 20
    haired = scalp.hairline[other[temple]] > 2
    assert (scalp.hairline[temple][haired] > 0).mean() > 0.9


def test_stubble_is_skin_on_both_sides_and_a_long_beard_in_shadow_is_none() -> None:
    head, drawn = template(), person(beard=True)
    vertices = head.mean.astype(float)
    skin, dense = np.array([0.8, 0.6, 0.5]), np.array([0.3, 0.2, 0.1])
    x, y = np.meshgrid(np.arange(520) - 259.5, 230 - np.arange(560))
    shadow = (np.abs(x) < 45) & (y < -70) & (y > -100) & (drawn.labels == Label.SKIN)
    labels = np.where(shadow, np.uint8(Label.BEARD), drawn.labels)
    thin = (labels == Label.BEARD) & (np.abs(x) > 18)
    image = np.where(thin[..., None], 0.8 * skin + 0.2 * dense, drawn.image).astype(np.float32)
    lit = np.where((labels == Label.BEARD)[..., None] & (x > 4)[..., None], skin, image).astype(np.float32)
    for picture in (image, lit):  # light on one side of the chin hides the beard there
        photo = replace(drawn, labels=labels, image=picture)
        left = without_stubble(head, vertices, photo).labels
        assert (left[shadow & (np.abs(x) > 25)] == Label.SKIN).mean() > 0.95
        assert (left[(labels == Label.BEARD) & (np.abs(x) < 12) & (y < -80) & (y > -105)] == Label.BEARD).mean() > 0.9
    assert without_stubble(head, vertices, person()) is person()
    hanging = (np.abs(x) < 60) & (y < -78) & (y > -190)
    photo = replace(drawn, labels=np.where(hanging, np.uint8(Label.BEARD), drawn.labels), image=image)
    assert without_stubble(head, vertices, photo) is photo


def test_half_a_beard_is_completed_from_the_other_side() -> None:
    head, drawn = template(), person(beard=True)
    x = np.arange(520) - 259.5
    labels = drawn.labels.copy()
    labels[(labels == Label.BEARD) & (x > 4)[None, :]] = Label.SKIN
    missing = (drawn.labels == Label.BEARD) & (labels == Label.SKIN)
    pale = np.where(missing[..., None], np.array([0.8, 0.6, 0.5], np.float32), drawn.image)  # nor does it look like one
    photo = replace(drawn, labels=labels, image=pale)
    grown = grown_beard(head, head.mean.astype(float), photo).labels == Label.BEARD
    assert (grown & missing).sum() > 0.5 * missing.sum()


def test_a_full_beard_goes_on_to_the_ears_and_a_goatee_does_not() -> None:
    head, drawn = template(), person(beard=True)
    x, y = np.meshgrid(np.arange(520) - 259.5, 230 - np.arange(560))
    full = np.where((drawn.labels == Label.SKIN) & (y < -60) & (y > -125), np.uint8(Label.BEARD), drawn.labels)
    full[(np.abs(x) < 20) & (y > -78) & (full == Label.BEARD)] = Label.SKIN
    vertices = head.mean.astype(float)
    unseen: list[int] = []
    for photo in (replace(drawn, labels=full.astype(np.uint8)), drawn):
        outline = beard_outline(photo)
        assert outline is not None
        scalp = beard_scalp(head, vertices, photo, outline)
        unseen.append(int(((scalp.hairline > 0) & (scalp.facing < 0) & (scalp.vertices[:, 1] > -90)).sum()))
    assert unseen[0] > 60 > 0 == unseen[1]


def test_unsure_hair_apart_from_the_sure_is_none_unless_it_has_its_colours() -> None:
    whole = person(long_mm=220)
    y, x = np.mgrid[:560, :520]
    thing = (np.hypot(x - 400, y - 400) < 18) | ((np.abs(y - 400) < 4) & (x > 350) & (x < 400))
    labels = np.where(thing, np.uint8(Label.HAIR), whole.labels)
    confidence = np.where(thing, 0.3, whole.confidence)
    beyond = thing & (whole.labels == Label.GROUND)
    image = np.where(beyond[..., None], np.array([0.1, 0.2, 0.6], np.float32), whole.image)
    vertices = template().mean.astype(float)
    blue = replace(whole, labels=labels, confidence=confidence, image=image)
    assert not (without_unsure(blue, vertices).labels == Label.HAIR)[400, 385:415].any()
    brown = replace(blue, image=np.where(thing[..., None], np.array([0.3, 0.2, 0.1], np.float32), image))
    assert (without_unsure(brown, vertices).labels == Label.HAIR)[400, 385:415].all()
    assert (without_unsure(replace(blue, confidence=whole.confidence), vertices).labels == labels).all()
    assert not ground_coloured(replace(blue, confidence=whole.confidence))[400, 390:410].any()
    grey = np.where(beyond[..., None], whole.image[5, 5], image)
    assert ground_coloured(replace(blue, image=grey))[400, 390:410].all()

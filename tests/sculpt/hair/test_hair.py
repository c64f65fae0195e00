"""Hair, beards and hats of a made person: closed, in their outlines, on no skin that is seen."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from persons import camera, person

from twinbrush.camera import project
from twinbrush.maths.crossings import crossings
from twinbrush.rasterize import rasterize
from twinbrush.regions.values import Label
from twinbrush.sculpt.hair.build import sculpt_hair
from twinbrush.sculpt.hair.mirror import leans_right, mirrored_head, mirrored_photo
from twinbrush.sculpt.hair.simplify import is_closed, unpinched
from twinbrush.sculpt.seen import hair_coloured_is_hair
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Solid


@lru_cache(maxsize=4)
def solids(**drawn: bool) -> dict[str, Solid]:
    found, _ = sculpt_hair(template(), template().mean.astype(float), person(**drawn))
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
    assert (seen & (labels == Label.SKIN)).sum() < 0.01 * drawn.sum()


def test_locks_stand_over_the_mass_and_follow_their_strands() -> None:
    hair = solids()["Hair"]
    assert hair.relief is not None
    assert hair.strands is not None
    outer = np.linalg.norm(hair.vertices - [0, 10, -70], axis=1) > 95
    assert np.quantile(hair.relief[outer], 0.9) - np.quantile(hair.relief[outer], 0.1) > 0.4
    assert np.allclose(np.linalg.norm(hair.strands, axis=1), 1, atol=1e-3)


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
    (hair,), _ = sculpt_hair(head, mirrored_head(head, head.mean.astype(float)), flipped)
    own = solids()["Hair"]
    assert np.allclose(hair.vertices * [-1, 1, 1], own.vertices, atol=1e-6)


@pytest.mark.parametrize("label", [Label.HAIR, Label.HEADWEAR])
def test_the_same_photo_gives_the_same_bytes(label: Label) -> None:
    drawn = {"beard": True, "hat": True} if label == Label.HEADWEAR else {}
    again, _ = sculpt_hair(template(), template().mean.astype(float), person(**drawn))
    name = label.name.capitalize()
    assert np.array_equal(next(s for s in again if s.name == name).vertices, solids(**drawn)[name].vertices)


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

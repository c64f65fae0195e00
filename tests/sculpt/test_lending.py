"""What lends the skin its colours; frames of glasses; lids as wide as seen; expressions held back before they cross."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from heads import SIZE, crop_of
from twinbrush.base.camera import project
from twinbrush.base.mesh import Region
from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.sculpt.drawn import looks_drawn
from twinbrush.sculpt.express import head_targets
from twinbrush.sculpt.features import with_septum
from twinbrush.sculpt.figure import fit_crop
from twinbrush.sculpt.frames import glasses_frames
from twinbrush.sculpt.lending import lending_skin
from twinbrush.sculpt.lids import lash_shade, lid_rims, opened_as_seen, set_eyes
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.portrait.geometry import make_frame
from twinbrush.sculpt.template import template
from twinbrush.sculpt.untangle import held_back, patch
from twinbrush.sculpt.values import EAR

DARK = (0.12, 0.08, 0.06)


def unit_of(crop: Crop) -> float:
    return make_frame(crop.face, SIZE, SIZE).pixels_per_mm


def with_lines(crop: Crop, lines: list[np.ndarray], hair: bool) -> Crop:
    """Dark lines drawn over the picture; hair: they start in a patch of hair."""
    image, regions = crop.image.copy(), crop.regions.copy()
    for line in lines:
        cv2.polylines(image, [np.round(line).astype(np.int32)], False, DARK, 2)
        if hair:
            x, y = np.round(line[0]).astype(int)
            regions[y - 6 : y + 6, x - 6 : x + 6] = Region.HAIR
    return replace(crop, image=image, regions=regions)


def cheek_line(crop: Crop) -> np.ndarray:
    """From beside the face inward over a cheek, 18 mm long."""
    start = crop.face.landmarks[50, :2]
    return np.array([start, start + np.array([0, 18 * unit_of(crop)])])


@pytest.mark.parametrize("hair", [True, False])
def test_a_strand_lends_nothing_and_a_fold_does(hair: bool) -> None:
    crop = crop_of(1)
    line = cheek_line(crop)
    lent = lending_skin(with_lines(crop, [line], hair), unit_of(crop))
    x, y = np.round(line[1] - [0, 4 * unit_of(crop)]).astype(int)
    assert (lent[y, x] < 0.1) == hair
    assert lent[y, x - round(9 * unit_of(crop))] > 0.5


@pytest.mark.parametrize("hair", [True, False])
def test_a_dark_place_on_the_forehead_is_foreign_only_where_hair_touches_it(hair: bool) -> None:
    crop = crop_of(1)
    unit = unit_of(crop)
    image, regions = crop.image.copy(), crop.regions.copy()
    x, y = np.round(crop.face.landmarks[151, :2] + [8 * unit, 0]).astype(int)
    cv2.circle(image, (int(x), int(y)), round(3 * unit), tuple(float(v) for v in 0.7 * image[y, x]), -1)
    if hair:
        regions[: y - round(4 * unit), :] = Region.HAIR
    lent = lending_skin(replace(crop, image=image, regions=regions), unit)
    assert (lent[y, x] < 0.1) == hair


def test_what_glasses_cover_lends_nothing() -> None:
    crop = crop_of(1)
    seen = np.zeros((SIZE, SIZE), np.uint8)
    x, y = np.round(crop.face.landmarks[50, :2]).astype(int)
    seen[y - 3 : y + 3, x - 9 : x + 9] = 1
    dark = crop.image.copy()
    dark[seen > 0] = DARK
    assert lending_skin(replace(crop, image=dark, glasses=seen), unit_of(crop))[y, x] < 0.1
    assert lending_skin(replace(crop, image=dark), unit_of(crop))[y, x] > 0.5


def test_a_pale_lower_rim_lends_nothing_and_nostrils_do() -> None:
    crop = crop_of(1)
    unit = unit_of(crop)
    points = crop.face.landmarks[:, :2]
    glasses = np.zeros((SIZE, SIZE), np.uint8)
    for eye in (points[[33, 133]].mean(0), points[[362, 263]].mean(0)):
        cv2.circle(glasses, tuple(int(v) for v in np.round(eye + np.array([0, 5 * unit]))), round(20 * unit), 1, -1)
    lent = lending_skin(replace(crop, glasses=glasses), unit)
    rim = points[[33, 133]].mean(0) + np.array([0, 25 * unit])
    for x, y, kept in ((*rim, False), (*(rim - np.array([0, 10 * unit])), True), (*points[2], True)):
        assert (lent[round(float(y)), round(float(x))] > 0.5) == kept


@pytest.mark.parametrize("bridge", [True, False])
def test_glasses_are_lines_that_cross_the_nose(bridge: bool) -> None:
    crop = crop_of(1)
    points, unit = crop.face.landmarks[:, :2], unit_of(crop)
    image = crop.image.copy()
    eyes = [points[[33, 133]].mean(0), points[[362, 263]].mean(0)]
    for eye in eyes:
        cv2.circle(image, tuple(np.round(eye + np.array([0, 3 * unit])).astype(int)), round(20 * unit), DARK, 2)
    if bridge:
        ends = [np.round(eye + np.array([side * 20 * unit, 0])).astype(int)
                for eye, side in zip(eyes, (1, -1), strict=True)]
        cv2.line(image, tuple(ends[0]), tuple(ends[1]), DARK, 2)
    found = glasses_frames(np.log(np.maximum(image.mean(-1), 0.02)), points, unit)
    assert found.any() == bridge
    if bridge:
        x, y = np.round(eyes[0] + [0, 23 * unit]).astype(int)
        assert found[y - 2 : y + 3, x].any()


def test_lids_open_as_wide_as_seen() -> None:
    model, crop = template(), crop_of(1)
    fit, _ = fit_crop(model, crop)
    rim = lid_rims(model)[0]
    middle = fit.seen_xy[[33, 133]].mean(0)
    wide = fit.seen_xy.copy()
    ring = [33, 246, 161, 160, 159, 158, 157, 173, 133, 7, 163, 144, 145, 153, 154, 155]
    wide[ring] = middle + [1.3, 1.0] * (wide[ring] - middle)

    def width(seen: np.ndarray) -> float:
        return float(np.ptp(project(fit.camera, opened_as_seen(model, fit.vertices, fit.camera, seen)[rim])[0][:, 0]))

    assert width(wide) > 1.12 * width(fit.seen_xy)


def test_lashes_darken_the_upper_rim_most() -> None:
    model = template()
    shade, rim = lash_shade(model, model.mean), lid_rims(model)[0]
    top, bottom = rim[model.mean[rim, 1].argmax()], rim[model.mean[rim, 1].argmin()]
    assert shade[top] < 0.5 < shade[bottom] < 1
    assert shade[model.labels == EAR].min() == 1


def test_a_move_is_held_back_before_lips_cross() -> None:
    model = template()
    piece = patch("mouth")
    goal = model.mean.copy()
    lower = piece.vertices[piece.side < 0]
    goal[lower, 1] += 3.0
    assert len(crossings(goal[piece.vertices], piece.triangles)) > 0
    held = held_back(model.mean, goal, piece)
    assert len(crossings(held[piece.vertices], piece.triangles, edges_of(piece.triangles))) == 0
    assert np.array_equal(held_back(model.mean, held, piece), held)


def test_hatching_looks_drawn_and_a_soft_face_with_features_does_not() -> None:
    crop = crop_of(1)
    points = crop.face.landmarks[:, :2]
    soft = crop.image * np.random.default_rng(1).normal(1, 0.02, (SIZE, SIZE, 1)).astype(np.float32)
    for ring in ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380), (61, 40, 0, 270, 291, 321, 17, 91)):
        cv2.fillPoly(soft, [np.round(points[list(ring)]).astype(np.int32)], DARK)
    hatched = crop.image.copy()
    hatched[::4] = DARK
    assert not looks_drawn(soft, points)
    assert looks_drawn(hatched, points)


def test_a_target_takes_what_the_photo_does_not_show_already() -> None:
    model = template()
    head, eyes = set_eyes(model, model.mean, np.zeros(len(model.modes)))
    names = model.expressions.names
    half = np.zeros(len(names))
    half[names.index("jawOpen")] = 0.5
    full, rest = (head_targets(model, head, model.mean, own, eyes)["jawOpen"] for own in (np.zeros(len(names)), half))
    chin = np.linalg.norm(full, axis=1).argmax()
    assert np.linalg.norm(rest[chin]) == pytest.approx(0.5 * np.linalg.norm(full[chin]), rel=0.05)


def test_the_wall_between_the_nostrils_keeps_its_thickness() -> None:
    model = template()
    thin = model.mean * [0.1, 1, 1]
    wall = with_septum(model, thin)[:, 0] != thin[:, 0]
    assert 10 < wall.sum() < 200
    assert np.abs(with_septum(model, thin)[wall, 0]).min() > 0.5
    assert np.allclose(with_septum(model, model.mean), model.mean, atol=0.05)

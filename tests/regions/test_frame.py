"""The head's square: upright whatever the face's roll, there and back, with the face's parts where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from people import face
from twinbrush.faces import indices
from twinbrush.regions.frame import PLACES, SIDE, head_frame, others_side, place_maps


@pytest.mark.parametrize("roll", [0.0, 35.0, -120.0])
def test_the_square_is_upright_and_of_fixed_scale(roll: float) -> None:
    person = face(roll=roll)
    frame = head_frame(person, 180)
    points = frame.to_square(person.landmarks[:, :2])
    down = points[indices.CHIN] - points[indices.FOREHEAD_TOP]
    assert abs(down[0]) < 1e-6
    assert down[1] == pytest.approx(frame.unit_px, rel=0.1)  # the face height is measured in three dimensions
    assert frame.unit_px == pytest.approx(180 / SIDE)
    eyes = points[list(indices.EYE_LEFT + indices.EYE_RIGHT)].mean(0)
    assert 80 < eyes[0] < 100
    assert points[indices.EYE_LEFT[0], 0] < eyes[0] < points[indices.EYE_RIGHT[-1], 0]


def test_paste_is_the_inverse_of_cut() -> None:
    person = face(centre_xy=(150.0, 120.0), roll=20, pixels_per_mm=0.8)
    y, x = np.mgrid[:260, :300].astype(np.float32)
    picture = np.sin(x / 40) + np.cos(y / 50)
    frame = head_frame(person, 600)
    back = frame.paste(frame.cut(picture), picture.shape, -9.0)
    known = back > -5
    assert known.mean() > 0.5
    assert np.abs(back - picture)[known].max() < 0.02
    assert (back[~known] <= 0).all()


def test_places_say_where_the_parts_of_the_face_are() -> None:
    person = face()
    maps = dict(zip(PLACES, place_maps(person, (), head_frame(person, 192)), strict=True))
    points = np.round(head_frame(person, 192).to_square(person.landmarks[:, :2])).astype(int)
    x, y = points[indices.NOSE_TIP]
    assert maps["oval"][y, x] > 0.2
    assert maps["oval"][5, 5] == -1
    assert abs(maps["u"][y, x]) < 0.05
    assert maps["v"][y, x] > 0
    x, y = points[list(indices.EYE_LEFT)].mean(0).astype(int)
    assert maps["eyes and brows"][y, x] == 1
    assert maps["lips"][y, x] == 0
    assert maps["another's head"].max() == 0


def test_another_head_is_where_it_is() -> None:
    person = face()
    shift = np.array([1.2 * person.height_px, 0.0, 0.0])
    neighbour = replace(person, landmarks=person.landmarks + shift)
    frame = head_frame(person, 192)
    rival = place_maps(person, (neighbour,), frame)[5]
    theirs = frame.to_square(neighbour.landmarks[[indices.NOSE_TIP], :2])[0].astype(int)
    own = frame.to_square(person.landmarks[[indices.NOSE_TIP], :2])[0].astype(int)
    assert rival[theirs[1], theirs[0]] == 1
    assert rival[own[1], own[0]] == 0


def test_another_persons_long_hair_is_on_the_other_side_and_shoulders_are_nobodys() -> None:
    person = face()
    neighbour = replace(person, landmarks=person.landmarks + np.array([1.2 * person.height_px, 0.0, 0.0]))
    frame = head_frame(person, 192)
    side, near = others_side((neighbour,), frame), place_maps(person, (neighbour,), frame)[5]
    u = (np.arange(192) + 0.5) / frame.unit_px - SIDE / 2
    column, eyes, shoulders = int(np.argmin(np.abs(u - 0.75))), 75, 140
    assert side[eyes, column] > 0.9  # between both heads, but nearer to the other
    assert side[shoulders, column] == 0
    assert side[eyes, 96] == 0
    far = int(np.argmin(np.abs(u - 1.2)))
    assert side[20, far] > 0.9 > near[20, far]  # high hair of the other's
    assert others_side((), frame).max() == 0

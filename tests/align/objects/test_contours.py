"""Silhouettes: a shape against itself turned, scaled, bent, mirrored or with a part missing gives the true pairs."""

from __future__ import annotations

import numpy as np
import pytest

from animals import (
    ANIMAL,
    EAR_LEFT,
    EAR_RIGHT,
    NOSE,
    TAIL,
    animal,
    bent,
    chained,
    dense,
    identity,
    mask_of,
    mirror,
    turned,
)
from twinbrush.align.objects.contours import STEP, TURN_COST, chosen_pairs, match_outlines
from twinbrush.align.objects.outline import Outline, mirrored, outline_of


def pairs(first: np.ndarray, second: np.ndarray, *, turn: float = 30, mirror: bool = False, count: int = 32):
    a, b = outline_of(first, 128), outline_of(second, 128)
    match = match_outlines(a, b, max_turn_degrees=turn, mirror=mirror)
    return *chosen_pairs(a, b, match, count), match


@pytest.mark.parametrize(
    "where",
    [identity, turned(20, 0.8), turned(-25, 1.1), bent(6), chained(bent(7), turned(15, 0.75, (20, 10)))],
    ids=["same", "turned", "turned back", "bent", "all"],
)
def test_a_moved_and_bent_shape_gives_its_true_pairs(where) -> None:
    size = (320, 360)
    first_xy, second_xy, confidence, _ = pairs(animal(identity, size), animal(where, size))
    error = np.linalg.norm(where(first_xy) - second_xy, axis=1)
    assert len(first_xy) >= 20
    assert np.median(error) < 2.5
    assert np.quantile(error, 0.9) < 7
    assert confidence.min() > 0.3


def test_tips_go_to_tips() -> None:
    where = chained(bent(7), turned(15, 0.75, (20, 10)))
    first_xy, second_xy, _, _ = pairs(animal(), animal(where))
    for part in (EAR_LEFT, EAR_RIGHT, NOSE, TAIL):
        tip = int(np.linalg.norm(first_xy - ANIMAL[part], axis=1).argmin())
        assert np.linalg.norm(first_xy[tip] - ANIMAL[part]) < 10
        assert np.linalg.norm(second_xy[tip] - where(ANIMAL[part][None])[0]) < 10


def test_a_mirror_image_is_noticed_and_matched() -> None:
    where = chained(bent(5), mirror)
    first_xy, second_xy, _, match = pairs(animal(), animal(where), mirror=True)
    assert match.mirrored
    assert np.median(np.linalg.norm(where(first_xy) - second_xy, axis=1)) < 3
    assert not pairs(animal(), animal(bent(5)), mirror=True)[3].mirrored


def test_without_leave_a_mirror_image_costs_more() -> None:
    a, b = outline_of(animal(), 128), outline_of(animal(mirror), 128)
    upright = match_outlines(a, b, max_turn_degrees=30, rounds=0)
    flipped = match_outlines(a, mirrored(b), max_turn_degrees=30, rounds=0)
    assert flipped.unlikeness < 0.02 < 0.1 < upright.unlikeness


def test_the_turn_is_bounded() -> None:
    a, b = outline_of(animal(), 128), outline_of(animal(turned(60, 0.8), (320, 360)), 128)
    free = match_outlines(a, b, max_turn_degrees=90, rounds=0)
    bound = match_outlines(a, b, max_turn_degrees=10, rounds=0)
    assert abs(np.degrees(free.turn_radians) + 60) < 11
    assert abs(np.degrees(bound.turn_radians)) <= 10
    assert free.mean_cost < 0.5 * bound.mean_cost


def test_a_turned_shape_costs_next_to_nothing_at_its_turn() -> None:
    size = (320, 360)
    a, b = outline_of(animal(identity, size), 128), outline_of(animal(turned(20, 0.9), size), 128)
    match = match_outlines(a, b, max_turn_degrees=30, rounds=0)
    assert match.mean_cost < 0.02
    assert match.unlikeness == pytest.approx(match.mean_cost + TURN_COST * np.radians(20))


def test_where_no_turn_is_better_none_is_made() -> None:
    angle = 2 * np.pi * np.arange(96) / 96
    points = 60 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    disc = Outline(points, 60 * np.sqrt(np.pi), np.zeros(2), np.full((96, 2), 0.1))
    assert match_outlines(disc, disc, max_turn_degrees=30, rounds=0).turn_radians == 0


def test_the_cost_is_that_of_the_path() -> None:
    """Pairs met head on count twice, a stay on either outline once and a step's price: both parts are missing ones."""
    plain = np.delete(ANIMAL, [7, 8], axis=0)
    for first, second in ((ANIMAL, plain), (plain, ANIMAL)):
        a, b = outline_of(mask_of(dense(first)), 128), outline_of(mask_of(dense(second)), 128)
        match = match_outlines(a, b, max_turn_degrees=0, rounds=0)
        both = (np.diff(match.first) % 128 > 0) & (np.diff(match.second) % 128 > 0)
        assert not both.all()
        total = 2 * match.cost[0] + np.where(both, 2 * match.cost[1:], match.cost[1:] + STEP).sum()
        assert match.mean_cost == pytest.approx(total / 256)


def test_first_and_second_may_be_exchanged() -> None:
    a, b = outline_of(animal(), 128), outline_of(mask_of(dense(np.delete(ANIMAL, [7, 8, 1, 2], axis=0))), 128)
    there = match_outlines(a, b, max_turn_degrees=0, rounds=0).unlikeness
    assert there == pytest.approx(match_outlines(b, a, max_turn_degrees=0, rounds=0).unlikeness, abs=0.004)


def test_matching_again_under_the_warp_is_better() -> None:
    where = bent(20)
    a, b = outline_of(animal(), 128), outline_of(animal(where), 128)
    errors = []
    for rounds in (0, 3):
        first_xy, second_xy, _ = chosen_pairs(a, b, match_outlines(a, b, max_turn_degrees=30, rounds=rounds), 32)
        errors.append(float(np.linalg.norm(where(first_xy) - second_xy, axis=1).mean()))
    assert errors[1] < 0.8 * errors[0]


def test_the_order_along_the_outline_is_kept() -> None:
    a, b = outline_of(animal(), 128), outline_of(animal(bent(12)), 128)
    match = match_outlines(a, b, max_turn_degrees=30)
    for index in (match.first, match.second):
        steps = np.diff(index) % 128
        assert set(steps.tolist()) <= {0, 1}
        assert steps.sum() <= 128


def test_a_missing_part_does_not_move_the_others() -> None:
    """The second animal has no tail: all else still goes where it belongs."""
    tailless = np.delete(ANIMAL, [7, 8], axis=0)
    first_xy, second_xy, _, _ = pairs(animal(), mask_of(dense(tailless)))
    rest = np.linalg.norm(first_xy - ANIMAL[TAIL], axis=1) > 45
    error = np.linalg.norm(first_xy - second_xy, axis=1)[rest]
    assert len(error) > 18
    assert np.median(error) < 2
    assert error.max() < 12


def test_the_choice_is_as_many_as_asked_and_spread() -> None:
    first_xy, _, _, _ = pairs(animal(), animal(), count=20)
    assert len(first_xy) == 20
    gap = np.linalg.norm(first_xy[:, None] - first_xy[None], axis=2) + 1e9 * np.eye(20)
    assert gap.min() > 8

"""Skin that lies against other skin: told at rest, kept on its side, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.maths.crossings import crossings, edges_of
from twinbrush.shape.contact import NEAR_MM, Contacts
from twinbrush.shape.unfold import Surface, Unfolder

SIDE, STEP, GAP = 25, 1.0, 1.0  # vertices of a sheet, mm between them, mm between the sheets


def sheets() -> tuple[np.ndarray, np.ndarray]:
    """Two square sheets that face each other, as lips do."""
    y, x = np.mgrid[:SIDE, :SIDE] * STEP
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], 1)
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    up = np.concatenate([np.stack([corner, corner + 1, corner + SIDE + 1], 1),
                         np.stack([corner, corner + SIDE + 1, corner + SIDE], 1)])
    return np.concatenate([flat, flat + np.array([0, 0, GAP])]), np.concatenate([up, up[:, ::-1] + len(flat)])


def pressed(rest: np.ndarray, depth: float) -> np.ndarray:
    """The lower sheet pressed up in its middle."""
    middle = np.array([SIDE // 2, SIDE // 2]) * STEP
    hill = depth * np.exp(-(((rest[:, :2] - middle) ** 2).sum(1)) / 18)
    return rest + np.where(rest[:, 2] == 0, hill, 0)[:, None] * [0, 0, 1.0]


@pytest.fixture(scope="module")
def contacts() -> Contacts:
    rest, triangles = sheets()
    return Contacts(rest, triangles, edges_of(triangles))


def test_pairs_are_those_that_face_each_other(contacts: Contacts) -> None:
    pairs = contacts.pairs
    ends = pairs.matrix.indices.reshape(-1, 2)
    assert ((ends < SIDE**2).sum(1) == 1).all()
    assert np.linalg.norm(contacts.rest[ends[:, 0]] - contacts.rest[ends[:, 1]], axis=1).max() <= NEAR_MM
    assert np.allclose(np.abs(pairs.direction), [0, 0, 1])


def test_what_is_pressed_through_comes_back_and_the_rest_stays(contacts: Contacts) -> None:
    goal = pressed(contacts.rest, 2.0)
    assert len(crossings(goal, contacts.triangles))
    moves = contacts.apart(goal, contacts.pairs).moves
    assert not len(crossings(goal + moves, contacts.triangles))
    assert np.abs(moves).max() < 1.6  # both sheets give way
    corner = np.linalg.norm(contacts.rest[:, :2], axis=1) < 4
    assert np.abs(moves[corner]).max() < 0.1


def test_what_does_not_touch_is_not_moved(contacts: Contacts) -> None:
    goal = pressed(contacts.rest, 0.4)
    assert np.abs(contacts.apart(goal, contacts.pairs).moves).max() < 1e-9


def test_crossings_tell_more_constraints_each_once(contacts: Contacts) -> None:
    goal = pressed(contacts.rest, 2.0)
    found = crossings(goal, contacts.triangles)
    more = contacts.with_found(contacts.pairs, goal, found)
    fresh = len(more.least) - len(contacts.pairs.least)
    assert 0 < fresh <= 2 * len(found)
    assert (np.einsum("ij,ij->i", more.matrix @ contacts.rest, more.direction) >= more.least - 1e-9).all()
    assert np.allclose(np.asarray(more.matrix.sum(1)), 0)
    assert len(contacts.with_found(more, goal, found).least) == len(more.least)


def test_folds_that_nothing_touches_are_calmed() -> None:
    """A sheet whose middle is turned over: no two vertices lie against each other at rest."""
    rest, triangles = sheets()
    rest, triangles = rest[: SIDE**2], triangles[: len(triangles) // 2]
    away = rest - rest.mean(0)
    near = np.exp(-(away[:, :2] ** 2).sum(1) / 8)[:, None]
    rng = np.random.default_rng(0)
    goal = rest - 1.8 * near * away + 0.4 * near * rng.standard_normal(rest.shape)
    unfolder = Unfolder(rest, Surface(triangles, edges_of(triangles)))
    assert len(crossings(goal, triangles))
    out = unfolder.unfolded(goal)
    assert out.crossing == 0
    assert not len(crossings(out.vertices, triangles))
    far = np.linalg.norm(away, axis=1) > 11
    assert np.abs(out.vertices - goal)[far].max() < 0.3


def test_only_what_moved_since_islooked_at() -> None:
    rest, triangles = sheets()
    unfolder = Unfolder(rest, Surface(triangles, edges_of(triangles)))
    first = unfolder.unfolded(rest)
    goal = pressed(rest, 2.0)
    assert len(unfolder.looked(goal, first).found) == len(unfolder.looked(goal, None).found) > 0
    crossed = unfolder.looked(goal, None)
    assert len(unfolder.looked(goal, crossed).found) == len(crossed.found)
    clean = type(first)(goal, np.zeros((0, 3), np.int64))
    assert not len(unfolder.looked(goal, clean).found)

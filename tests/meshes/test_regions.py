"""Hair, skin and cloth of a head where its front does not tell them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import makers
import numpy as np
import pytest
import trimesh

from twinbrush.base.mesh import Mesh, Region
from twinbrush.meshes.read import load_model
from twinbrush.meshes.regions import (
    CHIN,
    EARS,
    FOREHEAD,
    LIP,
    TEMPLES,
    continued_regions,
    placed_regions,
    without_islands,
)
from twinbrush.meshes.values import SourceModel

HEIGHT = 120.0


def landmarks() -> np.ndarray:
    """Those the hairline is made of, in the portrait's frame: the eyes' middle is the origin, z toward the viewer."""
    points = np.zeros((468, 3))
    points[FOREHEAD], points[CHIN], points[LIP] = (0, 45, -5), (0, -75, -10), (0, -45, 5)
    points[list(TEMPLES)] = [(-55, 30, -25), (55, 30, -25)]
    points[list(EARS)] = [(-68, 5, -65), (68, 5, -65)]
    return points


@pytest.mark.parametrize(("point", "region"), [
    ((0, 20, 0), Region.SKIN),  # forehead
    ((0, 70, -30), Region.HAIR),  # above it
    ((40, -20, -20), Region.SKIN),  # cheek
    ((66, 60, -90), Region.HAIR),  # above the ear
    ((80, -10, -90), Region.SKIN),  # the ear itself sticks out
    ((30, -20, -150), Region.HAIR),  # the skull behind it
    ((0, -100, -120), Region.SKIN),  # nape
    ((0, -90, -30), Region.SKIN),  # throat
    ((0, -180, 0), Region.CLOTH),  # chest
    ((90, -150, -80), Region.CLOTH),  # shoulder
])
def test_a_head_of_clay_by_place(point: tuple[float, float, float], region: Region) -> None:
    found = placed_regions(np.array([point], float), landmarks(), lowest=-190.0)
    assert Region(int(found[0])) == region


def test_a_neck_wears_no_collar() -> None:
    rim = np.array([[0, -160.0, 0]])
    assert placed_regions(rim, landmarks(), lowest=-155.0)[0] == Region.SKIN
    assert placed_regions(rim, landmarks(), lowest=-190.0)[0] == Region.CLOTH


@pytest.fixture
def ball(tmp_path: Path) -> SourceModel:
    """A sphere, brown above, pale below, all the way round."""
    sphere = trimesh.creation.icosphere(subdivisions=4)
    path = makers.plain_obj(tmp_path / "ball.obj", np.asarray(sphere.vertices), sphere.faces.tolist())
    model = load_model(path)
    mesh: Mesh = model.mesh
    assert mesh.uv is not None
    size = 256
    texture = np.full((size, size, 3), 0.5, np.float32)
    up = mesh.vertices[:, 1] > 0
    for triangle in mesh.faces:  # colours by the triangle's own side
        column, row = (mesh.uv[triangle].mean(0) * [size, -size] + [0, size]).astype(int)
        texture[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5] = (
            (0.3, 0.15, 0.1) if up[triangle].mean() > 0.5 else (0.9, 0.75, 0.65)
        )
    return replace(model, mesh=mesh.painted(texture), coloured=True)


def test_hidden_parts_take_the_region_of_their_colours(ball: SourceModel) -> None:
    y, z = ball.mesh.vertices[:, 1], ball.mesh.vertices[:, 2]
    truth = np.where(y > 0, Region.HAIR, Region.SKIN).astype(np.uint8)
    seen = z > 0
    guess = np.where(seen, truth, np.uint8(Region.SKIN))  # the nearest seen ones were skin
    found = continued_regions(ball, guess.astype(np.uint8), seen, np.ones(len(y), bool))
    np.testing.assert_array_equal(found[seen], truth[seen])
    clear = ~seen & (np.abs(y) > 0.25 * np.abs(y).max())
    assert (found[clear] == truth[clear]).mean() > 0.97
    assert (guess[clear] == truth[clear]).mean() < 0.7


def test_labels_stay_where_only_one_region_is_seen(ball: SourceModel) -> None:
    labels = np.full(len(ball.mesh.vertices), Region.SKIN, np.uint8)
    seen = ball.mesh.vertices[:, 2] > 0
    np.testing.assert_array_equal(continued_regions(ball, labels, seen, seen), labels)


def test_there_is_no_cloth_above_the_chin(ball: SourceModel) -> None:
    y, z = ball.mesh.vertices[:, 1], ball.mesh.vertices[:, 2]
    labels = np.where(y > 0, Region.SKIN, Region.CLOTH).astype(np.uint8)
    seen = z > 0
    upside = np.where(seen, labels, np.uint8(Region.CLOTH))
    free = continued_regions(ball, upside, seen, np.ones(len(y), bool))
    bound = continued_regions(ball, upside, seen, y < -0.5 * np.abs(y).max())
    assert (free[~seen & (y < 0)] == Region.CLOTH).mean() > 0.9
    assert not (bound[~seen & (y > -0.3 * np.abs(y).max())] == Region.CLOTH).any()


@pytest.mark.parametrize("long", [False, True])
def test_a_dark_collar_behind_is_no_hair_unless_hair_is_long(ball: SourceModel, long: bool) -> None:
    """The sphere's dark half is turned down: seen it is cloth, hidden it looks like hair."""
    x, y, z = ball.mesh.vertices.T
    low, seen = y > 0, z > 0.1 * z.max()  # "low" is where the dark colour is
    labels = np.where(low, Region.CLOTH, Region.SKIN).astype(np.uint8)
    strand = seen & low & (x > (0.5 if long else 0.98) * x.max())
    labels[strand] = Region.HAIR
    labels[seen & ~low & (x > 0.9 * x.max())] = Region.HAIR  # some hair there is
    found = continued_regions(ball, np.where(seen, labels, np.uint8(Region.HAIR)), seen, low)
    assert ((found[~seen & low] == Region.HAIR).mean() > 0.05) == long


def test_small_islands_take_what_is_around_them_and_ears_stay(ball: SourceModel) -> None:
    y = ball.mesh.vertices[:, 1]
    radius = float(np.linalg.norm(ball.mesh.vertices, axis=1).max())

    def cap(towards: tuple[float, float, float], share: float) -> np.ndarray:
        """The vertices of a cap with that share of the sphere's surface."""
        axis = np.array(towards) / np.linalg.norm(towards)
        return ball.mesh.vertices @ axis > radius * (1 - 2 * share)

    labels = np.where(y > 0, Region.HAIR, Region.SKIN).astype(np.uint8)
    shadow, hole, ear = cap((0, -1, 1), 0.001), cap((0, 1, -1), 0.0015), cap((1, 1, 0), 0.012)
    truth = labels.copy()
    truth[ear] = Region.SKIN
    given = truth.copy()
    given[shadow] = Region.HAIR
    given[hole] = Region.CLOTH
    assert shadow.sum() > 0
    assert hole.sum() > 0
    found = without_islands(ball, given)
    np.testing.assert_array_equal(found, truth)

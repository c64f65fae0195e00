from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from grounds import SIDE, flat_ground
from twinbrush.relief.marks import grid_of, touches_on


def test_touches_keep_their_distance_and_leave_no_hole() -> None:
    ground = flat_ground((0, 1))
    touches = touches_on(ground, 5.0, 8.0, 0)
    tree = KDTree(touches.points)
    assert tree.query(touches.points, 2)[0][:, 1].min() >= 5.0
    assert tree.query(ground.points)[0].max() < 7.5
    assert not np.array_equal(touches.points, touches_on(ground, 5.0, 8.0, 1).points)


def test_touches_lie_along_the_paint() -> None:
    touches = touches_on(flat_ground((0.6, 0.8)), 6.0, 8.0, 0)
    assert np.abs(touches.across @ [0.6, 0.8, 0]) == pytest.approx(1, abs=1e-5)
    assert np.abs(touches.along @ [0.8, -0.6, 0]) == pytest.approx(1, abs=1e-5)
    assert touches.coherence == pytest.approx(1)


def test_groups_and_gates_count() -> None:
    ground = flat_ground((0, 1))
    left = ground.points[:, 0] < 48
    two = replace(ground, group=left.astype(np.int32))
    one, both = (touches_on(given, 5.0, 8.0, 0) for given in (ground, two))
    assert KDTree(both.points).query(both.points, 2)[0][:, 1].min() < 5.0
    assert len(both.points) > len(one.points)
    shut = replace(ground, gate=left.astype(np.float32))
    assert (touches_on(shut, 5.0, 8.0, 0).points[:, 0] < 48).all()


def test_a_grid_files_every_point_once() -> None:
    points = np.random.default_rng(0).uniform(-9, 9, (SIDE, 3)).astype(np.float32)
    grid = grid_of(points, 3.0)
    assert sorted(grid.order) == list(range(SIDE))
    for cube in np.flatnonzero(np.diff(grid.start)):
        own = points[grid.order[grid.start[cube] : grid.start[cube + 1]]]
        assert np.ptp(own, axis=0).max() < 3.0001

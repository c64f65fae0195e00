"""PatchMatch against brute force, the vote against a plain loop, and their books (costs, usage)."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.paint.guided.patchmatch import carry_field, improve_field, vote


def _image_rows(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((height, width))
    xy = np.stack([columns.ravel(), rows.ravel()], -1).astype(np.int32)
    return xy, np.arange(height * width, dtype=np.int32).reshape(height, width)


class _Problem:
    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.source_xy, self.source_index = _image_rows(40, 50)
        smooth = rng.normal(size=(10, 12, 14))
        big = np.kron(smooth, np.ones((4, 5, 1)))[:40, :50] + 0.3 * rng.normal(size=(40, 50, 14))
        self.source = big.reshape(-1, 14).astype(np.float32)
        self.xy, self.index = _image_rows(24, 30)
        offset = big[8:32, 11:41] + 0.05 * rng.normal(size=(24, 30, 14))
        self.target = offset.reshape(-1, 14).astype(np.float32)
        self.weight = np.ones((len(self.target), 3), np.float32)
        self.start = rng.integers(0, len(self.source), len(self.target)).astype(np.int32)

    def improve(self, *, penalty: float = 0.0, seed: int = 0, passes: int = 4,
                weight: np.ndarray | None = None) -> tuple:
        usage = np.bincount(self.start, minlength=len(self.source)).astype(np.int32)
        field, cost = improve_field(
            self.target, self.weight if weight is None else weight, self.xy, self.index, self.source, self.source_xy,
            self.source_index, self.start, usage, penalty=penalty, radius=25, passes=passes, seed=seed,
        )
        return field, cost, usage


def test_finds_the_shifted_copy() -> None:
    problem = _Problem()
    field, cost, _ = problem.improve()
    distances = ((problem.target[:, None] - problem.source[None]) ** 2).sum(-1)
    assert (field == distances.argmin(1)).mean() > 0.95
    np.testing.assert_allclose(cost, distances[np.arange(len(field)), field], rtol=1e-4)


def test_usage_is_booked_and_the_price_spreads_it() -> None:
    problem = _Problem()
    problem.target[:] = problem.source[0]  # everybody wants the same style pixel
    free = problem.improve()
    fair = problem.improve(penalty=1e3)
    for field, _, usage in (free, fair):
        np.testing.assert_array_equal(usage, np.bincount(field, minlength=len(problem.source)))
    assert fair[2].max() < 0.2 * free[2].max()


def test_same_seed_same_field() -> None:
    problem = _Problem()
    fields = [problem.improve(seed=seed, passes=1)[0] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(fields[0], fields[1])
    assert (fields[0] != fields[2]).any()


def test_weights_of_position_and_region_and_appearance() -> None:
    problem = _Problem()
    weight = np.tile(np.array([[2.0, 3.0, 0.5]], np.float32), (len(problem.target), 1))
    field, cost, _ = problem.improve(weight=weight)
    squares = (problem.target - problem.source[field]) ** 2
    expected = 2 * squares[:, :2].sum(1) + 3 * squares[:, 2:5].sum(1) + 0.5 * squares[:, 5:].sum(1)
    np.testing.assert_allclose(cost, expected, rtol=1e-4)


def test_vote_is_the_weighted_mean_of_covering_patches() -> None:
    rng = np.random.default_rng(1)
    colours = rng.random((20, 22, 3)).astype(np.float32)
    source_xy, source_index = _image_rows(20, 22)
    xy, index = _image_rows(6, 7)
    field = source_index[3:9, 4:11].ravel().copy()
    cost = np.full(len(field), 0.1, np.float32)
    np.testing.assert_allclose(
        vote(colours, xy, index, source_xy, field, cost, 5).reshape(6, 7, 3), colours[3:9, 4:11], atol=1e-6
    )
    field[10] = 0
    cost[10] = 1.0
    weight = np.exp(-np.minimum(cost, 2.0) / 0.2)
    expected, total = np.zeros(3), 0.0
    x0, y0 = xy[11]
    for j, (x, y) in enumerate(xy):
        sx, sy = source_xy[field[j]] - (x - x0, y - y0)
        if abs(x - x0) <= 1 and abs(y - y0) <= 1 and sx >= 0 and sy >= 0:
            expected += weight[j] * colours[sy, sx]
            total += weight[j]
    np.testing.assert_allclose(vote(colours, xy, index, source_xy, field, cost, 3)[11], expected / total, rtol=1e-5)


@pytest.mark.parametrize("worst", [1e3, 1e8])
def test_widely_spread_costs_give_numbers(worst: float) -> None:
    colours = np.ones((9, 9, 3), np.float32)
    source_xy, _ = _image_rows(9, 9)
    xy, index = _image_rows(5, 5)
    cost = np.full(25, 1e-4, np.float32)
    cost[:8] = worst
    painted = vote(colours, xy, index, source_xy, np.full(25, 40, np.int32), cost, 3)
    np.testing.assert_allclose(painted, 1.0, rtol=1e-5)


def test_a_carried_field_points_to_the_same_style_pixels() -> None:
    source_xy, source_index = _image_rows(12, 12)
    xy, index = _image_rows(4, 6)
    other = np.arange(24, dtype=np.int32)
    shifted = xy + np.array([1.2, 0.0])
    carried = carry_field(xy, shifted, index, other, source_xy, source_index, np.full(24, 99, np.int32))
    np.testing.assert_array_equal(carried.reshape(4, 6)[:, :5], other.reshape(4, 6)[:, 1:])
    assert (carried.reshape(4, 6)[:, 5] == 99).all()

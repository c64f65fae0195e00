"""The meter: how much of a whole road is done, whatever its stages report."""

from __future__ import annotations

import pytest

from twinbrush.base.progress import Meter, Plan, Step

PLAN: Plan = {"read": {"read": 1}, "make": {"first": 2, "make": 3}, "rest": {"rest": 2}, "write": {"write": 2}}


def _shown(*steps: tuple[str, int, int]) -> list[float]:
    told: list[Step] = []
    meter = Meter(PLAN, told.append)
    for stage, done, total in steps:
        meter(Step(stage, done, total))
    assert [(step.stage, step.done, step.total) for step in told] == list(steps)
    return [10 * step.overall for step in told if step.overall is not None]


def test_stages_count_by_their_weights() -> None:
    shown = _shown(("read", 0, 1), ("read", 1, 1), ("make", 0, 1), ("first", 1, 2), ("first", 2, 2), ("make", 1, 3),
                   ("make", 1, 1), ("rest", 0, 1), ("write", 1, 4), ("write", 1, 1))  # fmt: skip
    assert shown == pytest.approx([0, 1, 1, 2, 3, 4, 6, 6, 8.5, 10])


def test_it_never_goes_back() -> None:
    shown = _shown(("make", 0, 1), ("first", 2, 2), ("first", 1, 2), ("read", 0, 1), ("make", 1, 3), ("unknown", 0, 9))
    assert shown == pytest.approx([1, 3, 3, 3, 4, 4])


def test_stages_that_are_not_walked_are_done_when_a_later_one_begins() -> None:
    assert _shown(("read", 1, 1), ("rest", 0, 1), ("rest", 1, 1)) == pytest.approx([1, 6, 8])


def test_a_stage_without_units_is_done() -> None:
    assert _shown(("read", 0, 0)) == pytest.approx([1])

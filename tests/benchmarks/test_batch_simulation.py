"""The simulation of many workers: nobody is busier than always, and the bottleneck is who must be it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from batch_throughput import Costs, simulated

COSTS = Costs(photo_seconds=0, style_seconds=0, pair_seconds=10, megabytes=0, coordinator_seconds=0)


def test_without_shared_resources_workers_are_never_idle() -> None:
    found = simulated(10, 1000, COSTS)
    assert found.seconds == pytest.approx(1000)
    assert found.busy["workers"] == pytest.approx(1)
    assert found.bottleneck == "workers"


@pytest.mark.parametrize(("changes", "who"), [
    ({"coordinator_seconds": 0.1}, "coordinator"),
    ({"megabytes": 100, "store_megabytes_per_second": 500}, "file system")])
def test_what_only_one_can_do_at_a_time_limits_many(changes: dict[str, float], who: str) -> None:
    costs = replace(COSTS, **changes)
    few, many = simulated(5, 2000, costs), simulated(1000, 5000, costs)
    assert few.bottleneck == "workers"
    assert many.bottleneck == who
    assert many.busy[who] > 0.9
    assert max(many.busy.values()) <= 1 + 1e-9


def test_photos_and_styles_are_paid_once() -> None:
    costs = replace(COSTS, photo_seconds=100, style_seconds=7)
    assert simulated(1, 40, costs, photos=4).seconds == pytest.approx(40 * 10 + 4 * 100 + 10 * 7)

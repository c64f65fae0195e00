"""The benchmark of the command's cost: no second is lost between the stages and the whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import cost

TIMINGS: list[dict[str, float | str]] = [
    {"stage": name, "cpu_seconds": cpu, "wall_seconds": cpu / 2}
    for name, cpu in (("sculpt", 8.0), ("regions", 1.0), ("form", 2.0), ("shape", 0.5), ("export", 4.0), ("new", 3.0))]


def test_the_rows_add_up_to_the_command() -> None:
    spent = cost.Spent(25.0, 15.0, 1.0, 0.2)
    found = {row.name: row for row in cost.rows(TIMINGS, spent, "fast")}
    assert sum(row.cpu for row in found.values()) == pytest.approx(spent.cpu)
    assert sum(row.wall for row in found.values()) == pytest.approx(spent.wall)
    assert found["form"].cpu == 2.5
    assert found[cost.REST].cpu == pytest.approx(1.0 + 25.0 - 18.5)
    assert found["new"].budget is None


@pytest.mark.parametrize(("preset", "total"), [("default", 77), ("fast", 28)])
def test_the_budget_is_the_plans(preset: str, total: int) -> None:
    spent = cost.Spent(20.0, 10.0, 1.0, 0.2)
    found = cost.rows(TIMINGS, spent, preset)
    assert sum(row.budget or 0 for row in found) == total
    assert f"| sum | 20.0 | {total} | 100 | 10.0 |" in cost.table(found, spent)

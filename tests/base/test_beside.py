"""Works beside each other: order, errors, and that two are at work."""

from __future__ import annotations

import threading
import time

import pytest

from twinbrush.base.beside import mapped


def test_results_come_in_the_given_order() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0.0)
        return number * number

    assert mapped(slow_first, range(5)) == [0, 1, 4, 9, 16]


def test_two_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=20)
    assert len(mapped(lambda _: both.wait(), range(2))) == 2


def test_a_failure_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        mapped(lambda number: 1 // number, [1, 0, 2])

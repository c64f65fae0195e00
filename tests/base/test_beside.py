"""Works beside each other: order, errors, how many are at work, who pays, and that they end with their block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from twinbrush.base import beside
from twinbrush.base.beside import Begun, Works, cores, cpu_seconds, mapped


@pytest.fixture(params=[1, 2])
def any_cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """One core, then two, whatever the machine has."""
    monkeypatch.setattr(beside, "cores", lambda: request.param)
    return request.param


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cores, whatever the machine has."""
    monkeypatch.setattr(beside, "cores", lambda: 2)


def _helpers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "twinbrush-helper"]


def _sum(one: Begun[int], other: Begun[int]) -> int:
    return one.result() + other.result()


def _affinity(*allowed: int) -> Callable[[int], set[int]]:
    def of_process(process: int) -> set[int]:
        del process
        return set(allowed)

    return of_process


def _until(true: Callable[[], bool]) -> None:
    """Wait, 20 seconds at most."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_results_come_in_the_given_order(any_cores: int) -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0.0)
        return number * number

    assert mapped(slow_first, range(5)) == [0, 1, 4, 9, 16]


def test_two_are_worked_on_at_once(two_cores: None) -> None:
    both = threading.Barrier(2, timeout=20)
    assert len(mapped(lambda _: both.wait(), range(2))) == 2


def test_who_waits_works_on_what_is_left(two_cores: None) -> None:
    both = threading.Barrier(2, timeout=20)  # the first is under way elsewhere: its taker meets it in the second
    with Works() as works:
        first = works.begin(both.wait)
        _until(lambda: first._state == "at work")  # pyright: ignore[reportPrivateUsage]
        second = works.begin(both.wait)
        assert {first.result(), second.result()} == {0, 1}


def test_works_within_works_are_never_more_than_cores(any_cores: int) -> None:
    at_work: set[int] = set()
    most = 0

    def inner(number: int) -> int:
        nonlocal most
        at_work.add(threading.get_ident())
        most = max(most, len(at_work))
        time.sleep(0.003)
        at_work.discard(threading.get_ident())
        return number

    def outer(number: int) -> int:
        return sum(mapped(inner, range(number, number + 4)))

    assert mapped(outer, range(6)) == [4 * number + 6 for number in range(6)]
    assert most == any_cores
    _until(lambda: not _helpers())


def test_a_work_may_wait_for_one_begun_before(any_cores: int) -> None:
    for _ in range(50):
        with Works() as works:
            begun = [works.begin(lambda: 1)]
            for _ in range(6):
                begun.append(works.begin(partial(_sum, begun[0], begun[-1])))
            assert begun[3].result() == 4
            assert [one.result() for one in begun] == [1, 2, 3, 4, 5, 6, 7]


def test_the_first_failure_is_raised(any_cores: int) -> None:
    with pytest.raises(ZeroDivisionError):
        mapped(lambda number: 1 // number if number < 2 else [][number], [1, 0, 2])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_goes_on_after_the_block(two_cores: None, error: type[BaseException]) -> None:
    begun, end, done = threading.Event(), threading.Event(), list[str]()

    def long() -> None:
        begun.set()
        end.wait(20)
        time.sleep(0.05)
        done.append("long")

    def broken_off() -> None:
        with Works() as works:
            works.begin(long)
            begun.wait(20)
            works.begin(lambda: done.append("never"))
            end.set()
            raise error

    with pytest.raises(error):
        broken_off()
    assert done == ["long"]
    _until(lambda: not _helpers())
    assert done == ["long"]


def test_an_interruption_is_raised_at_once_and_by_whoever_takes_the_result(any_cores: int) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with Works() as works:
        begun = works.begin(interrupted)
        with pytest.raises(KeyboardInterrupt):
            begun.result()
    with Works() as works:
        assert works.begin(lambda: 7).result() == 7


def test_who_takes_the_result_pays(any_cores: int) -> None:
    def burn() -> float:
        start = time.thread_time()
        while time.thread_time() < start + 0.05:
            pass
        return cpu_seconds()

    with Works() as works:
        dropped = works.begin(burn)  # nobody's
        begun = [works.begin(burn) for _ in range(3)]
        before = cpu_seconds()
        begun[0].result()
        assert 0.05 <= cpu_seconds() - before < 0.1
        begun[2].result()
        begun[1].result()
        assert 0.15 <= cpu_seconds() - before < 0.2
        del dropped


def test_cores_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", _affinity(*range(8)), raising=False)
    monkeypatch.delenv(beside.CORES_VARIABLE, raising=False)
    assert cores() == beside.MOST_CORES
    for told, expected in (("1", 1), ("0", 1), ("64", beside.MOST_CORES), ("many", beside.MOST_CORES)):
        monkeypatch.setenv(beside.CORES_VARIABLE, told)
        assert cores() == expected
    monkeypatch.delenv(beside.CORES_VARIABLE)
    monkeypatch.setattr("os.sched_getaffinity", _affinity(3), raising=False)
    assert cores() == 1

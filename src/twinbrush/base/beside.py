"""Independent works on two cores at once: the same bytes as one after the other, on any number of cores.

What takes time here (compiled loops, arrays, networks, codecs) gives Python's lock away, so works are carried out by
threads. The whole process has one queue: a work waits there until a core is free for it, and whoever needs its result
first carries it out at once; who must wait for one that is under way carries out others meanwhile. So no more threads
are ever at work than cores may be used, however works begin works of their own; on one core everything is done in the
caller's thread. Results and failures come in the order in which the caller takes them.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial, wraps
from types import TracebackType
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast

from twinbrush.base.memory import share_one_arena

One = TypeVar("One")
Other = TypeVar("Other")
Result = TypeVar("Result")
Given = ParamSpec("Given")
CORES_VARIABLE = "TWINBRUSH_CORES"  # in the environment: how many cores may be used
MOST_CORES = 2  # more works at once would need more memory

_changed = threading.Condition()  # guards the queue and the states of all works
_waiting: deque[Begun[Any]] = deque()
_helpers = 0  # threads at work besides their callers'


class _Thread(threading.local):
    """What is known of each thread.

    lent: CPU-seconds that others have spent for it, less what it has spent for others. work: what it carries out.
    """

    lent = 0.0
    work: Begun[Any] | None = None


_here = _Thread()


def cores() -> int:
    """Returns how many cores this process may use: those it is bound to, CORES_VARIABLE, MOST_CORES at most."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get(CORES_VARIABLE, "")
    return max(1, min(bound, MOST_CORES, int(told) if told.isdecimal() else MOST_CORES))


def cpu_seconds() -> float:
    """Returns the CPU-seconds spent for this thread so far: its own, and those of the works whose results it took."""
    return time.thread_time() + _here.lent


class Begun(Generic[Result]):
    """A work that was begun (see `Works.begin`), its result to come."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work: Callable[[], Result] | None = work
        self._context = copy_context()
        self._state: Literal["waiting", "at work", "done"] = "waiting"
        self._part_of = _here.work  # the work that began it
        self._root = threading.get_ident() if self._part_of is None else self._part_of._root  # thread of the outermost
        self._thread = 0  # that carries it out
        self._value: Result | None = None
        self._error: BaseException | None = None
        self._cpu = 0.0

    def result(self) -> Result:
        """Returns the work's result, carried out here and now if nobody has begun with it. Raises what it raised."""
        if self._taken():
            self.carry_out()
        while (other := self._meanwhile()) is not None:
            other.carry_out()
        _here.lent += self._cpu
        self._cpu = 0.0
        if self._error is not None:
            raise self._error
        return cast("Result", self._value)

    def drop(self) -> None:
        """Never begin with it, or wait until it has ended (one that was interrupted in this thread has)."""
        if not self._taken() and self._thread != threading.get_ident():
            with _changed:
                _changed.wait_for(lambda: self._state == "done")

    def take(self) -> None:
        """This thread is going to carry it out. Called with the lock, while it waits."""
        _waiting.remove(self)
        self._state, self._thread = "at work", threading.get_ident()

    def carry_out(self) -> None:
        """Do the work, which this thread has taken. Raises only KeyboardInterrupt: whoever takes the result hears of
        everything else."""
        before, outer, work = cpu_seconds(), _here.work, self._work
        assert work is not None
        _here.work = self
        try:
            self._value = self._context.run(work)
        except BaseException as error:
            self._error = error
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            _here.work, self._cpu = outer, cpu_seconds() - before
            _here.lent -= self._cpu
            with _changed:
                self._work, self._state = None, "done"
                _changed.notify_all()

    def _taken(self) -> bool:
        """Whether it waited until now; then this thread has taken it."""
        with _changed:
            waited = self._state == "waiting"
            if waited:
                self.take()
            return waited

    def _meanwhile(self) -> Begun[Any] | None:
        """A work that this thread has taken, to be carried out until this one is done; None: it is done."""
        with _changed:
            while self._state != "done":
                for other in _waiting:
                    if other._is_wanted_here():
                        other.take()
                        return other
                _changed.wait()
            return None

    def _is_wanted_here(self) -> bool:
        """Whether it is a part of what this thread does, so that it cannot wait for this thread: no two works ever wait
        for each other."""
        if _here.work is None:
            return self._root == threading.get_ident()
        whole = self._part_of
        while whole is not None and whole is not _here.work:
            whole = whole._part_of
        return whole is not None


class Works:
    """Works that are begun together, for a `with` block: none of them goes on after its end, whatever ended it."""

    def __init__(self) -> None:
        self._begun: list[Begun[Any]] = []

    def __enter__(self) -> Works:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for work in reversed(self._begun):  # the last ones wait, the first are under way
            work.drop()
        self._begun.clear()

    def begin(self, work: Callable[[], Result]) -> Begun[Result]:
        """Have `work` carried out beside what the caller does next, as soon as a core is free. It may need results of
        works that were begun before; it changes nothing that others read."""
        begun = Begun(work)
        self._begun.append(begun)
        with _changed:
            _waiting.append(begun)
            _changed.notify_all()
            _help_if_free()
        return begun


def mapped(work: Callable[[One], Other], given: Iterable[One]) -> list[Other]:
    """Returns the work's results for all that is given, in its order. Raises what the first that fails raises."""
    given = list(given)
    if len(given) < 2 or cores() == 1:
        return [work(one) for one in given]
    with Works() as works:
        begun = [works.begin(partial(work, one)) for one in given]
        return [one.result() for one in begun]


def once(make: Callable[Given, Result]) -> Callable[Given, Result]:
    """A decorator: the function's value is made once for each of its arguments, and kept, whoever asks at the same
    time."""
    kept, lock = cache(make), threading.RLock()

    @wraps(make)
    def asked(*given: Given.args, **named: Given.kwargs) -> Result:
        with lock:
            return kept(*given, **named)

    return asked


def _help_if_free() -> None:
    """Start a helper while a core is free. Called with the lock."""
    global _helpers
    if _helpers < cores() - 1:
        share_one_arena()
        _helpers += 1
        threading.Thread(target=_help, name="twinbrush-helper").start()


def _help() -> None:
    """Carry out what waits, the oldest first, until nothing does."""
    global _helpers
    while True:
        with _changed:
            if not _waiting:
                _helpers -= 1
                return
            work = _waiting[0]
            work.take()
        with suppress(KeyboardInterrupt):  # its taker hears of it
            work.carry_out()
        del work  # its result may be large

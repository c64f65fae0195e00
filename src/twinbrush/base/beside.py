"""Independent works on two cores at once: the same results in the same order as one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")
WORKERS = 2  # threads: what is worked on here holds its lock for short moments only (compiled loops, codecs, arrays)


def mapped(work: Callable[[One], Other], given: Iterable[One]) -> list[Other]:
    """Returns the work's results for all that is given, in its order. Raises what the first that fails raises."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, given))

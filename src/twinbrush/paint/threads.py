"""torch's threads, chosen on purpose (the sum's order, and so the bytes, depend on their number), and its memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TypeVar

import torch

from twinbrush.base.beside import mapped
from twinbrush.base.memory import give_back

One = TypeVar("One")
Other = TypeVar("Other")

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD)
_LARGEST, _USUAL = 1 << 30, 32 << 20  # bytes; 32 MB is where glibc's own threshold ends up with such tensors


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """One thread inside, what was set before outside (two threads were slower than one with the built-in network)."""
    with threads(1):
        yield


@contextmanager
def threads(count: int) -> Generator[None, None, None]:
    """`count` threads inside, what was set before outside. More than one pays for VGG on cores that are free: on busy
    ones OpenMP's threads wait for each other at full speed (five times the CPU-seconds were measured)."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with _kept_memory():
            yield
    finally:
        torch.set_num_threads(before)


def side_by_side(work: Callable[[One], Other], given: Iterable[One]) -> list[Other]:
    """`mapped` where torch works on one thread; where it has more of its own, one after the other: the same bytes."""
    return mapped(work, given) if torch.get_num_threads() == 1 else [work(one) for one in given]


@contextmanager
def _kept_memory() -> Generator[None, None, None]:
    """Inside, freed memory is kept for the next tensor instead of going back to the system at once, which would clear
    every page again: a seventh of a step's time. glibc only; elsewhere nothing happens."""
    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        yield
        return
    tune(_MMAP_THRESHOLD, _LARGEST)
    tune(_TRIM_THRESHOLD, _LARGEST)
    try:
        yield
    finally:
        tune(_MMAP_THRESHOLD, _USUAL)
        tune(_TRIM_THRESHOLD, _USUAL)
        give_back()

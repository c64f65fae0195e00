"""Memory that is free and not given back: how Python and glibc keep it (where there is no glibc only Python's)."""

from __future__ import annotations

import ctypes
import gc

_ARENA_MAX = -8  # its name in glibc's malloc.h (M_ARENA_MAX)


def share_one_arena() -> None:
    """Let all threads that begin from now on take their memory from one arena. With an arena each, which gives large
    pieces back at once, a figure costs two CPU-seconds more, spent on clearing pages."""
    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):
        return


def forget() -> None:
    """Free what a finished task has left lying, above all objects that refer to themselves, with the arrays they hold:
    Python looks for them the more rarely the more objects there are, and torch alone brings hundreds of thousands."""
    gc.collect()
    give_back()


def give_back() -> None:
    """Give the system what was freed and kept for later, or a run holds at its peak what every stage before has left
    in pieces: half a gigabyte."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)

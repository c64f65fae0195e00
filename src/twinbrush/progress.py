"""How stages report: the core calls `progress(Step(...))` and never prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """`done` of `total` units of work in `stage` are finished; `note` is a short text for people."""

    stage: str
    done: int
    total: int
    note: str = ""


Progress = Callable[[Step], None]


def ignore(step: Step) -> None:
    """The progress callback that does nothing."""
    del step

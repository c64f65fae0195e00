"""How stages report: the core calls `progress(Step(...))` and never prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Step:
    """`done` of `total` units of work in `stage` are finished; `note` is a short text for people.

    overall: share of the whole run that is done, 0 to 1; None where nobody knows (see `Meter`).
    """

    stage: str
    done: int
    total: int
    note: str = ""
    overall: float | None = None


Progress = Callable[[Step], None]
Plan = Mapping[str, Mapping[str, float]]
"""A road's stages in order: stage -> {the name under which a part of it reports: CPU-seconds}. A stage's own name may
be one of its parts'."""


def ignore(step: Step) -> None:
    """The progress callback that does nothing."""
    del step


class Meter:
    """A progress callback that tells another one how much of the whole road is done, too.

    It never goes back: what reports twice counts once, and stages that are not walked count as done when a later one
    begins. The road is at its end when its last stage is.
    """

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._progress = progress
        self._order = list(plan)
        self._parts = {stage: dict(parts) for stage, parts in plan.items()}
        self._total = sum(sum(parts.values()) for parts in plan.values())
        self._stage, self._overall = self._order[0], 0.0

    def __call__(self, step: Step) -> None:
        """Passes the step on with the share of the road that is done."""
        share = step.done / step.total if step.total else 1.0
        begins = step.stage not in self._parts[self._stage] and self._is_next(step.stage)
        self._stage = step.stage if begins else self._stage
        own = self._parts[self._stage]
        before = sum(sum(self._parts[stage].values()) for stage in self._order[: self._order.index(self._stage)])
        if step.stage in own and not begins:
            names = list(own)
            before += sum(own[name] for name in names[: names.index(step.stage)])
            self._reach(before + share * own[step.stage])
        elif step.stage == self._stage:
            self._reach(before + share * sum(own.values()))
        self._progress(replace(step, overall=self._overall))

    def _is_next(self, name: str) -> bool:
        return name in self._parts and self._order.index(name) >= self._order.index(self._stage)

    def _reach(self, seconds: float) -> None:
        self._overall = max(self._overall, min(1.0, seconds / self._total))

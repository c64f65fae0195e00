"""`twinbrush reproduce`: runs, numbers, report, in that order; a run that is cut off goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinbrush.app.reproduce.compare import Measured, Rate, ceilings, on_shared_pairs, recognitions, spreads
from twinbrush.app.reproduce.measure import Gallery, make_jury, numbers_of
from twinbrush.app.reproduce.plan import (
    FIGURE_PAIRS,
    PAIRS,
    QUICK_PAIRS,
    TIMED_PAIRS,
    UNSTYLED,
    Data,
    Subject,
    find_data,
    jobs_for,
)
from twinbrush.app.reproduce.report import CONTROL, IN_SAMPLE, MISSING, REGIONS, Heading, page_of
from twinbrush.app.reproduce.runs import Done, done_of
from twinbrush.base.errors import BadOption
from twinbrush.base.files import write_atomically
from twinbrush.base.progress import Progress, Step

VGG19_FILE = "vgg19_conv1-3.safetensors"  # below --data, where the user has it
QUICK = "--quick: preset fast (256 px), pairs: {pairs}. Means of so few pairs have wide spreads."


@dataclass(frozen=True)
class Wish:
    """What is to be reproduced. pairs: 0: as many as the subject has. methods: none: all. vgg19: the judge's file."""

    subject: Subject
    data: Path
    out: Path
    quick: bool = False
    pairs: int = 0
    methods: tuple[str, ...] = ()
    vgg19: Path | None = None


def pair_count(wish: Wish) -> int:
    """Returns on how many pairs the wish is run. Raises BadOption."""
    if wish.pairs < 0 or wish.pairs > 400:
        raise BadOption(f"--pairs {wish.pairs}: out of range.", "Give 1 to 400, or leave it out.")
    if wish.pairs:
        return wish.pairs
    if wish.subject == "table1":
        return TIMED_PAIRS
    if wish.subject in ("fig2", "fig3"):
        return QUICK_PAIRS if wish.quick and wish.subject == "fig3" else FIGURE_PAIRS
    return QUICK_PAIRS if wish.quick else PAIRS


def reproduce(wish: Wish, command: str, progress: Progress) -> str:
    """Runs what is missing and writes OUT/SUBJECT.html and .json; returns what it says in short. Raises BadOption."""
    data = find_data(wish.data)
    count = pair_count(wish)
    jobs = jobs_for(wish.subject, data, quick=wish.quick, pairs=count, methods=wish.methods)
    runs: list[Done] = []
    for number, job in enumerate(jobs):
        progress(Step("runs", number, len(jobs), job.name))
        runs.append(done_of(job, wish.out))
    measured, found, missing = _numbers(wish, data, runs, progress)
    notes = [QUICK.format(pairs=count)] if wish.quick else []
    notes += [CONTROL] if any(job.method == UNSTYLED for job in jobs) else []
    notes += [MISSING, *([REGIONS, IN_SAMPLE] if measured else []), *missing]
    heading = Heading(f"Twinbrush: {wish.subject}", command, tuple(notes))
    page = write_atomically(wish.out / f"{wish.subject}.html",
                            page_of(heading, runs, measured, found, data.peer, wish.out).encode())  # fmt: skip
    write_atomically(wish.out / f"{wish.subject}.json", json.dumps(_told(runs, measured, found), indent=1).encode())
    made = sum(done.made for done in runs)
    return f"{page}: {made} of {len(runs)} runs made, {len(measured)} measured."


def _numbers(
    wish: Wish, data: Data, runs: Sequence[Done], progress: Progress
) -> tuple[list[tuple[Done, dict[str, Any]]], list[Rate], tuple[str, ...]]:
    """The numbers of every portrait that was made, the judges' ceilings, and which judges are missing."""
    portraits = [done for done in runs if done.made and done.job.content in data.photos]
    if not portraits:
        return [], [], ()
    named = wish.data / VGG19_FILE
    jury = make_jury(wish.vgg19 or (named if named.is_file() else None))
    gallery = Gallery(jury, data.photos, data.styles)
    measured: list[tuple[Done, dict[str, Any]]] = []
    for number, done in enumerate(portraits):
        progress(Step("numbers", number, len(portraits), done.job.name))
        measured.append((done, numbers_of(done, gallery, wish.out)))
    return measured, ceilings(gallery), jury.missing


def _told(runs: Sequence[Done], measured: Measured, found: Sequence[Rate]) -> dict[str, Any]:
    """Everything for programs."""
    costs = {done.job.name: {"cpu": done.cost.cpu, "wall": done.cost.wall, "peak": done.cost.peak,
                             "made": done.made, "command": done.command} for done in runs}  # fmt: skip
    shared = on_shared_pairs(measured)
    means = {method: {name: _finite(asdict(spread)) for name, spread in row.items()}
             for method, row in spreads(shared).items()}  # fmt: skip
    return {"costs": costs, "means": means, "recognition": [asdict(rate) for rate in (*recognitions(shared), *found)],
            "pairs": {done.job.name: told["metrics"] for done, told in measured}}  # fmt: skip


def _finite(values: dict[str, float]) -> dict[str, float]:
    """JSON knows no nan."""
    return {name: value for name, value in values.items() if value == value}

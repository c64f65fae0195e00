"""The runs themselves: each a process of its own, measured; a finished one is never made again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from twinbrush.app.reproduce.plan import Job
from twinbrush.base import store
from twinbrush.base.files import read_file, write_atomically
from twinbrush.evaluate.cost import Cost, cost_of, twinbrush
from twinbrush.road.placing import MANIFEST

_MOST_BYTES = 1 << 24
RUNS, RECORDS = "runs", "records"


@dataclass(frozen=True)
class Done:
    """A run that ended. cost: of its process; folder: of its files. command: as it can be typed again."""

    job: Job
    cost: Cost
    folder: Path
    command: str

    @property
    def made(self) -> bool:
        """Whether it made its files."""
        return self.cost.status == 0 and (self.folder / MANIFEST).is_file()


def done_of(job: Job, out: Path) -> Done:
    """Returns the run: remembered if it was made with the same program, inputs and options, else made now."""
    key = store.stage_key("reproduce", store.code_hash(), job.method, job.pair, job.options)
    folder, record = out / RUNS / job.name, out / RECORDS / f"{job.method}__{job.pair}.json"
    words = ("stylize", str(job.content), str(job.style), "-o", str(folder), *job.options)
    command = f"twinbrush stylize {job.content.name} {job.style.name} {' '.join(job.options)}"
    known = read_record(record)
    if known.get("key") == key and (known["cost"]["status"] != 0 or (folder / MANIFEST).is_file()):
        return Done(job, Cost(**known["cost"]), folder, command)
    cost = cost_of(twinbrush(*words))
    if cost.status in (0, 2):  # made, or refused with its reason; an interruption is tried again
        write_atomically(record, json.dumps({"key": key, "cost": asdict(cost)}).encode())
    return Done(job, cost, folder, command)


def read_record(path: Path) -> dict[str, Any]:
    """Returns what was written there, nothing where there is no sound record."""
    try:
        found: object = json.loads(read_file(path, _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

"""The runs themselves: each a process of its own, measured; a finished one is never made again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from twinbrush.app.reproduce.plan import Job
from twinbrush.base import store
from twinbrush.base.errors import BadOption
from twinbrush.base.files import read_file, write_atomically
from twinbrush.evaluate.cost import Cost, cost_of, twinbrush
from twinbrush.road.placing import MANIFEST

_MOST_BYTES = 1 << 24
_MOST_INPUT = 1 << 30  # of a photo, style or mesh
RUNS, RECORDS = "runs", "records"


@dataclass(frozen=True)
class Done:
    """A run that ended.

    cost: of its process; folder: of its files. command: as it can be typed again. key: of program, inputs and options.
    """

    job: Job
    cost: Cost
    folder: Path
    command: str
    key: str

    @property
    def made(self) -> bool:
        """Whether it made its files."""
        return self.cost.status == 0 and (self.folder / MANIFEST).is_file()


def done_of(job: Job, out: Path) -> Done:
    """Returns the run: remembered if it was made with the same program, inputs and options, else made now.

    The program is what makes results: a changed metric asks for no new run (`store.code_hash`). Raises BadOption for a
    picture that cannot be read.
    """
    key = store.stage_key("reproduce", job.method, *(content_hash(path) for path in (job.content, job.style)),
                          job.options)  # fmt: skip
    folder, record = out / RUNS / job.name, out / RECORDS / f"{job.method}__{job.pair}.json"
    words = job.words(str(job.content), str(job.style), "-o", str(folder))
    command = f"twinbrush {' '.join(job.words(job.content.name, job.style.name))}"
    known = read_record(record)
    if known.get("key") == key and (known["cost"]["status"] != 0 or (folder / MANIFEST).is_file()):
        return Done(job, Cost(**known["cost"]), folder, command, key)
    cost = cost_of(twinbrush(*words))
    if cost.status in (0, 2):  # made, or refused with its reason; an interruption is tried again
        write_atomically(record, json.dumps({"key": key, "cost": asdict(cost)}).encode())
    return Done(job, cost, folder, command, key)


@cache
def content_hash(path: Path) -> str:
    """Returns the hash of a file's bytes. Raises BadOption."""
    try:
        return hashlib.sha256(read_file(path, _MOST_INPUT)).hexdigest()
    except OSError as error:
        raise BadOption(f"{path}: cannot be read ({error.strerror}).", "Look at the files below --data.") from error


def read_record(path: Path) -> dict[str, Any]:
    """Returns what was written there, nothing where there is no sound record."""
    try:
        found: object = json.loads(read_file(path, _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

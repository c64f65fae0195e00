"""Jobs on disk: a folder each, with job.json written whole, so that they are found again however the service ended."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

from pydantic import ValidationError

from twinbrush.app.studio.models import Job, Order, Pass
from twinbrush.base.errors import BadOption
from twinbrush.base.files import output_error, read_file, write_atomically

_MOST_BYTES = 1 << 20
FILE = "job.json"


class Shelf:
    """The folder jobs/: jobs/ID/job.json, and a results folder for each preset beside it. What has no job.json goes
    away when it is opened. Raises OutputError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            left = [path for path in folder.iterdir() if path.is_dir() and not (path / FILE).exists()]
        except OSError as error:
            raise output_error(folder, error) from error
        for path in left:  # of a job that was being made, or removed, when the service was killed: it holds a photo
            shutil.rmtree(path, ignore_errors=True)

    def all(self) -> list[Job]:
        """Every job that can be read, in their order."""
        found: list[Job] = []
        for path in self.folder.glob(f"*/{FILE}"):
            try:
                job = Job.model_validate_json(read_file(path, _MOST_BYTES))
            except (OSError, ValidationError):
                continue
            if job.id == path.parent.name:
                found.append(job)
        return sorted(found, key=lambda job: job.number)

    def new(self, order: Order, number: int) -> Job:
        """A job that waits. Raises OutputError."""
        passes = [Pass(preset=preset) for preset in order.presets]
        job = Job(id=secrets.token_hex(8), number=number, created=time.time(), order=order, passes=passes)
        self.keep(job)
        return job

    def keep(self, job: Job) -> None:
        """Write the job as it stands. Raises OutputError."""
        write_atomically(self.folder / job.id / FILE, job.model_dump_json(indent=1).encode())

    def remove(self, job: Job) -> None:
        """The job and all its files go away. Raises OutputError."""
        try:
            (self.folder / job.id / FILE).unlink(missing_ok=True)  # first: half a folder is no job
        except OSError as error:
            raise output_error(self.folder / job.id, error) from error
        shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def results(self, job: Job, preset: str) -> Path:
        """The folder of the results of one preset."""
        return self.folder / job.id / preset

    def file(self, job: Job, name: str) -> Path:
        """One of the job's finished files. Raises BadOption for any other name."""
        if job.made is None or name not in job.files:
            raise BadOption(f"{name[:80]}: is no file of this job.", "Ask for one that the job lists.")
        return self.results(job, job.made) / name

"""One run through the stages: kept results, warnings, timings, and the moment when finished files appear.

Every stage's result is kept under OUT/.twinbrush, named by a hash of all it depends on, so that a second run with the
same inputs goes on where the first one stopped. Files are written into a hidden folder and move into OUT when complete.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, TypeVar

from twinbrush import store
from twinbrush.config import Config, check
from twinbrush.errors import BadOption, OutputError
from twinbrush.files import output_error
from twinbrush.outputs import Timing
from twinbrush.progress import Progress, Step

T = TypeVar("T")
CACHE = ".twinbrush"


@dataclass
class Run:
    """One pass through the stages: where finished ones are kept, what each one cost."""

    cache: Path
    progress: Progress
    timings: list[Timing] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def stage(self, name: str, key: str | None, kind: type[T], compute: Callable[[], T]) -> T:
        """The stage's kept result, a `kind`, if its key fits, else computed and kept (key None: never kept)."""
        self.progress(Step(name, 0, 1))
        cpu, wall = time.process_time(), time.perf_counter()
        path = self.cache / f"{name}.npz"
        kept = store.load(path, key, kind) if key else None
        value = compute() if kept is None else kept
        if kept is None and key:
            store.save(path, key, value)
        resumed = kept is not None
        self.timings.append(Timing(name, time.process_time() - cpu, time.perf_counter() - wall, resumed))
        self.warn(getattr(value, "warnings", ()))
        self.progress(Step(name, 1, 1, "resumed" if resumed else ""))
        return value

    def warn(self, warnings: tuple[str, ...]) -> None:
        """Keep each warning once, in order."""
        self.warnings += [w for w in warnings if w not in self.warnings]


def open_folder(out: Path) -> Path:
    """Make the results' folder and its cache, and prove that they can be written. Raises OutputError."""
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out}: is a file.", "Give a folder with -o.")
        (out / CACHE).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out / CACHE):
            pass
    except OSError as error:
        raise output_error(out, error) from error
    return out / CACHE


@contextmanager
def staging_folder(run: Run, out: Path) -> Generator[Path, None, None]:
    """A hidden folder for the results, gone afterwards. Raises OutputError."""
    try:
        staging = Path(tempfile.mkdtemp(prefix="new-", dir=run.cache))
    except OSError as error:
        raise output_error(out, error) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def restrengthened(old: Config, strength: float, out: Path) -> Config:
    """The options of a finished run with another strength of the shape. Raises BadOption."""
    config = replace(old, align=replace(old.align, strength=strength))
    check(config)
    if old.align.strength == 0:
        raise BadOption(f"{out}: was made at strength 0, there is no change to scale.", "Run `twinbrush stylize`.")
    return config


def gone(out: Path, stage: str) -> NoReturn:
    """In place of a stage whose result should have been kept. Raises BadOption."""
    raise BadOption(f"{out / CACHE / stage}.npz: missing or damaged.", "Run `twinbrush stylize` again.")

"""One run through the stages: kept results, warnings, timings, and the moment when finished files appear.

Every stage's result is kept under OUT/.twinbrush, named by a hash of all it depends on, so that a second run with the
same inputs goes on where the first one stopped. Files are written into a hidden folder and move into OUT when complete.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from twinbrush.base import locks, store
from twinbrush.base.beside import cpu_seconds
from twinbrush.base.compiled import use_what_cannot_be_kept
from twinbrush.base.errors import BadOption, OutputError
from twinbrush.base.files import output_error
from twinbrush.base.memory import give_back
from twinbrush.base.progress import Progress, Step
from twinbrush.config import Config, check
from twinbrush.export.outputs import Timing
from twinbrush.road.placing import STAGED, recover

T = TypeVar("T")
CACHE = ".twinbrush"
FINISHED = "run.npz"  # in it: how a finished run is taken up again


@dataclass(frozen=True)
class Done(Generic[T]):
    """A stage's value; cpu: CPU-seconds that it took; resumed: it was kept from an earlier run."""

    value: T
    cpu: float
    resumed: bool


@dataclass
class Run:
    """One pass through the stages: where finished ones are kept (keep False: nowhere), what each one cost."""

    cache: Path
    progress: Progress
    keep: bool = True
    timings: list[Timing] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def stage(self, name: str, key: str | None, kind: type[T], compute: Callable[[], T]) -> T:
        """The stage's kept result, a `kind`, if its key fits, else computed and kept (key None: never kept)."""
        return self.told(name, lambda: self.done(name, key, kind, compute))

    def told(self, name: str, make: Callable[[], Done[T]]) -> T:
        """The value of the stage that `make` makes, or takes where it was made beside others; told of. Its wall seconds
        are those that the walk stood here."""
        self.progress(Step(name, 0, 1))
        wall = time.perf_counter()
        done = make()
        give_back()
        self.timings.append(Timing(name, done.cpu, time.perf_counter() - wall, done.resumed))
        self.warn(getattr(done.value, "warnings", ()))
        self.progress(Step(name, 1, 1, "resumed" if done.resumed else ""))
        return done.value

    def done(self, name: str, key: str | None, kind: type[T], compute: Callable[[], T]) -> Done[T]:
        """`stage` in silence, in any thread."""
        cpu = cpu_seconds()
        path = self.cache / f"{name}.npz"
        key = key if self.keep else None
        kept = store.load(path, key, kind) if key else None
        value = compute() if kept is None else kept
        if kept is None and key:
            store.save(path, key, value)
        return Done(value, cpu_seconds() - cpu, kept is not None)

    def remember(self, value: object) -> None:
        """Keep what `reshape` must know of the finished run."""
        if self.keep:
            store.save(self.cache / FINISHED, store.code_hash(), value)

    def warn(self, warnings: tuple[str, ...]) -> None:
        """Keep each warning once, in order."""
        self.warnings += [w for w in warnings if w not in self.warnings]


@contextmanager
def run_folder(out: Path, *, keep: bool = True, new: bool = True) -> Generator[Path, None, None]:
    """The folder of kept stages in the results' folder `out`, ours alone inside; what a killed run left there is put
    in order first. keep: False: it is gone afterwards; new: it is made if it is not there. Raises OutputError."""
    cache = out / CACHE
    if cache.is_symlink():  # what is swept, and removed, must be in `out`
        raise OutputError(f"{cache}: is a link.", "Remove it, or choose another folder.")
    if new:
        _make_folder(out)
    elif not cache.is_dir():
        yield cache
        return
    try:
        with locks.held(cache) as ours:
            if not ours:
                raise OutputError(f"{out}: another run is at work there.", "Wait for it, or choose another folder.")
            recover(cache, out)
            use_what_cannot_be_kept()
            try:
                yield cache
            finally:
                if not keep:
                    shutil.rmtree(cache, ignore_errors=True)
    except OSError as error:
        raise output_error(out, error) from error


def _make_folder(out: Path) -> None:
    """Make the results' folder and its cache (it holds the photo: nobody else may read it), and prove that they can be
    written. Raises OutputError."""
    cache = out / CACHE
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out}: is a file.", "Give a folder with -o.")
        out.mkdir(parents=True, exist_ok=True)
        cache.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(PermissionError):  # another user's folder that we may write to
            cache.chmod(0o700)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except OSError as error:
        raise output_error(out, error) from error


@contextmanager
def staging_folder(run: Run, out: Path) -> Generator[Path, None, None]:
    """A hidden folder for the results, gone afterwards. Raises OutputError."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=STAGED, dir=run.cache))
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

"""`twinbrush batch`: workers make the listed pairs, each once, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinbrush.app.batch import cluster, records
from twinbrush.app.batch.crew import COMMAND, Outcome, Worker
from twinbrush.app.batch.pairs import Pair, read_pairs
from twinbrush.app.batch.schedule import Schedule
from twinbrush.app.batch.work import save_config
from twinbrush.base import locks, store
from twinbrush.base.errors import BadOption, OutputError, PairsFailed
from twinbrush.base.files import output_error, write_atomically
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import Config, check
from twinbrush.regions.inputs import check_named_files

WORKER_GB = 2.5  # memory of one worker at the default preset (peak 1.7 GB), with room
MOST_WORKERS = 256
_WAIT_SECONDS = 0.5
Heard = tuple[Pair, Step | Outcome]


@dataclass(frozen=True)
class BatchOptions:
    """How the pairs are made. workers: 0: as many as cores and memory allow; cross: each photo with each style; ray:
    the address of a Ray cluster (None: processes of this machine)."""

    workers: int = 0
    cross: bool = False
    ray: str | None = None


@dataclass(frozen=True)
class BatchResult:
    """What a batch made. records: one a pair, in the list's order; fresh: how many were made by this run."""

    out: Path
    records: tuple[dict[str, Any], ...]
    fresh: int
    sheets: tuple[str, ...]

    def summary(self) -> str:
        """A few lines for people."""
        kept = len(self.records) - self.fresh
        before = f", {kept} of them by an earlier run" if kept else ""
        return "\n".join([
            f"{self.out}: {len(self.records)} pairs{before}", *(f"  {self.out / name}" for name in self.sheets)])


def run_batch(
    listed: Path, out: Path, config: Config, options: BatchOptions = BatchOptions(), *,
    command: Sequence[str] = COMMAND, progress: Progress = ignore,
) -> BatchResult:
    """Make every pair that a file lists, each into its own folder below `out`. command: what a worker is started with.

    Raises BadPairs before any work, PairsFailed after all of it when some pairs could not be made.
    """
    if not 0 <= options.workers <= MOST_WORKERS:
        raise BadOption(f"--workers {options.workers}: out of range.", f"Give a number from 0 to {MOST_WORKERS}.")
    if options.ray is not None:
        cluster.check_installed()
    check(config)
    check_named_files(config)
    pairs = read_pairs(listed, config, cross=options.cross)
    folder = _folder(out)
    with locks.held(folder) as ours:
        if not ours:
            raise OutputError(f"{out}: another batch is at work there.", "Wait for it, or choose another folder.")
        if options.ray is None:
            return _run(pairs, out, _Local(options.workers, command, folder), command is COMMAND, progress)
        with cluster.connected(options.ray) as ray:
            return _run(pairs, out, _OnCluster(ray, options.workers, command, folder), command is COMMAND, progress)


Performer = Worker | cluster.RayWorker
Hire = Callable[[int], Sequence[Performer]]  # so many jobs -> who does them


@dataclass(frozen=True)
class _Local:
    """Processes of this machine."""

    wanted: int
    command: Sequence[str]
    folder: Path

    def __call__(self, jobs: int) -> list[Worker]:
        count = worker_count(self.wanted, jobs)
        cores = max(1, _cores() // count)  # two pairs at once need less than two that share both cores at every step
        return [
            Worker(self.command, self.folder / f"worker-{number}.log", cores=cores) for number in range(count)]


@dataclass(frozen=True)
class _OnCluster:
    """Workers on a Ray cluster, as many as it has cores."""

    ray: Any
    wanted: int
    command: Sequence[str]
    folder: Path

    def __call__(self, jobs: int) -> list[cluster.RayWorker]:
        count = max(1, min(self.wanted or cluster.cpus(self.ray), jobs))
        return [cluster.RayWorker(self.ray, self.command, (self.folder / f"worker-{number}.log").absolute())
                for number in range(count)]


def worker_count(wanted: int, jobs: int) -> int:
    """How many workers there are: as wanted, or (0) as cores and memory allow; never more than jobs."""
    if not wanted:
        wanted = min(_cores(), max(1, int(_memory_gb() / WORKER_GB)))
    return max(1, min(wanted, jobs))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows
        return 8.0


def _folder(out: Path) -> Path:
    """The folder of what is kept of the batch, ours alone. Raises OutputError."""
    folder = out / records.FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(out, error) from error
    return folder


def _run(pairs: tuple[Pair, ...], out: Path, hire: Hire, real: bool, progress: Progress) -> BatchResult:
    from twinbrush.app.batch.sheets import write_sheets
    from twinbrush.base.models import ensure_models

    keys = records.Keys()
    key = {pair.name: keys.of(pair) for pair in pairs}
    known = {pair.name: record for pair in pairs if (record := records.is_done(out, pair, key[pair.name]))}
    left = [pair for pair in pairs if pair.name not in known]
    schedule = Schedule(left, [pair for pair in pairs if pair.name in known], out)
    if left:
        if real:
            ensure_models(progress)  # once, not by every worker at the same time
        for pair in left:
            _config_file(out, pair.config)  # here, for two threads that write one file sweep each other's parts
        tally = _Tally(len(pairs), len(known), progress)
        for pair, outcome in _made(schedule, out, hire(len(left)), tally.step):
            known[pair.name] = records.keep(out, pair, key[pair.name], outcome)
            tally.end(pair, outcome)
    made = tuple(known[pair.name] for pair in pairs)
    progress(Step("contact sheet", 0, 1, overall=1.0))
    sheets = write_sheets(pairs, made, out)
    shown = [{name: value for name, value in record.items() if name != "key"} for record in made]
    write_atomically(out / "batch.json", json.dumps(shown, indent=1).encode())
    failed = [(record["name"], record["why"]) for record in made if record["state"] != "done"]
    if failed:
        raise PairsFailed(failed, len(made))
    return BatchResult(out, made, len(left), sheets)


class _Tally:
    """Steps of several pairs at once, told as one: how many are done, what each of the others has reached."""

    def __init__(self, count: int, done: int, progress: Progress) -> None:
        self._count, self._done, self._progress = count, done, progress
        self._shares: dict[str, float] = {}

    def step(self, pair: Pair, step: Step) -> None:
        """A pair goes on."""
        self._shares[pair.name] = max(step.overall or 0.0, self._shares.get(pair.name, 0.0))
        self._tell(f"{pair.name}: {step.stage}")

    def end(self, pair: Pair, outcome: Outcome) -> None:
        """A pair has ended."""
        self._shares.pop(pair.name, None)
        self._done += 1
        self._tell(f"{pair.name}: {outcome.state}")

    def _tell(self, note: str) -> None:
        overall = (self._done + sum(self._shares.values())) / self._count
        self._progress(Step(f"{self._done} of {self._count} pairs", self._done, self._count, note, overall))


def _made(
    schedule: Schedule, out: Path, crew: Sequence[Performer], on_step: Callable[[Pair, Step], None]
) -> Iterator[tuple[Pair, Outcome]]:
    """Yields every pair with its outcome as it ends. Steps are passed on in the caller's thread."""
    heard: queue.SimpleQueue[Heard | BaseException | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=_work, args=(worker, schedule, out, heard), daemon=True) for worker in crew]
    try:
        for thread in threads:
            thread.start()
        at_work = len(threads)
        while at_work:
            try:
                message = heard.get(timeout=_WAIT_SECONDS)  # Ctrl-C is heard between two waits
            except queue.Empty:
                continue
            if message is None:
                at_work -= 1
            elif isinstance(message, BaseException):
                raise message
            elif isinstance(message[1], Step):
                on_step(message[0], message[1])
            else:
                yield message[0], message[1]
    finally:
        for worker in crew:
            worker.close()


def _work(worker: Performer, schedule: Schedule, out: Path, heard: queue.SimpleQueue[Any]) -> None:
    """One thread: gives its worker one pair after the other."""
    photo: Path | None = None
    try:
        while (pair := schedule.take(photo)) is not None:
            photo = pair.photo
            task = {
                "kind": "stylize", "photo": str(pair.photo.absolute()), "style": str(pair.style.absolute()),
                "out": str((out / pair.name).absolute()), "config": str(_config_file(out, pair.config).absolute()),
                "lend": {stage: str(Path(path).absolute()) for stage, path in schedule.lent(pair).items()}}
            outcome = worker.perform(task, lambda step, pair=pair: heard.put((pair, step)))
            if outcome.state == "done":
                schedule.finished(pair)
            heard.put((pair, outcome))
    except BaseException as error:
        heard.put(error)
    heard.put(None)


def _config_file(out: Path, config: Config) -> Path:
    """Where a worker reads the pair's options."""
    path = out / records.FOLDER / f"options-{store.stage_key('options', config)[:16]}.npz"
    if not path.exists():
        save_config(path, config)
    return path

"""The queue: jobs wait, one at a time is worked on by a process of its own, and each ends in a file that says how."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from twinbrush.app.batch.crew import Outcome, Worker
from twinbrush.app.batch.work import OF_PHOTO, OF_STYLE
from twinbrush.app.studio.models import Job, Order, Overview, Pass, Shape, State, Trouble
from twinbrush.app.studio.shelf import Shelf
from twinbrush.app.studio.tasks import Tasks
from twinbrush.base.errors import BadOption, OutputError, TwinbrushError
from twinbrush.base.progress import Step
from twinbrush.road.run import CACHE

MOST_WAITING = 100
COST = {"fast": 28.0, "default": 77.0, "fine": 160.0, "reshape": 14.0, "print": 20.0}  # s: how the bar is divided
ENDED = ("done", "refused", "crashed", "cancelled")
_STATES: dict[str, State] = {"refused": "refused", "crashed": "crashed", "died": "crashed", "cancelled": "cancelled"}


class QueueFull(TwinbrushError):
    """More jobs wait than anybody can mean."""


class Board:
    """All jobs. Every method may be called from any thread; a thread of its own works."""

    def __init__(self, shelf: Shelf, tasks: Tasks, command: Sequence[str], log: Path) -> None:
        self._shelf, self._tasks = shelf, tasks
        self._worker = Worker(command, log)
        self._changed = threading.Condition(threading.RLock())
        self._ended = False
        self._jobs = {job.id: self._found_again(job) for job in shelf.all()}
        self._under_way: str | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def end(self) -> None:
        """Stop at once; what was under way is begun again by the next service."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._worker.close()
        if self._thread.is_alive():
            self._thread.join(10)

    def overview(self) -> Overview:
        """All jobs, newest first."""
        with self._changed:
            jobs = sorted(self._jobs.values(), key=lambda job: -job.number)
        return Overview(jobs=jobs, waiting=sum(job.state in ("queued", "running") for job in jobs), clock=time.time())

    def job(self, number: str) -> Job | None:
        """One job, or None."""
        with self._changed:
            return self._jobs.get(number)

    def pictures(self) -> set[str]:
        """All pictures that jobs name."""
        with self._changed:
            orders = [job.order for job in self._jobs.values()]
        places = [place for order in orders for place in (order.photo_face, order.style_face)]
        named = [*(o.photo for o in orders), *(o.style for o in orders), *(p.mask for p in places),
                 *(p.regions for p in places)]
        return {name for name in named if name}

    def add(self, order: Order) -> Job:
        """Take an order. Raises TwinbrushError for what the command line would refuse at once, QueueFull."""
        for preset in order.presets:
            self._tasks.config(order, preset)
        for number in (order.photo, order.style):
            self._tasks.pictures.path(number)
        with self._changed:
            self._check_room()
            job = self._shelf.new(order, max((job.number for job in self._jobs.values()), default=0) + 1)
            self._jobs[job.id] = job
            self._changed.notify_all()
        return job

    def more(self, job: Job, what: Literal["reshape", "print"], shape: Shape | None = None) -> Job:
        """Let a finished job do one thing more. Raises BadOption where there is nothing yet, OutputError."""
        with self._changed:
            job = self._jobs.get(job.id, job)
            if job.made is None or job.state not in ENDED:
                raise BadOption("The figure is not finished.", "Wait for it.")
            self._check_room()
            passes = [Pass(what=what, preset=job.made, shape=shape)]
            return self._put(job, must=True, state="queued", passes=passes, trouble=None, share=0.0, stage="",
                             remaining_seconds=None)

    def again(self, job: Job) -> Job:
        """Begin a job that failed, or was cancelled, once more, from the stages that it kept. Raises BadOption for any
        other, OutputError."""
        with self._changed:
            job = self._jobs.get(job.id, job)
            if job.state not in ("refused", "crashed", "cancelled"):
                raise BadOption("The job did not fail.", "Order a new one.")
            self._check_room()
            passes = job.passes or [Pass(preset=preset) for preset in job.order.presets]
            return self._put(job, must=True, state="queued", passes=passes, trouble=None, share=0.0, stage="")

    def cancel(self, job: Job) -> Job:
        """Give a job up: at once while it waits, at its next step while it is worked on."""
        with self._changed:
            job = self._jobs.get(job.id, job)
            if job.state == "queued":
                return self._put(job, state="cancelled", stage="")
            if job.state == "running" and self._under_way == job.id:
                self._worker.cancel()
                return self._put(job, stage="cancelling", keep=False)
        return job

    def remove(self, job: Job) -> None:
        """Forget an ended job and its files. Raises BadOption while it waits or is worked on, OutputError."""
        with self._changed:
            job = self._jobs.get(job.id, job)
            if job.state not in ENDED:
                raise BadOption("The job is not at its end.", "Cancel it first.")
            self._shelf.remove(job)
            self._jobs.pop(job.id, None)

    def _check_room(self) -> None:
        waiting = sum(job.state in ("queued", "running") for job in self._jobs.values())
        if self._ended or waiting >= MOST_WAITING:
            raise QueueFull(f"{waiting} jobs are waiting.", "Wait for some of them, or cancel some.")

    def _found_again(self, job: Job) -> Job:
        """A job of an earlier service: what was under way then waits again."""
        return job if job.state != "running" else job.model_copy(update={"state": "queued", "stage": ""})

    def _put(self, job: Job, *, keep: bool = True, must: bool = False, **changes: Any) -> Job:
        """The job with changes, for everybody to see, and (keep) on disk. Where that is full the next service finds the
        job as it stood, and takes up its kept stages; must: then nothing changes, and OutputError is raised."""
        changed = job.model_copy(update=changes)
        with self._changed:
            if job.id in self._jobs:
                if keep:
                    with contextlib.suppress(*() if must else (OutputError,)):
                        self._shelf.keep(changed)
                self._jobs[job.id] = changed
                self._changed.notify_all()
        return changed

    def _work(self) -> None:
        while True:
            with self._changed:
                waiting: list[Job] = []
                while not waiting and not self._ended:
                    waiting = [job for job in self._jobs.values() if job.state == "queued"]
                    if not waiting:
                        self._changed.wait()
                if self._ended:
                    return
                job = min(waiting, key=lambda job: job.number)
                self._under_way = job.id
                job = self._put(job, state="running", stage="starting", share=0.0, remaining_seconds=None)
            try:
                self._carry_out(job)
            except Exception as error:  # told with the job, the next one has its turn
                self._give_up(self._jobs.get(job.id, job), Outcome("crashed", {"text": str(error)}))
            self._under_way = None

    def _carry_out(self, job: Job) -> None:
        """All passes of a job, one after the other."""
        whole = sum(_cost(one) for one in job.passes)
        done = 0.0
        while job.passes:
            now, began = job.passes[0], time.monotonic()
            try:
                task = self._task(job, now)
            except TwinbrushError as error:
                refusal = {"kind": type(error).__name__, "problem": error.problem, "remedy": error.remedy}
                return self._give_up(job, Outcome("refused", refusal))
            meter = _Meter(done, _cost(now), whole, began)
            outcome = self._performed(job.id, task, meter)
            if self._ended:
                return None  # as it stands on disk: the next service goes on
            if outcome.state != "done":
                return self._give_up(self._jobs.get(job.id, job), outcome)
            done += _cost(now)
            job = self._passed(job, now, outcome, time.monotonic() - began)
        return None

    def _performed(self, number: str, task: dict[str, Any], meter: _Meter) -> Outcome:
        """The task's outcome; cancelled, too, when that was asked for between two tasks."""

        def given_up() -> bool:
            job = self._jobs.get(number)
            return job is None or job.stage == "cancelling"

        if given_up():
            return Outcome("cancelled")
        outcome = self._worker.perform(task, lambda step: self._step(number, step, meter))
        return Outcome("cancelled") if given_up() else outcome

    def _task(self, job: Job, now: Pass) -> dict[str, Any]:
        out = self._shelf.results(job, now.preset).absolute()
        return self._tasks.reshape(now, out) if now.what == "reshape" else self._tasks.stylize(
            job, now, out, self._lenders(job, now.preset))

    def _lenders(self, job: Job, preset: str) -> dict[str, str]:
        """{stage: folder} of what other jobs have kept that fits: keys decide in the end."""
        lenders: dict[str, str] = {}
        with self._changed:
            others = [other for other in self._jobs.values() if other.id != job.id and other.made == preset]
        for other in others:
            cache = str(self._shelf.results(other, preset).absolute() / CACHE)
            if other.order.photo == job.order.photo:
                lenders |= {stage: cache for stage in OF_PHOTO}
            if other.order.style == job.order.style:
                lenders |= {stage: cache for stage in OF_STYLE}
        if job.order.presets[0] != preset and job.made is not None:  # the form is the same at every preset
            own = str(self._shelf.results(job, job.made).absolute() / CACHE)
            lenders |= {stage: own for stage in OF_STYLE}
        return lenders

    def _passed(self, job: Job, now: Pass, outcome: Outcome, seconds: float) -> Job:
        left = job.passes[1:]
        what = now.preset if now.what == "stylize" else now.what
        shape = job.shape if now.what == "print" else now.shape
        changes: dict[str, Any] = {
            "passes": left, "made": now.preset, "files": list(outcome.answer.get("files", [])),
            "warnings": list(outcome.answer.get("warnings", [])), "version": job.version + 1,
            "seconds": job.seconds | {what: round(seconds, 1)}, "shape": shape}
        if now.what == "print":
            changes |= {"printable": True}
        if not left:
            changes |= {"state": "done", "share": 1.0, "remaining_seconds": None, "stage": ""}
        return self._put(self._jobs.get(job.id, job), **changes)

    def _give_up(self, job: Job, outcome: Outcome) -> None:
        """The job ends without all of its results; what an earlier pass made stays."""
        roles = {"photo": job.order.photo, "style": job.order.style}
        try:
            trouble = self._tasks.trouble(outcome, roles)  # pyright: ignore[reportArgumentType]
        except TwinbrushError:
            trouble = Trouble(kind="Crash", problem=outcome.why, remedy="Try it again.")
        told = None if outcome.state == "cancelled" else trouble
        self._put(job, state=_STATES[outcome.state], trouble=told, stage="", remaining_seconds=None)

    def _step(self, number: str, step: Step, meter: _Meter) -> None:
        with self._changed:
            job = self._jobs.get(number)
            if job is None:
                return
            if job.stage == "cancelling":  # and the task was perhaps not yet there to be given up
                self._worker.cancel()
                return
            share, remaining = meter.read(step.overall or 0.0)
            self._put(job, keep=False, stage=step.stage, share=max(share, job.share), remaining_seconds=remaining)


class _Meter:
    """How far a job is, and how long the rest may take, by the time that its pass took so far."""

    def __init__(self, before: float, own: float, whole: float, began: float) -> None:
        self._before, self._own, self._whole, self._began = before, own, whole, began

    def read(self, overall: float) -> tuple[float, float | None]:
        """(share of the whole job, seconds that remain or None while nobody can know)."""
        reached = self._before + overall * self._own
        share = min(reached / self._whole, 1.0)
        spent = time.monotonic() - self._began
        if overall < 0.04 or spent < 2:
            return share, None
        return share, round(spent / overall * (self._whole - reached) / self._own, 1)


def _cost(one: Pass) -> float:
    return COST[one.preset if one.what == "stylize" else one.what]

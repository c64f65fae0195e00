"""Workers on a Ray cluster: the same tasks and the same promises as with local ones.

An actor on some node holds a worker process there. All nodes must see the same files under the same paths (a shared
file system), and have this version of the program installed. Ray (https://docs.ray.io, Apache-2.0) is the extra `ray`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twinbrush.app.batch.crew import COMMAND, TRIES, Outcome, Worker
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Step, ignore

HERE = "local"  # the address that means: a cluster of this machine alone, for this run
CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_REMEDY = "Install it on all nodes: pip install 'twinbrush[ray]'."


def check_installed() -> None:
    """Raise BadOption where Ray is missing."""
    if find_spec("ray") is None:
        raise BadOption("--ray: Ray is not installed here.", _REMEDY)


class Holder:
    """This actor holds a worker process on a node. Its methods are called from elsewhere, two at a time.

    command: what the process is started with; None: the node's own Python.
    """

    def __init__(self, command: tuple[str, ...] | None, log: str) -> None:
        self._worker = Worker(command or COMMAND, Path(log), cores=1)  # what the actor asked the cluster for
        self._step: Step | None = None

    def perform(self, task: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The outcome of a task, as plain values."""
        self._step = None
        outcome = self._worker.perform(task, self._keep)
        return outcome.state, dict(outcome.answer)

    def step(self) -> Step | None:
        """How far the task is."""
        return self._step

    def _keep(self, step: Step) -> None:
        self._step = step


class RayWorker:
    """A worker on some node of the cluster, in a local worker's place. Its methods belong to one thread."""

    def __init__(self, ray: Any, command: Sequence[str], log: Path) -> None:
        self._ray = ray
        actor = ray.remote(num_cpus=1, max_concurrency=2)(Holder)
        given = None if command is COMMAND else tuple(command)
        self._start: Callable[[], Any] = lambda: actor.remote(given, str(log))
        self._holder: Any = None

    def perform(self, task: Mapping[str, Any], on_step: Callable[[Step], None] = ignore) -> Outcome:
        """Carry out a task; a node that is lost is replaced and the task begun again, TRIES times."""
        for _ in range(TRIES):
            try:
                return self._once(task, on_step)
            except self._ray.exceptions.RayError:  # the actor, or its whole node, is gone
                self._holder = None
        return Outcome("died")

    def close(self) -> None:
        """End the actor at once; its process ends with it."""
        holder, self._holder = self._holder, None
        if holder is not None:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(holder)

    def _once(self, task: Mapping[str, Any], on_step: Callable[[Step], None]) -> Outcome:
        if self._holder is None:
            self._holder = self._start()
        ended, told = self._holder.perform.remote(dict(task)), None
        while not self._ray.wait([ended], timeout=_LOOK_SECONDS)[0]:
            step = self._ray.get(self._holder.step.remote())
            if step is not None and step != told:
                told = step
                on_step(step)
        state, answer = self._ray.get(ended)
        return Outcome(state, answer)


@contextlib.contextmanager
def connected(address: str) -> Generator[Any]:
    """The module `ray`, connected to a cluster, or (HERE) with one of this machine. Raises BadOption."""
    check_installed()
    _check_answers(address)
    ray = import_module("ray")
    options = {"include_dashboard": False} if address == HERE else {"address": address}
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreached(address, error) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise BadOption where nothing listens at an address of the kind HOST:PORT: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _unreached(address, error) from error


def _unreached(address: str, error: Exception) -> BadOption:
    reason = " ".join(str(error).split())[:200]
    return BadOption(f"--ray {address}: cannot be reached ({reason}).", "Is `ray start --head` running there?")


def cpus(ray: Any) -> int:
    """How many cores the cluster has."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))

"""Batches on Ray: the same results as by local processes, whatever dies; and what is said where Ray is missing."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from test_run import STUB, made, write_pairs

from twinbrush.app.batch import cluster
from twinbrush.app.batch.run import BatchOptions, run_batch
from twinbrush.base.errors import BadOption, PairsFailed
from twinbrush.base.progress import Step
from twinbrush.config import FAST


def test_where_ray_is_missing_it_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    listed = write_pairs(tmp_path, "oil")
    with pytest.raises(BadOption, match=r"pip install 'twinbrush\[ray\]'"):
        run_batch(listed, tmp_path / "out", FAST, BatchOptions(ray="local"), command=STUB)
    assert not (tmp_path / "out").exists()


class FakeError(Exception):
    """What Ray raises when an actor is gone."""


class FakeRay:
    """Ray's calls, in this process; actors die when `deaths` says so."""

    class exceptions:  # noqa: N801
        RayError = FakeError

    def __init__(self, deaths: int) -> None:
        self.deaths, self.started = deaths, 0

    def remote(self, **options: object) -> object:
        fake = self

        class Actor:
            def __init__(self, *arguments: object) -> None:
                fake.started += 1
                self.perform = self.step = self

            @classmethod
            def remote(cls, *arguments: object) -> object:
                if arguments and isinstance(arguments[0], dict):
                    return "task"
                return cls(*arguments)

        return lambda holder: Actor

    def wait(self, references: list[object], timeout: float) -> tuple[list[object], list[object]]:
        return references, []

    def get(self, reference: object) -> object:
        if self.deaths:
            self.deaths -= 1
            raise FakeError
        return "done", {"files": []}

    def kill(self, holder: object) -> None:
        raise FakeError


@pytest.mark.parametrize(("deaths", "state", "started"), [(0, "done", 1), (2, "done", 3), (9, "died", 3)])
def test_a_lost_node_is_replaced(deaths: int, state: str, started: int, tmp_path: Path) -> None:
    ray = FakeRay(deaths)
    worker = cluster.RayWorker(ray, STUB, tmp_path / "log")
    assert worker.perform({"kind": "stylize"}).state == state
    assert ray.started == started
    worker.close()


def test_on_a_real_cluster(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    listed, steps = write_pairs(tmp_path, "oil", "ink", "dies_once", "refuse"), list[Step]()
    with pytest.raises(PairsFailed, match=r"2 of 8 pairs") as failed:
        run_batch(
            listed, tmp_path / "out", FAST, BatchOptions(2, ray="local"), command=STUB, progress=steps.append)
    assert "no face found" in " ".join(failed.value.details)
    expected = Counter(f"{photo}_{style}" for photo in ("anna", "bob") for style in ("oil", "ink", "refuse"))
    assert made(tmp_path) == expected + Counter({"anna_dies_once": 2, "bob_dies_once": 2})
    lines = [line.split() for line in (tmp_path / "out" / "made.txt").read_text().splitlines()]
    assert 2 <= len({pid for _, pid, *_ in lines}) <= 4  # a process lives from pair to pair; two died
    assert str(sys.executable) not in (tmp_path / "out" / "batch.json").read_text()


def test_an_address_where_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: True)
    with pytest.raises(BadOption, match="cannot be reached"), cluster.connected("127.0.0.1:9"):
        pass

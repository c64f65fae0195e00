"""What a batch gains from two cores, and what would hold up a thousand workers.

    python benchmarks/batch_throughput.py PHOTO PHOTO [--styles 2] [--preset fast] [--small]
    python benchmarks/batch_throughput.py --simulate [--pairs 20000]

Throughput: the same pairs (photos x bundled styles) by one worker held on one core, then by two workers on two cores;
kernels are compiled before. Where others use the machine, wall seconds tell nothing: beside them stand the CPU-seconds
that the batch got, from which follows the wall time of an idle machine (the longest worker's).

Simulation: events of workers, coordinator and file system in order (a heap), with the costs in COSTS; the coordinator's
is measured first, with the real schedule, records and threads and workers that do nothing. The bottleneck is whoever is
busy nearly all of the time.
"""

from __future__ import annotations

import argparse
import heapq
import os
import resource
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from twinbrush.app.batch import run
from twinbrush.app.batch.crew import Outcome
from twinbrush.app.batch.run import BatchOptions, run_batch
from twinbrush.app.demo import bundled_styles
from twinbrush.base.progress import Step
from twinbrush.config import PRESETS, Config


def small(config: Config) -> Config:
    """Pictures so small that a pair takes seconds: the same stages, the same processes."""
    stylize = replace(
        config.stylize, objective=replace(config.stylize.objective, sizes=(32, 64), steps=(4, 4), refine_steps=1))
    return replace(
        config, views=replace(config.views, size=128), stylize=stylize, sculpt=replace(config.sculpt, texture_size=256),
        reconstruct=replace(config.reconstruct, texture_size=256),
        export=replace(config.export, still_size=128, turntable=False))


# ---- throughput ------------------------------------------------------------------------------------------------------


def made(listed: Path, out: Path, config: Config, workers: int, cores: set[int]) -> tuple[float, float, list[float]]:
    """(wall seconds, CPU-seconds of everything, CPU-seconds of each pair) of a batch held on some cores."""
    whole = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        result = run_batch(listed, out, config, BatchOptions(workers, cross=True))
    finally:
        os.sched_setaffinity(0, whole)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    pairs = [float(record["answer"]["cpu_seconds"]) for record in result.records]
    return time.monotonic() - began, spent, pairs


def throughput(photos: list[Path], styles: int, config: Config) -> None:
    """Print both batches."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    chosen = list(bundled_styles().values())[:styles]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pairs.csv"
        rows = [f"{photo.absolute()}," for photo in photos] + [f",{style.absolute()}" for style in chosen]
        listed.write_text("\n".join(rows))
        made(listed, Path(folder) / "warm", config, 2, set(cores))
        found = {}
        for workers in (1, 2):
            wall, spent, pairs = made(listed, Path(folder) / f"out{workers}", config, workers, set(cores[:workers]))
            found[workers] = (wall, spent, pairs)
            share = spent / wall / workers
            print(f"{workers} worker(s) on as many cores: {len(pairs)} pairs, wall {wall:.1f} s, CPU {spent:.1f} s, "
                  f"{100 * share:.0f} % of the cores were ours, load {os.getloadavg()[0]:.1f}")
        gain = found[1][0] / found[2][0]
        free = 2 * found[1][1] / found[2][1]
        print(f"throughput of two against one: {gain:.2f} times by the wall clock; {free:.2f} times where both cores "
              "are free all the time (CPU-seconds)")


# ---- simulation ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Costs:
    """What a pair costs. photo_seconds, style_seconds: of what pairs of one photo, or style, share; pair_seconds: of
    the rest, CPU-seconds of a worker at the default preset (docs/measurements.md). megabytes: written for a pair.
    store_megabytes_per_second: of the shared file system. coordinator_seconds: of the process that gives out the pairs,
    for each (measured)."""

    photo_seconds: float = 30.0
    style_seconds: float = 5.0
    pair_seconds: float = 65.0
    megabytes: float = 60.0
    store_megabytes_per_second: float = 2000.0
    coordinator_seconds: float = 0.005


@dataclass(frozen=True)
class Simulated:
    """What came out. busy: {who: share of the time} of workers (mean), coordinator, file system."""

    seconds: float
    busy: dict[str, float]

    @property
    def bottleneck(self) -> str:
        """Who is busy nearly all of the time."""
        return max(self.busy, key=lambda who: self.busy[who])


def simulated(workers: int, pairs: int, costs: Costs, photos: int = 200) -> Simulated:
    """So many pairs (each photo with pairs / photos styles) by so many workers: who waits for whom."""
    styles = max(1, pairs // photos)
    coordinator_free = store_free = 0.0
    worked = coordinated = stored = 0.0
    idle = [(0.0, number) for number in range(workers)]
    known_photos: set[int] = set()
    known_styles: set[int] = set()
    left = [(number % photos, number // photos % styles) for number in range(pairs)][::-1]
    end = 0.0
    while left:
        now, worker = heapq.heappop(idle)
        photo, style = left.pop()
        begun = max(now, coordinator_free)
        coordinator_free = begun + costs.coordinator_seconds
        coordinated += costs.coordinator_seconds
        seconds = costs.pair_seconds
        seconds += 0 if photo in known_photos else costs.photo_seconds
        seconds += 0 if style in known_styles else costs.style_seconds
        known_photos.add(photo)
        known_styles.add(style)
        computed = coordinator_free + seconds
        worked += seconds
        writing = costs.megabytes / costs.store_megabytes_per_second
        store_free = max(computed, store_free) + writing
        stored += writing
        end = max(end, store_free)
        heapq.heappush(idle, (store_free, worker))
    return Simulated(end, {
        "workers": worked / workers / end, "coordinator": coordinated / end, "file system": stored / end})


class Idler:
    """A worker that does nothing but leave what the coordinator looks for."""

    def perform(self, task: Any, on_step: Any) -> Outcome:
        """Answer at once."""
        out = Path(task["out"])
        out.mkdir(parents=True, exist_ok=True)
        (out / "manifest.json").write_text("{}")
        for part in range(10):
            on_step(Step("paint", part, 10, overall=part / 10))
        return Outcome("done", {"files": ["manifest.json"], "warnings": []})

    def close(self) -> None:
        """Nothing to end."""


def coordinator_seconds(pairs: int = 400) -> float:
    """CPU-seconds of the coordinator for a pair: reading the list, keys, schedule, records, threads, sheet."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rng = np.random.default_rng(0)
        rows = []
        for kind, count in (("photo", 20), ("style", pairs // 20)):
            for number in range(count):
                cv2.imwrite(str(root / f"{kind}{number}.png"), rng.integers(0, 255, (64, 64, 3), np.uint8))
                rows.append(f"{kind}{number}.png," if kind == "photo" else f",{kind}{number}.png")
        (root / "pairs.csv").write_text("\n".join(rows))
        began = time.process_time()
        run.Worker = lambda *arguments: Idler()  # type: ignore[assignment,misc]
        run_batch(root / "pairs.csv", root / "out", PRESETS["default"], BatchOptions(4, cross=True), command=("none",))
        return (time.process_time() - began) / pairs


def simulate(pairs: int) -> None:
    """Print the coordinator's cost, and who is busy for more and more workers."""
    cost = coordinator_seconds()
    print(f"coordinator: {1000 * cost:.1f} CPU-ms a pair (measured)")
    costs = replace(Costs(), coordinator_seconds=cost)
    print(f"{costs}\n| workers | pairs an hour | workers busy | coordinator busy | file system busy | bottleneck |")
    print("|---|---|---|---|---|---|")
    for workers in (1, 10, 100, 300, 1000, 3000):
        count = max(pairs if workers >= 100 else pairs // 10, 20 * workers)
        found = simulated(workers, count, costs)
        rate, busy = count / found.seconds, found.busy
        print(f"| {workers} | {3600 * rate:.0f} | {100 * busy['workers']:.0f} % | "
              f"{100 * busy['coordinator']:.0f} % | {100 * busy['file system']:.0f} % | {found.bottleneck} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--styles", type=int, default=2)
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    parser.add_argument("--small", action="store_true", help="tiny pictures: seconds a pair")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--pairs", type=int, default=20_000)
    given = parser.parse_args()
    if given.photos:
        config = PRESETS[given.preset]
        throughput(given.photos, given.styles, small(config) if given.small else config)
    if given.simulate:
        simulate(given.pairs)


if __name__ == "__main__":
    main()

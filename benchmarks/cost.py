"""The cost of `twinbrush stylize` from photo and style to all files, stage by stage, and of `reshape` after it.

    OPENBLAS_NUM_THREADS=1 python benchmarks/cost.py PHOTO STYLE [--presets fast default] [--keep FOLDER]

What is compared with what: each stage's CPU-seconds with the budget of the project's plan (BUDGET below), and with a
fixed reference load, timed in the same run before and after every command: on a shared machine CPU-seconds grow by half
and more when others work, the reference load's do, too. Every command is a process of its own, run once before without
being measured, so that no kernel is compiled. CPU-seconds (user and system), wall seconds and peak memory (largest
resident set) are the process' own; the stages' are those of its manifest, and what of the whole is no stage's is start
and reading: imports, faces, keys. The photo's regions belong to `sculpt`. What is independent runs beside each other
(base/beside.py; TWINBRUSH_CORES=1: in sequence): a stage's CPU-seconds are those of its works in whichever thread, its
wall seconds those that nothing else went on for. On a busy machine the wall seconds tell nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinbrush.evaluate.cost import cost_of, twinbrush

BUDGET = {  # CPU-seconds (default, fast) of the plan's rows, and the manifest's stages in each; () is the rest
    "start, reading, style's regions": ((7, 6), ("regions",)),
    "sculpt": ((12, 8), ("sculpt",)),
    "form": ((3, 2), ("style-head", "form", "shape", "strengths", "caricatures", "hairs", "planes")),
    "pair": ((13, 3), ("pair",)),
    "ring and atlas": ((19, 6), ("texture",)),
    "export": ((23, 3), ("export",)),  # the relief of the medium with it
}
REST = "start, reading, style's regions"
PRESETS = ("default", "fast")
RESHAPE_BUDGET = 5.0  # CPU-seconds


@dataclass(frozen=True)
class Spent:
    """cpu, wall: seconds. peak: largest resident set, GB. reference: CPU-seconds of the reference load about it."""

    cpu: float
    wall: float
    peak: float
    reference: float


@dataclass(frozen=True)
class Row:
    """A row of the table: seconds of a part of the road, and its budget (None: it has none)."""

    name: str
    cpu: float
    wall: float
    budget: float | None


def reference_load() -> float:
    """CPU-seconds of a fixed piece of work: singular values of a 700 x 700 matrix, the best of two."""
    def once() -> float:
        start = time.process_time()
        np.linalg.svd(np.random.default_rng(0).normal(size=(700, 700)))
        return time.process_time() - start

    return min(once(), once())


def command(*words: str) -> Spent:
    """What a twinbrush command costs. Raises SystemExit when it fails."""
    before = reference_load()
    cost = cost_of(twinbrush(*words))
    if cost.status != 0:
        raise SystemExit(f"twinbrush {' '.join(words)}: failed")
    return Spent(cost.cpu, cost.wall, cost.peak, (before + reference_load()) / 2)


def rows(timings: list[dict[str, float | str]], spent: Spent, preset: str) -> list[Row]:
    """The table's rows from a manifest's timings; their seconds add up to the command's."""
    column = PRESETS.index(preset)
    out: list[Row] = []
    for name, (budget, stages) in BUDGET.items():
        own = [timing for timing in timings if timing["stage"] in stages]
        cpu, wall = (sum(float(timing[f"{kind}_seconds"]) for timing in own) for kind in ("cpu", "wall"))
        if name == REST:
            cpu += spent.cpu - sum(float(timing["cpu_seconds"]) for timing in timings)
            wall += spent.wall - sum(float(timing["wall_seconds"]) for timing in timings)
        out.append(Row(name, cpu, wall, budget[column]))
    known = {stage for _, stages in BUDGET.values() for stage in stages}
    out += [Row(str(timing["stage"]), float(timing["cpu_seconds"]), float(timing["wall_seconds"]), None)
            for timing in timings if timing["stage"] not in known]
    return out


def table(found: list[Row], spent: Spent) -> str:
    """The rows and their sum as a Markdown table."""
    total = Row("sum", spent.cpu, spent.wall, sum(row.budget or 0 for row in found))
    lines = ["| stage | CPU-s | budget | reference loads | wall s |", "|---|---|---|---|---|"]
    for row in (*found, total):
        budget = "-" if row.budget is None else f"{row.budget:g}"
        lines.append(f"| {row.name} | {row.cpu:.1f} | {budget} | {row.cpu / spent.reference:.0f} | {row.wall:.1f} |")
    return "\n".join([*lines, f"peak {spent.peak:.2f} GB, reference load {spent.reference:.3f} CPU-s"])


def main() -> None:
    """Print a table a preset, and a line for `reshape`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo")
    parser.add_argument("style")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), choices=PRESETS)
    parser.add_argument("--keep", type=Path, help="where the results stay (default: nowhere)")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.machine()}, {os.cpu_count()} cores{load}, commit {commit}; {options.photo} x {options.style}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        relief = ("--relief", "0.5")  # its kernels, too
        command("stylize", options.photo, options.style, "-o", f"{folder}/warm", "--preset", "fast", *relief)
        for preset in options.presets:
            out = folder / preset
            spent = command("stylize", options.photo, options.style, "-o", str(out), "--preset", preset)
            timings = json.loads((out / "manifest.json").read_text())["volatile"]["timings"]
            if any(timing["resumed"] for timing in timings):
                raise SystemExit(f"{out}: holds results of an earlier run; give another folder")
            print(f"\npreset {preset}\n\n{table(rows(timings, spent, preset), spent)}", flush=True)
        again = command("reshape", str(out), "--strength", "0.5")
        print(f"\nreshape: {again.cpu:.1f} CPU-s (budget {RESHAPE_BUDGET:g}), {again.cpu / again.reference:.0f} "
              f"reference loads, {again.wall:.1f} s wall, {again.peak:.2f} GB")


if __name__ == "__main__":
    main()

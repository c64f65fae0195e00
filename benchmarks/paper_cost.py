"""What a whole `--method paper --extractor vgg16` command costs: CPU-seconds, and peak memory, from a short run of it.

    python benchmarks/paper_cost.py [PHOTO STYLE] [--size 512] [--steps 4] [--threads 1]

The real command, from the photo to the written files, with weights of VGG-16's shape but random numbers (no trained
weights are needed to count seconds) and only --steps steps at each size (0: all that are configured, nothing is
extrapolated). The configured number of steps is then extrapolated: what is no step once, plus the median step of each
size times its number. Wall seconds are given as the machine was; on free cores and one thread they are the CPU-seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from twinbrush.app import demo
from twinbrush.base import vgg16
from twinbrush.base.progress import Step
from twinbrush.config import Config, PaperConfig, StylizeConfig, ViewsConfig
from twinbrush.paint.paper.dst_scale import scale_sizes
from twinbrush.road.pipeline import stylize_files

WIDTHS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}


def random_weights() -> dict[str, torch.Tensor]:
    """VGG-16's convolutions with He-normal random numbers."""
    generator, previous = torch.Generator().manual_seed(0), 3
    tensors: dict[str, torch.Tensor] = {}
    for name in vgg16.LAYERS:
        width = WIDTHS[name[0]]
        deviation = (2 / (previous * 9)) ** 0.5
        tensors[f"conv{name}.weight"] = torch.randn(width, previous, 3, 3, generator=generator) * deviation
        tensors[f"conv{name}.bias"] = torch.zeros(width)
        previous = width
    return tensors


@dataclass
class Clock:
    """CPU- and wall seconds between the steps of each size, from the progress reports."""

    costs: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _last: tuple[str, float, float] = ("", 0.0, 0.0)

    def __call__(self, step: Step) -> None:
        """A Progress."""
        if step.stage != "paper":
            return
        size, now = step.note.split(",")[0], (time.process_time(), time.perf_counter())
        if self._last[0] == size:  # a size's first step comes with its preparation
            self.costs.setdefault(size, []).append((now[0] - self._last[1], now[1] - self._last[2]))
        self._last = (size, *now)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("style", type=Path, nargs="?")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    paper, clock = PaperConfig(), Clock()
    few = replace(paper, steps=(options.steps,) * len(paper.steps)) if options.steps else paper
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        weights = folder / "random.safetensors"
        save_file(random_weights(), weights)
        photo, style = options.photo or demo.write_photo(folder), options.style or demo.bundled_styles()["oil"]
        config = Config(
            views=ViewsConfig(size=options.size),
            stylize=StylizeConfig(
                method="paper", extractor="vgg16", weights=weights, paper=few, threads=options.threads
            ),
        )
        cpu, wall = time.process_time(), time.perf_counter()
        result = stylize_files(photo, style, folder / "out", config, progress=clock)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, commit {commit}; {options.size} "
        f"px, {options.threads} thread(s); warnings: {len(result.warnings)}"
    )
    _report(clock, paper, options, cpu, wall)


def _report(clock: Clock, paper: PaperConfig, options: argparse.Namespace, cpu: float, wall: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{'short' if options.steps else 'whole'} run {cpu:.1f} CPU-s, {wall:.1f} s wall; peak memory {peak:.2f} GB")
    total, rest, whole, other = 0.0, cpu, 0.0, wall
    for size, steps, _ in scale_sizes(options.size, paper):
        each, lasted = (float(np.median(column)) for column in zip(*clock.costs[f"{size} px"], strict=True))
        done = options.steps or steps
        total, rest = total + steps * each, rest - done * each
        whole, other = whole + steps * lasted, other - done * lasted
        print(f"{size} px: {each:.2f} CPU-s ({lasted:.2f} s wall) a step x {steps} = {steps * each:.0f} CPU-s")
    print(f"all else: {rest:.1f} CPU-s, {other:.1f} s wall")
    print(f"whole command with the configured steps: {total + rest:.0f} CPU-s, {whole + other:.0f} s wall")


if __name__ == "__main__":
    main()

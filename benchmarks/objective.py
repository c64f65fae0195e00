"""Our joint optimisation against a straightforward version of the published recipe: the same loss, both in one go.

    python benchmarks/objective.py [PHOTO STYLE] [--size 512] [--reference-steps 6] [--seed 0]

Two views, a network of VGG-16's size and taps with random weights (no trained weights are needed to count seconds),
the same start, keypoints and step sizes. Printed:

1. CPU-seconds an iteration: ours (bfloat16 where the processor has it, one pass of the network over a random window
   of half of the pictures in turns, matched pairs only, fewer samples: the defaults of `PaperConfig`), ours on whole
   pictures with the published numbers of samples, and the reference (benchmarks/reference_dst.py: float32, whole
   pictures, 2048 x 5000 samples, dense matrices).
2. CPU-seconds to the same held-out loss: the REFERENCE's loss function on samples drawn with a seed that neither side
   has seen, after every iteration of both. Its own cost is not counted. Ours is given in whole iterations and
   interpolated between the two about the goal.

What a whole run of the engine costs: benchmarks/paper_cost.py.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import reference_dst as reference
from paint import prepare
from paper_cost import random_weights
from twinbrush.app import demo
from twinbrush.base import vgg16
from twinbrush.config import StylizeConfig
from twinbrush.paint.device import PLAIN, Compute, choose_compute
from twinbrush.paint.features.load import VGG16_TAPS
from twinbrush.paint.features.vgg import Vgg
from twinbrush.paint.paper.dst import STEEPEST, STEEPEST_KEYPOINT, limited
from twinbrush.paint.paper.dst_keypoints import keypoints
from twinbrush.paint.paper.dst_objective import WARP_UNIT, Task, evaluate
from twinbrush.paint.paper.dst_scale import build_content, build_pool
from twinbrush.paint.paper.dst_warp import to_units
from twinbrush.paint.pyramid import collapse, laplacian_pyramid
from twinbrush.paint.threads import one_thread

LEVELS = 5
HELD_OUT_SEED = 20_231


def network(compute: Compute) -> Vgg:
    """VGG-16 up to relu5_3 with random weights."""
    net = Vgg(random_weights(), vgg16.LAYERS, VGG16_TAPS, preprocessing="torchvision")
    if compute.half:
        net.convolutions.to(torch.bfloat16)
    return net


@dataclass(frozen=True)
class Setting:
    """Both sides' task at one size, and the start of both."""

    task: Task
    scene: reference.Scene
    weights: reference.Weights
    start: Tensor
    theta: Tensor


def setting(photo: Path, style: Path, size: int, config: StylizeConfig, compute: Compute) -> Setting:
    """Built from the pair's own views, keypoints and style."""
    views, aligned = prepare(photo, style, size)
    points = keypoints(views, aligned, config.paper, perspective=True)
    source, target = (torch.from_numpy(to_units(p, size)) for p in (points.source_xy, points.target_xy))
    content = build_content(np.ascontiguousarray(views.images, np.float32), views, aligned, size, compute.device)
    nets = network(compute), network(PLAIN)
    pools = [
        build_pool(aligned, views, size, net, how, perspective=True, generator=torch.Generator().manual_seed(0))
        for net, how in zip(nets, (compute, PLAIN), strict=True)
    ]
    with torch.no_grad():
        maps = [net(content.images) for net in nets]
    alpha = config.paper.alpha * config.paper.alpha_unit
    transfers = [
        (t.from_view, t.to_view, (t.transfer_xy + 0.5) / content.size[0], t.valid) for t in content.transfers
    ]
    scene = reference.Scene(
        content.images, content.covered, maps[1], pools[1].features, pools[1].colours, source.float(), target.float(),
        transfers,
    )  # fmt: skip
    paper = config.paper
    weights = reference.Weights(
        alpha, 1 / max(alpha, 1), paper.beta * WARP_UNIT, paper.gamma, paper.delta[1]
    )
    task = Task(content, maps[0], pools[0], source, target, nets[0], alpha, compute.half, config)
    return Setting(task, scene, weights, content.images, torch.zeros_like(source))


class Descent:
    """The engine's gradient descent on a Laplacian pyramid and on theta, the same for both sides: momentum (0.5, for so
    few iterations), and no entry of a gradient larger than so many times the mean."""

    def __init__(self, given: Setting, rate: float, theta_rate: float) -> None:
        self.given, self.rate, self.theta_rate = given, rate, theta_rate
        self.parts = [p.clone().requires_grad_() for p in laplacian_pyramid(given.start, LEVELS)]
        self.theta = given.theta.clone().requires_grad_()
        self.mean = [torch.zeros_like(p) for p in self.parts]
        self.drift = torch.zeros_like(self.theta)

    def images(self) -> Tensor:
        """The pictures; what shows no surface stays."""
        return torch.lerp(self.given.start, collapse(self.parts), self.given.task.content.painted)

    def step(self, loss: Callable[[Tensor, Tensor], Tensor]) -> float:
        """One step; returns its CPU-seconds."""
        began = time.process_time()
        *gradients, slope = torch.autograd.grad(loss(self.images(), self.theta), [*self.parts, self.theta])
        with torch.no_grad():
            self.drift.lerp_(limited(slope, STEEPEST_KEYPOINT), 0.5)
            self.theta.sub_(self.drift, alpha=self.theta_rate * self.theta.shape[1] / WARP_UNIT**2)
            for part, gradient, mean in zip(self.parts, gradients, self.mean, strict=True):
                mean.lerp_(limited(gradient, STEEPEST), 0.5)
                part.sub_(mean, alpha=self.rate * part.shape[-2] * part.shape[-1])
        return time.process_time() - began


def ours(given: Setting, generator: torch.Generator) -> Callable[[Tensor, Tensor], Tensor]:
    """The engine's loss, one turn after the other where it takes turns."""
    turns = itertools.count()

    def loss(images: Tensor, theta: Tensor) -> Tensor:
        turn = next(turns) if given.task.config.paper.turns else None
        return torch.stack(list(evaluate(images, theta, given.task, generator, turn).values())).sum()

    return loss


def published(given: Setting, net: Vgg, generator: torch.Generator) -> Callable[[Tensor, Tensor], Tensor]:
    """The reference's loss."""

    def loss(images: Tensor, theta: Tensor) -> Tensor:
        return reference.loss(images, theta.float(), given.scene, net, given.weights, generator)

    return loss


def held_out(given: Setting, net: Vgg, descent: Descent) -> float:
    """The reference's loss on samples of their own."""
    generator = torch.Generator().manual_seed(HELD_OUT_SEED)
    with torch.no_grad():
        return float(published(given, net, generator)(descent.images(), descent.theta))


def compare(given: Setting, reference_steps: int, seed: int) -> None:
    """Print both comparisons. seed: of the samples of both sides."""
    paper = given.task.config.paper
    full = replace(paper, content_samples=2048, style_samples=5000, similarity_samples=2048, crop=0, turns=False)
    full = replace(full, moment_channels=0)
    same = replace(given, task=replace(given.task, config=replace(given.task.config, paper=full)))
    plain = network(PLAIN)
    mine, theirs = (Descent(given, paper.rate, paper.theta_rate) for _ in range(2))
    step = ours(given, torch.Generator().manual_seed(seed))
    Descent(given, paper.rate, paper.theta_rate).step(step)  # compiles what is compiled
    cost = float(np.median([Descent(given, paper.rate, paper.theta_rate).step(step) for _ in range(6)]))
    print(f"ours: {cost:.2f} CPU-s an iteration; peak memory so far {_peak():.2f} GB", flush=True)
    cost_same = Descent(given, paper.rate, paper.theta_rate).step(ours(same, torch.Generator().manual_seed(0)))
    print(f"ours, whole pictures, published samples: {cost_same:.2f} CPU-s an iteration", flush=True)
    start = Point(0.0, held_out(given, plain, mine))
    print(f"held-out loss: start {start.loss:.4f}", flush=True)
    loss = published(given, plain, torch.Generator().manual_seed(seed))
    goals = _curve("reference", theirs, loss, start, given, plain, reference_steps, 0.0)
    per = goals[-1].seconds / reference_steps
    print(f"1. an iteration: {per / cost:.1f} times cheaper ({per / cost_same:.1f} at the same pictures and samples)")
    reached = _curve("ours", mine, step, start, given, plain, 5 * reference_steps, goals[-1].loss)
    for count, goal in enumerate(goals[1:], start=1):
        _report(count, goal, reached)


@dataclass(frozen=True)
class Point:
    """CPU-seconds spent, and the held-out loss reached with them."""

    seconds: float
    loss: float


def _curve(
    name: str, descent: Descent, loss: Callable[[Tensor, Tensor], Tensor], start: Point, given: Setting, net: Vgg,
    most: int, goal: float,
) -> list[Point]:
    """The held-out loss after each iteration, until `goal` or `most` iterations."""  # fmt: skip
    points = [start]
    while len(points) <= most and points[-1].loss > goal:
        seconds = points[-1].seconds + descent.step(loss)
        points.append(Point(seconds, held_out(given, net, descent)))
        print(f"   {name} after {len(points) - 1}: {points[-1].loss:.4f}, {seconds:.1f} CPU-s", flush=True)
    return points


def _report(count: int, goal: Point, reached: list[Point]) -> None:
    """What ours took to the loss that the reference has after `count` iterations."""
    first = next((k for k, point in enumerate(reached) if point.loss <= goal.loss), None)
    if first is None:
        print(f"2. the reference's loss after {count} ({goal.loss:.4f}): NOT reached; {reached[-1].seconds:.1f} CPU-s")
        return
    before, after = reached[first - 1], reached[first]
    share = (before.loss - goal.loss) / (before.loss - after.loss)  # of that iteration until the goal is passed
    crossing = before.seconds + share * (after.seconds - before.seconds)
    print(
        f"2. to the reference's loss after {count} ({goal.loss:.4f}): reference {goal.seconds:.1f}, ours "
        f"{after.seconds:.1f} ({first} whole iterations), {crossing:.1f} CPU-s (between them): "
        f"{goal.seconds / after.seconds:.1f} and {goal.seconds / crossing:.1f} times cheaper"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("style", type=Path, nargs="?")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--reference-steps", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    compute = choose_compute("cpu")
    config = StylizeConfig(method="paper", guidance=False)  # the reference knows no guidance
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        photo = options.photo or demo.write_photo(Path(folder))
        style = options.style or demo.bundled_styles()["oil"]
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, one thread, {compute}; commit {commit}; "
            f"{options.size} px, two views, {photo.stem} x {style.stem}, seed {options.seed}"
        )
        with one_thread():
            compare(setting(photo, style, options.size, config, compute), options.reference_steps, options.seed)


if __name__ == "__main__":
    main()

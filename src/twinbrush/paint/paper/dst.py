"""The paper engine: pictures and warps of all views are learned together (Eq. 3-10), coarse to fine.

Per view an unwarped picture I^ou (a Laplacian pyramid) and the displacements theta of its keypoints (a backward
thin-plate spline, dst_warp.py). What was learned then moves the mesh: every vertex goes to f_k^-1(p_k(v)), see
dst_result.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.align.values import AlignedStyle
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import StylizeConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.colour import with_photo_colours
from twinbrush.paint.device import Compute, choose_compute
from twinbrush.paint.features import Extractor, load_extractor
from twinbrush.paint.features.load import weights_sha256
from twinbrush.paint.guided.paint import build_scene
from twinbrush.paint.paper.dst_keypoints import Keypoints, keypoints
from twinbrush.paint.paper.dst_objective import WARP_UNIT, Task, evaluate
from twinbrush.paint.paper.dst_result import finished_pictures, learned_geometry
from twinbrush.paint.paper.dst_scale import build_content, build_pool, scale_sizes
from twinbrush.paint.paper.dst_warp import to_units
from twinbrush.paint.pyramid import collapse, laplacian_pyramid, resized
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.threads import threads
from twinbrush.views.values import ViewSet

IDENTITY_RANGE = 2.5  # the content's weight at identity 1, relative to the middle of the slider (as in the hybrid)
_LEVELS = 5  # of the Laplacian pyramid
_MOMENTUM = 0.9
STEEPEST = 6.0  # times the mean of a level's gradient that one pixel's may have
STEEPEST_KEYPOINT = 3.0  # the same of the keypoints' gradients
_LAST_RATE = 0.1  # both rates fall to this share along a cosine over the steps of a size


def paint_paper(
    views: ViewSet, aligned: AlignedStyle, config: StylizeConfig, *, seed: int, progress: Progress = ignore
) -> Stylization:
    """The paper's joint optimisation (see `stylize`). Raises BadOption for impossible settings."""
    _check(config)
    compute = choose_compute(config.device)
    extractor = load_extractor(config.extractor, weights=config.weights, half=compute.half, device=compute.device)
    points = keypoints(views, aligned, config.paper, perspective=config.ablation in ("both", "perspective"))
    content, warnings = np.ascontiguousarray(views.images, np.float32), _warnings(config)
    if config.paper.start == "matched":
        scene, more = build_scene(views, aligned)
        content, warnings = scene.matched, (*warnings, *more)
    with threads(config.threads):
        learned = optimise(views, aligned, content, points, extractor, config, compute, seed=seed, progress=progress)
    geometry = learned_geometry(views, points, learned.theta_px, progress=progress)
    return Stylization(
        _as_asked(finished_pictures(learned.images, geometry), geometry.warped, config), geometry.warped, "paper",
        {**geometry.log, **learned.log},
        (*geometry.warnings, *warnings), weights_sha256(config.extractor, config.weights), str(compute),
        config.extractor,
    )  # fmt: skip


def _as_asked(
    images: Float[np.ndarray, "n h w 3"], warped: ViewSet, config: StylizeConfig
) -> Float[np.ndarray, "n h w 3"]:
    """The photo's colours and a weaker style, as the other engines have them (not the paper's; off by default)."""
    photo = np.ascontiguousarray(warped.images, np.float32)
    if config.keep_colours:
        detail = 0.05 * float(np.ptp(warped.landmarks_xy.mean(0)[:, 1]))
        images = with_photo_colours(images, photo, warped.coverage, detail)
    return (photo + config.style_strength * (images - photo)).astype(np.float32)


def _warnings(config: StylizeConfig) -> tuple[str, ...]:
    if config.extractor == "vgg16":
        return ()
    name = "built-in extractor" if config.extractor in ("student", "filters") else config.extractor
    return (f"paper: {name} ({config.extractor}), not the paper's VGG16 (--extractor vgg16 with its weights).",)


def _check(config: StylizeConfig) -> None:
    paper = config.paper
    if not paper.steps or min(paper.steps) < 0:
        raise BadOption(f"--paper.steps {paper.steps}: no steps.", "Give one number a size, as 60 50 40.")
    if not (paper.rate > 0 and paper.theta_rate > 0):
        raise BadOption("--paper.rate and --paper.theta-rate must be positive.", "Leave them out for the defaults.")
    for value in (paper.alpha, paper.alpha_unit, paper.beta, paper.gamma, *paper.delta):
        if not 0 <= value < 1e6:
            raise BadOption(f"--paper: a weight is {value}.", "Weights are numbers from 0 up.")
    if min(paper.content_samples, paper.style_samples, paper.similarity_samples) < 16:
        raise BadOption("--paper: fewer than 16 samples compare nothing.", "Give 512 or more of each.")
    if paper.crop and paper.crop < 64:
        raise BadOption(f"--paper.crop {paper.crop}: too small to see anything.", "Give 0 (whole picture), 64 or more.")


@dataclass(frozen=True)
class Learned:
    """images: I^ou, the unwarped pictures at full size. theta_px: displacements of the keypoints, pixels. log: the
    weighted terms at the last step."""

    images: Float[np.ndarray, "n h w 3"]
    theta_px: Float[np.ndarray, "n k 2"]
    log: dict[str, float]


def optimise(
    views: ViewSet, aligned: AlignedStyle, content: Float[np.ndarray, "n h w 3"], points: Keypoints,
    extractor: Extractor, config: StylizeConfig, compute: Compute, *, seed: int, progress: Progress = ignore,
) -> Learned:
    """Minimise Eq. 8 / 10 by gradient descent, coarse to fine."""  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    full = views.images.shape[1]
    source = torch.from_numpy(to_units(points.source_xy, full)).to(compute.device)
    target = torch.from_numpy(to_units(points.target_xy, full)).to(compute.device)
    perspective = config.ablation in ("both", "perspective")
    plan = scale_sizes(full, config.paper)
    total, done = sum(steps for _, steps, _ in plan), 0
    start = points.start_px
    images, theta = None, torch.zeros_like(source) if start is None else torch.from_numpy(start / full).to(source)
    log: dict[str, float] = {}
    strict = IDENTITY_RANGE ** (2 * config.identity - 1)  # 1 in the middle of the slider: alpha as published
    for size, steps, alpha in plan:
        unwarped = build_content(content, views, aligned, size, compute.device)
        pool = build_pool(aligned, views, size, extractor, compute, perspective=perspective, generator=generator)
        with torch.no_grad():
            maps = extractor(unwarped.images)
        task = Task(unwarped, maps, pool, source, target, extractor, strict * alpha, compute.half, config)
        bands = laplacian_pyramid(unwarped.images, _LEVELS)
        # A new, larger size starts with the content's finest band, as STROTSS does.
        parts = bands if images is None else laplacian_pyramid(resized(images, *unwarped.size) + bands[0], _LEVELS)

        def report(step: int, terms: dict[str, float], size: int = size, before: int = done) -> None:
            log.update({f"loss_{name}": value for name, value in terms.items()})
            progress(Step("paper", before + step + 1, total, f"{size} px, loss {sum(terms.values()):.3f}"))

        images, theta = _descend(parts, theta, task, steps, generator, report)
        done += steps
    assert images is not None
    pictures = images.clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    return Learned(np.ascontiguousarray(pictures), theta.cpu().numpy() * full, log)


def _descend(
    parts: list[Tensor], theta: Float[Tensor, "n k 2"], task: Task, steps: int, generator: torch.Generator,
    report: Callable[[int, dict[str, float]], None],
) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n k 2"]]:
    """Steps at one size from the pyramid `parts` and `theta`."""  # fmt: skip
    parts, theta = [part.clone().requires_grad_() for part in parts], theta.clone().requires_grad_()
    content, paper = task.content, task.config.paper
    optimizer = Adam(parts) if paper.optimizer == "adam" else _Descent(parts)
    drift = torch.zeros_like(theta)
    for step in range(steps):
        fall = _LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1)))
        images = torch.lerp(content.images, collapse(parts), content.painted)
        terms = evaluate(images, theta, task, generator, step if paper.turns else None)
        total = torch.stack(list(terms.values())).sum()
        *gradients, slope = torch.autograd.grad(total, [*parts, theta], materialize_grads=True)
        with torch.no_grad():
            # Without the limit single keypoints (about black hair, as single pixels) were thrown 60 pixels off.
            drift.lerp_(limited(slope, STEEPEST_KEYPOINT), 1 - _MOMENTUM)
            theta.sub_(drift, alpha=paper.theta_rate * fall * theta.shape[1] / WARP_UNIT**2)
            optimizer.step(gradients, paper.rate * fall)
        report(step, {name: float(value.detach()) for name, value in terms.items()})
    with torch.no_grad():
        return torch.lerp(content.images, collapse(parts), content.painted), theta.detach()


def limited(gradient: Float[Tensor, "*shape"], steepest: float) -> Float[Tensor, "*shape"]:
    """No entry larger than `steepest` times the mean size."""
    most = float(steepest * gradient.abs().mean())
    return gradient.clamp(-most, most)


class _Descent:
    """Gradient descent with momentum on the bands of a pyramid.

    The losses are means, so that a level's gradient is the smaller the more pixels it has: its rate is multiplied by
    that number, and coarse and fine bands move at one pace whatever the size. Single pixels' gradients are limited: in
    black hair, where features have next to no length to normalise, they would grow into coloured specks.
    """

    def __init__(self, parts: Sequence[Tensor]) -> None:
        self.parts = parts
        self._mean = [torch.zeros_like(part) for part in parts]

    def step(self, gradients: Sequence[Tensor], rate: float) -> None:
        """Move in place; `rate` is that of the steady state (momentum averages, it does not amplify)."""
        for part, gradient, mean in zip(self.parts, gradients, self._mean, strict=True):
            mean.lerp_(limited(gradient, STEEPEST), 1 - _MOMENTUM)
            part.sub_(mean, alpha=rate * part.shape[-2] * part.shape[-1])

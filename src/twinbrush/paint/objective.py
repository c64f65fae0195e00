"""The joint objective over all views (Eq. 6-8 with the warp fixed): content, style and disparity, coarse to fine.

The views are already warped (`ViewSet` of the moved vertices), so that L_warp and R_TV have nothing left to choose; the
warped and the unwarped picture share one set of pixels, and the style terms are counted once. The style is one canvas
for all views (its perspective transforms, Eq. 9, differ by a shear that the features do not see at these angles).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.align.values import AlignedStyle
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import ObjectiveConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.box import box_around, cropped
from twinbrush.paint.device import PLAIN, Compute
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.colour import colour_loss, to_yuv
from twinbrush.paint.losses.content import content_loss, self_similarity
from twinbrush.paint.losses.disparity import disparity_of_pixels
from twinbrush.paint.losses.matching import Guide
from twinbrush.paint.losses.moments import moment_loss, moments
from twinbrush.paint.losses.relaxed_emd import relaxed_emd_of_units
from twinbrush.paint.problem import Problem, build_problem
from twinbrush.paint.pyramid import collapse, laplacian_pyramid, resized
from twinbrush.paint.samples import Draw, Samples, StyleSampler, guide_cost, pick
from twinbrush.paint.threads import side_by_side
from twinbrush.views.values import ViewSet

_LEVELS = 4  # of the Laplacian pyramid: coarser colours than 1/16 of the picture need no parameters of their own
_DETAIL = 1.0  # share of the content's finest band that a new, larger size starts with


@dataclass(frozen=True)
class Link:
    """A `Transfer` as its valid pixels' linear indices and their places in the other view."""

    from_view: int
    to_view: int
    pixels: Int[Tensor, "p"]
    places_xy: Float[Tensor, "p 2"]


def view_loss(
    features: Float[Tensor, "p c"], colours: Float[Tensor, "p 3"], content: Float[Tensor, "q c"], style: Samples,
    guide: Guide, config: ObjectiveConfig, *, half: bool,
) -> Float[Tensor, ""]:
    """L_DST of one view at one draw of samples (Eq. 6 without the warp's terms).

    features: unit hypercolumns of the picture; content: those of the content at the first q of the same pixels.
    half: matches are chosen in bfloat16.
    """  # fmt: skip
    loss = relaxed_emd_of_units(features, style.features, guide, half=half)
    loss = loss + config.moment_weight * moment_loss(features, moments(style.features, "deviation"))
    loss = loss + config.colour_weight * colour_loss(colours, style.colours, guide.scaled(config.colour_guide))
    with torch.no_grad():
        target = self_similarity(content)
    return loss + config.content_weight * content_loss(features[: len(content)], target)


class Objective:
    """Eq. 8 at one size with the warp fixed: the views' losses and what holds the views together."""

    def __init__(
        self, problem: Problem, extractor: Extractor, config: ObjectiveConfig, generator: torch.Generator, *, half: bool
    ) -> None:
        self.problem, self.extractor, self.config, self.half = problem, extractor, config, half
        self.generator = generator

        def content_maps() -> list[Tensor]:
            with torch.no_grad():
                return extractor(problem.content)

        makers: tuple[Callable[[], Any], ...] = partial(StyleSampler, problem, extractor, config), content_maps
        found = side_by_side(_called, makers)
        self.sampler: StyleSampler = found[0]
        self.content_maps: list[Tensor] = found[1]
        self.links: list[Link] = []
        for transfer in problem.transfers:
            pixels = transfer.valid.flatten().nonzero()[:, 0]
            places = transfer.transfer_xy.flatten(0, 1)[pixels]
            self.links.append(Link(transfer.from_view, transfer.to_view, pixels, places))

    def __call__(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, ""]:
        """The loss of the pictures (inside the problem's box) at a new draw of samples."""
        loss = self.between(images)
        for view, draw in enumerate(self.draws()):
            loss = loss + self.of_view(view, images[view : view + 1], draw)
        return loss

    def with_gradient(self, images: Float[Tensor, "n 3 h w"]) -> tuple[float, Float[Tensor, "n 3 h w"]]:
        """The loss and its gradient, the views beside each other. images: of any history, which is left alone."""
        images, draws = images.detach(), self.draws()

        def of_view(view: int) -> tuple[Tensor, Tensor]:
            return _with_gradient(partial(self.of_view, view, draw=draws[view]), images[view : view + 1])

        found = side_by_side(of_view, range(len(images)))
        loss = sum(float(value) for value, _ in found)
        gradient = torch.cat([own for _, own in found])
        if self.links:
            value, own = _with_gradient(self.between, images)
            loss, gradient = loss + float(value), gradient + own
        return loss, gradient

    def draws(self) -> list[Draw]:
        """New samples for every view."""
        pixels = [pick(covered, self.config.content_samples, self.generator) for covered in self.problem.covered]
        return [Draw(own, self.sampler.draw(view, self.generator)) for view, own in enumerate(pixels)]

    def of_view(self, view: int, image: Float[Tensor, "1 3 h w"], draw: Draw) -> Float[Tensor, ""]:
        """One view's own loss."""
        config, pixels = self.config, draw.pixels
        height, width = image.shape[-2:]
        features = hypercolumns(self.extractor(image), pixels, height, width)
        colours = image[0].permute(1, 2, 0).reshape(-1, 3)[pixels]
        with torch.no_grad():
            maps = [one[view : view + 1] for one in self.content_maps]
            content = hypercolumns(maps, pixels[: config.similarity_samples], height, width)
        guide = guide_cost(self.problem, view, pixels, draw.style, config)
        return view_loss(features, colours, content, draw.style, guide, config, half=self.half)

    def between(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, ""]:
        """What holds the views together."""
        loss, views = images.new_zeros(()), images.unbind()
        for link in self.links:
            disparity = disparity_of_pixels(views[link.from_view], views[link.to_view], link.pixels, link.places_xy)
            loss = loss + self.config.disparity_weight / len(self.links) * disparity
        return loss


def _called(make: Callable[[], Any]) -> Any:
    return make()


def _with_gradient(loss_of: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
    given = images.detach().requires_grad_()
    loss = loss_of(given)
    (gradient,) = torch.autograd.grad(loss, given)
    return loss.detach(), gradient


def _descend(
    parts: list[Tensor], objective: Objective, steps: int, rates: tuple[float, float],
    extra: Callable[[Tensor], Tensor] | None, report: Callable[[int, float], None],
) -> Float[Tensor, "n 3 h w"]:
    """Adam on the pyramid `parts`; the rate falls from rates[0] to rates[1] along a cosine."""  # fmt: skip
    parts = [part.clone().requires_grad_() for part in parts]
    optimizer, problem = Adam(parts), objective.problem
    for step in range(steps):
        share = step / max(steps - 1, 1)
        rate = rates[1] + (rates[0] - rates[1]) * 0.5 * (1 + math.cos(math.pi * share))
        images = torch.lerp(problem.content, collapse(parts), problem.painted)
        loss, gradient = objective.with_gradient(images)
        if extra is not None:
            value, own = _with_gradient(extra, images)
            loss, gradient = loss + float(value), gradient + own
        optimizer.step(torch.autograd.grad(images, parts, gradient), rate)
        report(step, loss)
    with torch.no_grad():
        return torch.lerp(problem.content, collapse(parts), problem.painted)


def optimise_views(
    start_images: Float[np.ndarray, "n h w 3"], warped: ViewSet, aligned: AlignedStyle, extractor: Extractor,
    config: ObjectiveConfig, *, compute: Compute = PLAIN, seed: int = 0, progress: Progress = ignore,
) -> Float[np.ndarray, "n h1 w1 3"]:
    """Coarse to fine from the colour-matched start; the result has the largest of the configured sizes.

    start_images: the warped views in the style's palette (`colour_match`): the start and the content. extractor: on
    the device of `compute`.
    """  # fmt: skip
    def build(size: int) -> Problem:
        return build_problem(start_images, warped, aligned, size)

    return optimise_problems(
        build, start_images.shape[1], extractor, config, compute=compute, seed=seed, progress=progress
    )


def optimise_problems(
    build: Callable[[int], Problem], height: int, extractor: Extractor, config: ObjectiveConfig, *,
    compute: Compute = PLAIN, seed: int = 0, progress: Progress = ignore,
) -> Float[np.ndarray, "n h1 w1 3"]:
    """`optimise_views` for any task: `build` makes it at a size (height of the views); `height`: the largest."""
    generator = torch.Generator(compute.device).manual_seed(seed)
    sizes = [s for s in config.sizes if s <= height] or [height]
    steps = config.steps[: len(sizes)]
    total, done = sum(steps), 0
    progress(Step("objective", 0, total, str(compute)))
    images: Tensor | None = None
    for size, count in zip(sizes, steps, strict=True):
        whole = build(size)
        box = box_around(whole)
        problem = cropped(whole, box).to(compute.device)
        background = whole.content.to(compute.device)
        bands = laplacian_pyramid(problem.content, _LEVELS)
        if images is None:
            parts = bands
        else:
            larger = resized(images, *background.shape[-2:])
            parts = laplacian_pyramid(box.cut(larger) + _DETAIL * bands[0], _LEVELS)
        objective = Objective(problem, extractor, config, generator, half=compute.half)

        def report(step: int, loss: float, size: int = size, before: int = done) -> None:
            progress(Step("objective", before + step + 1, total, f"{size} px, loss {loss:.3f}"))

        rates = config.rate, 0.1 * config.rate
        images = box.pasted(background, _descend(parts, objective, count, rates, None, report))
        done += count
    assert images is not None
    return _as_array(images)


def refine_views(
    images: Float[np.ndarray, "n h w 3"], content_images: Float[np.ndarray, "n h w 3"], warped: ViewSet,
    aligned: AlignedStyle, extractor: Extractor, config: ObjectiveConfig, *, compute: Compute = PLAIN, seed: int = 0,
    progress: Progress = ignore,
) -> Float[np.ndarray, "n h w 3"]:
    """A few steps at full size that mend what the patch synthesis broke; chroma is held near the given images'.

    content_images: the colour-matched views. The chroma anchor keeps rainbow speckle out.
    """  # fmt: skip
    generator = torch.Generator(compute.device).manual_seed(seed + 1)
    problem = build_problem(content_images, warped, aligned, images.shape[1])
    box = box_around(problem)
    problem = cropped(problem, box).to(compute.device)
    whole = torch.from_numpy(np.ascontiguousarray(images, np.float32)).permute(0, 3, 1, 2)
    start = box.cut(whole).to(compute.device).contiguous()
    chroma = to_yuv(start.permute(0, 2, 3, 1))[..., 1:]

    def anchor(picture: Tensor) -> Tensor:
        own = to_yuv(picture.permute(0, 2, 3, 1))[..., 1:]
        # Per pixel of the whole view: the box must not change what the anchor weighs.
        return config.chroma_anchor * (own - chroma).abs().sum() / (whole.shape[-2] * whole.shape[-1])

    def report(step: int, loss: float) -> None:
        progress(Step("refine", step + 1, config.refine_steps, f"loss {loss:.3f}"))

    objective = Objective(problem, extractor, config, generator, half=compute.half)
    rates = config.refine_rate, 0.2 * config.refine_rate
    refined = _descend(laplacian_pyramid(start, _LEVELS), objective, config.refine_steps, rates, anchor, report)
    return _as_array(box.pasted(whole, refined.cpu()))


def _as_array(images: Float[Tensor, "n 3 h w"]) -> Float[np.ndarray, "n h w 3"]:
    return np.ascontiguousarray(images.clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy())

"""The joint objective over all views (Eq. 6-8 with the warp fixed): content, style and disparity, coarse to fine.

The views are already warped (`ViewSet` of the moved vertices), so that L_warp and R_TV have nothing left to choose; the
warped and the unwarped picture share one set of pixels, and the style terms are counted once. The style is one canvas
for all views (its perspective transforms, Eq. 9, differ by a shear that the features do not see at these angles).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from twinbrush.config import ObjectiveConfig
from twinbrush.correspond.values import AlignedStyle
from twinbrush.progress import Progress, Step, ignore
from twinbrush.stylize.features import Extractor
from twinbrush.stylize.losses.colour import colour_loss, to_yuv
from twinbrush.stylize.losses.content import content_loss, self_similarity
from twinbrush.stylize.losses.disparity import disparity_loss
from twinbrush.stylize.losses.matching import Guide
from twinbrush.stylize.losses.moments import moment_loss, moments
from twinbrush.stylize.losses.relaxed_emd import relaxed_emd_of_units
from twinbrush.stylize.problem import Problem, build_problem, region_counts
from twinbrush.stylize.pyramid import collapse, laplacian_pyramid, resized
from twinbrush.views.values import ViewSet

_LEVELS = 4  # of the Laplacian pyramid: coarser colours than 1/16 of the picture need no parameters of their own
_HALF = True  # matches are chosen in bfloat16
_OFF_SKIN = 0.15  # share of the position's weight on hair and cloth
_DETAIL = 1.0  # share of the content's finest band that a new, larger size starts with


@dataclass(frozen=True)
class Samples:
    """The style's samples of one step: unit hypercolumns, colours, place and regions."""

    features: Float[Tensor, "m c"]
    colours: Float[Tensor, "m 3"]
    position: Float[Tensor, "m 2"]
    regions: Float[Tensor, "m r"]


def hypercolumns(
    maps: list[Float[Tensor, "1 _ _ _"]], pixels: Int[Tensor, "p"], height: int, width: int
) -> Float[Tensor, "p c"]:
    """Features of all levels at the pixels (linear index at the image's size); each level at unit norm, then all.

    Unit norm per level: every level has the same say. Coarser levels are sampled bilinearly.
    """
    y, x = torch.div(pixels, width, rounding_mode="floor"), pixels % width
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1)[None, None]
    columns: list[Tensor] = []
    for feature in maps:
        if feature.shape[-2:] == (height, width):
            column = feature[0].flatten(1)[:, pixels].T.float()
        else:
            column = functional.grid_sample(
                feature.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
            )[0, :, 0].T
        columns.append(functional.normalize(column, dim=1, eps=1e-4))
    return torch.cat(columns, 1) / len(maps) ** 0.5


def guide_cost(
    problem: Problem, view: int, pixels: Int[Tensor, "p"], style: Samples, config: ObjectiveConfig
) -> Guide:
    """Additive matching cost: squared distance to the landmark-warped place, and another region.

    The distance counts more on eyes, brows, lips and nose, and less off the skin (hair and cloth come from anywhere).
    """
    place, regions = problem.position[view][pixels], problem.regions[view][pixels]
    skin = regions[:, :1]
    weight = config.position_weight * (_OFF_SKIN + (1 - _OFF_SKIN) * skin)
    weight = weight * (1 + config.feature_emphasis * problem.emphasis[view][pixels][:, None])
    there = style.position
    # w |p - q|^2 + r (1 - region . region') as a product of (n, g) and (g, m)
    left = [weight * place.square().sum(1, keepdim=True) + config.region_weight, weight, -2 * weight * place]
    right = [torch.ones_like(there[:, :1]), there.square().sum(1, keepdim=True), there]
    return Guide(
        torch.cat([*left, -config.region_weight * regions], 1), torch.cat([*right, style.regions], 1)
    )


class StyleSampler:
    """Features of the whole style once per size, and a mix of samples per view and step."""

    def __init__(self, problem: Problem, extractor: Extractor, config: ObjectiveConfig) -> None:
        height, width = problem.style.shape[-2:]
        with torch.no_grad():
            maps = extractor(problem.style)
            self._features = hypercolumns(maps, problem.style_pixels, height, width)
        self._colours = problem.style[0].flatten(1)[:, problem.style_pixels].T
        self._problem = problem
        self._members = [torch.nonzero(column > 0.5)[:, 0] for column in problem.style_regions.T]
        views = len(problem.covered)
        # A small canvas has fewer pixels than samples are asked for: more would only be repeats.
        self._samples = min(config.style_samples, len(self._features))
        self._counts = [region_counts(problem, k, self._samples) for k in range(views)]

    def draw(self, view: int, generator: torch.Generator) -> Samples:
        """A new draw for one view."""
        chosen = [
            members[torch.randint(len(members), (count,), generator=generator)]
            for members, count in zip(self._members, self._counts[view], strict=True)
            if count
        ]
        if not chosen:
            chosen = [torch.randint(len(self._features), (self._samples,), generator=generator)]
        index = torch.cat(chosen)
        return Samples(
            self._features[index], self._colours[index], self._problem.style_position[index],
            self._problem.style_regions[index],
        )  # fmt: skip


def _pick(covered: Int[Tensor, "c"], count: int, generator: torch.Generator) -> Int[Tensor, "p"]:
    if len(covered) <= count:
        return covered
    return covered[torch.randint(len(covered), (count,), generator=generator)]


def view_loss(
    image: Float[Tensor, "3 h w"], maps: list[Float[Tensor, "1 _ _ _"]], content_maps: list[Float[Tensor, "1 _ _ _"]],
    problem: Problem, view: int, style: Samples, config: ObjectiveConfig, generator: torch.Generator,
) -> Float[Tensor, ""]:
    """L_DST of one view at one draw of samples (Eq. 6 without the warp's terms)."""  # fmt: skip
    height, width = image.shape[-2:]
    pixels = _pick(problem.covered[view], config.content_samples, generator)
    features = hypercolumns(maps, pixels, height, width)
    guide = guide_cost(problem, view, pixels, style, config)
    loss = relaxed_emd_of_units(features, style.features, guide, half=_HALF)
    loss = loss + config.moment_weight * moment_loss(features, moments(style.features, "deviation"))
    colours = image.flatten(1)[:, pixels].T
    loss = loss + config.colour_weight * colour_loss(colours, style.colours, guide.scaled(config.colour_guide))
    some = slice(0, config.similarity_samples)  # the samples are in random order already
    with torch.no_grad():
        target = self_similarity(hypercolumns(content_maps, pixels[some], height, width))
    return loss + config.content_weight * content_loss(features[some], target)


def _descend(
    parts: list[Tensor], problem: Problem, extractor: Extractor, config: ObjectiveConfig, steps: int,
    rates: tuple[float, float], generator: torch.Generator, extra: Callable[[Tensor], Tensor],
    report: Callable[[int, float], None],
) -> Float[Tensor, "n 3 h w"]:
    """Adam on the pyramid `parts`; the rate falls from rates[0] to rates[1] along a cosine."""  # fmt: skip
    parts = [part.clone().requires_grad_() for part in parts]
    optimizer = torch.optim.Adam(parts, lr=rates[0], betas=(0.9, 0.98))
    sampler = StyleSampler(problem, extractor, config)
    with torch.no_grad():
        content_maps = extractor(problem.content)
    for step in range(steps):
        share = step / max(steps - 1, 1)
        optimizer.param_groups[0]["lr"] = rates[1] + (rates[0] - rates[1]) * 0.5 * (1 + np.cos(np.pi * share))
        images = torch.lerp(problem.content, collapse(parts), problem.painted)
        maps = extractor(images)
        loss = extra(images)
        for view in range(len(images)):
            loss = loss + view_loss(
                images[view], [m[view : view + 1] for m in maps], [m[view : view + 1] for m in content_maps],
                problem, view, sampler.draw(view, generator), config, generator,
            )  # fmt: skip
        for transfer in problem.transfers:
            disparity = disparity_loss(
                images[transfer.from_view], images[transfer.to_view], transfer.transfer_xy, transfer.valid
            )
            loss = loss + config.disparity_weight / len(problem.transfers) * disparity
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        report(step, loss.item())
    with torch.no_grad():
        return torch.lerp(problem.content, collapse(parts), problem.painted)


def optimise_views(
    start_images: Float[np.ndarray, "n h w 3"], warped: ViewSet, aligned: AlignedStyle, extractor: Extractor,
    config: ObjectiveConfig, *, seed: int = 0, progress: Progress = ignore,
) -> Float[np.ndarray, "n h1 w1 3"]:
    """Coarse to fine from the colour-matched start; the result has the largest of the configured sizes.

    start_images: the warped views in the style's palette (`colour_match`): the start and the content.
    """  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    sizes = [s for s in config.sizes if s <= start_images.shape[1]] or [start_images.shape[1]]
    steps = config.steps[: len(sizes)]
    total, done = sum(steps), 0
    images: Tensor | None = None
    for size, count in zip(sizes, steps, strict=True):
        problem = build_problem(start_images, warped, aligned, size)
        height, width = problem.content.shape[-2:]
        bands = laplacian_pyramid(problem.content, _LEVELS)
        if images is None:
            parts = bands
        else:
            parts = laplacian_pyramid(resized(images, height, width) + _DETAIL * bands[0], _LEVELS)

        def report(step: int, loss: float, size: int = size, before: int = done) -> None:
            progress(Step("objective", before + step + 1, total, f"{size} px, loss {loss:.3f}"))

        images = _descend(
            parts, problem, extractor, config, count, (config.rate, 0.1 * config.rate), generator,
            lambda picture: picture.sum() * 0, report,
        )  # fmt: skip
        done += count
    assert images is not None
    return _as_array(images)


def refine_views(
    images: Float[np.ndarray, "n h w 3"], content_images: Float[np.ndarray, "n h w 3"], warped: ViewSet,
    aligned: AlignedStyle, extractor: Extractor, config: ObjectiveConfig, *, seed: int = 0, progress: Progress = ignore,
) -> Float[np.ndarray, "n h w 3"]:
    """A few steps at full size that mend what the patch synthesis broke; chroma is held near the given images'.

    content_images: the colour-matched views. The chroma anchor keeps rainbow speckle out.
    """  # fmt: skip
    generator = torch.Generator().manual_seed(seed + 1)
    problem = build_problem(content_images, warped, aligned, images.shape[1])
    start = torch.from_numpy(np.ascontiguousarray(images, np.float32)).permute(0, 3, 1, 2).contiguous()
    chroma = to_yuv(start.permute(0, 2, 3, 1))[..., 1:]

    def anchor(picture: Tensor) -> Tensor:
        own = to_yuv(picture.permute(0, 2, 3, 1))[..., 1:]
        return config.chroma_anchor * (own - chroma).abs().sum(-1).mean() * len(picture)

    def report(step: int, loss: float) -> None:
        progress(Step("refine", step + 1, config.refine_steps, f"loss {loss:.3f}"))

    refined = _descend(
        laplacian_pyramid(start, _LEVELS), problem, extractor, config, config.refine_steps,
        (config.refine_rate, 0.2 * config.refine_rate), generator, anchor, report,
    )  # fmt: skip
    return _as_array(refined)


def _as_array(images: Float[Tensor, "n 3 h w"]) -> Float[np.ndarray, "n h w 3"]:
    return np.ascontiguousarray(images.clamp(0, 1).permute(0, 2, 3, 1).numpy())

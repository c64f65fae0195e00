"""What one step of the objective looks at: pixels of a view, and samples of the style that may be matched with them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.config import ObjectiveConfig
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.matching import Guide
from twinbrush.paint.problem import Problem, guide_of, region_counts


@dataclass(frozen=True)
class Samples:
    """The style's samples of one step: unit hypercolumns, colours, place and regions."""

    features: Float[Tensor, "m c"]
    colours: Float[Tensor, "m 3"]
    position: Float[Tensor, "m 2"]
    regions: Float[Tensor, "m r"]


def guide_cost(
    problem: Problem, view: int, pixels: Int[Tensor, "p"], style: Samples, config: ObjectiveConfig
) -> Guide:
    """What it costs to match pixels of a view with the samples (see `guide_of`)."""
    here = problem.position[view][pixels], problem.emphasis[view][pixels], problem.regions[view][pixels]
    return guide_of(here, (style.position, style.regions), config)


@dataclass(frozen=True)
class Draw:
    """One view's samples of one step: its pixels (linear indices), and the style's."""

    pixels: Int[Tensor, "p"]
    style: Samples


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
            members[torch.randint(len(members), (count,), generator=generator, device=generator.device)]
            for members, count in zip(self._members, self._counts[view], strict=True)
            if count
        ]
        if not chosen:
            everywhere = len(self._features)
            chosen = [torch.randint(everywhere, (self._samples,), generator=generator, device=generator.device)]
        index = torch.cat(chosen)
        return Samples(
            self._features[index], self._colours[index], self._problem.style_position[index],
            self._problem.style_regions[index],
        )  # fmt: skip


def pick(covered: Int[Tensor, "c"], count: int, generator: torch.Generator) -> Int[Tensor, "p"]:
    """Returns `count` of the covered pixels, with repeats; all of them, in random order, if there are no more."""
    if len(covered) <= count:
        return covered[torch.randperm(len(covered), generator=generator, device=generator.device)]
    return covered[torch.randint(len(covered), (count,), generator=generator, device=generator.device)]

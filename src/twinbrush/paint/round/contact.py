"""One joint objective over all views of a wave: they lie side by side in one contact sheet.

A tenth of the cost of one objective a view, and no worse: what is painted already is shown in each view and kept, so
that views agree without a disparity term.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from twinbrush.config import ObjectiveConfig, StylizeConfig
from twinbrush.paint.device import choose_compute
from twinbrush.paint.features import load_extractor
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.objective import optimise_problems
from twinbrush.paint.problem import Problem
from twinbrush.paint.round.lead import IDENTITY_RANGE, problem_of

GAP_PX = 4  # between the views: as far as the finest features see
GREY = 0.5  # of the sheet beside the views
LEAST_PX = 16  # height of a view in the sheet
REGION_WEIGHT = 2.0  # cost of another region's paint: a view from behind has no face to tell hair from skin by

Slot = tuple[int, int, int]
"""Left border, height and width of a view in the sheet, pixels."""


class ContactLead:
    """Pictures of a wave's views by the joint objective. Raises ModelFileError, BadOption when it is made."""

    def __init__(self, config: StylizeConfig) -> None:
        self._compute = choose_compute(config.device)
        self._extractor = load_extractor(
            config.extractor, config.weights, half=self._compute.half, device=self._compute.device)
        factor = IDENTITY_RANGE ** (2 * config.identity - 1)
        weight = config.objective.content_weight * factor
        self._objective: ObjectiveConfig = replace(
            config.objective, content_weight=weight, sizes=config.ring.lead_sizes,
            steps=config.ring.lead_steps, region_weight=REGION_WEIGHT)

    def __call__(self, scenes: list[Scene], *, seed: int) -> list[Float[np.ndarray, "1 _ _ 3"]]:
        """The scenes' pictures, each at the size it has in the sheet."""
        largest = self._objective.sizes[-1]
        picture = optimise_problems(
            lambda size: packed(scenes, size)[0], largest, self._extractor, self._objective, compute=self._compute,
            seed=seed)
        _, slots = packed(scenes, largest)
        return [np.ascontiguousarray(picture[:, :height, left : left + width]) for left, height, width in slots]


def packed(scenes: list[Scene], size: int) -> tuple[Problem, list[Slot]]:
    """Returns the scenes' problems as one, the tallest `size` pixels high, and where each lies in it."""
    tallest = max(scene.coverage.shape[1] for scene in scenes)
    problems = [
        problem_of(scene, max(LEAST_PX, round(size * scene.coverage.shape[1] / tallest))) for scene in scenes]
    slots: list[Slot] = []
    left = 0
    for problem in problems:
        height, width = problem.content.shape[-2:]
        slots.append((left, height, width))
        left += width + GAP_PX
    rows, columns = max(height for _, height, _ in slots), left - GAP_PX
    covered = _sheet([_covered(problem)[None, None] for problem in problems], slots, (rows, columns), 0.0)
    main = problems[int(np.argmax([height for _, height, _ in slots]))]

    def flat(name: str) -> torch.Tensor:
        planes = [
            getattr(problem, name).reshape(height, width, -1).permute(2, 0, 1)[None]
            for problem, (_, height, width) in zip(problems, slots, strict=True)]
        sheet = _sheet(planes, slots, (rows, columns), 0.0)
        return sheet[0].permute(1, 2, 0).reshape(1, rows * columns, -1)

    sheet = replace(
        main,
        content=_sheet([problem.content for problem in problems], slots, (rows, columns), GREY),
        painted=_sheet([problem.painted for problem in problems], slots, (rows, columns), 0.0),
        covered=[torch.nonzero(covered.reshape(-1) > 0)[:, 0]],
        position=flat("position"), emphasis=flat("emphasis")[..., 0], regions=flat("regions"),
    )
    return sheet, slots


def _covered(problem: Problem) -> Float[torch.Tensor, "h w"]:
    height, width = problem.content.shape[-2:]
    plane = torch.zeros(height * width)
    plane[problem.covered[0]] = 1.0
    return plane.reshape(height, width)


def _sheet(
    planes: list[torch.Tensor], slots: list[Slot], shape: tuple[int, int], beside: float
) -> Float[torch.Tensor, "1 c h w"]:
    out = torch.full((1, planes[0].shape[1], *shape), beside)
    for plane, (left, height, width) in zip(planes, slots, strict=True):
        out[:, :, :height, left : left + width] = plane
    return out


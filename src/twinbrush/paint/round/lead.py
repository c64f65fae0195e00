"""The joint objective over one view of a surface that other views have painted in part: its picture leads the patches.

What is known stays as it is (the objective may not change those pixels), so that the views agree without a disparity
term, and one view at a time is in memory.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.config import StylizeConfig
from twinbrush.paint.colour import PAINTED
from twinbrush.paint.device import choose_compute
from twinbrush.paint.features import load_extractor
from twinbrush.paint.guided.paint import with_lead
from twinbrush.paint.guided.scene import Scene, scaled_points
from twinbrush.paint.objective import optimise_problems
from twinbrush.paint.problem import Problem, shrunk, soft_rim
from twinbrush.paint.round.one_by_one import Lead

IDENTITY_RANGE = 2.5  # as for portraits (hybrid.py)
LARGEST = 256  # pixels: finer detail comes from the style's patches


def lead_for(config: StylizeConfig, seed: int) -> Lead | None:
    """A lead for `paint_one_by_one` by the extractor that `config` names, None where patches alone paint.

    Raises ModelFileError, BadOption.
    """
    if config.method == "guided" or config.style_strength == 0:
        return None
    compute = choose_compute(config.device)
    extractor = load_extractor(config.extractor, config.weights, half=compute.half, device=compute.device)
    factor = IDENTITY_RANGE ** (2 * config.identity - 1)
    objective = replace(config.objective, content_weight=config.objective.content_weight * factor)

    def lead(scene: Scene, number: int) -> Scene:
        picture = optimise_problems(
            lambda size: problem_of(scene, size), min(scene.matched.shape[1], LARGEST), extractor, objective,
            compute=compute, seed=seed + number,
        )  # fmt: skip
        return with_lead(scene, picture)

    return lead


def problem_of(scene: Scene, size: int) -> Problem:
    """The task of one view at `size` pixels: content is the guide, or what is painted already."""
    assert scene.places_xy is not None
    height, width = scene.coverage.shape[1:]
    factor, shape = size / height, (round(width * size / height), size)
    unit = scene.sheet.unit
    coverage = shrunk(scene.coverage[0].astype(np.float32), shape) > 0.6
    own = shrunk(scene.consensus.own[0], shape)
    content = shrunk(scene.consensus.merge(scene.matched, cv2.INTER_LINEAR)[0], shape)
    free = soft_rim(coverage) * np.where(coverage, own, 1).astype(np.float32)
    regions = _one_hot(scene.regions[0], shape)
    style, usable = _style(scene, factor)
    pixels = np.flatnonzero(usable)
    y, x = np.divmod(pixels, usable.shape[1])
    place = scaled_points(np.stack([x, y], -1).astype(np.float64), 1 / factor) / unit
    return Problem(
        content=torch.from_numpy(content).permute(2, 0, 1)[None].contiguous(),
        painted=torch.from_numpy(free)[None, None],
        covered=[torch.from_numpy(np.flatnonzero(coverage))],
        position=torch.from_numpy(shrunk(scene.places_xy[0], shape).reshape(1, -1, 2) / np.float32(unit)),
        emphasis=torch.zeros(1, size * shape[0]),
        regions=torch.from_numpy(regions[None]),
        style=torch.from_numpy(style).permute(2, 0, 1)[None].contiguous(),
        style_pixels=torch.from_numpy(pixels),
        style_position=torch.from_numpy(place.astype(np.float32)),
        style_regions=torch.from_numpy(_one_hot(scene.sheet.regions, usable.shape[::-1])[pixels]),
        transfers=[],
    )


def _one_hot(labels: UInt8[np.ndarray, "h w"], shape: tuple[int, int]) -> Float32[np.ndarray, "p r"]:
    """Weights of PAINTED for every pixel of a (width, height) picture."""
    planes = [shrunk((labels == int(region)).astype(np.float32), shape) for region in PAINTED]
    return np.ascontiguousarray(np.stack(planes, -1).reshape(-1, len(PAINTED)), np.float32)


def _style(scene: Scene, factor: float) -> tuple[Float32[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    sheet = scene.sheet
    height, width = sheet.usable.shape
    shape = (round(width * factor), round(height * factor))
    known: Float[np.ndarray, "h w"] = shrunk(sheet.usable.astype(np.float32), shape)
    usable = known > 0.9
    return shrunk(sheet.colours, shape), usable if usable.any() else np.ones_like(usable)

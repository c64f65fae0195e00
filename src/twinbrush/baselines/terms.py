"""The losses that the rivals of one picture share: content and style at random places, as STROTSS has them.

L = (alpha L_content + L_moments + L_emd + L_palette / max(alpha, 1)) / (2 + alpha + 1 / max(alpha, 1)) (Kolkin,
Salavon & Shakhnarovich, CVPR 2019, section 3; its terms: paint/losses/). Deviations: features of the network that
`--extractor` names instead of VGG-16, and alpha in units of ALPHA_UNIT where these end at relu3_2: there colour is
content, and at 1 the photo would stay as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.colour import colour_loss
from twinbrush.paint.losses.content import content_loss, self_similarity
from twinbrush.paint.losses.moments import moment_loss, moments
from twinbrush.paint.losses.relaxed_emd import relaxed_emd_of_units

ALPHA_UNIT = {"vgg16": 1.0}  # of other networks: LOW_UNIT
LOW_UNIT = 0.0625
Pictures = Float[Tensor, "1 3 h w"]


@dataclass(frozen=True)
class Pool:
    """The style's features at random places, and its colours there."""

    columns: Float[Tensor, "m c"]
    colours: Float[Tensor, "m 3"]


@dataclass(frozen=True)
class Task:
    """What one size is optimised for. content_maps: the photo's features. counts: places of ours and of the style."""

    extractor: Extractor
    content_maps: list[Tensor]
    style: Pool
    alpha: float
    counts: tuple[int, int]


def make_task(
    extractor: Extractor, content: Pictures, style: Pictures, alpha: float, counts: tuple[int, int],
    generator: torch.Generator,
) -> Task:
    """Returns the task of one size; the style's places are drawn once."""
    with torch.no_grad():
        maps = extractor(content)
        pixels = drawn(style, counts[1], generator)
        columns = hypercolumns(extractor(style), pixels, *style.shape[-2:])
        return Task(extractor, maps, Pool(columns, colours_at(style, pixels)), alpha, counts)


def drawn(pictures: Pictures, count: int, generator: torch.Generator) -> Int[Tensor, "p"]:
    """Returns random pixels, each once, as linear indices."""
    return torch.randperm(pictures.shape[-2] * pictures.shape[-1], generator=generator)[:count]


def colours_at(pictures: Pictures, pixels: Int[Tensor, "p"]) -> Float[Tensor, "p 3"]:
    """Returns the colours of the pixels."""
    return pictures[0].flatten(1)[:, pixels].T


def style_term(columns: Float[Tensor, "p c"], colours: Float[Tensor, "p 3"], task: Task) -> Float[Tensor, ""]:
    """Returns L_emd + L_moments + L_palette / max(alpha, 1) of a picture's features and colours."""
    loss = relaxed_emd_of_units(columns, task.style.columns) + moment_loss(columns, moments(task.style.columns))
    return loss + colour_loss(colours, task.style.colours) / max(task.alpha, 1.0)


def picture_loss(pictures: Pictures, task: Task, generator: torch.Generator) -> Float[Tensor, ""]:
    """Returns STROTSS' whole loss of a picture."""
    pixels = drawn(pictures, task.counts[0], generator)
    columns = hypercolumns(task.extractor(pictures), pixels, *pictures.shape[-2:])
    style = style_term(columns, colours_at(pictures, pixels), task)
    content = content_at(columns, task, pixels, pictures.shape[-2:])
    return (task.alpha * content + style) / (2 + task.alpha + 1 / max(task.alpha, 1.0))


def content_at(
    columns: Float[Tensor, "p c"], task: Task, pixels: Int[Tensor, "p"], size: torch.Size
) -> Float[Tensor, ""]:
    """Returns L_content: how the self-similarity at the pixels differs from the photo's."""
    with torch.no_grad():
        target = self_similarity(hypercolumns(task.content_maps, pixels, *size))
    return content_loss(columns, target)

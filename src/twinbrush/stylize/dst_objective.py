"""Eq. 8 / 10 as one step evaluates it: the weighted terms of all views at one draw of samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.config import StylizeConfig
from twinbrush.stylize.dst_scale import Content, StylePool
from twinbrush.stylize.dst_terms import (
    StyleDraw,
    Window,
    content_term,
    disparity_term,
    pick,
    random_window,
    style_loss,
    unwarped_pixels,
)
from twinbrush.stylize.dst_warp import Field, learned_field, sample
from twinbrush.stylize.features import Extractor
from twinbrush.stylize.features.hypercolumns import hypercolumns
from twinbrush.stylize.losses.total_variation import total_variation
from twinbrush.stylize.losses.warp import warp_loss

_VARIATION_SIZE = 512  # R_TV's differences are those of neighbouring pixels of a picture this high, as published
WARP_UNIT = 100.0  # L_warp counts in percent of the picture's height


@dataclass(frozen=True)
class Task:
    """What does not change during the steps at one size. source, target: P and P' of every view, in picture heights.
    content_maps: the extractor's maps of the content. alpha: the content's weight at this size. half: the matches are
    chosen in bfloat16."""

    content: Content
    content_maps: list[Tensor]
    pool: StylePool
    source: Float[Tensor, "n k 2"]
    target: Float[Tensor, "n k 2"]
    extractor: Extractor
    alpha: float
    half: bool
    config: StylizeConfig


@dataclass(frozen=True)
class Step:
    """One step's pictures: images I^ou, warped I^o, places f_theta at every pixel, and the networks' maps of both
    (first all I^ou, then all I^o) inside the window."""

    images: Float[Tensor, "n 3 h w"]
    warped: Float[Tensor, "n 3 h w"]
    places: list[Float[Tensor, "h w 2"]]
    window: Window
    maps: list[Tensor]

    def columns(self, pixels: list[Int[Tensor, "_"]]) -> list[Float[Tensor, "p c"]]:
        """Hypercolumns of all pictures (first all I^ou, then all I^o), each at its linear pixel indices.

        One gather for all of them: one backward pass goes through the maps.
        """
        window, width = self.window, self.images.shape[-1]
        local = [k * window.height * window.width + window.local(p, width) for k, p in enumerate(pixels)]
        found = hypercolumns(self.maps, torch.cat(local), window.height, window.width)
        return list(found.split([len(p) for p in pixels]))


def evaluate(
    images: Float[Tensor, "n 3 h w"], theta: Float[Tensor, "n k 2"], task: Task, generator: torch.Generator
) -> dict[str, Float[Tensor, ""]]:
    """The weighted terms by name; their sum is the loss. images: I^ou of all views."""
    paper, (height, width) = task.config.paper, task.content.size
    count = len(images)
    fields = [learned_field(task.source[k], theta[k], width / height, height) for k in range(count)]
    places = [field.places(height, width) for field in fields]
    warped = torch.stack([sample(image, place) for image, place in zip(images, places, strict=True)])
    window = random_window(task.content.covered, paper.crop, generator)
    maps = task.extractor(window.cut(torch.cat([images, warped])))
    terms = _pictures(Step(images, warped, places, window, maps), task, generator)
    terms |= _warps(fields, theta, task)
    transfers = task.content.transfers
    if task.config.ablation in ("both", "disparity") and transfers:
        found = torch.stack([disparity_term(images, fields, transfer) for transfer in transfers])
        terms["disparity"] = paper.delta[1] * found.mean()
    return terms


def _warps(fields: list[Field], theta: Float[Tensor, "n k 2"], task: Task) -> dict[str, Float[Tensor, ""]]:
    """beta L_warp + gamma R_TV of all views."""
    paper = task.config.paper
    moves = [warp_loss(task.source[k], theta[k], task.target[k]) for k in range(len(fields))]
    varies = [total_variation(field.variation_field(_VARIATION_SIZE)) for field in fields]
    return {
        "warp": paper.delta[0] * paper.beta * WARP_UNIT * torch.stack(moves).sum().float(),
        "variation": paper.delta[0] * paper.gamma * torch.stack(varies).sum(),
    }


def _pictures(step: Step, task: Task, generator: torch.Generator) -> dict[str, Float[Tensor, ""]]:
    """alpha L_content(I^ou) + L_style(I^ou) + L_style(I^o) of all views."""
    paper, content, count = task.config.paper, task.content, len(step.images)
    height, width = content.size
    inner = step.window.inner(height, width, step.images.device)
    pixels = [pick(covered & inner, paper.content_samples, generator) for covered in content.covered]
    shown = list(pixels)  # the pixels of I^ou that each picture's pixels show
    for k in range(count):
        sees, shows = unwarped_pixels(step.places[k].detach(), content.covered[k])
        pixels.append(pick(sees & inner, paper.content_samples, generator))
        shown.append(shows.flatten()[pixels[-1]])
    # The same places of the style for all views.
    share = content.regions[0][pixels[0]].mean(0) if task.config.guidance else None
    chosen = task.pool.choose(share, paper.style_samples, generator)
    features = step.columns(pixels)
    likeness, plain, moved = [], [], []
    for k in range(count):
        some = slice(0, paper.similarity_samples)
        maps = [m[k : k + 1] for m in task.content_maps]
        likeness.append(content_term(features[k][some], maps, pixels[k][some], height, width))
        pool = task.pool
        style = StyleDraw(pool.features[k][chosen], pool.colours[k][chosen], pool.statistics[k].mixed(share))
        for number, images, losses in ((k, step.images, plain), (count + k, step.warped, moved)):
            guide = None
            if task.config.guidance:
                guide = task.pool.guide(content, k, shown[number], chosen, task.config.objective)
            colours = images[k].flatten(1)[:, pixels[number]].T
            losses.append(style_loss(features[number], colours, style, guide, task.alpha, half=task.half))
    delta = paper.delta[0]
    return {
        "content": delta * task.alpha * torch.stack(likeness).sum(), "style": delta * torch.stack(plain).sum(),
        "style_warped": delta * torch.stack(moved).sum(),
    }  # fmt: skip

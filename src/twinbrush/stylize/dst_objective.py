"""Eq. 8 / 10 as one step evaluates it: the weighted terms of all views at one draw of samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.config import StylizeConfig
from twinbrush.stylize.dst_scale import Content, StylePool
from twinbrush.stylize.dst_terms import (
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

    def columns(self, number: int, pixels: Int[Tensor, "p"]) -> Float[Tensor, "p c"]:
        """Hypercolumns of one picture (I^ou of view k: k; I^o: n + k) at linear pixel indices."""
        local = self.window.local(pixels, self.images.shape[-1])
        own = [m[number : number + 1] for m in self.maps]
        return hypercolumns(own, local, self.window.height, self.window.width)


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
    chosen: Tensor | None = None
    likeness, plain, moved = [], [], []
    for k in range(count):
        pixels = pick(content.covered[k] & inner, paper.content_samples, generator)
        if chosen is None:  # the same places of the style for all views
            share = content.regions[k][pixels].mean(0) if task.config.guidance else None
            chosen = task.pool.choose(share, paper.style_samples, generator)
        features = step.columns(k, pixels)
        some = slice(0, paper.similarity_samples)
        maps = [m[k : k + 1] for m in task.content_maps]
        likeness.append(content_term(features[some], maps, pixels[some], height, width))
        plain.append(_style(features, step.images[k], k, pixels, pixels, chosen, task))
        sees, shows = unwarped_pixels(step.places[k].detach(), content.covered[k])
        pixels = pick(sees & inner, paper.content_samples, generator)
        features = step.columns(count + k, pixels)
        moved.append(_style(features, step.warped[k], k, pixels, shows.flatten()[pixels], chosen, task))
    delta = paper.delta[0]
    return {
        "content": delta * task.alpha * torch.stack(likeness).sum(), "style": delta * torch.stack(plain).sum(),
        "style_warped": delta * torch.stack(moved).sum(),
    }  # fmt: skip


def _style(
    features: Float[Tensor, "p c"], image: Float[Tensor, "3 h w"], view: int, pixels: Int[Tensor, "p"],
    unwarped: Int[Tensor, "p"], chosen: Int[Tensor, "m"], task: Task,
) -> Float[Tensor, ""]:
    """L_style of one picture at its pixels; unwarped: the pixels of I^ou that they show (the guide is known there)."""
    guide = None
    if task.config.guidance:
        guide = task.pool.guide(task.content, view, unwarped, chosen, task.config.objective)
    style_features, style_colours = task.pool.features[view][chosen], task.pool.colours[view][chosen]
    colours = image.flatten(1)[:, pixels].T
    return style_loss(features, colours, style_features, style_colours, guide, task.alpha, half=task.half)

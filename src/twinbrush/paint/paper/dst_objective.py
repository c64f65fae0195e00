"""Eq. 8 / 10 as one step evaluates it: the weighted terms of all views at one draw of samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.config import StylizeConfig
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.total_variation import total_variation
from twinbrush.paint.losses.warp import warp_loss
from twinbrush.paint.paper.dst_scale import Content, StylePool
from twinbrush.paint.paper.dst_terms import (
    StyleDraw,
    Window,
    content_term,
    disparity_term,
    pick,
    random_window,
    style_loss,
    unwarped_pixels,
)
from twinbrush.paint.paper.dst_warp import Field, learned_field, sample

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
class Shown:
    """One picture of a step, inside its window: I^ou (warped: I^o) of a view. pixels: those compared, linear indices of
    the window; origin: the pixels of the whole I^ou that they show."""

    view: int
    warped: bool
    picture: Float[Tensor, "3 a b"]
    pixels: Int[Tensor, "p"]
    origin: Int[Tensor, "p"]

    @property
    def colours(self) -> Float[Tensor, "p 3"]:
        """At the pixels."""
        return self.picture.flatten(1)[:, self.pixels].T


def evaluate(
    images: Float[Tensor, "n 3 h w"], theta: Float[Tensor, "n k 2"], task: Task, generator: torch.Generator,
    turn: int | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """The weighted terms by name; their sum is the loss. images: I^ou of all views.

    turn: None: all terms. A number: half of them at double weight, one of each view's two pictures (I^ou in the even
    views and I^o in the odd ones, or the other way round) and one direction of the disparity; two successive turns
    have all, and their mean is the whole loss.
    """  # fmt: skip
    paper, (height, width) = task.config.paper, task.content.size
    fields = [learned_field(task.source[k], theta[k], width / height, height) for k in range(len(images))]
    terms = _pictures(_shown(images, fields, task, generator, turn), task, generator)
    if turn is not None:
        terms = {name: 2 * value for name, value in terms.items()}
    terms |= _warps(fields, theta, task)
    transfers = task.content.transfers
    if turn is not None and len(transfers) > 1:
        transfers = transfers[turn % 2 :: 2]
    if task.config.ablation in ("both", "disparity") and transfers:
        found = torch.stack([disparity_term(images, fields, transfer) for transfer in transfers])
        terms["disparity"] = paper.delta[1] * found.mean()
    return terms


def _shown(
    images: Float[Tensor, "n 3 h w"], fields: list[Field], task: Task, generator: torch.Generator, turn: int | None
) -> tuple[Window, list[Shown]]:
    """A random window and this turn's pictures in it."""
    content, samples, (height, width) = task.content, task.config.paper.content_samples, task.content.size
    window = random_window(content.covered, task.config.paper.crop, generator)
    inner = window.inner(height, width, images.device)
    found: list[Shown] = []
    for warped in (False, True):
        for k, field in enumerate(fields):
            if turn is not None and warped != bool((k + turn) % 2):
                continue
            if warped:
                places = field.places(height, width, window.rows, window.columns)
                sees, shows = unwarped_pixels(places.detach(), content.covered[k])
                pixels = pick(sees & inner, samples, generator)
                shown = Shown(k, True, sample(images[k], places), pixels, shows.flatten()[pixels])
            else:
                pixels = pick(window.cut(content.covered[k]) & inner, samples, generator)
                shown = Shown(k, False, window.cut(images[k]), pixels, window.origin(pixels, width))
            if len(pixels):  # a window beside this picture's surface has nothing to compare
                found.append(shown)
    return window, found


def _warps(fields: list[Field], theta: Float[Tensor, "n k 2"], task: Task) -> dict[str, Float[Tensor, ""]]:
    """beta L_warp + gamma R_TV of all views."""
    paper = task.config.paper
    moves = [warp_loss(task.source[k], theta[k], task.target[k]) for k in range(len(fields))]
    varies = [total_variation(field.variation_field(_VARIATION_SIZE)) for field in fields]
    return {
        "warp": paper.delta[0] * paper.beta * WARP_UNIT * torch.stack(moves).sum().float(),
        "variation": paper.delta[0] * paper.gamma * torch.stack(varies).sum(),
    }


def _pictures(
    step: tuple[Window, list[Shown]], task: Task, generator: torch.Generator
) -> dict[str, Float[Tensor, ""]]:
    """alpha L_content(I^ou) + L_style(I^ou) + L_style(I^o) of the step's pictures."""
    (window, pictures), paper, content, pool = step, task.config.paper, task.content, task.pool
    height, width = content.size
    zero = content.images.new_zeros(())
    terms = {"content": zero, "style": zero, "style_warped": zero}
    if not pictures:
        return terms
    # The same places of the style for all pictures.
    share = content.regions[pictures[0].view][pictures[0].origin].mean(0) if task.config.guidance else None
    chosen = pool.choose(share, paper.style_samples, generator)
    # One pass of the network and one gather for all pictures, so that one backward pass goes through the maps.
    maps = task.extractor(torch.stack([p.picture for p in pictures]))
    local = torch.cat([i * window.height * window.width + p.pixels for i, p in enumerate(pictures)])
    columns = hypercolumns(maps, local, window.height, window.width)
    channels = _some_channels(columns.shape[1], paper.moment_channels, generator, columns.device)
    for shown, features in zip(pictures, columns.split([len(p.pixels) for p in pictures]), strict=True):
        k = shown.view
        if not shown.warped:
            some = slice(0, paper.similarity_samples)
            own = [m[k : k + 1] for m in task.content_maps]
            likeness = content_term(features[some], own, shown.origin[some], height, width, half=task.half)
            terms["content"] = terms["content"] + paper.delta[0] * task.alpha * likeness
        guide = None
        if task.config.guidance:
            guide = pool.guide(content, k, shown.origin, chosen, task.config.objective)
        style = StyleDraw(pool.features[k][chosen], pool.colours[k][chosen], channels)
        loss = style_loss(features, shown.colours, style, guide, task.alpha, half=task.half)
        name = "style_warped" if shown.warped else "style"
        terms[name] = terms[name] + paper.delta[0] * loss
    return terms


def _some_channels(
    count: int, most: int, generator: torch.Generator, device: torch.device
) -> Int[Tensor, "r"] | None:
    """`most` of `count` channels at random, or None: all."""
    return torch.randperm(count, generator=generator)[:most].to(device) if 0 < most < count else None

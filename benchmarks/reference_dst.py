"""The published recipe, straightforward: the opponent of `benchmarks/objective.py`. Plain torch, float32, no tricks.

Written from the paper's equations (and those of DST and STROTSS) for reading, not for speed. Every iteration, per view:
the network sees the whole unwarped and the whole warped picture, one after the other; the spline is solved and its
kernel evaluated at every pixel; 2048 places of each picture are compared with 5000 of the style over dense 2048 x 5000
matrices of cosine and of colour distances, which autograd keeps; mean and full covariance of the style's samples are
computed anew; so is the content's self-similarity at 2048 places. As published, features of content and style are
extracted once (which favours this side: only what is computed from them is repeated).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CONTENT_SAMPLES, STYLE_SAMPLES, SIMILARITY_SAMPLES = 2048, 5000, 2048


@dataclass(frozen=True)
class Scene:
    """Two views. images, covered: (2, 3, h, w), (2, h, w). style_features, style_colours: per view (s, c), (s, 3).
    source, target: keypoints (2, k, 2) in heights. transfers: (from, to, places (h, w, 2) in heights, valid (h, w))."""

    images: Tensor
    covered: Tensor
    content_maps: list[Tensor]
    style_features: list[Tensor]
    style_colours: list[Tensor]
    source: Tensor
    target: Tensor
    transfers: list[tuple[int, int, Tensor, Tensor]]


@dataclass(frozen=True)
class Weights:
    """alpha: content; colour: palette; warp, variation, disparity: as beta, gamma, delta 3."""

    alpha: float
    colour: float
    warp: float
    variation: float
    disparity: float


def unit(rows: Tensor) -> Tensor:
    """Rows at unit length."""
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-4)


def hypercolumns(maps: list[Tensor], places: Tensor, aspect: float) -> Tensor:
    """Every level at `places` (p, 2) in picture heights; each level at unit length, then side by side."""
    grid = (2 * places / torch.tensor([aspect, 1.0]) - 1)[None, None]
    levels = [
        functional.grid_sample(m, grid, mode="bilinear", padding_mode="border", align_corners=False)[0, :, 0].T
        for m in maps
    ]
    return torch.cat([unit(level) for level in levels], 1) / len(maps) ** 0.5


def centres(height: int, width: int) -> Tensor:
    """(h, w, 2): pixel centres in picture heights."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([x, y], -1) / height


def spline(source: Tensor, theta: Tensor, places: Tensor) -> Tensor:
    """Eq. 3: f_theta at `places` (p, 2): the thin-plate spline that takes P + theta to P."""
    moved = source + theta

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squared = (a[:, None] - b[None]).square().sum(-1)
        return 0.5 * squared * (squared + 1e-20).log()

    count = len(source)
    affine = torch.cat([moved, torch.ones(count, 1)], 1)
    system = torch.zeros(count + 3, count + 3)
    system[:count, :count] = kernel(moved, moved) + 1e-4 * moved.var(0).sum() * torch.eye(count)
    system[:count, count:], system[count:, :count] = affine, affine.T
    weights = torch.linalg.solve(system, torch.cat([-theta, torch.zeros(3, 2)]))
    basis = torch.cat([kernel(places, moved), places, torch.ones(len(places), 1)], 1)
    return places + basis @ weights


def sample(image: Tensor, places: Tensor) -> Tensor:
    """(3, h, w) at places (h2, w2, 2) in heights -> (3, h2, w2)."""
    aspect = image.shape[-1] / image.shape[-2]
    grid = (2 * places / torch.tensor([aspect, 1.0]) - 1)[None]
    return functional.grid_sample(image[None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def relaxed_emd(cost: Tensor) -> Tensor:
    """The larger of the two one-sided mean minima."""
    return torch.maximum(cost.min(1).values.mean(), cost.min(0).values.mean())


def style_loss(columns: Tensor, colours: Tensor, style_columns: Tensor, style_colours: Tensor, colour: float) -> Tensor:
    """Relaxed EMD + moments + palette."""
    cost = 1 - unit(columns) @ unit(style_columns).T
    loss = relaxed_emd(cost)
    mean, style_mean = columns.mean(0), style_columns.mean(0)
    covariance = (columns - mean).T @ (columns - mean) / len(columns)
    style_covariance = (style_columns - style_mean).T @ (style_columns - style_mean) / len(style_columns)
    loss = loss + (mean - style_mean).abs().mean() + (covariance - style_covariance).abs().mean()
    to_yuv = torch.tensor([[0.299, 0.587, 0.114], [-0.147, -0.289, 0.436], [0.615, -0.515, -0.100]])
    return loss + colour * relaxed_emd(torch.cdist(colours @ to_yuv.T, style_colours @ to_yuv.T))


def content_loss(columns: Tensor, content_columns: Tensor) -> Tensor:
    """Mean absolute difference of the self-similarities, times their number."""
    own, other = (1 - unit(c) @ unit(c).T for c in (columns, content_columns))
    own, other = own / own.sum(0, keepdim=True).clamp_min(1e-6), other / other.sum(0, keepdim=True).clamp_min(1e-6)
    return (own - other).abs().mean() * len(columns)


def loss(
    images: Tensor, theta: Tensor, scene: Scene, network: Callable[[Tensor], list[Tensor]], weights: Weights,
    generator: torch.Generator, counts: tuple[int, int, int] = (CONTENT_SAMPLES, STYLE_SAMPLES, SIMILARITY_SAMPLES),
) -> Tensor:
    """Eq. 10 at one draw of samples."""  # fmt: skip
    height, width = images.shape[-2:]
    aspect, grid = width / height, centres(height, width)
    total = torch.zeros(())
    fields: list[Tensor] = []
    warped: list[Tensor] = []
    for view in range(len(images)):
        field = spline(scene.source[view], theta[view], grid.reshape(-1, 2)).reshape(height, width, 2)
        fields.append(field)
        warped.append(sample(images[view], field))
        inside = torch.nonzero(scene.covered[view].flatten())[:, 0]
        shown = sample(scene.covered[view].float()[None], field.detach())[0] > 0.5
        for number, (picture, candidates) in enumerate(
            ((images[view], inside), (warped[view], torch.nonzero(shown.flatten())[:, 0]))
        ):
            pixels = candidates[torch.randint(len(candidates), (counts[0],), generator=generator)]
            columns = hypercolumns(network(picture[None]), grid.reshape(-1, 2)[pixels], aspect)
            chosen = torch.randint(len(scene.style_features[view]), (counts[1],), generator=generator)
            total = total + style_loss(
                columns, picture.flatten(1)[:, pixels].T, scene.style_features[view][chosen],
                scene.style_colours[view][chosen], weights.colour,
            )  # fmt: skip
            if number == 0:
                some = slice(0, counts[2])
                content = hypercolumns(
                    [m[view : view + 1] for m in scene.content_maps], grid.reshape(-1, 2)[pixels[some]], aspect
                )
                total = total + weights.alpha * content_loss(columns[some], content)
        arrived = (scene.source[view] + theta[view] - scene.target[view]).square().sum(1) + 1e-12
        total = total + weights.warp * arrived.sqrt().mean()
        moved = field - grid
        varies = (moved[:, 1:] - moved[:, :-1]).abs().sum() + (moved[1:] - moved[:-1]).abs().sum()
        total = total + weights.variation * varies / (height * width)
    for start, end, places, valid in scene.transfers:
        # Eq. 7 with I^o = I^ou o f: the pixel p of the warped `end` shows f(p), which is T^c(f(p)) in the other view.
        f = fields[end].detach()
        there = sample(torch.cat([places.permute(2, 0, 1), valid[None].float()]), f)
        seen = there[2] > 0.999
        difference = (sample(images[start], there[:2].permute(1, 2, 0)) - warped[end]).abs().sum(0)
        total = total + weights.disparity / len(scene.transfers) * difference[seen].mean()
    return total

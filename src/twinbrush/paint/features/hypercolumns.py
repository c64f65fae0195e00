"""Hypercolumns: the features of all levels at chosen pixels, side by side (STROTSS, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from twinbrush.paint.features.gather import EPS, gathered


def corners_of(
    feature: Float[Tensor, "n c h w"], pixels: Int[Tensor, "p"], height: int, width: int
) -> tuple[Int[Tensor, "q p"], Float[Tensor, "_ p"]]:
    """Which rows of one map (linear indices of its own pixels), in which shares, make its value at pixels (linear
    indices into all n pictures of height x width): bilinear, clamped at the border."""
    map_height, map_width = feature.shape[-2:]
    if (map_height, map_width) == (height, width):
        return pixels[None], torch.ones(1, len(pixels), device=pixels.device)
    picture = torch.div(pixels, height * width, rounding_mode="floor") * (map_height * map_width)
    y, x = torch.div(pixels, width, rounding_mode="floor") % height, pixels % width
    return _around(
        picture, (y + 0.5) * (map_height / height) - 0.5, (x + 0.5) * (map_width / width) - 0.5, map_height, map_width
    )


def corners_at(
    feature: Float[Tensor, "1 c h w"], places: Float[Tensor, "p 2"]
) -> tuple[Int[Tensor, "q p"], Float[Tensor, "_ p"]]:
    """The same for places between pixels, in picture heights."""
    height, width = feature.shape[-2:]
    start = torch.zeros(len(places), dtype=torch.long, device=places.device)
    return _around(start, places[:, 1] * height - 0.5, places[:, 0] * height - 0.5, height, width)


def _around(
    start: Int[Tensor, "p"], y: Float[Tensor, "p"], x: Float[Tensor, "p"], height: int, width: int
) -> tuple[Int[Tensor, "4 p"], Float[Tensor, "4 p"]]:
    """start: index of the picture's first pixel; y, x: in pixels of the map."""
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.floor().long(), x.floor().long()
    down, along = y - top, x - left
    first, second = start + top * width, start + (top + 1).clamp(max=height - 1) * width
    right = (left + 1).clamp(max=width - 1)
    corners = torch.stack([first + left, first + right, second + left, second + right])
    shares = [(1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along]
    return corners, torch.stack(shares).float()


def hypercolumns(
    maps: Sequence[Float[Tensor, "n _ _ _"]], pixels: Int[Tensor, "p"], height: int, width: int
) -> Float[Tensor, "p c"]:
    """Features of all levels at the pixels of n pictures; each level at unit norm, then all.

    pixels: linear indices into all n pictures of height x width (pixel k of picture i is i height width + k): asking
    once for all pictures spares a backward pass through the whole maps for each. Unit norm per level: every level has
    the same say. Coarser levels are sampled bilinearly; only the rows that are asked for are read.
    """
    return _columns(maps, [corners_of(m, pixels, height, width) for m in maps])


def hypercolumns_at(maps: Sequence[Float[Tensor, "1 _ _ _"]], places: Float[Tensor, "p 2"]) -> Float[Tensor, "p c"]:
    """`hypercolumns` of one picture at places between pixels, in picture heights."""
    return _columns(maps, [corners_at(m, places) for m in maps])


def _columns(maps: Sequence[Tensor], found: list[tuple[Tensor, Tensor]]) -> Float[Tensor, "p c"]:
    corners, weights = [c for c, _ in found], [w for _, w in found]
    if all(m.device.type == "cpu" and m.dtype in (torch.float32, torch.bfloat16) for m in maps):
        return gathered(maps, corners, weights)
    return gathered_reference(maps, corners, weights)


def gathered_reference(
    maps: Sequence[Float[Tensor, "n _ _ _"]], corners: Sequence[Int[Tensor, "_ p"]],
    weights: Sequence[Float[Tensor, "_ p"]],
) -> Float[Tensor, "p c"]:
    """Readable form of `gathered`, for every device and type."""  # fmt: skip
    columns = []
    for feature, index, share in zip(maps, corners, weights, strict=True):
        rows = feature.permute(0, 2, 3, 1).reshape(-1, feature.shape[1])[index]
        rows = rows.float() if rows.dtype == torch.bfloat16 else rows
        columns.append(functional.normalize((rows * share[..., None].to(rows.dtype)).sum(0), dim=1, eps=EPS))
    return torch.cat(columns, 1) / len(maps) ** 0.5

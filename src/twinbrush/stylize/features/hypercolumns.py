"""Hypercolumns: the features of all levels at chosen pixels, side by side (STROTSS, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def sample_rows(
    feature: Float[Tensor, "n c h w"], pixels: Int[Tensor, "p"], height: int, width: int
) -> Float[Tensor, "p c"]:
    """One map at pixels (linear indices into all n pictures of height x width), bilinear, clamped at the border.

    The same as grid_sample on the map, but only the rows that are asked for are read: a map in channels_last order is
    neither copied nor converted as a whole (forward and backward).
    """
    channels, map_height, map_width = feature.shape[1:]
    rows = feature.permute(0, 2, 3, 1).reshape(-1, channels)
    if (map_height, map_width) == (height, width):
        return rows[pixels].float()
    picture = torch.div(pixels, height * width, rounding_mode="floor") * (map_height * map_width)
    y, x = torch.div(pixels, width, rounding_mode="floor") % height, pixels % width
    top, bottom, down = _neighbours(y, map_height, map_height / height)
    left, right, along = _neighbours(x, map_width, map_width / width)
    top, bottom = picture + top * map_width, picture + bottom * map_width
    corners = torch.cat([top + left, top + right, bottom + left, bottom + right])
    weights = torch.stack([(1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along])
    return (rows[corners].float().view(4, len(pixels), channels) * weights[..., None]).sum(0)


def _neighbours(
    place: Int[Tensor, "p"], size: int, factor: float
) -> tuple[Int[Tensor, "p"], Int[Tensor, "p"], Float[Tensor, "p"]]:
    """The two nearest samples along one axis and the share of the second (pixel edges of both sizes coincide)."""
    exact = ((place + 0.5) * factor - 0.5).clamp(0, size - 1)
    first = exact.floor().long()
    return first, (first + 1).clamp(max=size - 1), exact - first


def hypercolumns(
    maps: Sequence[Float[Tensor, "n _ _ _"]], pixels: Int[Tensor, "p"], height: int, width: int
) -> Float[Tensor, "p c"]:
    """Features of all levels at the pixels of n pictures; each level at unit norm, then all.

    pixels: linear indices into all n pictures of height x width (pixel k of picture i is i height width + k): asking
    once for all pictures spares a backward pass through the whole maps for each. Unit norm per level: every level has
    the same say. Coarser levels are sampled bilinearly.
    """
    columns = [functional.normalize(sample_rows(m, pixels, height, width), dim=1, eps=1e-4) for m in maps]
    return torch.cat(columns, 1) / len(maps) ** 0.5

"""L_style of Eq. 6, third part: STROTSS' palette term (Kolkin et al. 2019, section 3.2.2).

The relaxed earth mover's distance between colours, with Euclidean cost in a decorrelated colour space.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.paint.losses.matching import Guide, nearest_both_ways

# Rows: luma and two chroma axes (BT.601 YUV, chroma scaled to luma's size); nearly decorrelates natural colours.
_RGB_TO_YUV = ((0.299, 0.587, 0.114), (-0.147, -0.289, 0.436), (0.615, -0.515, -0.100))


def to_yuv(rgb: Float[Tensor, "*shape 3"]) -> Float[Tensor, "*shape 3"]:
    """Linear map of RGB to luma and chroma."""
    return rgb @ torch.tensor(_RGB_TO_YUV, dtype=rgb.dtype, device=rgb.device).T


def colour_loss(
    colours: Float[Tensor, "n 3"], style: Float[Tensor, "m 3"], guide: Guide | None = None
) -> Float[Tensor, ""]:
    """Relaxed EMD of colours (RGB in [0, 1]) with Euclidean cost.

    Deviation: the matches are chosen by SQUARED distance plus the guide (one matrix product; without a guide they are
    the same matches); the guide only chooses, it is not part of the value.
    """
    own, other = to_yuv(colours), to_yuv(style)
    forward, backward = nearest_both_ways(own, other, _with_squares(own.detach(), other, guide))
    rows = torch.arange(len(own), device=own.device)
    columns = torch.arange(len(other), device=own.device)

    def matched(i: Tensor, j: Tensor) -> Tensor:
        return ((own[i] - other[j]).square().sum(1) + 1e-12).sqrt().mean()

    return torch.maximum(matched(rows, forward), matched(backward, columns))


def _with_squares(own: Float[Tensor, "n 3"], other: Float[Tensor, "m 3"], guide: Guide | None) -> Guide:
    """The guide plus (|a|^2 + |b|^2) / 2: with -a.b it makes half the squared distance."""
    left = [own.square().sum(1, keepdim=True) / 2, torch.ones_like(own[:, :1])]
    right = [torch.ones_like(other[:, :1]), other.square().sum(1, keepdim=True) / 2]
    if guide is not None:
        left, right = [*left, guide.left], [*right, guide.right]
    return Guide(torch.cat(left, 1), torch.cat(right, 1))

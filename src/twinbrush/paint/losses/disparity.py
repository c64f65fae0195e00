"""L_disp of Eq. 7: (1/N) sum over the visible face region of | I_l^o(T_rl^o(p_r^o)) - I_r^o(p_r^o) |."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional


def sample_image(image: Float[Tensor, "c h w"], points_xy: Float[Tensor, "p 2"]) -> Float[Tensor, "p c"]:
    """Bilinear samples at pixel positions (the top-left pixel's centre is (0, 0)); clamped at the border."""
    height, width = image.shape[-2:]
    size = torch.tensor([width, height], dtype=points_xy.dtype, device=points_xy.device)
    grid = (points_xy * 2 + 1) / size - 1
    sampled = functional.grid_sample(
        image[None], grid.to(image.dtype)[None, None], mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled[0, :, 0].T


def disparity_loss(
    from_image: Float[Tensor, "c h w"], to_image: Float[Tensor, "c h w"], transfer_xy: Float[Tensor, "h w 2"],
    valid: Bool[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """Mean absolute difference between `to_image` and `from_image` at the transferred places (sum over channels).

    transfer_xy: for every pixel of `to_image` its place in `from_image` (T_rl^o with from = left, to = right; Eq. 5).
    valid: pixels of the surface that both views see. No valid pixel: zero.
    """
    pixels = valid.flatten().nonzero()[:, 0]
    return disparity_of_pixels(from_image, to_image, pixels, transfer_xy.flatten(0, 1)[pixels])


def disparity_of_pixels(
    from_image: Float[Tensor, "c h w"], to_image: Float[Tensor, "c h w"], pixels: Int[Tensor, "p"],
    places_xy: Float[Tensor, "p 2"],
) -> Float[Tensor, ""]:
    """The same from the valid pixels' linear indices and their places in `from_image`."""  # fmt: skip
    if len(pixels) == 0:
        return to_image.sum() * 0
    there = sample_image(from_image, places_xy)
    return (there - to_image.flatten(1).T[pixels]).abs().sum(1).mean()

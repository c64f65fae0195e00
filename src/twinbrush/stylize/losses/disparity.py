"""L_disp of Eq. 7: (1/N) sum over the visible face region of | I_l^o(T_rl^o(p_r^o)) - I_r^o(p_r^o) |."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
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
    if not bool(valid.any()):
        return to_image.sum() * 0
    there = sample_image(from_image, transfer_xy[valid])
    return (there - to_image[:, valid].T).abs().sum(1).mean()

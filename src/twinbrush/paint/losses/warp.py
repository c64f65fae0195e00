"""L_warp of Eq. 6: mean Euclidean distance of the moved source keypoints P + theta to their targets P'."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def warp_loss(
    source_xy: Float[Tensor, "k 2"], theta_xy: Float[Tensor, "k 2"], target_xy: Float[Tensor, "k 2"]
) -> Float[Tensor, ""]:
    """Mean of |P + theta - P'|, in the units of the points."""
    # 1e-12 under the root: points that have arrived would have an undefined gradient.
    return ((source_xy + theta_xy - target_xy).square().sum(1) + 1e-12).sqrt().mean()

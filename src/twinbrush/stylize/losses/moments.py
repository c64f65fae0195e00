"""L_style of Eq. 6, second part: STROTSS' moment matching (Kolkin et al. 2019, Eq. 6).

L_m = 1/d |mu_A - mu_B|_1 + 1/d^2 |Sigma_A - Sigma_B|_1 over d feature dimensions. `spread="deviation"` is the default
hybrid's deviation from it: standard deviations instead of covariances (FINDING: the full covariance costs more than
the small network, and the pictures do not show it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

Spread = Literal["covariance", "deviation"]


@dataclass(frozen=True)
class Moments:
    """mean (c,), and covariance (c, c) or standard deviation (c,)."""

    mean: Float[Tensor, "c"]
    spread: Float[Tensor, "*shape"]


def moments(features: Float[Tensor, "n c"], spread: Spread = "covariance", *, half: bool = False) -> Moments:
    """Mean, and covariance or standard deviation, over the n samples.

    half: the covariance's product in bfloat16 (four times cheaper where the processor has it; its entries are then
    known to 0.4%, forward and backward).
    """
    mean = features.mean(0)
    centred = features - mean
    if spread == "covariance":
        rows = centred.bfloat16() if half else centred
        return Moments(mean, (rows.T @ rows).to(features.dtype) / len(features))
    return Moments(mean, (centred.square().mean(0) + 1e-8).sqrt())


def moment_loss(features: Float[Tensor, "n c"], target: Moments, *, half: bool = False) -> Float[Tensor, ""]:
    """Mean absolute difference of the means plus that of the spreads (of the target's kind). half: see `moments`."""
    if target.spread.ndim == 2:
        mean = features.mean(0)
        gap: Any = _CovarianceGap.apply(features - mean, target.spread, half)
        return (mean - target.mean).abs().mean() + gap
    own = moments(features, "deviation")
    return (own.mean - target.mean).abs().mean() + (own.spread - target.spread).abs().mean()


class _CovarianceGap(torch.autograd.Function):
    """Mean absolute difference of the covariance of centred rows (n, c) to `target` (c, c).

    The sign of the difference is symmetric, so that the gradient is ONE product, 2/(n c^2) rows @ sign.
    """

    @staticmethod
    def forward(ctx: Any, centred: Tensor, target: Tensor, half: bool) -> Tensor:
        rows = centred.bfloat16() if half else centred
        gap = (rows.T @ rows).to(centred.dtype).div_(len(rows)).sub_(target)
        ctx.save_for_backward(rows, gap.sign().to(rows.dtype))
        return gap.abs_().mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        rows, sign = ctx.saved_tensors
        scale = gradient * (2 / (rows.shape[0] * rows.shape[1] ** 2))
        return (rows @ sign).to(gradient.dtype) * scale, None, None

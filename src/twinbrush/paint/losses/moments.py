"""L_style of Eq. 6, second part: STROTSS' moment matching (Kolkin et al. 2019, Eq. 6).

L_m = 1/d |mu_A - mu_B|_1 + 1/d^2 |Sigma_A - Sigma_B|_1 over d feature dimensions. `spread="deviation"` is the default
hybrid's deviation from it: standard deviations instead of covariances (FINDING: the full covariance costs more than
the small network, and the pictures do not show it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.paint.features.gather import summed_rows

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
        gap: Any = _CovarianceGap.apply(features - mean, target.spread, half, features.shape[1])
        return (mean - target.mean).abs().mean() + gap
    own = moments(features, "deviation")
    return (own.mean - target.mean).abs().mean() + (own.spread - target.spread).abs().mean()


def sampled_moment_loss(
    features: Float[Tensor, "n c"], style: Float[Tensor, "m c"], channels: Int[Tensor, "r"] | None, *,
    half: bool = False,
) -> Float[Tensor, ""]:
    """`moment_loss` between samples, with only the covariances among `channels` (None: all).

    Over channels drawn evenly without repetition the expectation is the full loss: a pair of two channels is drawn with
    probability r (r - 1) / (c (c - 1)), a channel with itself with r / c, and each is weighted by the inverse.
    """  # fmt: skip
    if channels is None:
        return moment_loss(features, moments(style.to(features.dtype), half=half), half=half)
    everything = torch.zeros(len(style), dtype=torch.long, device=style.device)
    mean, style_mean = features.mean(0), summed_rows(style, everything, 1)[0] / len(style)
    target = moments(style[:, channels].to(features.dtype), half=half).spread
    gap: Any = _CovarianceGap.apply(features[:, channels] - mean[channels], target, half, features.shape[1])
    return (mean - style_mean).abs().mean() + gap


class _CovarianceGap(torch.autograd.Function):
    """Mean absolute difference of the covariance of centred rows (n, r) to `target` (r, r): of r of c channels,
    weighted so that the mean over draws of channels is the mean over all c x c pairs.

    The sign of the difference is symmetric, so that the gradient is ONE product, 2/n rows @ (weights * sign).
    """

    @staticmethod
    def forward(ctx: Any, centred: Tensor, target: Tensor, half: bool, channels: int) -> Tensor:
        rows, chosen = centred.bfloat16() if half else centred, centred.shape[1]
        gap = (rows.T @ rows).to(centred.dtype).div_(len(rows)).sub_(target)
        # Of a pair, and of a channel with itself in units of it: 1 where all channels are there.
        ctx.pair = (channels - 1) / (chosen * max(chosen - 1, 1) * channels)
        own = max(chosen - 1, 1) / max(channels - 1, 1)
        sign = gap.sign()
        sign.diagonal().mul_(own)
        ctx.save_for_backward(rows, sign.to(rows.dtype))
        return (gap * sign).sum() * ctx.pair

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = gradients
        rows, sign = ctx.saved_tensors
        return (rows @ sign).to(gradient.dtype) * (gradient * (2 * ctx.pair / len(rows))), None, None, None

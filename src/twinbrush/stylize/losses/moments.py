"""L_style of Eq. 6, second part: STROTSS' moment matching (Kolkin et al. 2019, Eq. 6).

L_m = 1/d |mu_A - mu_B|_1 + 1/d^2 |Sigma_A - Sigma_B|_1 over d feature dimensions. `spread="deviation"` is the default
hybrid's deviation from it: standard deviations instead of covariances (FINDING: the full covariance costs more than
the small network, and the pictures do not show it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

Spread = Literal["covariance", "deviation"]


@dataclass(frozen=True)
class Moments:
    """mean (c,), and covariance (c, c) or standard deviation (c,)."""

    mean: Float[Tensor, "c"]
    spread: Float[Tensor, "*shape"]


def moments(features: Float[Tensor, "n c"], spread: Spread = "covariance") -> Moments:
    """Mean, and covariance or standard deviation, over the n samples."""
    mean = features.mean(0)
    centred = features - mean
    if spread == "covariance":
        return Moments(mean, centred.T @ centred / len(features))
    return Moments(mean, (centred.square().mean(0) + 1e-8).sqrt())


def moment_loss(features: Float[Tensor, "n c"], target: Moments) -> Float[Tensor, ""]:
    """Mean absolute difference of the means plus that of the spreads (of the target's kind)."""
    own = moments(features, "covariance" if target.spread.ndim == 2 else "deviation")
    return (own.mean - target.mean).abs().mean() + (own.spread - target.spread).abs().mean()

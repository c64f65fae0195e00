"""Mean and covariance of the style, once a size: a step only mixes them as the regions of its window are mixed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.stylize.losses.moments import Moments

LEAST = 60  # a region of the style with fewer places than this lends nothing of its own


@dataclass(frozen=True)
class StyleStatistics:
    """First and second moments of each region's features; the last row is that of all places. usable: 1 for regions
    with enough places."""

    first: Float[Tensor, "r1 c"]
    second: Float[Tensor, "r1 c c"]
    usable: Float[Tensor, "r"]

    def mixed(self, share: Float[Tensor, "r"] | None) -> Moments:
        """Mean and covariance of a style whose regions are mixed as `share` says; None, or none usable: all places."""
        weights = torch.zeros_like(self.first[:, 0])
        weights[-1] = 1
        if share is not None:
            wanted = share * self.usable
            total = wanted.sum()
            weights = torch.where(total > 0, torch.cat([wanted / total.clamp_min(1e-12), total[None] * 0]), weights)
        mean = weights @ self.first
        second = torch.tensordot(weights, self.second, 1)
        return Moments(mean, second.addr_(mean, mean, alpha=-1))


def style_statistics(
    features: Float[Tensor, "s c"], regions: Float[Tensor, "s r"], *, half: bool
) -> StyleStatistics:
    """Of the pool's places; regions: weights, above one half a member. half: products in bfloat16."""
    first, second, usable = [], [], []
    groups = [*(regions > 0.5).T, torch.ones_like(regions[:, 0], dtype=torch.bool)]
    for members in groups:
        rows = features[members]
        count = max(len(rows), 1)
        # Centred before the product: what is rounded in bfloat16 are deviations, not the much larger means.
        mean = rows.sum(0) / count
        centred = (rows - mean).bfloat16() if half else rows - mean
        first.append(mean)
        second.append((centred.T @ centred).to(features.dtype) / count + torch.outer(mean, mean))
        usable.append(float(len(rows) >= LEAST))
    return StyleStatistics(torch.stack(first), torch.stack(second), features.new_tensor(usable[:-1]))

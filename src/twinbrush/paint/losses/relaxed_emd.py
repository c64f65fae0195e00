"""L_style of Eq. 6, first part: STROTSS' relaxed earth mover's distance (Kolkin et al. 2019, Eq. 3-4).

REMD(A, B) = max( 1/n sum_i min_j C_ij, 1/m sum_j min_i C_ij ), C the cosine distance of hypercolumns.
Deviation: `guide` (n, m) is added to C: costs that hold eyes to eyes and hair to hair. It is constant, so it chooses
the matches and adds nothing to the gradient.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.paint.features.gather import summed_rows
from twinbrush.paint.losses.matching import Guide, nearest_both_ways


def unit(features: Float[Tensor, "n c"]) -> Float[Tensor, "n c"]:
    """Rows scaled to unit length (rows of zeros stay)."""
    return features / features.norm(dim=1, keepdim=True).clamp_min(1e-8)


def cosine_distance(a: Float[Tensor, "n c"], b: Float[Tensor, "m c"]) -> Float[Tensor, "n m"]:
    """1 - cos(a_i, b_j)."""
    return 1 - unit(a) @ unit(b).T


def relaxed_emd(
    features: Float[Tensor, "n c"], style: Float[Tensor, "m c"], guide: Float[Tensor, "n m"] | None = None
) -> Float[Tensor, ""]:
    """Relaxed earth mover's distance with cosine cost, plus the guide's cost."""
    return relaxed_emd_of_cost(cosine_distance(features, style), guide)


def relaxed_emd_of_cost(
    cost: Float[Tensor, "n m"], guide: Float[Tensor, "n m"] | None = None
) -> Float[Tensor, ""]:
    """The larger of the two one-sided mean minimum costs."""
    if guide is not None:
        cost = cost + guide
    return torch.maximum(cost.amin(1).mean(), cost.amin(0).mean())


def relaxed_emd_of_units(
    features: Float[Tensor, "n c"], style: Float[Tensor, "m c"], guide: Guide | None = None, *, half: bool = False
) -> Float[Tensor, ""]:
    """`relaxed_emd` of rows that have unit length already: the same value and gradient, faster.

    The matches are found without a graph. Given them, each one-sided mean is linear in the features, 1 - <features, W>
    with a constant W (the matched style rows, added up per feature), and only the larger one is differentiated: no
    backward pass through an n x m matrix or through m gathered rows. No gradient goes to the style, whose rows may be
    in bfloat16. half: choose the matches in bfloat16 (a cosine is then known to about 0.004).
    """
    dtype = torch.bfloat16 if half else features.dtype
    own = features.detach()
    forward, backward = nearest_both_ways(own.to(dtype), style.to(dtype), guide)
    with torch.no_grad():
        weights = style[forward].to(own.dtype) / len(features), summed_rows(style, backward, len(own)) / len(style)
        constants = _guide_mean(own, guide, None, forward), _guide_mean(own, guide, backward, None)
        costs = [c - torch.dot(own.flatten(), w.flatten()) for w, c in zip(weights, constants, strict=True)]
        first = costs[0] >= costs[1]
        if own.device.type == "cpu":
            chosen, constant = (weights[0], constants[0]) if bool(first) else (weights[1], constants[1])
        else:  # chosen without asking for its value: a GPU need not wait
            chosen, constant = torch.where(first, *weights), torch.where(first, *constants)
    return 1 - torch.dot(features.flatten(), chosen.flatten()) + constant


def _guide_mean(
    like: Tensor, guide: Guide | None, i: Int[Tensor, "p"] | None, j: Int[Tensor, "p"] | None
) -> Float[Tensor, ""]:
    """Mean cost of the pairs (i, j); None: every row once, in order. No guide: zero."""
    if guide is None:
        return like.new_zeros(())
    left = guide.left if i is None else guide.left[i]
    right = guide.right if j is None else guide.right[j]
    return (left * right).sum(1).mean()

"""L_content of Eq. 6: STROTSS' self-similarity (Kolkin, Salavon, Shakhnarovich 2019, Eq. 8).

L_content(X, C) = 1/n^2 sum_ij | D^X_ij / sum_i D^X_ij - D^C_ij / sum_i D^C_ij |, D the matrices of cosine distances
between the features at n places of the stylized picture X and at the same places of the content C.
Deviation: multiplied by n, so that its size does not depend on the number of samples.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from twinbrush.paint.losses.relaxed_emd import cosine_distance, unit


def self_similarity(features: Float[Tensor, "n c"], *, half: bool = False) -> Float[Tensor, "n n"]:
    """Cosine distances between all pairs, each column summing to 1 (all zero where nothing differs).

    half: the product in bfloat16, of the unit rows' differences from their mean: they have the same distances, and
    what is rounded to 0.4% is small (products of the rows themselves are all near 1).
    """
    if half:
        rows = unit(features)
        rows = rows - rows.detach().mean(0)
        size, rounded = rows.square().sum(1) / 2, rows.bfloat16()
        distance = (size[:, None] + size - (rounded @ rounded.T).to(rows.dtype)).clamp_min(0)
    else:
        distance = cosine_distance(features, features)
    # Rounding leaves about 1e-7 on the diagonal, and a constant picture must not divide by zero.
    return distance / distance.sum(0, keepdim=True).clamp_min(1e-6)


def content_loss(
    features: Float[Tensor, "n c"], target: Float[Tensor, "n n"], *, half: bool = False
) -> Float[Tensor, ""]:
    """Mean absolute difference of self-similarities, times n. target: `self_similarity` of the content's features."""
    return (self_similarity(features, half=half) - target).abs().mean() * target.shape[0]


def content_loss_reference(features: Float[Tensor, "n c"], content: Float[Tensor, "n c"]) -> Float[Tensor, ""]:
    """Readable form of `content_loss` from both sets of features."""
    total = features.new_zeros(())
    n = len(features)
    distances = [features.new_zeros(n, n) for _ in range(2)]
    for which, f in enumerate((features, content)):
        for i in range(n):
            for j in range(n):
                distances[which][i, j] = 1 - (f[i] @ f[j]) / (f[i].norm() * f[j].norm())
    for i in range(n):
        for j in range(n):
            x = distances[0][i, j] / distances[0][:, j].sum()
            c = distances[1][i, j] / distances[1][:, j].sum()
            total = total + (x - c).abs() / n**2
    return total * n

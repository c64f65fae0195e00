"""Scale, rotation and shift that bring one set of landmarks to another, whatever single features do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Similarity:
    """y = scale * rotation @ x + shift, in 2 or 3 dimensions; `rotation` is proper (determinant 1)."""

    scale: float
    rotation: Float[np.ndarray, "d d"]
    shift: Float[np.ndarray, "d"]

    def apply(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Points moved."""
        return self.scale * points @ self.rotation.T + self.shift

    def inverse(self) -> Similarity:
        """The way back."""
        rotation = self.rotation.T
        return Similarity(1 / self.scale, rotation, -rotation @ self.shift / self.scale)

    @property
    def matrix(self) -> Float[np.ndarray, "d e"]:
        """(d, d + 1) affine matrix, as `cv2.warpAffine` takes it for d = 2."""
        return np.concatenate([self.scale * self.rotation, self.shift[:, None]], axis=1)


def weighted_similarity(
    source: Float[np.ndarray, "n d"],
    target: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, "n"],
    *,
    rotate: bool = True,
) -> Similarity:
    """Least-squares similarity (Umeyama 1991) with weights; `rotate=False` allows scale and shift only."""
    share = weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    source_centred, target_centred = source - source_mean, target - target_mean
    dimension = source.shape[1]
    rotation = np.eye(dimension)
    if rotate:
        left, _, right = np.linalg.svd((target_centred * share[:, None]).T @ source_centred)
        fold = np.ones(dimension)
        fold[-1] = np.sign(np.linalg.det(left @ right))
        rotation = (left * fold) @ right
    variance = float((share[:, None] * source_centred**2).sum())
    scale = float((share[:, None] * target_centred * (source_centred @ rotation.T)).sum()) / variance
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def fit_similarity(
    source: Float[np.ndarray, "n d"],
    target: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, "n"],
    *,
    rotate: bool = True,
    rounds: int = 10,
) -> Similarity:
    """Robust similarity: features that art has moved far (a huge jaw) pull less than those it left in place.

    Iteratively reweighted least squares with Cauchy weights; their width is 1.5 times the weighted mean residual, so
    the result follows every similarity applied to the source.
    """
    current = weights
    similarity = weighted_similarity(source, target, weights, rotate=rotate)
    tiny = 1e-12 * float(np.ptp(target))
    for _ in range(rounds):
        residual = np.linalg.norm(similarity.apply(source) - target, axis=1)
        width = 1.5 * float(weights @ residual / weights.sum()) + tiny
        current = weights / (1 + (residual / width) ** 2)
        similarity = weighted_similarity(source, target, current, rotate=rotate)
    return similarity

"""A small mixture of Gaussians, fitted without random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MAX_SAMPLES = 1500  # more change the fit by less than the samples' own noise
LLOYD_STEPS = 6


@dataclass(frozen=True)
class Mixture:
    """Axis-aligned Gaussians: centres and deviations (k, d), weights (k,) that sum to about 1."""

    centres: Float[np.ndarray, "k d"]
    deviations: Float[np.ndarray, "k d"]
    weights: Float[np.ndarray, "k"]

    def energy(self, values: Float[np.ndarray, "*shape d"]) -> Float[np.ndarray, "*shape"]:
        """-log likelihood (of the likeliest component) at every value."""
        best = np.full(values.shape[:-1], np.inf, np.float32)
        for centre, deviation, weight in zip(self.centres, self.deviations, self.weights, strict=True):
            scaled = (values - centre.astype(np.float32)) / deviation.astype(np.float32)
            constant = float(np.log(deviation).sum() - np.log(weight))
            best = np.minimum(best, 0.5 * (scaled * scaled).sum(-1) + np.float32(constant))
        return best


def fit_mixture(samples: Float[np.ndarray, "n d"], components: int, least_deviation: float) -> Mixture:
    """k-means (Lloyd 1982) from quantiles along the principal axis; needs at least one sample."""
    samples = samples[:: max(1, len(samples) // MAX_SAMPLES)].astype(np.float64)
    components = max(1, min(components, len(samples) // 20))
    centred = samples - samples.mean(0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    order = np.argsort(centred @ axis, kind="stable")
    centres = np.stack([part.mean(0) for part in np.array_split(samples[order], components)])
    nearest = np.zeros(len(samples), int)
    for _ in range(LLOYD_STEPS):
        nearest = ((samples[:, None] - centres) ** 2).sum(-1).argmin(1)
        groups = [samples[nearest == k] for k in range(components)]
        centres = np.stack([g.mean(0) if len(g) else c for g, c in zip(groups, centres, strict=True)])
    groups = [samples[nearest == k] for k in range(components)]
    deviations = np.stack([g.std(0) if len(g) else np.ones(samples.shape[1]) for g in groups])
    weights = np.bincount(nearest, minlength=components) / len(samples)
    return Mixture(centres, np.maximum(deviations, least_deviation), np.maximum(weights, 1e-3))

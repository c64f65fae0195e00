"""A smooth displacement field through noisy landmarks: Gaussian-process regression with two length scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve

# Length scales in inter-ocular distances: the build of a head, and the size of a feature. Their amplitudes say how much
# of a change is usually of either kind.
LENGTHS = (1.1, 0.28)
AMPLITUDES = (0.30, 0.10)


@dataclass(frozen=True)
class Field:
    """displacement(x) = sum_i kernel(x, centres_i) coefficients_i; `unit` is the points' inter-ocular distance."""

    centres: Float[np.ndarray, "n d"]
    coefficients: Float[np.ndarray, "n e"]
    unit: float

    def at(self, points: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m e"]:
        """The displacement at any points."""
        return _kernel(points / self.unit, self.centres / self.unit) @ self.coefficients

    def gradient(self, points: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m e d"]:
        """Its derivative there: [:, i, j] = d displacement_i / d x_j (no unit)."""
        scaled, centres = points / self.unit, self.centres / self.unit
        squared = _squared_distances(scaled, centres)
        slope = np.zeros_like(squared)
        for amplitude, length in zip(AMPLITUDES, LENGTHS, strict=True):
            slope -= (amplitude / length) ** 2 * np.exp(-0.5 * squared / length**2)
        # sum over centres of slope (x - c): x times the sum of slopes, less the slopes times c
        total = slope @ self.coefficients
        parts = [
            scaled[:, axis, None] * total - slope @ (centres[:, axis, None] * self.coefficients)
            for axis in range(points.shape[1])
        ]
        return np.stack(parts, axis=-1) / self.unit


def fit_field(
    points: Float[np.ndarray, "n d"],
    displacements: Float[np.ndarray, "n e"],
    noise: Float[np.ndarray, "n"],
    unit: float,
) -> Field:
    """The mean of a Gaussian process given noisy displacements (Rasmussen and Williams 2006, 2.25).

    noise: standard deviation of every displacement, in inter-ocular distances; linear in the displacements.
    """
    scaled = points / unit
    covariance = _kernel(scaled, scaled) + np.diag(noise**2)
    coefficients = cho_solve(cho_factor(covariance, lower=True), displacements)
    return Field(points, coefficients, unit)


def _kernel(a: Float[np.ndarray, "m d"], b: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "m n"]:
    squared = _squared_distances(a, b)
    kernel = np.zeros_like(squared)
    for amplitude, length in zip(AMPLITUDES, LENGTHS, strict=True):
        kernel += amplitude**2 * np.exp(-0.5 * squared / length**2)
    return kernel


def _squared_distances(a: Float[np.ndarray, "m d"], b: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "m n"]:
    return np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0)

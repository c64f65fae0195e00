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
        offset = (points[:, None] - self.centres[None]) / self.unit
        squared = (offset**2).sum(-1)
        slope = sum(
            -(amplitude / length) ** 2 * np.exp(-0.5 * squared / length**2)
            for amplitude, length in zip(AMPLITUDES, LENGTHS, strict=True)
        )
        return np.einsum("mn,mnd,ne->med", slope, offset, self.coefficients) / self.unit


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
    squared = np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0)
    kernel = np.zeros_like(squared)
    for amplitude, length in zip(AMPLITUDES, LENGTHS, strict=True):
        kernel += amplitude**2 * np.exp(-0.5 * squared / length**2)
    return kernel

"""A small mixture of Gaussians over colours, fitted without random numbers (segmentation's colour models)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.image import to_lab

MAX_SAMPLES = 4000  # more samples change the fit by less than the noise of the labels
LLOYD_STEPS = 8
MIN_DEVIATION = 3.0  # Lab units: JPEG noise; narrower components would call every neighbour of a flat colour foreign


@dataclass(frozen=True)
class ColourModel:
    """Mixture of axis-aligned Gaussians in CIE Lab (and, for paint, further features)."""

    centres: Float[np.ndarray, "k d"]
    deviations: Float[np.ndarray, "k d"]
    weights: Float[np.ndarray, "k"]

    def energy(self, lab: Float[np.ndarray, "h w d"]) -> Float[np.ndarray, "h w"]:
        """-log likelihood of every pixel."""
        best = np.full(lab.shape[:2], np.inf, np.float32)
        for centre, deviation, weight in zip(self.centres, self.deviations, self.weights, strict=True):
            scaled = (lab - centre.astype(np.float32)) / deviation.astype(np.float32)
            constant = float(np.log(deviation).sum() - np.log(weight))
            best = np.minimum(best, 0.5 * np.einsum("hwc,hwc->hw", scaled, scaled) + np.float32(constant))
        return best.astype(np.float64)


def fit_colours(samples: Float[np.ndarray, "n d"], components: int = 5) -> ColourModel:
    """Lloyd's k-means from quantiles along the principal axis; needs at least one sample."""
    samples = samples[:: max(1, len(samples) // MAX_SAMPLES)].astype(np.float64)
    components = max(1, min(components, len(samples) // 20))
    centred = samples - samples.mean(0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    order = np.argsort(centred @ axis, kind="stable")
    centres = np.stack([part.mean(0) for part in np.array_split(samples[order], components)])
    nearest = np.zeros(len(samples), int)
    for _ in range(LLOYD_STEPS):
        nearest = ((samples[:, None] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack([samples[nearest == k].mean(0) if (nearest == k).any() else centres[k]
                            for k in range(components)])
    deviations = np.stack([samples[nearest == k].std(0) if (nearest == k).any() else np.ones(samples.shape[1])
                           for k in range(components)])
    weights = np.bincount(nearest, minlength=components) / len(samples)
    return ColourModel(centres, np.maximum(deviations, MIN_DEVIATION), np.maximum(weights, 1e-3))


SHADOWS = (0.3, 0.5, 0.7, 0.85)  # a cast shadow leaves this share of the light
SHADOW_ENERGY = 1.0  # and is rarer than the lit surface


def class_energies(
    image: Float[np.ndarray, "h w 3"], labels: Int[np.ndarray, "h w"], classes: int, *, shadows_of: int | None = None
) -> Float[np.ndarray, "k h w"]:
    """Colour energy of every class at every pixel, from the pixels labelled with it (-1: no label).

    shadows_of: this class' surfaces may also lie in a cast shadow.
    """
    lab = to_lab(image)
    energies = []
    for label in range(classes):
        where = labels == label
        if where.sum() < 40:  # nothing known about this class's colours: neither likely nor excluded
            energies.append(np.full(labels.shape, 12.0))
            continue
        energy = fit_colours(lab[where].astype(np.float64)).energy(lab)
        if label == shadows_of:
            colours = image[where][:: max(1, int(where.sum()) // MAX_SAMPLES)]
            linear = np.power(np.concatenate([np.power(colours, 2.2) * share for share in SHADOWS]), 1 / 2.2)
            shaded = fit_colours(to_lab(linear[None])[0].astype(np.float64), 6).energy(lab)
            energy = np.minimum(energy, shaded + SHADOW_ENERGY)
        energies.append(energy)
    return np.stack(energies)

"""The inside of the mouth behind changed lips: its bag and the teeth go with the opening as a whole, or they would
come through the skin about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from twinbrush.sculpt.values import MOUTH_BAG, Template

GROWTH = (0.4, 1.3)  # bounds of how the inside follows the opening's width
SLACK = 0.93  # an inside that shrinks shrinks so much more: the lips come nearer to it on all sides
NEAR_MM = 6.0  # how far from the lips' rim the bag goes with the rim itself


@dataclass(frozen=True)
class Opening:
    """How the mouth's opening moved: x -> new + factor (x - old), mm."""

    old: Float[np.ndarray, "3"]
    new: Float[np.ndarray, "3"]
    factor: float

    def apply(self, points: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        """Returns the points moved."""
        return points + (self.new - self.old) + (self.factor - 1) * (points - self.old)


def mouth_rim(model: Template) -> Int[np.ndarray, "_"]:
    """Returns the skin's vertices that border on the mouth's bag."""
    corners = model.labels[model.triangles] == MOUTH_BAG
    mixed = np.unique(model.triangles[corners.any(1) & ~corners.all(1)])
    return mixed[model.labels[mixed] != MOUTH_BAG]


def opening_of(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]
) -> Opening:
    """Returns how the opening between the lips moved."""
    rim = mouth_rim(model)
    old, new = before[rim], after[rim]
    ratio = float(np.ptp(new[:, 0]) / np.ptp(old[:, 0]))
    factor = ratio * (1 - (1 - SLACK) * np.clip((1 - ratio) / 0.1, 0, 1))
    return Opening(old.mean(0), new.mean(0), float(np.clip(factor, *GROWTH)))


def bag_behind(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"], opening: Opening
) -> Float[np.ndarray, "n 3"]:
    """Returns the changed head with the mouth's bag where the opening as a whole went, joined to the lips' rim."""
    rim = mouth_rim(model)
    bag = np.flatnonzero(model.labels == MOUTH_BAG)
    out = after.copy()
    distance, nearest = KDTree(before[rim]).query(before[bag])
    rest = after[rim] - opening.apply(before[rim])
    out[bag] = opening.apply(before[bag]) + rest[nearest] * np.exp(-((distance / NEAR_MM) ** 2))[:, None]
    return out

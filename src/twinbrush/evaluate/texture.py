"""Distance of two textures: the statistics of a network's features over one region of each picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

Maps = Callable[[Float[np.ndarray, "h w 3"]], Sequence[Float[np.ndarray, "_ _ _"]]]
"""A network: picture, RGB 0..1 -> feature maps (c, h', w'), shallow to deep."""
LEAST = 16  # a region with fewer places on a map has no statistics there


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of each channel, a pair a level (None: too few places)."""

    levels: tuple[tuple[Float[np.ndarray, "_"], Float[np.ndarray, "_"]] | None, ...]


def statistics(
    maps: Sequence[Float[np.ndarray, "_ _ _"]], mask: Bool[np.ndarray, "h w"]
) -> Statistics:
    """Returns the channels' statistics over the places of each map that lie wholly in `mask` (of the picture)."""
    levels: list[tuple[np.ndarray, np.ndarray] | None] = []
    for level in maps:
        share = cv2.resize(mask.astype(np.float32), (level.shape[2], level.shape[1]), interpolation=cv2.INTER_AREA)
        chosen = level[:, share > 0.99].astype(np.float64)
        enough = chosen.shape[1] >= LEAST
        levels.append((chosen.mean(1), chosen.std(1)) if enough else None)
    return Statistics(tuple(levels))


def texture_distance(ours: Statistics, style: Statistics) -> float:
    """Returns how far two pictures' features are apart, as a share of their own sizes; the same both ways.

    Mean over levels of (|mean - mean'|^2 + |deviation - deviation'|^2) / (|mean|^2 + |deviation|^2 + |mean'|^2 +
    |deviation'|^2): 0 for the same picture, 1 against features that are nothing, 1 at most for features that are never
    negative; the same whatever their unit. As a share of the style's size alone, a style with large features was near
    to everything. nan where a region is too small.
    """
    found: list[float] = []
    for one, other in zip(ours.levels, style.levels, strict=True):
        if one is None or other is None:
            continue
        size = sum(float((part**2).sum()) for part in (*one, *other))
        found.append(float((((one[0] - other[0]) ** 2).sum() + ((one[1] - other[1]) ** 2).sum()) / max(size, 1e-12)))
    return float(np.mean(found)) if found else float("nan")

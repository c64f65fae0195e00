"""What is seen between the lips: the mouth's opening as a picture, in a plane across a line of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.rasterize import rasterize
from twinbrush.faces import indices
from twinbrush.sculpt.values import Template

PIXELS_PER_MM = 16.0
MARGIN_MM, BEHIND_MM = 8.0, 40.0  # about the lips, and behind them, that is looked at
FAR_AWAY_MM = 1000.0  # where the viewer is
UPPER, LOWER = tuple(range(11)), (*range(10, 20), 0)  # of the outline, both from corner to corner
DEEP_MM = 7.0  # behind the lips: what is seen there is seen through the opening


@dataclass(frozen=True)
class Opening:
    """x (c,): the picture's columns; y (r,): its rows, upward, mm. inside (r, c): seen through the opening. depth (c,):
    the lips' place along the line of sight, nearer is larger, mm. per_mm: the picture's pixels."""

    x: Float[np.ndarray, "c"]
    y: Float[np.ndarray, "r"]
    inside: Bool[np.ndarray, "r c"]
    depth: Float[np.ndarray, "c"]
    per_mm: float

    @property
    def height(self) -> Float[np.ndarray, "c"]:
        """How much of each column is seen through, mm."""
        return self.inside.sum(0) / self.per_mm

    def edges(self, columns: Int[np.ndarray, "k"]) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
        """Returns the heights of the upper and the lower lip's edge in columns that are seen through, mm."""
        inside = self.inside[:, columns]
        return self.y[inside.argmax(0)], self.y[len(inside) - 1 - inside[::-1].argmax(0)]


def opening_seen(
    model: Template, seen: Float[np.ndarray, "n 3"], per_mm: float = PIXELS_PER_MM
) -> Opening:
    """Returns the opening between the lips of a head. seen (n, 3): its vertices as they are looked at: to the right,
    upward, toward the viewer, mm. per_mm: the picture's pixels."""
    lips = model.landmarks(seen)[list(indices.LIPS_OUTER)]
    low, high = lips.min(0)[:2] - MARGIN_MM, lips.max(0)[:2] + MARGIN_MM
    near = ((seen[:, :2] > low) & (seen[:, :2] < high)).all(1) & (seen[:, 2] > lips[:, 2].min() - BEHIND_MM)
    faces = model.triangles[near[model.triangles].all(1)]
    pixels = (seen[:, :2] - [low[0], high[1]]) * [per_mm, -per_mm]
    width, height = np.ceil((high - low) * per_mm).astype(int)
    away = rasterize(pixels, FAR_AWAY_MM - seen[:, 2], faces, int(width), int(height)).depth
    x = low[0] + (np.arange(width) + 0.5) / per_mm
    y = high[1] - (np.arange(height) + 0.5) / per_mm
    upper, lower = (lips[list(half)][np.argsort(lips[list(half), 0])] for half in (UPPER, LOWER))
    top, bottom = (np.interp(x, half[:, 0], half[:, 1]) for half in (upper, lower))
    over, under = (np.interp(x, half[:, 0], half[:, 2]) for half in (upper, lower))
    share = np.clip((top - y[:, None]) / np.maximum(top - bottom, 1e-6), 0, 1)  # an open jaw's lip lies farther back
    front = over + share * (under - over)
    within = (y[:, None] < top) & (y[:, None] > bottom) & (x > upper[0, 0]) & (x < upper[-1, 0])
    return Opening(x, y, (away > FAR_AWAY_MM - front + DEEP_MM) & within, (over + under) / 2, per_mm)

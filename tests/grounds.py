"""A flat square of canvas whose paint has one direction, for the tests of marks and media."""

from __future__ import annotations

import numpy as np

from twinbrush.maths.texels import Texels
from twinbrush.relief.ground import Ground

SIDE, TEXEL_MM = 240, 0.4  # texels


def flat_ground(gradient: tuple[float, float], band: np.ndarray | None = None, tone: float = 0.5) -> Ground:
    """96 mm x 96 mm in the plane z = 0; the paint changes along `gradient`, so that its strokes lie across that."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) * np.float32(TEXEL_MM)
    count = SIDE * SIDE
    points = np.stack([x.ravel(), y.ravel(), np.zeros(count, np.float32)], 1)
    normals = np.tile(np.array([0, 0, 1], np.float32), (count, 1))
    ones, zeros = np.ones(count, np.float32), np.zeros(count, np.int32)
    weights = np.tile(np.array([1, 0, 0], np.float32), (count, 1))
    texels = Texels((SIDE, SIDE), np.arange(count, dtype=np.int32), zeros, weights, np.ones(count, bool))
    across, down = gradient
    tensor = np.array([[across * across, down * down, 0, across * down, 0, 0]], float)
    return Ground(
        texels, points, normals, zeros, ones, ones * np.float32(tone),
        (0 * ones if band is None else band.ravel().astype(np.float32)), ones * np.float32(0.05), tensor,
        np.zeros((count, 3), np.int32), weights, zeros, ones * np.float32(TEXEL_MM))


def square(values: np.ndarray) -> np.ndarray:
    """The inner part, away from the canvas' edges, as rows and columns."""
    return values.reshape(SIDE, SIDE)[20:-20, 20:-20]


def slopes(values: np.ndarray) -> tuple[float, float]:
    """Root mean square of the slopes along x and y."""
    inner = square(values)
    return float(np.sqrt((np.diff(inner, axis=1) ** 2).mean())), float(np.sqrt((np.diff(inner, axis=0) ** 2).mean()))

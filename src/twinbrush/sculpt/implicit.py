"""Solids as fields on a grid: f > 0 inside, about mm from the surface; united smoothly, then marched into a mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse import csgraph

from twinbrush.maths.surface import mean_over_neighbours

TAUBIN = (0.5, -0.53)  # shrinking and growing step (Taubin 1995)
Field = Float[np.ndarray, "x y z"]


@dataclass(frozen=True)
class Grid:
    """Points low + step * (i, j, k), mm; size (3,) points along x, y, z."""

    low: Float[np.ndarray, "3"]
    step: float
    size: tuple[int, int, int]

    def axes(self) -> tuple[Float[np.ndarray, "x 1 1"], Float[np.ndarray, "1 y 1"], Float[np.ndarray, "1 1 z"]]:
        """The three coordinates, ready to be broadcast."""
        x, y, z = (
            (self.low[k] + self.step * np.arange(count)).astype(np.float32) for k, count in enumerate(self.size))
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def at(self, field: Field, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """The field at any points, trilinear."""
        from scipy import ndimage

        return ndimage.map_coordinates(field, ((points - self.low) / self.step).T, order=1, mode="nearest")


def union(a: np.ndarray, b: np.ndarray, blend_mm: float) -> np.ndarray:
    """The smooth maximum of two fields: what lies in one of them, the crease filled over `blend_mm`."""
    share = np.clip(0.5 + 0.5 * (a - b) / blend_mm, 0, 1)
    return b + (a - b) * share + blend_mm * share * (1 - share)


def intersection(a: np.ndarray, b: np.ndarray, blend_mm: float) -> np.ndarray:
    """The smooth minimum of two fields: what lies in both, the edge rounded over `blend_mm`."""
    return -union(-a, -b, blend_mm)


def cone(
    axes: tuple[np.ndarray, np.ndarray, np.ndarray], start: tuple[float, float, float], end: tuple[float, float, float],
    radii: tuple[float, float], squash: float = 1.0,
) -> np.ndarray:
    """The field of a rounded cone from `start` to `end`; squash: its depth (z) as a share of its width."""
    direction = np.subtract(end, start)
    length = float(direction @ direction)
    away = [axis - value for axis, value in zip(axes, start, strict=True)]
    along = np.clip(sum(d * a for d, a in zip(direction, away, strict=True)) / length, 0, 1)
    x, y, z = (a - along * d for a, d in zip(away, direction, strict=True))
    return radii[0] + (radii[1] - radii[0]) * along - np.sqrt(x * x + y * y + (z / squash) ** 2)


def ellipsoid(
    axes: tuple[np.ndarray, np.ndarray, np.ndarray], centre: tuple[float, float, float],
    radii: tuple[float, float, float], power: float = 2.0,
) -> np.ndarray:
    """The field of a (super)ellipsoid, scaled by its smallest radius: exact at the surface's nearest points only."""
    shares = [np.abs((axis - middle) / radius) ** power
              for axis, middle, radius in zip(axes, centre, radii, strict=True)]
    total = shares[0] + shares[1] + shares[2]
    return (1 - total ** (1 / power)) * min(radii)


def marched(field: Field, grid: Grid, rounds: int) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "t 3"]]:
    """Returns the largest closed body of the field's surface (marching cubes of Lewiner et al. 2003), smoothed by
    `rounds` of Taubin's filter, its triangles counter-clockwise from outside."""
    from skimage import measure

    padded = np.pad(field, 1, constant_values=-grid.step)
    points, faces, _, _ = measure.marching_cubes(padded.astype(np.float32), 0.0, gradient_direction="ascent")
    points, faces = largest_body(points.astype(np.float64), faces.astype(np.int64))
    points = grid.low + grid.step * (points - 1)
    return taubin(points, faces, rounds), faces


def largest_body(
    points: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "t 3"]
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, "u 3"]]:
    """The connected piece with the most vertices."""
    ends = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(ends)), ends.T), shape=(len(points),) * 2)
    _, label = csgraph.connected_components(graph, directed=False)
    kept = label == np.bincount(label).argmax()
    number = np.cumsum(kept) - 1
    return points[kept], number[faces[kept[faces[:, 0]]]]


def taubin(points: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "t 3"], rounds: int) -> Float[np.ndarray, "n 3"]:
    """The points after `rounds` of smoothing that keeps the volume."""
    average = mean_over_neighbours(faces, len(points))
    for _ in range(rounds):
        for step in TAUBIN:
            points = points + step * (average @ points - points)
    return points

"""Implicit shapes on a regular grid: values are signed mm, positive inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

from twinbrush.maths.surface import mean_over_neighbours

OUTSIDE_MM = -5.0  # value beyond the grid's border: surfaces that reach it are closed there


@dataclass(frozen=True)
class Grid:
    """values (x, y, z) at origin + step * index, mm, in the head's frame."""

    origin: Float[np.ndarray, "3"]
    step: float
    values: Float[np.ndarray, "x y z"]

    def points(self) -> Float[np.ndarray, "n 3"]:
        """Returns the positions of all values, in their flat order."""
        return grid_points(self.origin, self.step, self.values.shape)

    def at(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Returns the trilinear values at points."""
        index = ((points - self.origin) / self.step).T
        return ndimage.map_coordinates(self.values, index, order=1, mode="nearest")


def grid_points(origin: Float[np.ndarray, "3"], step: float, shape: tuple[int, ...]) -> Float[np.ndarray, "n 3"]:
    """Returns the positions (n, 3) of a grid's values, mm, in their flat order."""
    axes = [origin[k] + step * np.arange(shape[k]) for k in range(3)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def smooth_max(
    a: Float[np.ndarray, "*s"], b: Float[np.ndarray, "*s"], width: float
) -> Float[np.ndarray, "*s"]:
    """Returns the union of two implicit shapes with a fillet of `width` mm (Quilez' polynomial smooth maximum)."""
    share = np.clip(0.5 + 0.5 * (a - b) / width, 0, 1)
    return b * (1 - share) + a * share + width * share * (1 - share)


def smooth_min(
    a: Float[np.ndarray, "*s"], b: Float[np.ndarray, "*s"], width: float
) -> Float[np.ndarray, "*s"]:
    """Returns the intersection of two implicit shapes with a fillet of `width` mm."""
    return -smooth_max(-a, -b, width)


def marched(grid: Grid) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "t 3"]]:
    """Returns the zero surface by marching cubes (Lewiner et al. 2003), closed, counter-clockwise from outside."""
    from skimage.measure import marching_cubes

    padded = np.pad(grid.values, 1, constant_values=OUTSIDE_MM)
    vertices, triangles, _, _ = marching_cubes(padded, 0.0)
    return (vertices - 1) * grid.step + grid.origin, triangles[:, ::-1].astype(np.int64)


def taubin(
    vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], rounds: int
) -> Float[np.ndarray, "n 3"]:
    """Returns the vertices without the grid's steps (Taubin 1995: shrink, then grow)."""
    average = mean_over_neighbours(triangles, len(vertices))
    for _ in range(rounds):
        for share in (0.5, -0.53):
            vertices = vertices + share * (average @ vertices - vertices)
    return vertices


def labelled(inside: Bool[np.ndarray, "x y z"]) -> tuple[Int[np.ndarray, "x y z"], int]:
    """Returns the number of each cell's body (0: none), and how many bodies there are."""
    found: Any = ndimage.label(inside)
    return found[0].astype(np.int64), int(found[1])


def one_body(values: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
    """Returns the shape with its largest body alone, and that without bubbles inside."""
    inside = values > 0
    bodies, count = labelled(inside)
    out = values.copy()
    if count > 1:
        sizes = np.bincount(bodies.ravel())
        sizes[0] = 0
        out[inside & (bodies != int(np.argmax(sizes)))] = -1.0
    voids, count = labelled(out <= 0)
    if count > 1:
        open_ones = np.unique(np.concatenate([face.ravel() for axis in range(3) for face in (
            np.take(voids, 0, axis), np.take(voids, -1, axis))]))
        out[(voids > 0) & ~np.isin(voids, open_ones)] = 1.0
    return out


def refined(grid: Grid, step: float) -> Grid:
    """Returns the grid resampled (trilinear) to a finer step."""
    values = grid.values
    for axis in range(3):
        count = int(np.ceil((values.shape[axis] - 1) * grid.step / step))
        place = np.minimum(np.arange(count) * step / grid.step, values.shape[axis] - 1.001)
        index = place.astype(np.int64)
        shape = [1, 1, 1]
        shape[axis] = -1
        share = (place - index).astype(np.float32).reshape(shape)
        values = np.take(values, index, axis) * (1 - share) + np.take(values, index + 1, axis) * share
    return Grid(grid.origin, step, values.astype(np.float32))


def about_surface(grid: Grid, margin: float) -> Grid:
    """Returns the part of the grid in which the shape lies, with `margin` mm of values below zero about it."""
    index = np.argwhere(grid.values > -margin)
    low = np.maximum(index.min(0) - 2, 0)
    high = np.minimum(index.max(0) + 3, grid.values.shape)
    part = grid.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    return Grid(grid.origin + low * grid.step, grid.step, part)

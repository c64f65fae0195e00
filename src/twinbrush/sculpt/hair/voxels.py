"""Implicit shapes sampled on a regular grid: values are signed mm, positive inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

PIECE = 200_000  # cells that are worked out at once
OUTSIDE_MM = -5.0  # value beyond the grid's border: surfaces that reach it are closed there


@dataclass(frozen=True)
class Voxels:
    """A sampled shape: values (x, y, z) at origin + step * index, mm, in the head's frame."""

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


def in_pieces(
    function: Callable[[Float[np.ndarray, "k 3"]], Float[np.ndarray, "k"]], grid: Voxels, cells: Int[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n"]:
    """Returns a function's values at the cells' positions, PIECE cells at a time: millions at once cost memory."""
    out = np.zeros(len(cells))
    for start in range(0, len(cells), PIECE):
        part = slice(start, start + PIECE)
        out[part] = function(grid.origin + grid.step * cells[part])
    return out


def zero_surface(grid: Voxels) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "t 3"]]:
    """Returns the zero surface by marching cubes (Lewiner et al. 2003), closed, counter-clockwise from outside."""
    from skimage.measure import marching_cubes

    padded = np.pad(grid.values, 1, constant_values=OUTSIDE_MM)
    vertices, triangles, _, _ = marching_cubes(padded, 0.0)
    return (vertices - 1) * grid.step + grid.origin, without_holes(triangles[:, ::-1].astype(np.int64))


def without_holes(triangles: Int[np.ndarray, "t 3"]) -> Int[np.ndarray, "u 3"]:
    """Returns the triangles with the gaps closed that marching cubes leave in rare ambiguous cells."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    count = int(edges.max()) + 1
    one, two = np.random.default_rng(0).integers(1, 2**62, (2, count))
    if (one[edges[:, 0]] * two[edges[:, 1]]).sum() == (one[edges[:, 1]] * two[edges[:, 0]]).sum():
        return triangles  # as many edges there as back: a sum of hashes is far cheaper than a search
    open_ones = edges[~np.isin(edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0])]
    after = {int(end): int(start) for start, end in open_ones}  # against the edge: the other side's sense
    added: list[tuple[int, int, int]] = []
    while after:
        first = next(iter(after))
        loop = [first]
        while (following := after.pop(loop[-1], first)) != first:
            loop.append(following)
        added += [(first, loop[k], loop[k + 1]) for k in range(1, len(loop) - 1)]
    return np.concatenate([triangles, np.array(added, np.int64).reshape(-1, 3)])


def labelled(inside: Bool[np.ndarray, "x y z"]) -> tuple[Int[np.ndarray, "x y z"], int]:
    """Returns the number of each cell's body (0: none), and how many bodies there are."""
    found: Any = ndimage.label(inside)
    return found[0], int(found[1])


def one_body(values: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
    """Returns the shape with its largest body alone, and that without bubbles inside."""
    inside = values > 0
    bodies, count = labelled(inside)
    out = values.copy()
    if count > 1:
        largest = int(np.argmax(np.bincount(bodies[inside])))
        out[inside & (bodies != largest)] = -1.0
    voids, count = labelled(out <= 0)
    if count > 1:
        open_ones = np.unique(np.concatenate([face.ravel() for axis in range(3) for face in (
            np.take(voids, 0, axis), np.take(voids, -1, axis))]))
        closed = np.ones(count + 1, bool)
        closed[0], closed[open_ones] = False, False
        out[closed[voids]] = 1.0
    return out


def refined(grid: Voxels, step: float) -> Voxels:
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
    return Voxels(grid.origin, step, values.astype(np.float32))


def about_surface(grid: Voxels, margin: float) -> Voxels:
    """Returns the part of the grid in which the shape lies, with `margin` mm of values below zero about it."""
    index = np.argwhere(grid.values > -margin)
    low = np.maximum(index.min(0) - 2, 0)
    high = np.minimum(index.max(0) + 3, grid.values.shape)
    part = grid.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    return Voxels(grid.origin + low * grid.step, grid.step, part)

"""Thin-plate splines (paper, Eq. 3): one normaliser for fitting and for applying, float64, in the plane and in space.

Two directions, never mixed up: a *forward map* takes a point of the original picture to its place in the warped one (it
moves vertices); a *backward warp* takes a pixel of the warped picture back to the original (it resamples images; this
is f_theta of the paper). Each is its own spline; neither is the exact inverse of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# Points per chunk of an evaluation: a chunk against 300 centres stays in a processor's cache.
CHUNK = 256


@dataclass(frozen=True)
class ThinPlateSpline:
    """f(q) = sum_i w_i phi(|q' - c_i|) + A q' + b with q' = (q - origin) / scale, phi(r) = r^2 log r in the plane and
    -r in space (the biharmonic kernels). Make one with `fit`."""

    centres: Float[np.ndarray, "n d"]
    weights: Float[np.ndarray, "n e"]
    linear: Float[np.ndarray, "d1 e"]
    origin: Float[np.ndarray, "d"]
    scale: float

    @classmethod
    def fit(
        cls, source: Float[np.ndarray, "n d"], target: Float[np.ndarray, "n e"], smoothing: float = 0.0
    ) -> ThinPlateSpline:
        """The spline that takes `source` to `target`; smoothing 0 exactly, larger values approach the affine fit.

        smoothing is in units of the kernel on normalised points (1e-4 follows closely, 1 is nearly affine).
        Raises ValueError for fewer than d + 1 points or d other than 2 and 3.
        """
        count, dimension = source.shape
        if dimension not in (2, 3) or count < dimension + 1:
            raise ValueError(f"a thin-plate spline needs 3 points in the plane or 4 in space, got {source.shape}")
        origin = source.mean(0)
        scale = float(np.sqrt(((source - origin) ** 2).sum(1).mean())) or 1.0
        centres = (source - origin) / scale
        right = np.concatenate([target, np.zeros((dimension + 1, target.shape[1]))])
        solution = _solve(_system(centres, smoothing), right)
        return cls(centres, solution[:count], solution[count:], origin, scale)

    def apply(self, points: Float[np.ndarray, "p d"]) -> Float[np.ndarray, "p e"]:
        """f at every point."""
        normalised = (np.asarray(points, np.float64) - self.origin) / self.scale
        out = np.empty((len(points), self.weights.shape[1]))
        for start in range(0, len(points), CHUNK):
            part = normalised[start : start + CHUNK]
            out[start : start + CHUNK] = _kernel(part, self.centres) @ self.weights + _with_one(part) @ self.linear
        return out

    def jacobian(self, points: Float[np.ndarray, "p d"]) -> Float[np.ndarray, "p e d"]:
        """df/dq at every point (exact derivative of `apply`)."""
        normalised = (np.asarray(points, np.float64) - self.origin) / self.scale
        out = np.empty((len(points), self.weights.shape[1], normalised.shape[1]))
        for start in range(0, len(points), CHUNK):
            part = normalised[start : start + CHUNK]
            squared = _squared_distances(part, self.centres)
            safe = np.maximum(squared, 1e-300)
            slope = np.log(safe) + 1 if part.shape[1] == 2 else -1 / np.sqrt(safe)
            slope[squared == 0] = 0  # at a centre the kernel's gradient is 0 (space: undefined)
            total = slope @ self.weights
            for axis in range(part.shape[1]):
                # sum_n slope_n (q - c_n) w_n
                gradient = part[:, axis, None] * total - slope @ (self.centres[:, axis, None] * self.weights)
                out[start : start + CHUNK, :, axis] = gradient + self.linear[axis]
        return out / self.scale


def _squared_distances(
    points: Float[np.ndarray, "p d"], centres: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, "p n"]:
    squared = (points[:, :1] - centres[:, 0]) ** 2
    for axis in range(1, points.shape[1]):
        squared += (points[:, axis, None] - centres[:, axis]) ** 2
    return squared


def _kernel(points: Float[np.ndarray, "p d"], centres: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "p n"]:
    squared = _squared_distances(points, centres)
    if points.shape[1] == 3:
        return -np.sqrt(squared)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-300))


def _with_one(points: Float[np.ndarray, "p d"]) -> Float[np.ndarray, "p d1"]:
    return np.concatenate([points, np.ones((len(points), 1))], axis=1)


def _system(centres: Float[np.ndarray, "n d"], smoothing: float) -> Float[np.ndarray, "m m"]:
    """The spline's linear equations: interpolation (or smoothing) above, no affine part in the weights below."""
    count, dimension = centres.shape
    system = np.zeros((count + dimension + 1,) * 2)
    system[:count, :count] = _kernel(centres, centres) + smoothing * np.eye(count)
    system[:count, count:] = _with_one(centres)
    system[count:, :count] = system[:count, count:].T
    return system


def _solve(system: Float[np.ndarray, "m m"], right: Float[np.ndarray, "m e"]) -> Float[np.ndarray, "m e"]:
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError:  # coincident or collinear points: the least-norm solution is the right one
        return np.linalg.lstsq(system, right, rcond=None)[0]


def pixel_grid(width: int, height: int, step: int = 1) -> Float[np.ndarray, "p 2"]:
    """Centres (x, y) of all (or every step-th) pixels, row by row."""
    ys, xs = np.mgrid[:height:step, :width:step]
    return np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float64)


def forward_map(
    original_xy: Float[np.ndarray, "n 2"], warped_xy: Float[np.ndarray, "n 2"], smoothing: float = 0.0
) -> ThinPlateSpline:
    """Original picture -> warped picture (moves points)."""
    return ThinPlateSpline.fit(original_xy, warped_xy, smoothing)


def backward_warp(
    original_xy: Float[np.ndarray, "n 2"], warped_xy: Float[np.ndarray, "n 2"], smoothing: float = 0.0
) -> ThinPlateSpline:
    """Warped picture -> original picture: f_theta of Eq. 3 (resamples images)."""
    return ThinPlateSpline.fit(warped_xy, original_xy, smoothing)


def merge_close(
    source: Float[np.ndarray, "n d"], target: Float[np.ndarray, "n e"], spacing: float, axes: int | None = None
) -> tuple[Float[np.ndarray, "m d"], Float[np.ndarray, "m e"]]:
    """Points nearer than `spacing` (in the first `axes` coordinates) become one, their means: nearly coincident points
    with different targets fold a spline. Earlier points are the seeds of the groups."""
    keys = source[:, :axes]
    group = np.full(len(source), -1)
    seeds: list[int] = []
    for number, point in enumerate(keys):
        if seeds:
            distance = np.linalg.norm(keys[seeds] - point, axis=1)
            nearest = int(distance.argmin())
            if distance[nearest] < spacing:
                group[number] = nearest
                continue
        group[number] = len(seeds)
        seeds.append(number)
    count = np.bincount(group)[:, None]
    means = [
        np.stack([np.bincount(group, column) for column in values.T], axis=1) / count for values in (source, target)
    ]
    return means[0], means[1]


@dataclass(frozen=True)
class FoldFreeFit:
    """worst_determinant: the smallest Jacobian determinant at the probes (folds where it is <= 0)."""

    spline: ThinPlateSpline
    smoothing: float
    worst_determinant: float


def fit_without_folds(
    source: Float[np.ndarray, "n 2"],
    target: Float[np.ndarray, "n 2"],
    probes: Float[np.ndarray, "p 2"],
    *,
    smoothing: float = 1e-4,
    least_determinant: float = 0.08,
    most_smoothing: float = 0.3,
) -> FoldFreeFit:
    """Raise the smoothing (times 3 each round) until no probe's Jacobian determinant is under `least_determinant`.

    The result may still fold when `most_smoothing` is reached: look at `worst_determinant`.
    """
    while True:
        spline = ThinPlateSpline.fit(source, target, smoothing)
        worst = float(np.linalg.det(spline.jacobian(probes)).min()) if len(probes) else 1.0
        if worst >= least_determinant or smoothing * 3 > most_smoothing:
            return FoldFreeFit(spline, smoothing, worst)
        smoothing *= 3

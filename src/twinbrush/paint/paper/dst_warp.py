"""The learned warp of one view (paper, Eq. 3-5): a thin-plate spline whose control points are parameters.

f_theta is the BACKWARD warp of Eq. 3: it takes a place of the warped picture to the original one and goes through
f_theta(P_i + theta_i) = P_i. Unit of all places here: the picture's height, (x + 0.5) / height, so that one theta fits
all sizes of the coarse-to-fine optimisation. The forward map of the vertices is its inverse, by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from twinbrush.maths.thin_plate import ThinPlateSpline, backward_warp, forward_map

SMOOTHING = 1e-4  # of the spline, as in maths/thin_plate.py: control points are followed closely
LATTICE = 65  # nodes along each side where the spline is evaluated; between them the displacement is interpolated
NEWTON_STEPS, HALVINGS = 30, 6
CLOSE_PX = 1e-6  # an inverse is found when it misses by less


def to_units(points_xy: Float[np.ndarray, "*n 2"], height: int) -> Float[np.ndarray, "*n 2"]:
    """Pixels -> heights of the picture, edge to edge."""
    return (points_xy + 0.5) / height


def to_pixels(points: Float[np.ndarray, "*n 2"], height: int) -> Float[np.ndarray, "*n 2"]:
    """The inverse of `to_units`."""
    return points * height - 0.5


def _kernel(a: Float[Tensor, "p 2"], b: Float[Tensor, "n 2"]) -> Float[Tensor, "p n"]:
    """r^2 log r, without a singular gradient at r = 0."""
    squared = a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * a @ b.T  # no p x n x 2 array
    return 0.5 * squared * squared.clamp_min(1e-30).log()


def _with_one(points: Float[Tensor, "p 2"]) -> Float[Tensor, "p 3"]:
    return torch.cat([points, torch.ones_like(points[:, :1])], 1)


def displacement(
    source: Float[Tensor, "n 2"], theta: Float[Tensor, "n 2"], places: Float[Tensor, "p 2"],
    smoothing: float = SMOOTHING,
) -> Float[Tensor, "p 2"]:
    """f_theta(q) - q at `places` of the warped picture; differentiable in theta (float64 throughout).

    The same spline as `backward_warp(source, source + theta, smoothing)`: the control points move, so the system is
    solved again for every theta.
    """
    moved = source + theta
    origin = moved.mean(0)
    scale = (moved - origin).square().sum(1).mean().sqrt()
    centres, normalised = (moved - origin) / scale, (places - origin) / scale
    count = len(source)
    linear = _with_one(centres)
    bending = _kernel(centres, centres) + smoothing * torch.eye(count, dtype=theta.dtype, device=theta.device)
    upper = torch.cat([bending, linear], 1)
    lower = torch.cat([linear.T, torch.zeros(3, 3, dtype=theta.dtype, device=theta.device)], 1)
    right = torch.cat([-theta, torch.zeros(3, 2, dtype=theta.dtype, device=theta.device)])
    weights = torch.linalg.solve(torch.cat([upper, lower]), right)
    return torch.cat([_kernel(normalised, centres), _with_one(normalised)], 1) @ weights


@dataclass(frozen=True)
class Field:
    """f_theta over a whole picture. lattice: f_theta(q) - q at LATTICE x LATTICE nodes, in heights; the nodes span the
    picture from pixel centre to pixel centre. aspect: width / height."""

    lattice: Float[Tensor, "a b 2"]
    aspect: float

    def places(
        self, height: int, width: int, rows: slice = slice(None), columns: slice = slice(None)
    ) -> Float[Tensor, "h w 2"]:
        """f_theta at the pixel centres of the warped picture, in heights (bicubic between the nodes, as two products);
        rows, columns: only of these."""
        down = _bicubic(self.lattice.shape[0], height).to(self.lattice)[rows]
        across = _bicubic(self.lattice.shape[1], width).to(self.lattice)[columns]
        dense = torch.einsum("ya,abc,xb->yxc", down, self.lattice, across)
        return dense + pixel_centres(height, width, dense)[rows, columns]

    def variation_field(self, height: int) -> Float[Tensor, "a b 2"]:
        """The displacement in heights, scaled so that differences of neighbouring nodes are those of neighbouring
        pixels of a picture of `height` pixels."""
        nodes = torch.tensor(
            [self.aspect * height / (self.lattice.shape[1] - 1), height / (self.lattice.shape[0] - 1)],
            dtype=self.lattice.dtype, device=self.lattice.device,
        )  # fmt: skip
        return self.lattice / nodes.mean()

    def detached(self) -> Field:
        """The same map, without its gradient."""
        return Field(self.lattice.detach(), self.aspect)


@lru_cache(maxsize=32)
def _bicubic(nodes: int, size: int) -> Float[Tensor, "s n"]:
    """Weights of the nodes at `size` places from the first node to the last (cubic convolution)."""
    with torch.device("cpu"):
        unit = torch.eye(nodes)[None, None]
        return functional.interpolate(unit, (size, nodes), mode="bicubic", align_corners=True)[0, 0]


def pixel_centres(height: int, width: int, like: Tensor) -> Float[Tensor, "h w 2"]:
    """Places of the pixel centres, in heights."""
    x = (torch.arange(width, dtype=like.dtype, device=like.device) + 0.5) / height
    y = (torch.arange(height, dtype=like.dtype, device=like.device) + 0.5) / height
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)


def learned_field(
    source: Float[Tensor, "n 2"], theta: Float[Tensor, "n 2"], aspect: float, size: int, nodes: int = LATTICE
) -> Field:
    """The spline at the lattice's nodes (float64), as float32. size: the picture's height in pixels: the nodes run from
    the centre of its first pixel to that of its last."""
    half = 0.5 / size
    x = torch.linspace(half, aspect - half, nodes, dtype=theta.dtype, device=theta.device)
    y = torch.linspace(half, 1 - half, nodes, dtype=theta.dtype, device=theta.device)
    grid = torch.stack([x.expand(nodes, nodes), y[:, None].expand(nodes, nodes)], -1).reshape(-1, 2)
    return Field(displacement(source, theta, grid).reshape(nodes, nodes, 2).float(), aspect)


def sample(
    image: Float[Tensor, "c h w"], places: Float[Tensor, "*shape 2"], mode: str = "bilinear"
) -> Float[Tensor, "c *shape"]:
    """Colours at places given in heights; clamped at the border."""
    height, width = image.shape[-2:]
    size = torch.tensor([width / height, 1.0], dtype=places.dtype, device=places.device)
    grid = (2 * places / size - 1).reshape(1, -1, 1, 2).to(image.dtype)
    found = functional.grid_sample(image[None], grid, mode=mode, padding_mode="border", align_corners=False)
    return found[0, :, :, 0].reshape(image.shape[0], *places.shape[:-1])


def learned_splines(
    source_xy: Float[np.ndarray, "k 2"], theta_xy: Float[np.ndarray, "k 2"]
) -> tuple[ThinPlateSpline, ThinPlateSpline]:
    """In pixels: f_theta (backward, exact), and a forward spline that is close to its inverse (a start for Newton)."""
    moved = source_xy + theta_xy
    return backward_warp(source_xy, moved, SMOOTHING), forward_map(source_xy, moved, SMOOTHING)


@dataclass(frozen=True)
class Inverse:
    """points_xy: where the backward warp takes its targets from. missed_px: how far it misses them (inf: no value)."""

    points_xy: Float[np.ndarray, "p 2"]
    missed_px: Float[np.ndarray, "p"]


def inverse(
    backward: ThinPlateSpline, targets_xy: Float[np.ndarray, "p 2"], start_xy: Float[np.ndarray, "p 2"]
) -> Inverse:
    """f_theta^-1 of Eq. 4: x with backward(x) = target, by damped Newton from `start_xy` (e.g. a forward spline).

    Where the warp folds there may be none or several; then the best point on the way is returned: see `missed_px`.
    """
    points, targets = np.array(start_xy, np.float64), np.asarray(targets_xy, np.float64)
    residual = backward.apply(points) - targets
    missed = np.linalg.norm(residual, axis=1)
    todo = np.flatnonzero(missed > CLOSE_PX)
    for _ in range(NEWTON_STEPS):
        if not len(todo):
            break
        jacobian = backward.jacobian(points[todo])
        determinant = np.linalg.det(jacobian)
        jacobian[np.abs(determinant) < 1e-6] += 1e-3 * np.eye(2)
        step = np.linalg.solve(jacobian, residual[todo, :, None])[..., 0]
        better = _line_search(backward, points, targets, residual, missed, todo, step)
        todo = todo[better & (missed[todo] > CLOSE_PX)]
    return Inverse(points, missed)


def _line_search(
    backward: ThinPlateSpline, points: Float[np.ndarray, "p 2"], targets: Float[np.ndarray, "p 2"],
    residual: Float[np.ndarray, "p 2"], missed: Float[np.ndarray, "p"], todo: np.ndarray,
    step: Float[np.ndarray, "t 2"],
) -> np.ndarray:
    """Halve each step until it improves; updates in place. Returns which of `todo` improved."""
    better = np.zeros(len(todo), bool)
    length = 1.0
    for _ in range(HALVINGS):
        open_ = np.flatnonzero(~better)
        if not len(open_):
            break
        index = todo[open_]
        tried = points[index] - length * step[open_]
        left = backward.apply(tried) - targets[index]
        distance = np.linalg.norm(left, axis=1)
        good = distance < missed[index]
        chosen = index[good]
        points[chosen], residual[chosen], missed[chosen] = tried[good], left[good], distance[good]
        better[open_[good]] = True
        length /= 2
    return better

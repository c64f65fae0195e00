"""Fine lines along the strands of unseen hair: noise drawn out along them in the texture (line integral convolution,
Cabral and Leedom 1993)."""

from __future__ import annotations

from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int
from numba import njit

REACH_TEXELS = 16  # a line is drawn out so far to both sides
GRAINS = ((0.6, 0.65), (1.6, 0.5))  # sigma in texels and share of the noises that are drawn out: strands and wisps
SEED = 7


def drawn_out(
    direction: Float32[np.ndarray, "h w 2"], covered: Int[np.ndarray, "h w"], reach: int = REACH_TEXELS
) -> Float32[np.ndarray, "h w"]:
    """Returns lines of mean 0 and standard deviation 1 along `direction` (unit vectors in texels, x right and y down).

    covered: number of the chart's solid plus one, 0 where there is none: lines do not leave their solid. reach: texels.
    """
    rng = np.random.default_rng(SEED)
    noise = np.zeros(covered.shape, np.float32)
    for sigma, share in GRAINS:
        grain = cv2.GaussianBlur(rng.standard_normal(covered.shape, np.float32), (0, 0), sigma)
        noise += share * grain / float(grain.std())
    total, count = along(noise[..., None], direction, covered, reach)
    out = total[..., 0] / np.sqrt(count)
    inside = covered > 0
    if inside.any():
        out[inside] = (out[inside] - out[inside].mean()) / max(float(out[inside].std()), 1e-6)
    return out


def along(
    values: Float32[np.ndarray, "h w c"], direction: Float32[np.ndarray, "h w 2"], covered: Int[np.ndarray, "h w"],
    reach: int,
) -> tuple[Float32[np.ndarray, "h w c"], Float32[np.ndarray, "h w"]]:
    """Returns the sums of values along the line through each texel, to both sides as far as `reach` texels, and of how
    many texels they are: itself alone (1) where `covered` is 0."""
    out, count = values.copy(), np.ones(covered.shape, np.float32)
    _draw(np.ascontiguousarray(values), np.ascontiguousarray(direction), np.ascontiguousarray(covered, np.int64),
          reach, out, count)
    return out, count


def texture_maps(
    corners: Float[np.ndarray, "t 3 3"], places: Float[np.ndarray, "t 3 2"]
) -> Float32[np.ndarray, "t 2 3"]:
    """The linear map of each triangle that takes directions in space into its texture.

    corners: the triangles in space; places: in texels.
    """
    return linear_maps(corners, places).astype(np.float32)


def linear_maps(
    corners: Float[np.ndarray, "t 3 3"], values: Float[np.ndarray, "t 3 c"]
) -> Float[np.ndarray, "t c 3"]:
    """Returns the linear map of each triangle that takes directions in space into changes of what its corners hold."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    aa, ab, bb = (a * a).sum(1), (a * b).sum(1), (b * b).sum(1)
    scale = np.maximum(aa * bb - ab * ab, 1e-12)[:, None]
    along_a, along_b = (a * bb[:, None] - b * ab[:, None]) / scale, (b * aa[:, None] - a * ab[:, None]) / scale
    first, second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    return first[:, :, None] * along_a[:, None] + second[:, :, None] * along_b[:, None]


def in_texture(
    strands: Float[np.ndarray, "s 3"], maps: Float32[np.ndarray, "t 2 3"], triangles: Int[np.ndarray, "s"]
) -> Float32[np.ndarray, "s 2"]:
    """Directions in space as unit directions in the texture, each through its triangle; zero where there is none."""
    out = np.zeros((len(strands), 2), np.float32)
    _turn(np.ascontiguousarray(strands, np.float32), maps, np.ascontiguousarray(triangles, np.int64), out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _turn(strands, maps, triangles, out):
    for row in range(len(strands)):
        matrix, strand = maps[triangles[row]], strands[row]
        x = matrix[0, 0] * strand[0] + matrix[0, 1] * strand[1] + matrix[0, 2] * strand[2]
        y = matrix[1, 0] * strand[0] + matrix[1, 1] * strand[1] + matrix[1, 2] * strand[2]
        length = np.sqrt(x * x + y * y)
        if length > 1e-6:
            out[row, 0], out[row, 1] = x / length, y / length


@njit(cache=True, nogil=True)
@no_type_check
def _draw(values, direction, covered, reach, out, counts):
    height, width, channels = values.shape
    for y in range(height):
        for x in range(width):
            own = covered[y, x]
            if own == 0:
                continue
            for sign in (-1, 1):
                px, py = np.float32(x), np.float32(y)
                lx, ly = direction[y, x, 0] * sign, direction[y, x, 1] * sign
                for _ in range(reach):
                    px += lx
                    py += ly
                    column, row = int(px + 0.5), int(py + 0.5)
                    if column < 0 or row < 0 or column >= width or row >= height or covered[row, column] != own:
                        break
                    for c in range(channels):
                        out[y, x, c] += values[row, column, c]
                    counts[y, x] += np.float32(1)
                    dx, dy = direction[row, column, 0], direction[row, column, 1]
                    if dx * lx + dy * ly < 0:
                        dx, dy = -dx, -dy
                    if dx * dx + dy * dy < 0.25:
                        break
                    lx, ly = dx, dy

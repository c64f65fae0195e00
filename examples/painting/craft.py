"""Tools every medium shares: ramps, splines, noise, directions. Images are float32 in [0, 1], row 0 at the top."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

Array = np.ndarray


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, a cubic between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def gauss(x: Array, y: Array, sigma_x: float, sigma_y: float) -> Array:
    """Unnormalised Gaussian bump of height 1."""
    return np.exp(-0.5 * ((x / sigma_x) ** 2 + (y / sigma_y) ** 2))


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur with a reflected border."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def noise(size: int, cell: float, rng: np.random.Generator, octaves: int = 3) -> Array:
    """Smooth noise (size, size), zero mean, about unit deviation; `cell` is the coarsest feature in pixels."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        count = int(np.ceil(size / step)) + 3
        grid = rng.standard_normal((count, count)).astype(np.float32)
        big = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += big[:size, :size] * 0.5**octave
    return (total - total.mean()) / total.std()


def hex_rgb(colour: str) -> Array:
    """'#rrggbb' -> three floats in [0, 1]."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255.0


def ramp(tone: Array, colours: tuple[str, ...]) -> Array:
    """Colour of a tone in [0, 1] along evenly spaced colours, dark to light: shape (..., 3)."""
    table = np.stack([hex_rgb(c) for c in colours])
    stops = np.linspace(0.0, 1.0, len(colours))
    return np.stack([np.interp(tone, stops, table[:, c]) for c in range(3)], -1).astype(np.float32)


def spline(points: list[tuple[float, float]] | Array, count: int = 48, closed: bool = False) -> Array:
    """Smooth curve (count, 2) through points, parametrised by chord length."""
    xy = np.asarray(points, float)
    if closed:
        xy = np.vstack([xy, xy[:1]])
    chord = np.sqrt(np.linalg.norm(np.diff(xy, axis=0), axis=1))
    t = np.concatenate([[0.0], np.cumsum(chord)])
    curve = CubicSpline(t, xy, bc_type="periodic" if closed else "natural")
    return curve(np.linspace(0.0, t[-1], count, endpoint=not closed))


def fill(size: int, polygon_xy: Array) -> Array:
    """Anti-aliased mask (size, size) of a polygon given in pixels."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon_xy * 256).astype(np.int32)], 255, cv2.LINE_AA, shift=8)
    return mask.astype(np.float32) / 255.0


def over(base: Array, top: Array, mask: Array) -> Array:
    """`top` over `base` by a mask of shape (h, w)."""
    m = mask if base.ndim == 2 else mask[..., None]
    return base * (1.0 - m) + top * m


def luminance(image: Array) -> Array:
    """Rec. 709 weights on the values as they are."""
    return (image @ np.array([0.2126, 0.7152, 0.0722], np.float32)).astype(np.float32)


def smooth_angles(angle: Array, weight: Array, sigma: float) -> Array:
    """Blur a field of undirected lines (radians, modulo pi) with weights: average doubled angles."""
    c = blur((np.cos(2 * angle) * weight).astype(np.float32), sigma)
    s = blur((np.sin(2 * angle) * weight).astype(np.float32), sigma)
    return 0.5 * np.arctan2(s, c)


def edge_tangent(image: Array, sigma: float) -> tuple[Array, Array]:
    """Direction along edges (radians) and their strength, from the smoothed structure tensor (Kyprianidis 2008)."""
    gx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=0.25)
    gy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=0.25)
    xx, xy, yy = blur(gx * gx, sigma), blur(gx * gy, sigma), blur(gy * gy, sigma)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return angle, np.sqrt((xx - yy) ** 2 + 4 * xy**2)

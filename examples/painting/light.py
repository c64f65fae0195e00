"""Light on height fields: normals, cast shadows, ambient occlusion, a key light with a cool fill."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .craft import Array, blur


@dataclass(frozen=True)
class Layer:
    """One body part: mask (h, w) in [0, 1], height (h, w) in head units, unit normals (h, w, 3)."""

    mask: Array
    height: Array
    normal: Array


def normals(height: Array, scale: float) -> Array:
    """Unit normals (x right, y down, z to the viewer) of a height field in head units; `scale` is pixels per unit."""
    gy, gx = np.gradient(height.astype(np.float32))
    n = np.dstack([-gx * scale, -gy * scale, np.ones_like(gx)])
    return n / np.linalg.norm(n, axis=-1, keepdims=True)


def cast_shadow(height: Array, light: tuple[float, float, float], scale: float) -> Array:
    """How much each point lies in shadow, 0..1, by marching towards the light; penumbra grows with distance."""
    lx, ly, lz = light
    flat = float(np.hypot(lx, ly))
    shadow = np.zeros_like(height)
    for t in np.geomspace(0.02, 0.9, 36):
        dx, dy = lx / flat * t * scale, ly / flat * t * scale
        shifted = cv2.warpAffine(
            height,
            np.array([[1, 0, dx], [0, 1, dy]], np.float64),
            height.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        clearance = shifted - height - t * lz / flat
        shadow = np.maximum(shadow, np.clip(clearance / (0.02 + 0.16 * t), 0, 1))
    return blur(shadow, 0.012 * scale)


def ambient_occlusion(height: Array, scale: float) -> Array:
    """1 in the open, towards 0 in crevices: how far a point lies below its surroundings, at three scales."""
    open_ = np.ones_like(height)
    for sigma, gain in ((0.025, 5.0), (0.07, 3.0), (0.18, 1.1)):
        open_ = open_ * np.exp(-gain * np.clip(blur(height, sigma * scale) - height, 0, 0.5))
    return open_


def lambert(normal: Array, shadow: Array, occlusion: Array, light: tuple[float, float, float], ambient: float) -> Array:
    """Tone 0..1: wrapped key light, ambient from the front, a faint rim from the other side."""
    key = np.asarray(light, np.float32) / np.linalg.norm(light)
    diffuse = np.clip((normal @ key + 0.18) / 1.18, 0, 1) * (1 - 0.82 * shadow)
    rim = np.clip(normal @ np.array([0.86, 0.1, 0.2], np.float32), 0, 1) ** 2
    half = key + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = np.clip(normal @ half, 0, 1) ** 24 * (1 - shadow)
    return (
        ambient * (0.4 + 0.6 * normal[..., 2]) * occlusion
        + 0.72 * diffuse * np.sqrt(occlusion)
        + 0.10 * rim * occlusion
        + 0.10 * shine
    ).astype(np.float32)

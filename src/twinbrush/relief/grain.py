"""Grain that is the same in every direction: the tooth of paper, fibres of wood; a function of the place in space.

(`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float32
from numba import njit


def grain_at(points: Float32[np.ndarray, "s 3"], size_mm: float, seed: int) -> Float32[np.ndarray, "s"]:
    """Returns smooth noise with grains of this size, -1..1 (value noise with quintic blends, Perlin 2002)."""
    return _noise(np.ascontiguousarray(points, np.float32), np.float32(1 / size_mm), np.uint32(seed))


@njit(cache=True, nogil=True)
@no_type_check
def _hashed(x, y, z, seed):
    h = np.uint32(x) * np.uint32(0x9E3779B1) ^ np.uint32(y) * np.uint32(0x85EBCA77)
    h = (h ^ np.uint32(z) * np.uint32(0xC2B2AE3D) ^ seed) * np.uint32(0x27D4EB2F)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    return np.float32(h & np.uint32(0xFFFF)) / np.float32(32767.5) - np.float32(1)


@njit(cache=True, nogil=True)
@no_type_check
def _noise(points, scale, seed):
    out = np.empty(len(points), np.float32)
    for s in range(len(points)):
        x, y, z = points[s, 0] * scale + 4096, points[s, 1] * scale + 4096, points[s, 2] * scale + 4096
        i, j, k = int(x), int(y), int(z)
        a, b, c = x - i, y - j, z - k
        a = a * a * a * (a * (a * 6 - 15) + 10)
        b = b * b * b * (b * (b * 6 - 15) + 10)
        c = c * c * c * (c * (c * 6 - 15) + 10)
        total = np.float32(0)
        for corner in range(8):
            p, q, r = corner & 1, (corner >> 1) & 1, corner >> 2
            w = (a if p else 1 - a) * (b if q else 1 - b) * (c if r else 1 - c)
            total += w * _hashed(i + p, j + q, k + r, seed)
        out[s] = total
    return out

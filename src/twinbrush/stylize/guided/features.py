"""Patch features: 7x7 colour patches in Lab/100, projected on their principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, no_type_check

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int32
from numba import njit

PATCH = 7
"""Side of a patch in pixels (5 gives broken strokes; docs/stylization.md)."""
_CHUNK_ROWS = 32768  # patches unfolded at a time: 32768 x 147 float32 = 19 MB


@dataclass(frozen=True)
class PatchBasis:
    """mean (147,) and components (147, d) of patches; projected distances are mean squares per patch pixel."""

    mean: Float32[np.ndarray, "p"]
    components: Float32[np.ndarray, "p d"]


def _patches(
    padded: Float32[np.ndarray, "h w 3"], xy: Int32[np.ndarray, "t 2"], less: Float32[np.ndarray, "p"] | None = None
) -> Float32[np.ndarray, "t p"]:
    """The patches at pixels xy as rows: one colour after the other, row by row; `less` is taken from each."""
    count = padded.shape[2] * PATCH**2
    out = np.empty((len(xy), count), np.float32)
    _unfold(padded, np.ascontiguousarray(xy, np.int32), np.zeros(count, np.float32) if less is None else less, out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _unfold(padded: Any, xy: Any, less: Any, out: Any) -> None:
    for row in range(len(xy)):
        x, y = xy[row, 0], xy[row, 1]
        for c in range(padded.shape[2]):
            for dy in range(PATCH):
                for dx in range(PATCH):
                    entry = (c * PATCH + dy) * PATCH + dx
                    out[row, entry] = padded[y + dy, x + dx, c] - less[entry]


def _pad(lab: Float[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h2 w2 3"]:
    half = PATCH // 2
    return cv2.copyMakeBorder(np.ascontiguousarray(lab, np.float32) / 100, half, half, half, half, cv2.BORDER_REFLECT)


def fit_basis(
    images_lab: list[Float32[np.ndarray, "_ _ 3"]], pixels: list[Int32[np.ndarray, "_ 2"]], dimensions: int,
    rng: np.random.Generator, samples: int = 6000,
) -> PatchBasis:
    """Principal components of patches sampled equally from several images."""
    chosen = []
    for lab, xy in zip(images_lab, pixels, strict=True):
        picked = xy if len(xy) <= samples else xy[rng.choice(len(xy), samples, replace=False)]
        chosen.append(_patches(_pad(lab), picked))
    data = np.concatenate(chosen).astype(np.float64)
    mean = data.mean(0)
    _, vectors = np.linalg.eigh(np.cov((data - mean).T))
    components = vectors[:, ::-1][:, :dimensions] / PATCH  # / 7: squared distances become means over the 49 pixels
    return PatchBasis(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))


def project_patches(
    lab: Float32[np.ndarray, "h w 3"], xy: Int32[np.ndarray, "t 2"], basis: PatchBasis
) -> Float32[np.ndarray, "t d"]:
    """Features of the patches centred on pixels xy."""
    padded = _pad(lab)
    out = np.empty((len(xy), basis.components.shape[1]), np.float32)
    for start in range(0, len(xy), _CHUNK_ROWS):
        rows = _patches(padded, xy[start : start + _CHUNK_ROWS], basis.mean)
        out[start : start + _CHUNK_ROWS] = rows @ basis.components
    return out

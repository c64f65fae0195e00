"""Lips that touch leave no slit: white teeth in it would draw a bright line across a shut mouth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from twinbrush.base.rasterize import rasterize
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.untangle import Patch, held_back, patch
from twinbrush.sculpt.values import Template

PIXELS_PER_MM = 16.0
MARGIN_MM = 8.0  # about the lips that are looked at
FAR_AWAY_MM = 1000.0  # where the viewer is
DEEP_MM = 7.0  # behind the lips: what is seen there is seen through a slit
OPEN_MM = 1.2  # a slit as wide as this is an opening
LEFT_MM = 0.12  # a slit that may be left: narrower than a pixel of a large picture
ALONG_MM = 1.5  # over which the closing varies along the lips
NEAR_MM, FAR_MM = 3.0, 9.0  # of the slit: within the one the skin goes in full, beyond the other not at all
ROUNDS = 3


def with_sealed_lips(
    model: Template, vertices: Float[np.ndarray, "n 3"], before: Float[np.ndarray, "n 3"] | None = None
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with upper and lower lip brought together where a slit of less than OPEN_MM is seen between
    them from straight ahead; a mouth that is open anywhere stays as it is. before: the head before it was changed,
    whose slit, if it had one as wide, is its own."""
    if before is not None and _width(_slit(model, vertices)) <= _width(_slit(model, before)) + LEFT_MM:
        return vertices
    piece, out = patch("mouth"), vertices
    for _ in range(ROUNDS):
        slit = _slit(model, out)
        if slit is None:
            break
        out = held_back(out, _closed(out, slit, piece), piece)
    return out


class _Slit(NamedTuple):
    """What is seen between the lips, by column (c,): its x, y and z of the slit's middle, and its width, mm."""

    x: Float[np.ndarray, "c"]
    y: Float[np.ndarray, "c"]
    z: Float[np.ndarray, "c"]
    wide: Float[np.ndarray, "c"]


def _slit(model: Template, vertices: Float[np.ndarray, "n 3"]) -> _Slit | None:
    """The slit between the lips; None: there is none, or the mouth is open."""
    lips = model.landmarks(vertices)[list(indices.LIPS_OUTER)]
    low, high = lips.min(0)[:2] - MARGIN_MM, lips.max(0)[:2] + MARGIN_MM
    near = ((vertices[:, :2] > low) & (vertices[:, :2] < high)).all(1) & (vertices[:, 2] > lips[:, 2].min() - 40)
    faces = model.triangles[near[model.triangles].all(1)]
    pixels = (vertices[:, :2] - [low[0], high[1]]) * [PIXELS_PER_MM, -PIXELS_PER_MM]
    width, height = np.ceil((high - low) * PIXELS_PER_MM).astype(int)
    depth = rasterize(pixels, FAR_AWAY_MM - vertices[:, 2], faces, int(width), int(height)).depth
    x = low[0] + (np.arange(width) + 0.5) / PIXELS_PER_MM
    rim = lips[np.argsort(lips[:, 0])]
    z = np.interp(x, rim[:, 0], rim[:, 2])
    rows = high[1] - (np.arange(height) + 0.5) / PIXELS_PER_MM
    within = (rows > lips[:, 1].min()) & (rows < lips[:, 1].max())
    inside = (depth > FAR_AWAY_MM - z + DEEP_MM) & within[:, None] & (x > rim[0, 0]) & (x < rim[-1, 0])
    wide = inside.sum(0) / PIXELS_PER_MM
    if not LEFT_MM < wide.max() < OPEN_MM:
        return None
    seen = np.flatnonzero(wide > 0)
    middle = np.interp(x, x[seen], (inside[:, seen] * rows[:, None]).sum(0) / inside[:, seen].sum(0))
    sigma = ALONG_MM * PIXELS_PER_MM
    wide = ndimage.gaussian_filter1d(ndimage.maximum_filter1d(wide, int(sigma)), sigma / 3)
    return _Slit(x, ndimage.gaussian_filter1d(middle, sigma / 3), z, wide)


def _width(slit: _Slit | None) -> float:
    return 0.0 if slit is None else float(slit.wide.max())


def _closed(vertices: Float[np.ndarray, "n 3"], slit: _Slit, piece: Patch) -> Float[np.ndarray, "n 3"]:
    """The lips on both sides of the slit moved by half its width each."""
    own = vertices[piece.vertices]
    above, behind = (own[:, axis] - np.interp(own[:, 0], slit.x, line) for axis, line in ((1, slit.y), (2, slit.z)))
    close = np.interp(own[:, 0], slit.x, slit.wide, left=0, right=0) / 2
    share = 1 - smoothstep((np.hypot(above, behind) - NEAR_MM) / (FAR_MM - NEAR_MM))
    out = vertices.copy()
    out[piece.vertices, 1] -= piece.side * close * share
    return out

"""Lips that touch leave no slit: white teeth in it would draw a bright line across a shut mouth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.mouth_seen import PIXELS_PER_MM, opening_seen
from twinbrush.sculpt.untangle import Patch, held_back, patch
from twinbrush.sculpt.values import Template

OPEN_MM = 1.2  # a slit as wide as this is an opening
LEFT_MM = 0.12  # a slit that may be left: narrower than a pixel of a large picture
ALONG_MM = 1.5  # over which the closing varies along the lips
NEAR_MM, FAR_MM = 3.0, 9.0  # of the slit: within the one the skin goes in full, beyond the other not at all
ROUNDS = 3


class Slit(NamedTuple):
    """What is seen between the lips, by column (c,): its x, y and z of the slit's middle, and its width, mm."""

    x: Float[np.ndarray, "c"]
    y: Float[np.ndarray, "c"]
    z: Float[np.ndarray, "c"]
    wide: Float[np.ndarray, "c"]


def with_sealed_lips(
    model: Template, vertices: Float[np.ndarray, "n 3"], before: Float[np.ndarray, "n 3"] | None = None
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with upper and lower lip brought together where a slit of less than OPEN_MM is seen between
    them from straight ahead; a mouth that is open anywhere stays as it is. before: the head before it was changed,
    whose slit, if it had one as wide, is its own."""
    slit = slit_of(model, vertices)
    if slit is None or (before is not None and _width(slit) <= _width(slit_of(model, before)) + LEFT_MM):
        return vertices
    piece, out = patch("mouth"), vertices
    for _ in range(ROUNDS):
        out = held_back(out, _closed(out, slit, piece), piece)
        slit = slit_of(model, out)
        if slit is None:
            break
    return out


def slit_of(model: Template, vertices: Float[np.ndarray, "n 3"]) -> Slit | None:
    """Returns the slit between the lips; None: there is none, or the mouth is open."""
    opening = opening_seen(model, vertices)
    wide = opening.height
    if not LEFT_MM < wide.max() < OPEN_MM:
        return None
    seen = np.flatnonzero(wide > 0)
    inside = opening.inside[:, seen]
    middle = np.interp(opening.x, opening.x[seen], (inside * opening.y[:, None]).sum(0) / inside.sum(0))
    sigma = ALONG_MM * PIXELS_PER_MM
    wide = ndimage.gaussian_filter1d(ndimage.maximum_filter1d(wide, int(sigma)), sigma / 3)
    return Slit(opening.x, ndimage.gaussian_filter1d(middle, sigma / 3), opening.depth, wide)


def _width(slit: Slit | None) -> float:
    return 0.0 if slit is None else float(slit.wide.max())


def _closed(vertices: Float[np.ndarray, "n 3"], slit: Slit, piece: Patch) -> Float[np.ndarray, "n 3"]:
    """The lips on both sides of the slit moved by half its width each."""
    own = vertices[piece.vertices]
    above, behind = (own[:, axis] - np.interp(own[:, 0], slit.x, line) for axis, line in ((1, slit.y), (2, slit.z)))
    close = np.interp(own[:, 0], slit.x, slit.wide, left=0, right=0) / 2
    share = 1 - smoothstep((np.hypot(above, behind) - NEAR_MM) / (FAR_MM - NEAR_MM))
    out = vertices.copy()
    out[piece.vertices, 1] -= piece.side * close * share
    return out

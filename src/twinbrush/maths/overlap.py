"""Do triangles overlap in the texture? Their texels are counted, with the z-buffer's own rule for shared edges."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float
from numba import njit

from twinbrush.base.rasterize import _edge, _owns, _span  # pyright: ignore[reportPrivateUsage]

RESOLUTION = 2048
MAX_SHARE = 0.002  # of the covered texels: slivers along a chart's rim do no harm


def overlap_share(triangles: Float[np.ndarray, "f 3 2"], resolution: int = RESOLUTION) -> float:
    """Share of the covered texels of the unit square that more than one triangle covers; either winding counts."""
    covered = np.zeros((resolution, resolution), np.uint8)
    _count(np.ascontiguousarray(triangles * resolution - 0.5), covered)
    total = int((covered > 0).sum())
    return float((covered > 1).sum()) / total if total else 0.0


def hidden_in(
    triangles: Float[np.ndarray, "f 3 2"], resolution: int, covered: np.ndarray
) -> Bool[np.ndarray, "f"]:
    """In order: True for every triangle that would cover a texel an earlier one has. Marks the others' texels.

    triangles: in texels; covered (resolution, resolution) uint8: texels taken already.
    """
    hidden = np.zeros(len(triangles), np.bool_)
    _lay(np.ascontiguousarray(triangles), covered, hidden)
    return hidden


@njit(cache=True, nogil=True)
@no_type_check
def _texels(triangle, width, visit, mode):
    """mode 0: count visits up to 2. mode 1: is any texel taken? mode 2: take them. Returns whether one was taken."""
    x0, y0, x1, y1 = triangle[0, 0], triangle[0, 1], triangle[1, 0], triangle[1, 1]
    x2, y2 = triangle[2, 0], triangle[2, 1]
    area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    if not abs(area) > 0.0:
        return False
    if area < 0.0:
        x1, y1, x2, y2 = x2, y2, x1, y1
    first_x, last_x = int(np.ceil(max(min(x0, x1, x2), 0.0))), int(np.floor(min(max(x0, x1, x2), width - 1.0)))
    first_y, last_y = int(np.ceil(max(min(y0, y1, y2), 0.0))), int(np.floor(min(max(y0, y1, y2), width - 1.0)))
    taken = False
    for py in range(first_y, last_y + 1):
        start, end = _span(x0, y0, x1, y1, x2, y2, py, first_x, last_x)
        for px in range(start, end + 1):
            e0 = _edge(x1, y1, x2, y2, px, py)
            e1 = _edge(x2, y2, x0, y0, px, py)
            e2 = _edge(x0, y0, x1, y1, px, py)
            if _owns(e0, x1, y1, x2, y2) and _owns(e1, x2, y2, x0, y0) and _owns(e2, x0, y0, x1, y1):
                taken = taken or visit[py, px] > 0
                if mode == 0:
                    visit[py, px] = min(visit[py, px] + 1, 2)
                elif mode == 2:
                    visit[py, px] = 1
                elif taken:
                    return True
    return taken


@njit(cache=True, nogil=True)
@no_type_check
def _count(triangles, covered):
    for f in range(triangles.shape[0]):
        _texels(triangles[f], covered.shape[1], covered, 0)


@njit(cache=True, nogil=True)
@no_type_check
def _lay(triangles, covered, hidden):
    for f in range(triangles.shape[0]):
        if _texels(triangles[f], covered.shape[1], covered, 1):
            hidden[f] = True
        else:
            _texels(triangles[f], covered.shape[1], covered, 2)

"""A flat base for a closed surface: how high to cut so that it stands, the cut, and the lid on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.errors import BadMesh
from twinbrush.export.polygon import inside_hull, is_simple, triangles_of
from twinbrush.export.topology import border_loops, cut_level, largest_piece, split_fans

_SLICES = 200  # over the whole height
_LOWEST, _HIGHEST = 0.01, 0.2  # shares of the height between which is cut
_AREA_SHARE = 0.6  # the base shall be this large, measured by the largest section below _HIGHEST
_LEAN = 0.2  # ... and carry a bust that leans so far (tangent; 11 degrees)
_SNAP = 3e-4  # of the height: vertices so near to the cut are put on it, so that no slivers arise


@dataclass(frozen=True)
class Sections:
    """A closed surface in level slices. levels, areas: height (y) and area of each. lean: by how much (tangent of the
    angle) what stands on a slice may be tilted before its centre of mass leaves the slice's hull; negative: it falls.
    """

    levels: Float[np.ndarray, "n"]
    areas: Float[np.ndarray, "n"]
    lean: Float[np.ndarray, "n"]


def sections_of(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], count: int = _SLICES) -> Sections:
    """The slices in the middle of `count` equal layers, from below."""
    low, high = float(vertices[:, 1].min()), float(vertices[:, 1].max())
    levels = low + (high - low) * (np.arange(count) + 0.5) / count
    start, end = zip(*(_section(vertices, faces, float(level)) for level in levels), strict=True)
    twice = [a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] for a, b in zip(start, end, strict=True)]
    areas = np.array([t.sum() for t in twice]) / 2
    moments = np.array([((a + b) * t[:, None]).sum(0) for a, b, t in zip(start, end, twice, strict=True)]) / 6
    # from the top down: volume above each slice, and its centre of mass (x, z, y)
    above = np.cumsum(np.column_stack([areas, moments, areas * levels])[::-1], axis=0)[::-1]
    centre = above[:, 1:] / np.maximum(above[:, :1], 1e-12)
    lean = np.full(count, -np.inf)
    for i in range(count):
        if len(start[i]) >= 3 and areas[i] > 0:
            margin = inside_hull(np.concatenate([start[i], end[i]]), centre[i, :2])
            lean[i] = margin / max(float(centre[i, 2] - levels[i]), 1e-9)
    return Sections(levels, areas, lean)


def base_level(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> float:
    """The lowest height (y) at which a cut leaves a base that is large enough and carries what stands on it; if none
    carries it well, the one that does best. Raises BadMesh when it would fall over on all."""
    sections = sections_of(vertices, faces)
    share = (np.arange(_SLICES) + 0.5) / _SLICES
    low = np.flatnonzero((share >= _LOWEST) & (share <= _HIGHEST))
    low = low[sections.areas[low] >= _AREA_SHARE * sections.areas[low].max()]
    good = low[sections.lean[low] >= _LEAN]
    chosen = good[0] if len(good) else low[sections.lean[low].argmax()]
    if not sections.lean[chosen] > 0:
        remedy = "Leave out --stl and --threemf, or use a photo with more neck and shoulders."
        raise BadMesh("The head would fall over on any flat base.", remedy)
    return float(sections.levels[chosen])


def on_flat_base(
    vertices: Float[np.ndarray, "v c"], faces: Int[np.ndarray, "f 3"], level: float
) -> tuple[Float[np.ndarray, "w c"], Int[np.ndarray, "g 3"], float]:
    """What lies above y = `level` (or a little higher, where the cut's outline is one simple curve), closed by a flat
    lid; and at which height. Columns beyond the first three ride along. Raises BadMesh."""
    height = float(np.ptp(vertices[:, 1]))
    for step in range(21):
        at = level + 0.005 * step * height
        cut, kept = largest_piece(*split_fans(*cut_level(vertices, faces, at, _SNAP * height)))
        loops = border_loops(kept)
        if len(loops) != 1:
            continue
        outline = cut[loops[0]][:, [2, 0]]  # counter-clockwise, for what lies above it is on its outer side
        if is_simple(outline):
            lid = loops[0][triangles_of(outline)][:, ::-1]  # a border runs along its triangles, the lid against them
            return cut, np.concatenate([kept, lid]), at
    remedy = "Leave out --stl and --threemf, or print the open relief with --no-back."
    raise BadMesh("No level cut leaves one outline to stand on.", remedy)


def _section(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], level: float
) -> tuple[Float[np.ndarray, "s 2"], Float[np.ndarray, "s 2"]]:
    """Start and end of the pieces (x, z) in which the plane y = level cuts a closed surface, its area on one side."""
    height = vertices[:, 1] - level
    above = height >= 0
    number = above[faces].sum(1)
    crossed = faces[(number == 1) | (number == 2)]
    single = np.where(above[crossed].sum(1) == 1, above[crossed].argmax(1), (~above[crossed]).argmax(1))
    a, b, c = (crossed[np.arange(len(crossed)), (single + k) % 3] for k in range(3))

    def cut(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        share = (height[i] / (height[i] - height[j]))[:, None]
        return (vertices[i] + share * (vertices[j] - vertices[i]))[:, [0, 2]]

    ab, ac, up = cut(a, b), cut(a, c), above[a][:, None]
    return np.where(up, ac, ab), np.where(up, ab, ac)

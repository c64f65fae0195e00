"""New texture coordinates: xatlas (MIT, github.com/jpcy/xatlas), and box charts of our own for larger meshes.

xatlas takes 19 CPU-seconds for the bunny's 70 000 triangles and more than linearly longer for more. Above `BOX_FROM`
triangles the surface is cut by which of six directions its smoothed normal is nearest to, each piece is projected along
that direction, and what would overlap is peeled off into pieces of its own, so that the result is injective in any
case; xatlas only packs the pieces. On the bunny: 49 charts instead of 50, 62% of the texture used instead of 66%, in
1.2 CPU-seconds; texels per area of surface differ by 1.5 (5th to 95th percentile of the triangles).

Slivers are kept from xatlas: it chooses texels a millimetre by the surface's area, so that one of hardly any area gets
charts of millions of texels (6 CPU-seconds for a cube; its numbers overflow for 300 such triangles, and the process
dies). No chart is longer than `LONGEST` texels; where the charts would together need more than `MOST_WORK` textures'
worth of texels, it is not asked at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.errors import BadMesh
from twinbrush.maths.charts import PADDING, SIZE, box_charts, chart_lengths
from twinbrush.maths.overlap import MAX_SHARE, overlap_share

XATLAS = find_spec("xatlas") is not None  # it has no wheels for every machine: docs/installation.md
BOX_FROM = 20_000
LONGEST = 4 * SIZE  # texels: a longer chart is made smaller; the largest texture that is written has as many a side
MOST_WORK = 8.0  # textures' worth of texels that xatlas may be given to place: about 0.4 CPU-seconds each


@dataclass(frozen=True)
class Charts:
    """vertex (n,): the given vertex each new one is a copy of; faces (f, 3): over the new ones, in the given order;
    uv (n, 2): in [0, 1], v upward; method: "xatlas" or "box"."""

    vertex: Int[np.ndarray, "n"]
    faces: Int[np.ndarray, "f 3"]
    uv: Float[np.ndarray, "n 2"]
    method: str


def unwrap(points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"]) -> Charts:
    """Injective texture coordinates of a surface of geometric vertices (mm). Raises BadMesh when none is found."""
    if XATLAS and len(faces) <= BOX_FROM and padding_work(points, faces) <= MOST_WORK:
        charts = _by_xatlas(points, faces)
        if charts is not None and overlap_share(charts.uv[charts.faces]) <= MAX_SHARE:
            return charts
    charts = _by_box(points, faces)
    if overlap_share(charts.uv[charts.faces]) > 10 * MAX_SHARE:
        raise BadMesh("The mesh cannot be laid out in a texture.", "Unwrap it in your own program first.")
    return charts


def padding_work(points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"]) -> float:
    """The texels that xatlas would keep free beside triangles if each were a chart, in textures of SIZE x SIZE texels.

    About 2 for 20 000 triangles of an ordinary mesh, 20 for 1000 triangles 10 000 times as long as wide."""
    corners = points[faces]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(1)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return _work(longest, float(np.linalg.norm(cross, axis=1).sum()) / 2)


def _work(lengths: Float[np.ndarray, "k"], area: float) -> float:
    """The same for charts of these lengths: xatlas makes `area` fill the texture."""
    texels = np.minimum(lengths * (SIZE / max(np.sqrt(area), 1e-30)), LONGEST)
    return float((texels + PADDING).sum()) * 2 * PADDING / SIZE**2


def _by_xatlas(points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"]) -> Charts | None:
    atlas = _atlas(points, faces)
    vertex, indices, uv = atlas[0]
    if atlas.atlas_count != 1 or indices.shape != faces.shape:
        return None
    return Charts(vertex.astype(np.int64), indices.astype(np.int64), np.clip(uv.astype(np.float64), 0, 1), "xatlas")


def _atlas(points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"]) -> Any:
    """xatlas.Atlas with charts of the surface, packed."""
    import xatlas

    atlas = xatlas.Atlas()
    # xatlas has absolute epsilons: a mesh in metres falls into a thousand charts, one in millimetres does not
    scale = 1000.0 / float(np.linalg.norm(np.ptp(points, axis=0)))
    atlas.add_mesh((points * scale).astype(np.float32), faces.astype(np.uint32))
    atlas.generate(xatlas.ChartOptions(), _packing())
    return atlas


def _by_box(points: Float[np.ndarray, "g 3"], faces: Int[np.ndarray, "f 3"]) -> Charts:
    charts = Charts(*box_charts(points, faces), "box")
    corners = charts.uv[charts.faces]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / 2
    packable = XATLAS and _work(chart_lengths(charts.faces, charts.uv), area) <= MOST_WORK / 2
    return _repacked(charts) if packable else charts


def _repacked(charts: Charts) -> Charts:
    """The same charts closer together; as they are when xatlas does not find one page for all of them."""
    import xatlas

    atlas = xatlas.Atlas()
    atlas.add_uv_mesh((charts.uv * SIZE).astype(np.float32), charts.faces.astype(np.uint32))
    atlas.generate(xatlas.ChartOptions(), _packing())
    vertex, indices, uv = atlas[0]
    if atlas.atlas_count != 1 or indices.shape != charts.faces.shape:
        return charts
    return Charts(charts.vertex[vertex], indices.astype(np.int64), np.clip(uv.astype(np.float64), 0, 1), "box")


def _packing() -> Any:
    import xatlas

    options = xatlas.PackOptions()
    options.padding, options.resolution, options.bilinear = PADDING, SIZE, True
    options.max_chart_size = LONGEST
    return options

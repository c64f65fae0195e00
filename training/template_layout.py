"""The template's texture layout: the outer head cut open behind and unrolled, the mouth's parts in a strip below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from head_kit import Kit
from template_mesh import (
    FRONT_GAIN,
    GUMS,
    MARGIN,
    MOUTH_PARTS,
    SHELL,
    SKIN,
    STRIP,
    back_cut,
    cut_open,
    dual_mesh,
    filled,
    into_box,
    quads_of,
    triangles_of,
    unrolled,
    upright,
)

from twinbrush.sculpt.template import read_template

Array = np.ndarray
EYES_END = 2 * STRIP  # the eyes' squares take the strip's left end


@dataclass(frozen=True)
class Layout:
    """triangles (t, 3) in texture vertices; origin (u,): the mesh vertex of each; uv (u, 2). For the shell (skin, mouth
    bag, sockets), and for gums, tongue and teeth."""

    triangles: Array
    origin: Array
    uv: Array
    mouth_triangles: Array
    mouth_origin: Array
    mouth_uv: Array


def write_layout(kit: Kit, kit_quads: Array, out: Path) -> None:
    """Compute and keep it (a minute)."""
    dual = dual_mesh(kit_quads[(kit_quads < SHELL).all(1)], len(kit.neutral))
    points = dual.of(kit.neutral)
    triangles = triangles_of(quads_of(dual.polygons, points))
    outer = (dual.source < SKIN).all(1)
    skin, inner = triangles[outer[triangles].all(1)], triangles[~outer[triangles].all(1)]
    opened, origin = cut_open(skin, back_cut(points, skin), len(points))
    flat = unrolled(*filled(points[origin], opened))[: len(origin)]
    used = np.unique(opened)
    number = np.full(len(origin), -1)
    number[used] = np.arange(len(used))
    front = np.where(points[origin[used], 2] > 60, 1.0, 0.0)
    chart = into_box(upright(flat[used], points[origin[used]], front),
                     (MARGIN, STRIP + MARGIN, 1 - MARGIN, 1 - MARGIN), gain=FRONT_GAIN)
    mouth = dual_mesh(kit_quads[((kit_quads >= GUMS[0]) & (kit_quads < MOUTH_PARTS)).all(1)], len(kit.neutral))
    mouth_points = mouth.of(kit.neutral)
    mouth_triangles = triangles_of(quads_of(mouth.polygons, mouth_points))
    both = np.concatenate([points, mouth_points])
    atlas = charts(both, np.concatenate([inner, mouth_triangles + len(points)]))
    inner_part = len(inner)
    names, local = np.unique(atlas[0][:inner_part], return_inverse=True)
    other, other_local = np.unique(atlas[0][inner_part:], return_inverse=True)
    np.savez(
        out,
        triangles=np.concatenate([number[opened], local.reshape(-1, 3) + len(used)]),
        origin=np.concatenate([origin[used], atlas[1][names]]), uv=np.concatenate([chart, atlas[2][names]]),
        mouth_triangles=other_local.reshape(-1, 3), mouth_origin=atlas[1][other] - len(points),
        mouth_uv=atlas[2][other])


def charts(points: Array, triangles: Array) -> tuple[Array, Array, Array]:
    """xatlas' charts in the strip beside the eyes: triangles, each new vertex' origin, uv."""
    import xatlas

    used, local = np.unique(triangles, return_inverse=True)
    atlas = xatlas.Atlas()
    atlas.add_mesh(points[used].astype(np.float32), local.reshape(-1, 3).astype(np.uint32))
    options, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    options.max_cost, packing.padding, packing.resolution = 8.0, 3, 640
    atlas.generate(options, packing)
    vertex, faces, uv = atlas[0]
    print("charts", atlas.chart_count, "atlas", atlas.width, atlas.height)
    size = np.array([atlas.width, atlas.height], float)
    uv = uv * size
    box = (EYES_END + MARGIN, MARGIN, 1 - MARGIN, STRIP - MARGIN)
    return faces.astype(np.int64), used[vertex], into_box(uv, box)


def read_layout(path: Path) -> Layout:
    """What write_layout kept, or the layout of a template that was packed already (.safetensors): a template whose
    regression alone is learned anew keeps its texture coordinates."""
    if path.suffix == ".safetensors":
        model = read_template(path.read_bytes())
        head, mouth = model.layout, model.mouth.layout
        return Layout(head.triangles, head.origin, head.uv, mouth.triangles, mouth.origin, mouth.uv)
    data = np.load(path)
    return Layout(**{name: data[name] for name in data.files})

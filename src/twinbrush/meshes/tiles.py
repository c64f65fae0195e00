"""Which rectangle of the one internal texture stands for which texture of the file, and which get new coordinates.

A texture's coordinates are kept when every triangle has them, all lie in one unit square (any, not just the first), and
no two triangles overlap; if they only reach a little beyond the square they are scaled into it. Materials that share a
picture share a tile. All that cannot be kept is unwrapped together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.maths.overlap import MAX_SHARE, overlap_share
from twinbrush.meshes.triangulate import Triangles, weld
from twinbrush.meshes.unwrap import XATLAS, unwrap
from twinbrush.meshes.values import FileModel, Tile

MAX_TILES = 16
MARGIN = 1 / 64  # of a cell, free on each side when there is more than one: colours of neighbours do not mix
_CELL_ROUNDING = 1e-5
_BEYOND = 1.5  # sides of the unit square: what reaches farther repeats its texture
_FLAT_SHARE = 0.01  # of the triangles may have no area in the texture


@dataclass(frozen=True)
class Layout:
    """tiles; triangle_tile (f,): each triangle's; uv (f, 3, 2): internal coordinates of its corners; corner_key (f, 3):
    corners with equal position and equal key are one vertex; notes: what was unwrapped and why."""

    tiles: tuple[Tile, ...]
    triangle_tile: Int[np.ndarray, "f"]
    uv: Float[np.ndarray, "f 3 2"]
    corner_key: Int[np.ndarray, "f 3"]
    notes: tuple[str, ...]


def lay_out(file: FileModel, triangles: Triangles, world: Float[np.ndarray, "p 3"]) -> Layout:
    """The tiles of a file. world (p, 3): its positions in mm. Raises BadMesh when unwrapping fails."""
    polygons = file.polygons
    owner = np.repeat(np.arange(len(polygons.sizes)), polygons.sizes)
    material = polygons.material[owner[triangles.corners[:, 0]]]
    uv_row = polygons.corner_uv[triangles.corners]
    kept, reasons = _kept(file, material, uv_row)
    kept = _largest(kept, material, world[polygons.corners[triangles.corners]])
    chosen = np.zeros(len(file.materials), bool)
    chosen[[m for _, members in kept for m in members]] = True
    fresh = ~chosen[material]
    count = len(kept) + int(fresh.any())
    tiles = [_tile(k, count, members, frame) for k, (frame, members) in enumerate(kept)]
    tile = np.zeros(len(material), np.int64)
    uv = np.zeros((len(material), 3, 2))
    same = weld(np.pad(polygons.uv, ((0, 0), (0, 1)))) if len(polygons.uv) else np.zeros(0, np.int64)
    key = np.where(uv_row >= 0, same[uv_row] if len(same) else 0, 0)
    for number, one in enumerate(tiles):
        mine = np.isin(material, one.materials)
        tile[mine] = number
        uv[mine] = one.to_internal(polygons.uv[uv_row[mine]].reshape(-1, 2)).reshape(-1, 3, 2)
    notes = ["texture coordinates that reach beyond the unit square are scaled into it."] * any(
        not one.kept for one in tiles)
    if fresh.any():
        members = tuple(int(m) for m in np.unique(material[fresh]))
        one = _tile(len(kept), count, members, None)
        tiles.append(one)
        tile[fresh] = len(tiles) - 1
        welded = triangles.welded[polygons.corners[triangles.corners[fresh]]]
        used, renumbered = np.unique(welded, return_inverse=True)
        place = np.zeros((int(triangles.welded.max()) + 1, 3))
        place[triangles.welded] = world
        charts = unwrap(place[used], renumbered.reshape(-1, 3))
        uv[fresh] = one.to_internal(charts.uv)[charts.faces]
        key[fresh] = len(polygons.uv) + charts.faces
        why = "; ".join(dict.fromkeys(reasons[m] for m in members if m in reasons)) or "too many textures"
        notes.append(f"new texture coordinates for {int(fresh.sum())} triangles ({why}).")
        if not XATLAS:
            notes.append("charts are of a box, for xatlas is not installed: more seams, less of the texture used.")
    return Layout(tuple(tiles), tile, uv, key, tuple(notes))


@dataclass(frozen=True)
class Frame:
    """The rectangle of the file's uv in which a group lies; a unit square of its own if `whole`."""

    cell: tuple[float, float]
    span: tuple[float, float]
    whole: bool


Kept = tuple[Frame, tuple[int, ...]]


def _kept(
    file: FileModel, material: Int[np.ndarray, "f"], uv_row: Int[np.ndarray, "f 3"]
) -> tuple[list[Kept], dict[int, str]]:
    """Groups of materials whose coordinates can stay, with their frame; and why the others cannot."""
    groups: dict[str, list[int]] = {}
    for number in np.unique(material).tolist():
        groups.setdefault(file.materials[number].texture_key or "", []).append(number)
    kept: list[Kept] = []
    reasons: dict[int, str] = {}
    for members in groups.values():
        frame, reason = _usable(file, np.isin(material, members), uv_row)
        if frame is not None:
            kept.append((frame, tuple(members)))
            continue
        for member in members:
            if len(members) > 1:
                frame, reason = _usable(file, material == member, uv_row)
            if frame is not None:
                kept.append((frame, (member,)))
            else:
                reasons[member] = reason
    return kept, reasons


def _usable(
    file: FileModel, mine: Bool[np.ndarray, "f"], uv_row: Int[np.ndarray, "f 3"]
) -> tuple[Frame | None, str]:
    """The frame in which these triangles' coordinates lie without overlap, or why there is none."""
    rows = uv_row[mine]
    if (rows < 0).any():
        return None, "they had none"
    uv = file.polygons.uv[rows]
    lowest, highest = uv.reshape(-1, 2).min(0), uv.reshape(-1, 2).max(0)
    if not np.isfinite(lowest + highest).all() or (highest - lowest > _BEYOND).any() or np.abs(lowest).max() > 1e6:
        return None, "the old ones repeat the texture"
    low = np.floor(lowest + _CELL_ROUNDING)
    whole = bool((highest <= low + 1 + _CELL_ROUNDING).all())
    span = np.ones(2) if whole else highest - lowest
    low = low if whole else lowest
    local = (uv - low) / np.maximum(span, 1e-12)
    a, b = local[:, 1] - local[:, 0], local[:, 2] - local[:, 0]
    flat = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) <= 1e-14
    if flat.mean() > _FLAT_SHARE:
        return None, "many of the old ones have no area"
    share = overlap_share(local)
    if share > MAX_SHARE:
        return None, f"{share:.1%} of the old ones' area overlaps"
    return Frame((float(low[0]), float(low[1])), (float(span[0]), float(span[1])), whole), ""


def _largest(kept: list[Kept], material: Int[np.ndarray, "f"], points: Float[np.ndarray, "f 3 3"]) -> list[Kept]:
    """At most MAX_TILES groups: those with the most surface."""
    if len(kept) <= MAX_TILES:
        return kept
    area = np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1)
    size = [float(area[np.isin(material, members)].sum()) for _, members in kept]
    best = sorted(np.argsort(size)[::-1][: MAX_TILES - 1].tolist())
    return [kept[k] for k in best]


def _tile(number: int, count: int, materials: tuple[int, ...], frame: Frame | None) -> Tile:
    """Cell `number` of a square grid, rows from the top; alone it fills the texture. frame None: unwrapped."""
    origin, size = (0.0, 0.0), (1.0, 1.0)
    if count > 1:
        side = int(np.ceil(np.sqrt(count)))
        row, column = divmod(number, side)
        origin = ((column + MARGIN) / side, (side - 1 - row + MARGIN) / side)
        size = ((1 - 2 * MARGIN) / side, (1 - 2 * MARGIN) / side)
    if frame is None:
        return Tile(origin, size, materials, False)
    return Tile(origin, size, materials, frame.whole, frame.cell, frame.span)

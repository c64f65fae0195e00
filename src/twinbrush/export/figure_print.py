"""A figure as one watertight solid for printing: all parts united by exact booleans (manifold3d, Apache-2.0).

The mouth's and the lids' bags are taken out first and closed by cones behind the teeth and into the eyeballs, so that
no hollow and no thin lid is left; then walls too thin to print are thickened (mend.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import spatial

from twinbrush.base.errors import BadMesh
from twinbrush.base.files import write_atomically
from twinbrush.base.mesh import Mesh, border_edges, vertex_normals
from twinbrush.config import ExportConfig
from twinbrush.export.emboss import NOZZLE_MM, PrintRelief, edge_of, heights_at, placed
from twinbrush.export.mend import neighbours, thickened
from twinbrush.export.prints import Bust, measured
from twinbrush.export.solid import MIN_WALL_MM, Solid, standing, stl_bytes, threemf_bytes
from twinbrush.export.topology import border_loops, split_fans
from twinbrush.maths.crossings import crossings
from twinbrush.maths.split import FineMesh, split
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, Part

MOUTH_DEPTH_MM, SOCKET_DEPTH_MM = 26.0, 9.0  # how far behind its rim each opening's cone ends
FLOOR_MM = 0.02  # of the print: what lies so near to the lowest point is the base
DEPTH_A_GAP, LEAST_DEPTH_MM = 4.0, 1.5  # behind the lips, for each mm between them; at least
MOUTH_SHARES = (1.0, 0.75, 0.5, 0.3)  # of that depth, the first at which nothing crosses
LEAST_TRIANGLES = 8  # of a piece
SPLIT_ROUNDS, SPARED = 2, 24  # a surface split anew, not among so many vertices next to where rounding made it cross
UNDO_ROUNDS = 16  # of taking back what thickening folded, each reaching farther


def figure_solid(figure: Figure, print_height_mm: float, relief: PrintRelief | None = None) -> Solid:
    """Returns the figure as one closed body, standing, `print_height_mm` high. Raises BadMesh when a part is open.

    relief: of the medium, is pressed into it.

    Where tongue and gums run through each other at the bottom of an open mouth, it is printed less deep.
    """
    best: tuple[int, Solid] | None = None
    for share in MOUTH_SHARES:
        solid = _united(figure, print_height_mm, share)
        found = len(crossings(solid.vertices.astype(np.float32).astype(np.float64), solid.faces))
        if best is None or found < best[0]:
            best = found, solid
        if found == 0:
            break
    assert best is not None
    mended = replace(best[1], vertices=_mended(best[1].vertices, best[1].faces))
    return mended if relief is None else _embossed(mended, relief, figure, print_height_mm)


def _embossed(solid: Solid, relief: PrintRelief, figure: Figure, print_height_mm: float) -> Solid:
    """The solid with a relief, except where that would fold it."""
    assert solid.colours is not None
    outer = figure.whole().vertices
    scale = print_height_mm / float(np.ptp(outer[:, 1]))
    relief = placed(relief, outer, print_height_mm)
    rows = np.concatenate([solid.vertices, vertex_normals(solid.vertices, solid.faces), solid.colours], 1)
    edge = edge_of(solid.vertices, solid.faces)

    def pressed(whole: Int[np.ndarray, "_"]) -> tuple[FineMesh, Float[np.ndarray, "n 3"]]:
        fine = split(rows, solid.faces, np.arange(len(rows)), edge, whole)
        points, normals = fine.values[:, :3], fine.values[:, 3:6]
        normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        height = heights_at(relief, points, fine.faces, scale)
        return fine, _unfolded(points, points + height[:, None] * normals, fine.faces)

    found = crossings(solid.vertices, solid.faces)
    whole, allowed = np.unique(np.r_[found[:, :2].ravel(), solid.faces[found[:, 2]].ravel()]), len(found)
    fine, out = pressed(whole)
    for _ in range(SPLIT_ROUNDS):
        found = crossings(out, fine.faces)
        if len(found) <= allowed:
            break
        near = spatial.KDTree(solid.vertices).query(out[found[:, 0]], SPARED)[1]
        whole = np.unique(np.r_[whole, np.asarray(near, np.int64).ravel()])
        fine, out = pressed(whole)
    return replace(solid, vertices=out, faces=fine.faces, colours=fine.values[:, 6:])


def _united(figure: Figure, print_height_mm: float, mouth_share: float) -> Solid:
    """All parts as one body, standing. mouth_share: of the mouth's depth."""
    import manifold3d

    pieces: list[tuple[str, np.ndarray, np.ndarray]] = []
    colours: list[np.ndarray] = []
    for part in figure.parts:
        points, faces, colour = _closed(part, figure, mouth_share)
        pieces.append((part.name, points, faces))
        colours.append(colour)
    known = np.concatenate([points for _, points, _ in pieces])
    known = standing(known, float(known[:, 1].min()), print_height_mm)
    bodies: list[Any] = []
    start = 0
    for name, points, faces in pieces:
        placed = known[start : start + len(points)]
        bodies += [_body(manifold3d, name, p, f) for p, f in _pieces(placed, faces)]
        start += len(points)
    union = manifold3d.Manifold.batch_boolean(bodies, manifold3d.OpType.Add)
    raw = max(union.decompose(), key=lambda piece: piece.volume()).to_mesh()
    points = np.asarray(raw.vert_properties, np.float64)[:, :3]
    points, faces = split_fans(points, np.asarray(raw.tri_verts, np.int64))
    return Solid(points, faces, _nearest(points, known, np.concatenate(colours)))


def _closed(
    part: Part, figure: Figure, mouth_share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, faces and colours of a part with all its openings closed."""
    points, faces, colour = welded(part, figure.texture)
    if part is figure.parts[0]:
        return with_closed_openings(part, points, faces, colour, mouth_share)
    if len(border_edges(faces)) == 0:
        return points, faces, colour
    rows, faces = split_fans(np.concatenate([points, colour], 1), faces)
    loops = border_loops(faces)
    return with_cones(rows[:, :3], faces, rows[:, 3:], loops, [0.0] * len(loops))


def write_print(
    figure: Figure, folder: Path, config: ExportConfig, relief: PrintRelief | None = None
) -> Bust | None:
    """Write what `config` asks for into `folder`: figure.stl, figure.3mf; its measures, None when nothing is asked for.
    relief: of the medium, in the figure's frame. Raises BadMesh, OutputError."""
    writers = {"figure.stl": (config.stl, stl_bytes), "figure.3mf": (config.threemf, threemf_bytes)}
    names = tuple(name for name, (wanted, _) in writers.items() if wanted)
    if not names:
        return None
    solid = figure_solid(figure, config.print_height_mm, relief)
    for name in names:
        write_atomically(folder / name, writers[name][1](solid))
    made = measured(solid, names, config.print_height_mm)
    if relief is None:
        return made
    scale = config.print_height_mm / float(np.ptp(figure.whole().vertices[:, 1]))
    most = scale * float(np.abs(relief.heights).max(initial=0.0))
    return replace(made, relief_mm=round(most, 3), finest_mm=NOZZLE_MM)


def welded(
    part: Part, texture: Float[np.ndarray, "h w 3"]
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"], Float[np.ndarray, "v 3"]]:
    """A part without the copies that its texture needs: points, faces, colours. Its first vertices keep their order."""
    mesh: Mesh = part.mesh
    one = np.arange(len(mesh.vertices))
    if mesh.seam is not None:
        one[mesh.seam[:, 1]] = mesh.seam[:, 0]
    faces = one[mesh.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(1)]
    assert mesh.uv is not None
    colour = sample_texture(texture, mesh.uv)
    used, faces = np.unique(faces, return_inverse=True)
    return mesh.vertices[used].astype(np.float64), faces.reshape(-1, 3), colour[used]


def with_closed_openings(
    head: Part, points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], colour: Float[np.ndarray, "v 3"],
    mouth_share: float = 1.0,
) -> tuple[Float[np.ndarray, "w 3"], Int[np.ndarray, "g 3"], Float[np.ndarray, "w 3"]]:
    """The head without the bags in mouth and sockets, each opening closed by a cone; the mouth's with so much
    of its depth."""
    model = template()
    outer = head.mesh.vertices[: len(model.layout.origin)]
    distance, nearest = spatial.KDTree(outer).query(points)
    label = np.where(distance < 1e-6, model.labels[model.layout.origin[np.asarray(nearest)]], 0)
    inside: Bool[np.ndarray, "f"] = np.asarray((label[faces] > 3).any(1))
    kept = faces[~inside]
    depths: list[float] = []
    loops = border_loops(kept)
    for loop in loops:
        mouth = bool((label[faces[inside & np.isin(faces, loop).any(1)]] == 4).any())
        depths.append(mouth_share * _mouth_depth(points[loop]) if mouth else SOCKET_DEPTH_MM)
    return with_cones(points, kept, colour, loops, depths)


def _mouth_depth(rim: Float[np.ndarray, "n 3"]) -> float:
    """How deep the cone behind the lips is: shallow where they touch, or it would be a sheet."""
    after = np.roll(rim, -1, axis=0)
    area = abs(float((rim[:, 0] * after[:, 1] - rim[:, 1] * after[:, 0]).sum())) / 2
    gap = area / max(float(np.ptp(rim[:, 0])), 1e-6)
    return float(np.clip(DEPTH_A_GAP * gap, LEAST_DEPTH_MM, MOUTH_DEPTH_MM))


def with_cones(
    points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], colour: Float[np.ndarray, "v 3"],
    loops: list[Int[np.ndarray, "_"]], depths: list[float],
) -> tuple[Float[np.ndarray, "w 3"], Int[np.ndarray, "g 3"], Float[np.ndarray, "w 3"]]:
    """The surface with every border loop closed by a cone whose tip lies `depth` mm behind (-z) the loop's middle."""
    tips = [points[loop].mean(0) - (0, 0, depth) for loop, depth in zip(loops, depths, strict=True)]
    tints = [colour[loop].mean(0) for loop in loops]
    cones = [np.stack([np.roll(loop, -1), loop, np.full(len(loop), len(points) + number)], 1)
             for number, loop in enumerate(loops)]
    return (
        np.concatenate([points, np.array(tips).reshape(-1, 3)]), np.concatenate([faces, *cones]),
        np.concatenate([colour, np.array(tints).reshape(-1, 3)]))


def _pieces(
    points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> list[tuple[Float[np.ndarray, "w 3"], Int[np.ndarray, "g 3"]]]:
    """The connected pieces of a part, without slivers that enclose nothing."""
    from scipy import sparse
    from scipy.sparse import csgraph

    ends = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(ends)), ends.T), shape=(len(points),) * 2)
    _, label = csgraph.connected_components(graph, directed=False)
    out: list[tuple[np.ndarray, np.ndarray]] = []
    for number in np.unique(label[faces[:, 0]]):
        own = faces[label[faces[:, 0]] == number]
        if len(own) < LEAST_TRIANGLES:
            continue
        used, index = np.unique(own, return_inverse=True)
        out.append((points[used], index.reshape(-1, 3)))
    return out


def _body(manifold3d: Any, name: str, points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Any:
    points, faces = split_fans(points, faces)
    if len(border_edges(faces)):
        raise BadMesh(f"{name} is open and cannot be printed.", "Leave out --stl and --threemf.")
    made = manifold3d.Manifold(
        manifold3d.Mesh(np.ascontiguousarray(points, np.float32), np.ascontiguousarray(faces, np.uint32)))
    if made.status() != manifold3d.Error.NoError:
        raise BadMesh(f"{name} is no closed surface ({made.status()}).", "Leave out --stl and --threemf.")
    return made


def _mended(points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "v 3"]:
    """The points, in the print's frame, with walls thick enough; where that would make folds they stay as they were,
    and so does the base."""
    base = points[:, 2] < FLOOR_MM
    out = thickened(points, faces, MIN_WALL_MM)
    out[:, 2] = np.maximum(out[:, 2], FLOOR_MM)
    out[base] = points[base] * (1, 1, 0)
    return _unfolded(points, out, faces)


def _unfolded(
    points: Float[np.ndarray, "v 3"], out: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> Float[np.ndarray, "v 3"]:
    """`out`, but as `points` are where it would run through itself; rounded as the files have them."""
    spread = neighbours(faces, len(points))
    points, out = (given.astype(np.float32).astype(np.float64) for given in (points, out))
    changed = (out != points).any(1)
    for rounds in range(UNDO_ROUNDS):
        found = crossings(out, faces, moved=changed)
        if len(found) == 0:
            break
        back = np.zeros(len(points))
        back[found[:, :2]] = back[faces[found[:, 2]]] = 1
        for _ in range(1 + rounds):
            back = np.maximum(back, spread @ back)
        kept = np.where((back > 0)[:, None], points, out)
        changed, out = (kept != out).any(1), kept
        if not changed.any():  # what crosses there did so before
            break
    return out


def _nearest(
    points: Float[np.ndarray, "v 3"], known: Float[np.ndarray, "k 3"], colours: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "v 3"]:
    return np.clip(colours[spatial.KDTree(known).query(points)[1]], 0, 1)
